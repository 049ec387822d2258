/**
 * Which workflow a change runs through: the file at its protected base, else the last good one of that
 * file, else the built-in. It is never read from the change itself, which could loosen it.
 */
import { createHash } from 'node:crypto';
import type { GitRepository } from '#git';
import { AppError, type Queryable } from '#kernel';
import { type OrchestrationDeps, ORCHESTRATION } from '../deps.ts';
import type { WorkflowGraph } from '../service.ts';
import { parseWorkflow, validateWorkflow, type WorkflowProblem } from '../workflow/index.ts';
import { builtInChangeWorkflow } from './change.ts';

export const CHANGE_WORKFLOW_PATH = '.loom/workflows/change.yaml';
const MAX_BYTES = 256 * 1024;

export async function loadChangeWorkflow(
  deps: Pick<OrchestrationDeps, 'db' | 'ledger'>,
  at: { git: GitRepository; baseSha: string; repository: string },
): Promise<WorkflowGraph> {
  const { git, baseSha, repository } = at;
  const text = await readFileAt(git, baseSha);
  if (text === undefined) return builtInChangeWorkflow;
  const source = `${CHANGE_WORKFLOW_PATH}@${baseSha.slice(0, 12)}`;
  const { definition, problems } = validateWorkflow(text, source);
  if (definition === undefined) {
    const standing = await refuse(deps, repository, { source, text, problems });
    return standing === undefined
      ? builtInChangeWorkflow
      : parseWorkflow(standing.body, standing.source).graph;
  }
  await keep(deps.db, repository, { source, text });
  return definition.graph;
}

/** Undefined where there is none; what cannot be read as a file is refused like a bad one. */
async function readFileAt(git: GitRepository, baseSha: string): Promise<string | undefined> {
  try {
    return await git.readText(baseSha, CHANGE_WORKFLOW_PATH, MAX_BYTES);
  } catch (error) {
    if (error instanceof AppError && error.code === 'git.file_too_large') return `# too large\n`;
    throw error;
  }
}

async function keep(
  db: Queryable,
  repository: string,
  file: { source: string; text: string },
): Promise<void> {
  await db.query(
    `insert into loom.workflow_files as f (repository, path, source, body) values ($1, $2, $3, $4)
     on conflict (repository, path) do update set source = excluded.source, body = excluded.body,
       refused_sha256 = null, refusal = null, updated_at = now()
     where f.body <> excluded.body or f.refused_sha256 is not null`,
    [repository, CHANGE_WORKFLOW_PATH, file.source, file.text],
  );
}

/** Tells each refused text once, and gives the last good file. An empty body means there is none. */
async function refuse(
  { db, ledger }: Pick<OrchestrationDeps, 'db' | 'ledger'>,
  repository: string,
  file: { source: string; text: string; problems: readonly WorkflowProblem[] },
): Promise<{ source: string; body: string } | undefined> {
  const sha256 = createHash('sha256').update(file.text).digest('hex');
  return db.transaction(async (tx) => {
    const told = await tx.query(
      `insert into loom.workflow_files as f (repository, path, source, body, refused_sha256, refusal)
       values ($1, $2, '', '', $3, $4)
       on conflict (repository, path) do update
         set refused_sha256 = excluded.refused_sha256, refusal = excluded.refusal, updated_at = now()
         where f.refused_sha256 is distinct from excluded.refused_sha256
       returning 1`,
      [repository, CHANGE_WORKFLOW_PATH, sha256, JSON.stringify(file.problems.slice(0, 20))],
    );
    const [standing] = await tx.query<{ source: string; body: string }>(
      'select source, body from loom.workflow_files where repository = $1 and path = $2',
      [repository, CHANGE_WORKFLOW_PATH],
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
