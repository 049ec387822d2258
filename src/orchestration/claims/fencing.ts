/**
 * Whether what a session wrote may pass a gate. A lease may end while its holder still writes: it
 * sleeps, or its laptop does. Grants are numbered in rising order, so who writes under an older number
 * than somebody else's is recognised, whatever clocks say. Pure.
 */
import { shellWord } from './denial.ts';
import type { FencedWrite, HistoryRow } from './fence-store.ts';
import { includes, pathTarget } from './target.ts';

export interface Stopped extends FencedWrite {
  holder: Pick<HistoryRow, 'agent' | 'operator_name' | 'granted_at' | 'lease_until' | 'is_live'>;
}

/**
 * The paths that do not pass, each with who has it. A path passes when nobody else was granted it since
 * the writer was; when the writer gave it back itself, and just now; and when the other has let go of it
 * and the writer's own lease never ran out.
 */
export function judgeWrites(paths: readonly string[], history: readonly HistoryRow[]): Stopped[] {
  return paths.flatMap((path) => {
    const target = pathTarget(path);
    // A definition of a file is no hold on the whole of it, but its holder writes with a right.
    const over = history.filter(
      (row) => includes(row, target) || (row.kind === 'symbol' && row.path === target.path),
    );
    const own = newest(over.filter(({ is_own: isOwn }) => isOwn));
    const other = newest(
      over.filter((row) => !row.is_own && row.strength === 'exclusive' && row.kind !== 'symbol'),
    );
    if (other === undefined || other.fence < (own?.fence ?? 0)) return [];
    const wasOverrun = own?.state === 'expired' || (own?.state === 'held' && !own.is_live);
    if (!wasOverrun && (!other.is_live || own?.is_fresh === true)) return [];
    return [
      {
        path: target.path,
        fence: own?.fence ?? 0,
        holderSessionId: other.session_id,
        holderFence: other.fence,
        holder: other,
      },
    ];
  });
}

/** What the writer is told: plainly, and what to do. */
export function explainFencing(stopped: readonly Stopped[], gate: string): string {
  const lines = stopped
    .slice(0, 10)
    .map(({ path, fence, holder, holderSessionId, holderFence }) => {
      const since = holder.granted_at.toISOString().slice(11, 16);
      const own = fence === 0 ? 'you never held it' : `your grant ${fence} is older`;
      const now = holder.is_live ? 'holds it' : 'had it';
      return `${path}: ${holder.agent} (session ${holderSessionId}) ${now} since ${since} UTC under grant ${holderFence}; ${own}.`;
    });
  const more = stopped.length - lines.length;
  return [
    `This does not pass the ${gate}: it changes what another session was given since.`,
    ...lines,
    ...(more > 0 ? [`… and ${more} more.`] : []),
    'Your work is kept on its branch. Rebase onto what the other session lands, claim the files again, and push; or split, wait, hand over or stop.',
  ].join('\n');
}

/** For a push that was refused: one command each. */
export function pushChoices(stopped: readonly Stopped[], sessionId: string): string[] {
  const files = stopped
    .slice(0, 3)
    .map(({ path }) => shellWord(path))
    .join(' ');
  return [
    `  rebase: loom claims rebase ${sessionId} ${files}`,
    `  hand over: loom claims hand-over ${sessionId} ${files}`,
    '  push to a side branch, which opens no change: git push origin HEAD:refs/heads/loom/kept/NAME',
  ];
}

function newest(rows: readonly HistoryRow[]): HistoryRow | undefined {
  return rows.reduce<HistoryRow | undefined>(
    (best, row) => (best === undefined || row.fence > best.fence ? row : best),
    undefined,
  );
}
