/** The curve of one factor: points along the axis, and where this change stands on it. */
import type { FactorCurve } from '../../api/explanation.ts';

const WIDTH = 112;
const HEIGHT = 26;
const PAD = 4;

/** Fewest and most points that any of several curves reaches: one scale, so that a steep one looks steep. */
export interface Reach {
  low: number;
  high: number;
}

export function reachOf(curves: Iterable<FactorCurve>): Reach {
  const all = [...curves].flatMap(({ points, shipped }) => [...points, ...(shipped ?? [])]);
  return { low: Math.min(0, ...all), high: Math.max(0, ...all) };
}

export function Curve({ curve, name, reach }: { curve: FactorCurve; name: string; reach: Reach }) {
  const { low, high } = reach;
  const span = high - low || 1;
  const x = (place: number) => PAD + place * (WIDTH - 2 * PAD);
  const y = (points: number) => HEIGHT - PAD - ((points - low) / span) * (HEIGHT - 2 * PAD);
  const line = (points: readonly number[]) =>
    points.map((value, step) => `${x(step / (points.length - 1))},${y(value)}`).join(' ');
  const here = pointsAt(curve);
  return (
    <svg
      className="factor-curve"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={inWords(curve, name)}
    >
      <title>{inWords(curve, name)}</title>
      <line className="factor-curve-zero" x1={PAD} x2={WIDTH - PAD} y1={y(0)} y2={y(0)} />
      {curve.shipped !== null && (
        <polyline className="factor-curve-shipped" points={line(curve.shipped)} />
      )}
      <polyline className="factor-curve-own" points={line(curve.points)} />
      <circle className="factor-curve-here" cx={x(curve.place)} cy={y(here)} r={3.2} />
    </svg>
  );
}

function pointsAt({ place, points }: FactorCurve): number {
  const at = Math.min(1, Math.max(0, place)) * (points.length - 1);
  const step = Math.min(points.length - 2, Math.floor(at));
  const [before = 0, after = 0] = points.slice(step, step + 2);
  return before + (at - step) * (after - before);
}

function inWords(curve: FactorCurve, name: string): string {
  const place =
    curve.axis === 'percentile'
      ? `above ${Math.round(curve.place * 100)} % of the changes here`
      : `on an axis from ${curve.from} to ${curve.to}`;
  return `Curve of ${name}: from ${round(curve.points[0])} to ${round(curve.points.at(-1))} points; this change is ${place}`;
}

function round(points = 0): string {
  return String(Math.round(points)).replace('-', '−');
}
