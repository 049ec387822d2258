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
  isPaused(name: string): boolean;
  clock: Clock;
  log: Logger;
}): BackgroundLoop {
  const { context, sources, isPaused, clock, log } = deps;
  const listedAt = new Map<string, number>();

  async function readOne(source: KnowledgeSource, repository: string): Promise<void> {
    await context.knowledge.sweepOnce(source.name, repository, source);
    const now = clock.now().getTime();
    const key = `${source.name}:${repository}`;
    if (now - (listedAt.get(key) ?? 0) < (source.listEveryMs ?? LIST_EVERY_MS)) return;
    await context.knowledge.buryGone(source.name, repository, source);
    listedAt.set(key, now);
  }

  /** Systems whose knowledge belongs to no repository of theirs say themselves what is read apart. */
  async function readScopes(): Promise<void> {
    for (const source of sources.values()) {
      if (source.listScopes === undefined || isPaused(source.name)) continue;
      const scopes = await source.listScopes().catch((error: unknown) => {
        log.info({ err: error, connector: source.name }, 'what it holds could not be listed');
        return [];
      });
      for (const scope of scopes) await readQuietly(source, scope);
    }
  }

  /** A limit or an outage of one system does not keep the others from being read. */
  async function readQuietly(source: KnowledgeSource, scope: string): Promise<void> {
    await readOne(source, scope).catch((error: unknown) => {
      log.info(
        { err: error, connector: source.name, scope },
        'what its system knows was not read to the end',
      );
    });
  }

  async function readAll(): Promise<number> {
    await readScopes();
    let cursor: string | undefined;
    do {
      const page = await context.listRepositories({ limit: MAX_PAGE_SIZE, cursor });
      for (const { name, host } of page.items) {
        const source = sources.get(host);
        if (source === undefined || source.listScopes !== undefined || isPaused(host)) continue;
        await readQuietly(source, name);
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
