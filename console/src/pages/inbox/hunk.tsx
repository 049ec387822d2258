/** One telling place of a patch, inline, as far as it fits a glance. */
import { useState } from 'react';
import type { EscalationSlots } from '../../api/inbox.ts';
import { plural } from '../../parts/format.ts';
import type { PatchLine } from '../change/patch.ts';

type Hunk = EscalationSlots['hunks']['hunks'][number];

const GLANCE = 14;

const SIGN: Record<PatchLine['kind'], string> = {
  added: '+',
  removed: '−',
  context: '',
  hunk: '⋯',
  note: '',
};

export function HunkView({ hunk, lines }: { hunk: Hunk; lines: readonly PatchLine[] | null }) {
  const [isAll, setAll] = useState(false);
  const own = lines === null ? [] : linesOf(lines, hunk);
  const shown = isAll ? own : own.slice(0, GLANCE);
  return (
    <li className="hunk">
      <p className="hunk-head">
        <code className="wrap-anywhere">
          {hunk.path}
          {hunk.startLine > 0 && `:${hunk.startLine}`}
        </code>
        <span className="number small nowrap">
          <span className="added">+{hunk.added}</span>{' '}
          <span className="removed">−{hunk.deleted}</span>
        </span>
        <span className="quiet small hunk-why">{hunk.why}</span>
      </p>
      {shown.length > 0 && (
        <div
          className="diff-lines hunk-lines"
          tabIndex={0}
          role="region"
          aria-label={`Lines of ${hunk.path}`}
        >
          <table>
            <tbody>
              {shown.map((line, index) => (
                <tr key={index} data-kind={line.kind}>
                  <td className="diff-number">{line.newLine ?? ''}</td>
                  <td className="diff-sign">{SIGN[line.kind]}</td>
                  <td className="diff-text">{line.text === '' ? ' ' : line.text}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {own.length > shown.length && (
        <button
          type="button"
          className="plain-button text-button small"
          onClick={() => setAll(true)}
        >
          {plural(own.length - shown.length, 'more line')}
        </button>
      )}
    </li>
  );
}

/** The lines of the patch's own hunk that holds the place. */
function linesOf(lines: readonly PatchLine[], { startLine, endLine }: Hunk): PatchLine[] {
  const groups: PatchLine[][] = [];
  for (const line of lines) {
    if (line.kind === 'hunk') groups.push([]);
    else groups.at(-1)?.push(line);
  }
  const holds = (group: readonly PatchLine[]) =>
    group.some(({ newLine }) => newLine !== null && newLine >= startLine && newLine <= endLine);
  return groups.find(holds) ?? groups[0] ?? [];
}
