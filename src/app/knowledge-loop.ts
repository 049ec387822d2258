/**
 * Reads what code hosts know of changes, reviews, issues and deployments, now and then: webhooks are
 * hints, this is the truth. Once a day the full list tells what is gone.
 */
import type { KnowledgeSource } from '#connectors/contract';
import type { ContextService } from '#context';
import { type BackgroundLoop, type Clock, type Logger, MAX_PAGE_SIZE, startLoop } from '#kernel';

const EVERY_MS = 10 * 60_000;
const FIRST_AFTER_MS = 30_000;
const LIST_EVERY_MS = 24 * 3_600_000;

export function knowledgeLoop(deps: {
  context: Pick<ContextService, 'listRepositories' | 'knowledge'>;
  sources: ReadonlyMap<string, KnowledgeSource>;
  clock: Clock;
  log: Logger;
}): BackgroundLoop {
  const { context, sources, clock, log } = deps;
  const listedAt = new Map<string, number>();

  async function readOne(source: KnowledgeSource, repository: string): Promise<void> {
    await context.knowledge.sweepOnce(source.name, repository, source);
    const now = clock.now().getTime();
    if (now - (listedAt.get(repository) ?? 0) < LIST_EVERY_MS) return;
    await context.knowledge.buryGone(source.name, repository, source);
    listedAt.set(repository, now);
  }

  async function readAll(): Promise<number> {
    let cursor: string | undefined;
    do {
      const page = await context.listRepositories({ limit: MAX_PAGE_SIZE, cursor });
      for (const { name, host } of page.items) {
        const source = sources.get(host);
        if (source === undefined) continue;
        // A limit or an outage of one repository's host does not keep the others from being read.
        await readOne(source, name).catch((error: unknown) => {
          log.info({ err: error, repository: name }, 'what its host knows was not read to the end');
        });
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return 0;
  }

  return startLoop({
    name: 'knowledge',
    everyMs: EVERY_MS,
    firstAfterMs: FIRST_AFTER_MS,
    clock,
    log,
    work: readAll,
  });
}
