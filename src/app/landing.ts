/** The queue of landings, over the checkouts of this node, and what hosts say of a main branch. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Signal } from '#connectors/contract';
import type { ContextService } from '#context';
import type { Config } from '#kernel';
import { createLandingQueue, createTreeTest, type LandingQueue } from '#orchestration';

type QueueDeps = Omit<
  Parameters<typeof createLandingQueue>[0],
  'test' | 'node' | 'slots' | 'leaseMs' | 'channel'
>;

export function openLandingQueue(deps: QueueDeps, config: Config): LandingQueue {
  const { workflow, data } = config;
  const { commandTimeoutMs, leaseMs } = workflow;
  return createLandingQueue({
    ...deps,
    test: createTreeTest({ ...deps, folder: checkoutsOf(config), commandTimeoutMs }),
    node: `${hostname()}:${data}:${deps.newId('agt').slice(-6)}`,
    slots: workflow.landingBuilds,
    leaseMs,
    channel: workflow.redMainChannel,
  });
}

/** Where checks are run; one folder, so that what a killed node left is cleared away together. */
export function checkoutsOf({ data }: Config): string {
  return join(data, 'checkouts');
}

/** Tells the queue how checks of the host ended on the newest commit of a main branch. */
export function noteMainChecks(deps: {
  landing: Pick<LandingQueue, 'noteHostCheck'>;
  context: Pick<ContextService, 'findRepository'>;
}) {
  return async (signal: Signal): Promise<void> => {
    if (signal.type !== 'check.completed') return;
    const { conclusion, headSha: sha, name: check } = signal;
    const verdict =
      conclusion === 'success' ? 'pass' : conclusion === 'failure' ? 'fail' : undefined;
    if (verdict === undefined) return;
    const known = await deps.context.findRepository(signal.repository);
    if (known?.headSha !== sha || known.defaultBranch === null) return;
    const { name: repository, defaultBranch: baseBranch } = known;
    await deps.landing.noteHostCheck({ repository, baseBranch, check, sha, verdict });
  };
}
