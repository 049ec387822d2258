/** The last good text of each workflow file: it stays in force while a newer one is refused. */
import { createHash } from 'node:crypto';
import type { Queryable } from '#kernel';
import { ORCHESTRATION, type OrchestrationDeps } from '../deps.ts';
import type { WorkflowProblem } from '../workflow/index.ts';

export interface FileAtBase {
  repository: string;
  path: string;
  source: string;
  text: string;
}

export async function keepFile(db: Queryable, file: FileAtBase): Promise<void> {
  await db.query(
    `insert into loom.workflow_files as f (repository, path, source, body) values ($1, $2, $3, $4)
     on conflict (repository, path) do update set source = excluded.source, body = excluded.body,
       refused_sha256 = null, refusal = null, updated_at = now()
     where f.body <> excluded.body or f.refused_sha256 is not null`,
    [file.repository, file.path, file.source, file.text],
  );
}

/** Tells each refused text once, and gives the last good file. An empty body means there is none. */
export async function refuseFile(
  { db, ledger }: Pick<OrchestrationDeps, 'db' | 'ledger'>,
  file: FileAtBase & { problems: readonly WorkflowProblem[] },
): Promise<{ source: string; body: string } | undefined> {
  const sha256 = createHash('sha256').update(file.text).digest('hex');
  const { repository, path } = file;
  return db.transaction(async (tx) => {
    const told = await tx.query(
      `insert into loom.workflow_files as f (repository, path, source, body, refused_sha256, refusal)
       values ($1, $2, '', '', $3, $4)
       on conflict (repository, path) do update
         set refused_sha256 = excluded.refused_sha256, refusal = excluded.refusal, updated_at = now()
         where f.refused_sha256 is distinct from excluded.refused_sha256
       returning 1`,
      [repository, path, sha256, JSON.stringify(file.problems.slice(0, 20))],
    );
    const [standing] = await tx.query<{ source: string; body: string }>(
      'select source, body from loom.workflow_files where repository = $1 and path = $2',
      [repository, path],
    );
    const good = standing === undefined || standing.body === '' ? undefined : standing;
    if (told.length > 0) {
      await ledger.append(tx, {
        type: 'workflow.refused',
        subject: repository,
        actor: ORCHESTRATION,
        refs: { repository },
        data: {
          source: file.source,
          problems: file.problems.slice(0, 20),
          inForce: good?.source ?? 'built-in',
        },
      });
    }
    return good;
  });
}
