/** SQL of devboxes. */
import type { Id, Queryable, Tx } from '#kernel';

export interface DevboxRow {
  id: Id<'box'>;
  repository: string;
  branch: string;
  base_sha: string;
  head_sha: string;
  state: 'open' | 'kept' | 'empty' | 'lost';
  run_id: Id<'run'> | null;
  step_name: string | null;
  session_id: Id<'ses'> | null;
  node: string;
  was_warm: boolean;
  ready_ms: number;
  /** By name. */
  ports: Record<string, number>;
  created_at: Date;
  ended_at: Date | null;
}

export async function insertDevbox(
  tx: Tx,
  box: Omit<DevboxRow, 'state' | 'created_at' | 'ended_at' | 'session_id'>,
): Promise<DevboxRow> {
  const rows = await tx.query<DevboxRow>(
    `insert into loom.devboxes
       (id, repository, branch, base_sha, head_sha, state, run_id, step_name, node, was_warm, ready_ms,
        ports)
     values ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11::jsonb) returning *`,
    [
      box.id,
      box.repository,
      box.branch,
      box.base_sha,
      box.head_sha,
      box.run_id,
      box.step_name,
      box.node,
      box.was_warm,
      box.ready_ms,
      JSON.stringify(box.ports),
    ],
  );
  return rows[0]!;
}

/** Undefined when it was closed before. */
export async function closeDevbox(
  tx: Tx,
  id: string,
  end: { state: 'kept' | 'empty' | 'lost'; headSha: string | null },
): Promise<DevboxRow | undefined> {
  const rows = await tx.query<DevboxRow>(
    `update loom.devboxes set state = $2, head_sha = coalesce($3, head_sha), ended_at = now()
     where id = $1 and state = 'open' returning *`,
    [id, end.state, end.headSha],
  );
  return rows[0];
}

export async function noteDisk(
  queryable: Queryable,
  id: string,
  bytes: number | null,
): Promise<void> {
  await queryable.query('update loom.devboxes set disk_bytes = $2 where id = $1', [id, bytes]);
}

export async function bindDevbox(tx: Tx, id: string, sessionId: string): Promise<void> {
  await tx.query('update loom.devboxes set session_id = $2 where id = $1', [id, sessionId]);
}

export function listDevboxes(
  queryable: Queryable,
  filter: { state?: string | undefined; repository?: string | undefined },
  after: readonly [string, string] | null,
  limit: number,
): Promise<DevboxRow[]> {
  return queryable.query<DevboxRow>(
    `select * from loom.devboxes
     where ($1::text is null or state = $1) and ($2::text is null or repository = $2)
       and ($3::timestamptz is null or (created_at, id) < ($3::timestamptz, $4))
     order by created_at desc, id desc limit $5`,
    [
      filter.state ?? null,
      filter.repository ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
    ],
  );
}

/** Ends the rows of this node whose folders are not there any more. Gives them. */
export function closeForgotten(
  tx: Tx,
  node: string,
  alive: readonly string[],
): Promise<DevboxRow[]> {
  return tx.query<DevboxRow>(
    `update loom.devboxes set state = 'lost', ended_at = now()
     where node = $1 and state = 'open' and not (id = any($2)) returning *`,
    [node, alive],
  );
}
