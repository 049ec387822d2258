/**
 * Takes what webhooks tell of a host's objects into the graph, apart from the answer to the sender and
 * one delivery at a time. A hint that is lost costs nothing but minutes: the sweep reads the same.
 */
import type { KnowledgeItem } from '#connectors/contract';
import type { ContextService } from '#context';
import type { Logger } from '#kernel';

export interface KnowledgeHints extends AsyncDisposable {
  /** Never waits and never throws. */
  offer(system: string, items: readonly KnowledgeItem[]): void;
}

/** Deliveries that wait at most; a storm beyond it is left to the sweep. */
const MAX_WAITING = 1_000;

export function createKnowledgeHints(deps: {
  /** Known only after the hosts that deliver. */
  context: () => Pick<ContextService, 'findRepository' | 'knowledge'>;
  log: Logger;
}): KnowledgeHints {
  const { log } = deps;
  let last = Promise.resolve();
  let waiting = 0;
  let isClosed = false;

  async function take(system: string, items: readonly KnowledgeItem[]): Promise<void> {
    if (isClosed) return;
    const { findRepository, knowledge } = deps.context();
    for (const [name, told] of Map.groupBy(items, ({ repository }) => repository)) {
      // An App may be installed on more than was imported, and another host may have the name.
      // Under a name it had before, it may be a new one that took the name: the sweep knows.
      const known = await findRepository(name);
      if (known?.host === system && known.name === name) await knowledge.take(system, told);
    }
  }

  return {
    offer(system, items) {
      if (items.length === 0 || isClosed) return;
      if (waiting >= MAX_WAITING) {
        log.info({ system, waiting }, 'a hint of a host is left to the sweep');
        return;
      }
      waiting += 1;
      last = last
        .then(() => take(system, items))
        .catch((err: unknown) => {
          log.info({ err, system }, 'a hint of a host was not taken; the sweep reads the same');
        })
        .finally(() => {
          waiting -= 1;
        });
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await last;
    },
  };
}
