/** Controls that bear on the files a request is probably about. */
import type { Queryable } from '#kernel';
import picomatch from 'picomatch';
import type { ItemDraft } from '../render.ts';

/** An agent is told what binds it and where that is written; the rest is for auditors. */
const MAX_CONTROLS = 3;

export async function findControls(
  db: Queryable,
  repository: { name: string; revision: string },
  paths: readonly string[],
  mayRead: (path: string) => boolean,
): Promise<ItemDraft[]> {
  const rows = await db.query<{
    key: string;
    title: string;
    slot: string;
    data_class: string | null;
    path: string | null;
    line: number | null;
    revision: string;
    confirmed_at: Date;
    system: string;
  }>(
    `select f.key, coalesce(x.properties->>'title', f.key) as title, e.slot,
       a.properties->>'dataClass' as data_class, a.evidence->>'path' as path,
       (a.evidence->>'startLine')::int as line, a.revision, a.confirmed_at, s.system
     from graph_entities t
     join graph_edges e on e.to_id = t.id and e.kind = 'constrains'
     join graph_entities f on f.id = e.from_id and f.kind = 'control'
     join graph_assertions a on a.edge_id = e.id and upper_inf(a.seen) and upper_inf(a.valid)
     join graph_sources s on s.id = a.source_id
     left join lateral (
       select own.properties from graph_edges i join graph_assertions own on own.edge_id = i.id
       where i.to_id = f.id and i.kind = 'is' and upper_inf(own.seen) and upper_inf(own.valid) limit 1
     ) x on true
     where t.kind = 'repository' and t.key = $1
     order by f.key collate "C", e.slot collate "C" limit 500`,
    [repository.name],
    'context_controls',
  );
  const found = new Map<string, ItemDraft>();
  for (const row of rows) {
    const glob = row.slot === '' ? '**' : row.slot.replace(/^\//, '');
    const matches = picomatch(glob, { dot: true });
    const hit = paths.find((path) => matches(path));
    const written = row.path ?? '';
    if (hit === undefined || found.has(row.key) || (written !== '' && !mayRead(written))) continue;
    const what = row.data_class === null ? '' : `data of class ${row.data_class}`;
    found.set(row.key, {
      kind: 'control',
      title: row.title,
      path: written,
      text: `${row.title} bears on ${row.slot === '' ? 'this repository' : row.slot}${what === '' ? '' : `, which holds ${what}`}.`,
      why: [
        {
          signal: row.data_class === null ? 'control' : 'data-class',
          evidence: `holds for ${hit}`,
        },
      ],
      source: {
        system: row.system,
        object: written === '' ? repository.name : written,
        revision: row.revision,
        ...(row.line === null ? {} : { lines: String(row.line) }),
      },
      observedAt: row.confirmed_at,
      freshness: 'current',
      score: 0.9,
      isUntrusted: false,
    });
  }
  return [...found.values()].slice(0, MAX_CONTROLS);
}
