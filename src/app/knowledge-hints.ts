/**
 * Takes what webhooks tell of a host's objects into the graph, apart from the answer to the sender and
 * one delivery at a time. A hint that is lost costs nothing but minutes: the sweep reads the same.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KnowledgeItem } from '#connectors/contract';
import type { ContextService } from '#context';
import type { Logger } from '#kernel';

export interface KnowledgeHints extends AsyncDisposable {
  /** Never waits and never throws. */
  offer(system: string, items: readonly KnowledgeItem[]): void;
}

/** Deliveries that wait at most; a storm beyond it is left to the sweep. */
const MAX_WAITING = 1_000;
const GATHER_MS = 25;

interface Hint {
  system: string;
  items: readonly KnowledgeItem[];
}

export function createKnowledgeHints(deps: {
  /** Known only after the hosts that deliver. */
  context: () => Pick<ContextService, 'findRepository' | 'knowledge'>;
  log: Logger;
}): KnowledgeHints {
  const { log } = deps;
  let waiting: Hint[] = [];
  let draining: Promise<void> | undefined;
  let isClosed = false;

  /** What gathered is asked about once, because most of a storm is of a few repositories. */
  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      await delay(GATHER_MS, undefined, { ref: false });
      const hints = waiting;
      waiting = [];
      const known = new Map<string, Promise<boolean>>();
      for (const hint of hints) {
        await take(hint, known).catch((err: unknown) => {
          const { system } = hint;
          log.info({ err, system }, 'a hint of a host was not taken; the sweep reads the same');
        });
      }
    }
  }

  async function take({ system, items }: Hint, known: Map<string, Promise<boolean>>) {
    for (const [name, told] of Map.groupBy(items, ({ repository }) => repository)) {
      if (isClosed) return;
      const key = `${system} ${name}`;
      const isOurs = known.get(key) ?? isImported(system, name);
      known.set(key, isOurs);
      if (await isOurs) await deps.context().knowledge.take(system, told);
    }
  }

  /**
   * An App may be installed on more than was imported, and another host may have the name. Under a name
   * it had before, it may be a new one that took the name: the sweep knows.
   */
  async function isImported(system: string, name: string): Promise<boolean> {
    const known = await deps.context().findRepository(name);
    return known?.host === system && known.name === name;
  }

  return {
    offer(system, items) {
      if (items.length === 0 || isClosed) return;
      if (waiting.length >= MAX_WAITING) {
        log.debug({ system }, 'a hint of a host is left to the sweep');
        return;
      }
      waiting.push({ system, items });
      draining ??= drain().finally(() => {
        draining = undefined;
      });
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      waiting = [];
      await draining;
    },
  };
}
