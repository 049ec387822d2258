/** What the sources of a repository could not be read of: a pack that lacks it says so. */
import type { Queryable } from '#kernel';

const MAX_TOLD = 3;

export async function findUnread(
  db: Queryable,
  repository: { name: string; problems: readonly string[] },
  mayRead: (path: string) => boolean,
): Promise<string[]> {
  const rows = await db.query<{
    source: string;
    skipped: { reason: string; count: number; examples: string[]; isKnown?: boolean }[];
  }>(
    // Every source has a cursor per repository, named `<source>:<repository>`.
    `select source, skipped from graph_cursors
     where right(source, length($1) + 1) = ':' || $1 and skipped <> '[]'::jsonb order by source`,
    [repository.name],
    'context_unread',
  );
  const skipped = rows
    .flatMap(({ source, skipped: reasons }) =>
      reasons.map((one) => ({ ...one, system: source.split(':')[0]! })),
    )
    .filter(({ isKnown }) => isKnown !== true)
    .toSorted((a, b) => b.count - a.count);
  const told = skipped.slice(0, MAX_TOLD).map(({ system, reason, count, examples }) => {
    const shown = examples.find(mayRead);
    const example = shown === undefined ? '' : ` (such as ${shown})`;
    return `Not read from ${system}: ${count} × ${reason}${example}.`;
  });
  const problems = repository.problems
    .slice(0, MAX_TOLD)
    .map((problem) => `Not read at the import: ${problem}`);
  const rest = skipped.length + repository.problems.length - told.length - problems.length;
  return [
    ...problems,
    ...told,
    ...(rest > 0 ? [`${rest} more kinds of things were not read.`] : []),
  ];
}
