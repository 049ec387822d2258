/** A deployment as reported from outside: written down, and told to the changes it carries. */
import { AppError } from '#kernel';
import type { Actor } from '#ledger';
import type { Deployment } from '#observability';
import type { Services } from './services.ts';

export interface DeploymentReport {
  repository: string;
  environment: string;
  sha: string;
  status: Deployment['status'];
  externalKey: string;
  url?: string | undefined;
  deployers?: readonly string[] | undefined;
  occurredAt?: Date | undefined;
}

/**
 * Equal keys are one deployment. A second report of the same state changes nothing; should the first
 * have died in between, it tells the changes again, and each of them counts it once.
 */
export async function reportDeployment(
  { context, observability, changes }: Pick<Services, 'context' | 'observability' | 'changes'>,
  report: DeploymentReport,
  actor: Actor,
): Promise<Deployment> {
  const repository = await context.findRepository(report.repository);
  if (repository === undefined) {
    throw new AppError('not_found', 'http.not_found', {
      message: `There is no repository ${report.repository}.`,
      hint: 'Import it first, or check its name.',
    });
  }
  const news = { ...report, repository: repository.name };
  const deployment = await observability.recordDeployment(
    {
      ...news,
      git: await context.openMirror(repository.name),
      changesByMergeSha: await changes.mergedBySha(repository.name),
    },
    actor,
  );
  await changes.recordDeploymentSignal({ ...news, deploymentId: deployment.id }, { actor });
  return deployment;
}
