/** Compares hosts with what we know now and then: webhooks are hints, refs are the truth. */
import type { ContextService } from '#context';
import { type BackgroundLoop, type Clock, type Logger, MAX_PAGE_SIZE, startLoop } from '#kernel';
import type { Intake } from './service.ts';

export function createReconcileLoop(deps: {
  intake: Pick<Intake, 'sweep'>;
  context: ContextService;
  clock: Clock;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { intake, context, clock, log, everyMs = 10 * 60_000 } = deps;

  async function compareAll(): Promise<number> {
    let found = 0;
    let cursor: string | undefined;
    do {
      const page = await context.listRepositories({ limit: MAX_PAGE_SIZE, cursor });
      for (const { name, state } of page.items) {
        if (state !== 'ready') continue;
        // One unreachable repository does not keep the others from being compared.
        found += await intake.sweep(name).catch((error: unknown) => {
          log.info({ err: error, repository: name }, 'repository not compared with its host');
          return 0;
        });
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  }

  return startLoop({
    name: 'reconcile',
    everyMs,
    firstAfterMs: everyMs,
    clock,
    log,
    runOnce: compareAll,
    // What was found is handled by intake; comparing again at once would find it again.
    work: async () => {
      await compareAll();
      return 0;
    },
  });
}
