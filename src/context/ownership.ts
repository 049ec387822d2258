/**
 * Who does the work where: observed ownership by folder, decayed, with the bus factor. Derived from the
 * history at every question and stored nowhere, so it cannot be stale.
 */
import type { Queryable } from '#kernel';

export interface FolderOwnership {
  folder: string;
  component: string | null;
  files: number;
  changes: number;
  busFactor: number;
  declared: string[];
  people: { id: string; name: string; share: number; lastAt: Date; isActive: boolean }[];
}

export interface FolderWork {
  folder: string;
  email: string;
  name: string;
  weight: number;
  changes: number;
  lastAt: Date;
}

const ACTIVE_DAYS = 120;
const MAX_FOLDERS = 300;
const MAX_PEOPLE = 8;
const DAY_MS = 86_400_000;

/** Smallest number of people who together did half of the decayed work; 0 where nobody did any. Pure. */
export function busFactor(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let done = 0;
  const sorted = weights.toSorted((a, b) => b - a);
  for (const [index, weight] of sorted.entries()) {
    done += weight;
    if (done >= total / 2 && total > 0) return index + 1;
  }
  return 0;
}

/** Folds work by address into people. `personOf` maps `email:…` to the identity that stands for it. Pure. */
export function foldOwnership(
  work: readonly FolderWork[],
  personOf: ReadonlyMap<string, string>,
  now: Date,
): Map<string, Pick<FolderOwnership, 'changes' | 'busFactor' | 'people'>> {
  const folders = new Map<string, Pick<FolderOwnership, 'changes' | 'busFactor' | 'people'>>();
  for (const [folder, rows] of Map.groupBy(work, (row) => row.folder)) {
    const people = new Map<string, { name: string; weight: number; lastAt: Date }>();
    for (const { email, name, weight, lastAt } of rows) {
      const key = `email:${email.trim().toLowerCase()}`;
      const id = personOf.get(key) ?? key;
      const known = people.get(id);
      people.set(id, {
        name: known === undefined || lastAt > known.lastAt ? name : known.name,
        weight: (known?.weight ?? 0) + weight,
        lastAt: known === undefined || lastAt > known.lastAt ? lastAt : known.lastAt,
      });
    }
    const total = [...people.values()].reduce((sum, { weight }) => sum + weight, 0);
    folders.set(folder, {
      changes: rows.reduce((sum, row) => sum + row.changes, 0),
      busFactor: busFactor([...people.values()].map(({ weight }) => weight)),
      people: [...people]
        .toSorted(([a, left], [b, right]) => right.weight - left.weight || (a < b ? -1 : 1))
        .slice(0, MAX_PEOPLE)
        .map(([id, { name, weight, lastAt }]) => ({
          id,
          name,
          share: total === 0 ? 0 : weight / total,
          lastAt,
          isActive: (now.getTime() - lastAt.getTime()) / DAY_MS <= ACTIVE_DAYS,
        })),
    });
  }
  return folders;
}

/**
 * Decayed changes (half-life 180 days, two years back) by folder of so many parts, and author; of what
 * lies under a closed prefix nothing is counted.
 */
export async function readFolderWork(
  db: Queryable,
  repositoryId: string,
  depth: number,
  now: Date,
  closed: readonly string[] = [],
): Promise<FolderWork[]> {
  const rows = await db.query<{
    folder: string;
    email: string;
    name: string;
    weight: number;
    changes: number;
    last_at: Date;
  }>(
    `select folder, author_email as email, max(author_name) as name, count(*)::int as changes, max(committed_at) as last_at,
       sum(power(0.5, extract(epoch from $3::timestamptz - committed_at) / 86400 / 180))::float8 as weight
     from (
       select distinct c.position, c.author_email, c.author_name, c.committed_at,
         array_to_string((string_to_array(f.path, '/'))[1:least($2, cardinality(string_to_array(f.path, '/')) - 1)], '/') as folder
       from commits c
       join commit_files m on m.repository_id = c.repository_id and m.position = c.position
       join files f on f.repository_id = m.repository_id and f.number = m.file_number and f.is_alive
         and not exists (select from unnest($4::text[]) prefix where starts_with(f.path, prefix))
       where c.repository_id = $1 and not c.is_robot and c.file_count <= 50
         and c.committed_at > $3::timestamptz - interval '2 years' and c.committed_at <= $3
     ) touched
     group by folder, author_email`,
    [repositoryId, depth, now, closed],
  );
  return rows.map((row) => ({ ...row, lastAt: row.last_at }));
}

/** Files of each folder, and the component a descriptor in it declares; the largest folders. */
export async function readFolders(
  db: Queryable,
  repositoryId: string,
  depth: number,
  closed: readonly string[] = [],
): Promise<{ folder: string; files: number; component: string | null }[]> {
  return db.query(
    `with folders as (
       select array_to_string((string_to_array(path, '/'))[1:least($2, cardinality(string_to_array(path, '/')) - 1)], '/') as folder
       from files where repository_id = $1 and is_alive
         and not exists (select from unnest($3::text[]) prefix where starts_with(path, prefix))
     )
     select folder, count(*)::int as files, (
       select min(e.name) from catalog_entities e
       where e.repository_id = $1 and e.kind = 'Component' and regexp_replace(e.path, '/?[^/]*$', '') = folder
     ) as component
     from folders group by folder order by files desc, folder collate "C" limit ${MAX_FOLDERS}`,
    [repositoryId, depth, closed],
  );
}
