/**
 * When it held in the world, and when we knew: two axes that differ whenever a source is read late or
 * put right. The handles look at the entity as of then.
 */
import { useState } from 'react';
import type { SourceWord } from '../../api/context-types.ts';
import { day, exactTime } from '../../parts/format.ts';
import { Panel } from '../../parts/layout.tsx';
import { useNow } from '../../parts/time.tsx';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_BARS = 8;

interface Span {
  from: number;
  to: number | null;
  label: string;
}

export function Timeline({
  sources,
  validAt,
  knownAt,
  onChange,
}: {
  sources: readonly SourceWord[];
  validAt: string;
  knownAt: string;
  onChange: (change: { validAt?: string; knownAt?: string }) => void;
}) {
  const isBack = validAt !== '' || knownAt !== '';
  return (
    <Panel
      title="Timeline"
      actions={
        isBack && (
          <button
            type="button"
            className="plain-button small text-button"
            onClick={() => onChange({ validAt: '', knownAt: '' })}
          >
            Back to now
          </button>
        )
      }
      foot="Move a handle to see what was true, or what was known, at that time."
    >
      <div className="stack">
        <Axis
          label="True in the world"
          spans={spansOf(sources, ({ validFrom, validTo }) => [validFrom, validTo])}
          at={validAt}
          onChange={(at) => onChange({ validAt: at })}
        />
        <Axis
          label="Known to us"
          spans={spansOf(sources, ({ seenFrom, seenTo }) => [seenFrom, seenTo])}
          at={knownAt}
          onChange={(at) => onChange({ knownAt: at })}
        />
      </div>
    </Panel>
  );
}

/** Each span once, however many words hold it. */
function spansOf(
  sources: readonly SourceWord[],
  timesOf: (word: SourceWord) => [string, string | null],
): Span[] {
  const spans = new Map<string, Span>();
  for (const word of sources) {
    const [from, to] = timesOf(word);
    const label = `${word.system}: ${day(from)} to ${to === null ? 'now' : day(to)}`;
    spans.set(`${from} ${to}`, {
      from: Date.parse(from),
      to: to === null ? null : Date.parse(to),
      label,
    });
  }
  return [...spans.values()].toSorted((a, b) => a.from - b.from).slice(-MAX_BARS);
}

function Axis({
  label,
  spans,
  at,
  onChange,
}: {
  label: string;
  spans: readonly Span[];
  at: string;
  onChange: (at: string) => void;
}) {
  const now = useNow();
  const [moving, setMoving] = useState<number>();
  const first = Math.min(now - DAY_MS, ...spans.map(({ from }) => from));
  // A little before the first word, so that one can look from before it.
  const start = first - (now - first) * 0.06;
  const shareOf = (time: number) => (100 * (time - start)) / (now - start);
  const value = moving ?? (at === '' ? now : Date.parse(at));
  const isNow = moving === undefined && at === '';

  const settle = () => {
    if (moving === undefined) return;
    setMoving(undefined);
    onChange(now - moving < (now - start) / 200 ? '' : new Date(moving).toISOString());
  };

  return (
    <div className="axis">
      <div className="row spread small">
        <span className="soft">{label}</span>
        <span className="number quiet">
          {isNow ? 'now' : exactTime(new Date(value).toISOString())}
        </span>
      </div>
      <div className="axis-bars" aria-hidden="true">
        {spans.map(({ from, to, label: text }) => (
          <span key={`${from} ${to}`} className="axis-track" title={text}>
            <span
              data-over={to !== null || undefined}
              style={{
                insetInlineStart: `${shareOf(from)}%`,
                width: `${Math.max(1.5, shareOf(to ?? now) - shareOf(from))}%`,
              }}
            />
          </span>
        ))}
        <span className="axis-here" style={{ insetInlineStart: `${shareOf(value)}%` }} />
      </div>
      <input
        type="range"
        className="axis-handle"
        aria-label={`${label}, as of`}
        aria-valuetext={isNow ? 'now' : day(new Date(value).toISOString())}
        min={start}
        max={now}
        step={Math.max(HOUR_MS / 60, (now - start) / 400)}
        value={Math.min(value, now)}
        onChange={(event) => setMoving(Number(event.currentTarget.value))}
        onPointerUp={settle}
        onKeyUp={settle}
        onBlur={settle}
      />
      <div className="row spread small quiet">
        <span>{day(new Date(start).toISOString())}</span>
        <span>now</span>
      </div>
    </div>
  );
}
