/** A deployment as reported from outside: written down, and told to the runs that wait for it. */
import { AppError, type Id, type JsonObject } from '#kernel';
import type { Actor } from '#ledger';
import type { Deployment } from '#observability';
import type { Change } from '#orchestration';
import type { Services } from './services.ts';

export interface DeploymentReport {
  repository: string;
  environment: string;
  sha: string;
  status: Deployment['status'];
  externalKey: string;
  url?: string | undefined;
  occurredAt?: Date | undefined;
}

const PAGE = 200;
/** Changes looked at for one deployment: more were merged long before it. */
const MAX_CHANGES = 2_000;

/**
 * Equal keys are one deployment. A second report of the same state changes nothing, and wakes the
 * runs again should the first report have died in between.
 */
export async function reportDeployment(
  services: Services,
  report: DeploymentReport,
  actor: Actor,
): Promise<Deployment> {
  const { context, observability } = services;
  const repository = await context.findRepository(report.repository);
  if (repository === undefined) {
    throw new AppError('not_found', 'http.not_found', {
      message: `There is no repository ${report.repository}.`,
      hint: 'Import it first, or check its name.',
    });
  }
  const merged = await listMerged(services, repository.name);
  const deployment = await observability.recordDeployment(
    {
      ...report,
      repository: repository.name,
      git: await context.openMirror(repository.name),
      changesByMergeSha: new Map(
        merged.flatMap(({ mergeSha, id, correlationId }) =>
          mergeSha === null ? [] : [[mergeSha, { id, correlationId }] as const],
        ),
      ),
    },
    actor,
  );
  await wakeRuns(services, deployment, merged, actor);
  return deployment;
}

async function listMerged({ changes }: Services, repository: string): Promise<Change[]> {
  const merged: Change[] = [];
  let cursor: string | undefined;
  do {
    const page = await changes.list({ repository, state: 'merged', limit: PAGE, cursor });
    merged.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && merged.length < MAX_CHANGES);
  return merged;
}

async function wakeRuns(
  { db, workflows }: Services,
  deployment: Deployment,
  merged: readonly Change[],
  actor: Actor,
): Promise<void> {
  if (deployment.status === 'started') return;
  const carried = new Set<Id<'chg'>>(deployment.changeIds);
  const body: JsonObject = {
    deployment: deployment.id,
    environment: deployment.environment,
    status: deployment.status,
    sha: deployment.sha,
  };
  for (const { id, runId } of merged) {
    if (runId === null || !carried.has(id)) continue;
    await db.transaction((tx) =>
      workflows.signal(tx, {
        runId,
        name: 'deployed',
        body,
        dedupeKey: `${deployment.id} ${deployment.status}`,
        actor,
      }),
    );
  }
}
