/** What git could not merge, one side above the other. */
import type { Collision } from '../../api/collisions.ts';

type Hunk = Collision['hunks'][number];
type LineKind = 'context' | 'marker' | 'ours' | 'base' | 'theirs';

export function ConflictText({ hunk }: { hunk: Hunk }) {
  const lines = conflictLines(hunk.text);
  return (
    <figure className="conflict">
      <figcaption className="conflict-head">
        <code className="wrap-anywhere">{hunk.path}</code>
        {hunk.isCut && <span className="quiet small">the beginning of it</span>}
      </figcaption>
      <div
        className="conflict-lines"
        tabIndex={0}
        role="region"
        aria-label={`Conflict in ${hunk.path}`}
      >
        {lines.map(({ kind, text }, index) => (
          <code key={index} className="conflict-line" data-kind={kind}>
            {text === '' ? ' ' : text}
          </code>
        ))}
      </div>
    </figure>
  );
}

/** Tells the sides apart by git's markers, with or without the common base between them. */
export function conflictLines(text: string): { kind: LineKind; text: string }[] {
  let side: LineKind = 'context';
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      if (/^<{7}( |$)/.test(line)) side = 'ours';
      else if (/^\|{7}( |$)/.test(line) && side === 'ours') side = 'base';
      else if (/^={7}$/.test(line) && side !== 'context') side = 'theirs';
      else if (/^>{7}( |$)/.test(line)) side = 'context';
      else return { kind: side, text: line };
      return { kind: 'marker', text: line };
    });
}
