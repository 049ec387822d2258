/** SQL of what changed together: all of a history, or what bears on a few files. */
import type { Queryable } from '#kernel';
import { MAX_CHANGES, type NarrowChanges, WIDE_CHANGE } from './co-change-facts.ts';

/** Positions read at once. */
const PAGE = 2_000;

/** Every narrow change by people, by position. */
export async function readAllChanges(
  db: Queryable,
  repositoryId: string,
  lastPosition: number,
): Promise<NarrowChanges> {
  const changes = new Map<number, number[]>();
  for (let start = 0; start <= lastPosition; start += PAGE) {
    const rows = await db.query<{ position: number; numbers: number[] }>(
      `select t.position, array_agg(t.file_number) as numbers
       from commit_files t join commits c using (repository_id, position)
       where t.repository_id = $1 and t.position >= $2 and t.position < $3
         and c.file_count <= $4 and not c.is_robot
       group by t.position`,
      [repositoryId, start, start + PAGE, WIDE_CHANGE],
    );
    for (const { position, numbers } of rows) changes.set(position, numbers);
  }
  return changes;
}

/** The newest narrow changes of some files, whole. */
export async function readChangesOf(
  db: Queryable,
  repositoryId: string,
  numbers: readonly number[],
): Promise<NarrowChanges> {
  if (numbers.length === 0) return new Map();
  const rows = await db.query<{ position: number; numbers: number[] }>(
    `with wanted as (
       select distinct own.position from unnest($2::int[]) as w (number)
       cross join lateral (
         select t.position from commit_files t join commits c using (repository_id, position)
         where t.repository_id = $1 and t.file_number = w.number and c.file_count <= $3 and not c.is_robot
         order by t.position desc limit $4
       ) own
     )
     select t.position, array_agg(t.file_number) as numbers
     from wanted join commit_files t on t.repository_id = $1 and t.position = wanted.position
     group by t.position`,
    [repositoryId, numbers, WIDE_CHANGE, MAX_CHANGES],
  );
  return new Map(rows.map(({ position, numbers: files }) => [position, files]));
}

/** Keys of the files that say they change with one of these. */
export async function readWhoNames(
  db: Queryable,
  repository: string,
  keys: readonly string[],
): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const rows = await db.query<{ key: string }>(
    `select distinct f.key from graph_entities t
     join graph_edges e on e.to_id = t.id and e.kind = 'co_changed'
     join graph_entities f on f.id = e.from_id
     join graph_assertions a on a.edge_id = e.id and upper_inf(a.seen) and upper_inf(a.valid)
     join graph_sources s on s.id = a.source_id and s.system = 'git' and s.scope = $1
     where t.kind = 'file' and t.key = any($2)`,
    [repository, keys],
  );
  return new Set(rows.map(({ key }) => key));
}
