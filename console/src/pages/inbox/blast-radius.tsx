/** What a change reaches, drawn small: from the change to its services and on to who depends on them. */
import type { EscalationSlots } from '../../api/inbox.ts';
import { plural } from '../../parts/format.ts';

type Reach = EscalationSlots['blastRadius'];

const ROW = 24;
const MOST = 4;
const COLUMNS = [6, 92, 206] as const;
const BOX = 88;

export function BlastRadius({ reach }: { reach: Reach }) {
  const services = shorten(reach.services.length === 0 ? ['no service known'] : reach.services);
  const downstream = shorten(reach.downstream);
  const rows = Math.max(services.length, downstream.length, 1);
  const height = rows * ROW + 10;
  const middle = height / 2;
  const y = (index: number, of: number) => middle + (index - (of - 1) / 2) * ROW;
  const words = `Reaches ${reach.services.join(', ') || 'no known service'}; ${plural(reach.downstream.length, 'service')} downstream`;
  return (
    <svg className="reach" viewBox={`0 0 300 ${height}`} role="img" aria-label={words}>
      {services.map((_, index) => (
        <path
          key={index}
          d={curve(COLUMNS[0] + 46, middle, COLUMNS[1], y(index, services.length))}
        />
      ))}
      {downstream.map((_, index) => (
        <path
          key={index}
          d={curve(COLUMNS[1] + BOX, middle, COLUMNS[2], y(index, downstream.length))}
        />
      ))}
      <circle cx={COLUMNS[0] + 40} cy={middle} r={6} data-kind="change" />
      <text x={COLUMNS[0]} y={middle - 12}>
        change
      </text>
      {services.map((name, index) => (
        <Box key={name} x={COLUMNS[1]} y={y(index, services.length)} name={name} kind="service" />
      ))}
      {downstream.map((name, index) => (
        <Box
          key={name}
          x={COLUMNS[2]}
          y={y(index, downstream.length)}
          name={name}
          kind="downstream"
        />
      ))}
    </svg>
  );
}

function shorten(names: readonly string[]): string[] {
  return names.length <= MOST
    ? [...names]
    : [...names.slice(0, MOST - 1), `${names.length - MOST + 1} more`];
}

function curve(fromX: number, fromY: number, toX: number, toY: number): string {
  const half = (fromX + toX) / 2;
  return `M${fromX} ${fromY}C${half} ${fromY} ${half} ${toY} ${toX} ${toY}`;
}

function Box({ x, y, name, kind }: { x: number; y: number; name: string; kind: string }) {
  return (
    <g>
      <rect x={x} y={y - 9} width={BOX} height={18} rx={5} data-kind={kind} />
      <text x={x + BOX / 2} y={y + 3.5} textAnchor="middle">
        {name.length > 15 ? `${name.slice(0, 14)}…` : name}
        <title>{name}</title>
      </text>
    </g>
  );
}
