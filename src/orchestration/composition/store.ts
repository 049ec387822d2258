/** SQL of compositions. */
import type { Id, JsonObject, Queryable, Tx } from '#kernel';
import type { WorkItemRow } from '../work/index.ts';
import type { Candidate } from './classify.ts';
import type { MatchFacts } from './facts.ts';

export interface NewComposition {
  eventId: Id<'evt'>;
  subject: string;
  fingerprint: string;
  repository: string | null;
  workItemId: Id<'wrk'> | null;
  outcome: string;
  workflow: string | null;
  source: string | null;
  candidates: readonly Candidate[];
  hint: string | null;
  facts: MatchFacts;
  graphHash: string | null;
  runId: Id<'run'> | null;
}

/**
 * False when the same facts about the same thing were considered before; what matched nothing then is
 * considered again, because the library may have grown.
 */
export async function insertComposition(tx: Tx, row: NewComposition): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.compositions as c (event_id, subject, fingerprint, kind, repository,
       work_item_id, outcome, workflow, source, candidates, hint, facts, graph_hash, run_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12::jsonb, $13, $14)
     on conflict (subject, fingerprint) do update set event_id = excluded.event_id,
       outcome = excluded.outcome, workflow = excluded.workflow, source = excluded.source,
       candidates = excluded.candidates, hint = excluded.hint, graph_hash = excluded.graph_hash,
       run_id = excluded.run_id, work_item_id = excluded.work_item_id, created_at = now()
     where c.outcome in ('none', 'refused', 'standing') and excluded.outcome <> c.outcome
     returning event_id`,
    [
      row.eventId,
      row.subject,
      row.fingerprint,
      row.facts.kind,
      row.repository,
      row.workItemId,
      row.outcome,
      row.workflow,
      row.source,
      JSON.stringify(row.candidates),
      row.hint,
      JSON.stringify(row.facts),
      row.graphHash,
      row.runId,
    ],
  );
  return rows.length > 0;
}

/** A run that answers the same thing already: one under way, or, of a work item, one that is done. */
export async function findStanding(
  tx: Tx,
  subject: string,
  isWorkItem: boolean,
): Promise<Id<'run'> | undefined> {
  const rows = await tx.query<{ id: Id<'run'> }>(
    `select c.run_id as id from loom.compositions c
     where c.subject = $1 and (
       exists (select from loom.runs r where r.id = c.run_id and r.state = any($2))
       or exists (select from loom.archived_runs a where a.id = c.run_id and a.state = any($2)))
     limit 1`,
    [subject, isWorkItem ? ['running', 'paused', 'done'] : ['running', 'paused']],
  );
  return rows[0]?.id;
}

/** Open work items that have changed since they were considered last, the oldest first. */
export function takeUnconsidered(queryable: Queryable, limit: number): Promise<WorkItemRow[]> {
  return queryable.query<WorkItemRow>(
    `select * from loom.work_items
     where state = 'open' and (considered_at is null or considered_at < updated_at)
     order by updated_at limit $1`,
    [limit],
  );
}

/** Only if it has not changed meanwhile. */
export async function noteConsidered(
  queryable: Queryable,
  item: Pick<WorkItemRow, 'id' | 'updated_at'>,
): Promise<void> {
  await queryable.query('update loom.work_items set considered_at = $2 where id = $1', [
    item.id,
    item.updated_at,
  ]);
}

export interface CompositionRow {
  id: Id<'evt'>;
  subject: string;
  kind: string;
  repository: string | null;
  workItemId: Id<'wrk'> | null;
  outcome: 'chosen' | 'ambiguous' | 'none' | 'refused' | 'standing';
  workflow: string | null;
  source: string | null;
  candidates: Candidate[];
  hint: string | null;
  facts: JsonObject;
  graphHash: string | null;
  runId: Id<'run'> | null;
  createdAt: Date;
}

/** Newest first, one more than asked for. */
export function listCompositions(
  queryable: Queryable,
  filter: {
    outcome: string | null;
    before: { createdAt: string; id: string } | null;
    limit: number;
  },
): Promise<CompositionRow[]> {
  return queryable.query<CompositionRow>(
    `select event_id as id, subject, kind, repository, work_item_id as "workItemId", outcome,
       workflow, source, candidates, hint, facts, graph_hash as "graphHash", run_id as "runId",
       created_at as "createdAt"
     from loom.compositions
     where ($1::text is null or outcome = $1)
       and ($2::timestamptz is null or (created_at, event_id) < ($2, $3))
     order by created_at desc, event_id desc limit $4`,
    [filter.outcome, filter.before?.createdAt ?? null, filter.before?.id ?? null, filter.limit + 1],
  );
}
