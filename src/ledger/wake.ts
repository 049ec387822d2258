/**
 * Waking what waits. Polling is the truth everywhere in this room; a wake-up only makes it prompt.
 */
import type { Bell, Db } from '#kernel';

export const LEDGER_CHANNEL = 'loom_ledger';
export const OUTBOX_CHANNEL = 'loom_outbox';

/** Said on the ledger's channel: something was appended, and something got its place in the log. */
export const NEWS = { appended: 'appended', placed: 'placed', enqueued: 'enqueued' } as const;
export type News = (typeof NEWS)[keyof typeof NEWS];

/**
 * How the loops of this room wait: a busy one works in batches, an idle one costs little, and a lost
 * wake-up costs half a second.
 */
export const PROMPT = { gatherMs: 10, everyMs: 500 } as const;

const GATHER_MS = 10;

/**
 * Tells all nodes, soon and once for many calls, that there is work on a channel. It is to be called
 * after the commit.
 */
export function createAnnouncer(db: Db, channel: string, news: News): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      db.notify(channel, news);
    }, GATHER_MS).unref();
  };
}

/** Rings at one kind of news, and after each reconnection, when some may have been missed. */
export function ringOn(db: Db, channel: string, news: News, bell: Bell, signal: AbortSignal): void {
  db.listen(channel, (said) => (said === news || said === '') && bell.ring(), signal);
}

/** Listens for many bells over one connection, and only while there are any. */
export function createListenerHub(db: Db, channel: string, news: News): (bell: Bell) => Disposable {
  const bells = new Set<Bell>();
  let listening: AbortController | undefined;
  return (bell) => {
    bells.add(bell);
    if (listening === undefined) {
      listening = new AbortController();
      const ringAll = (said: string) => {
        if (said === news || said === '') bells.forEach((each) => each.ring());
      };
      db.listen(channel, ringAll, listening.signal);
    }
    return {
      [Symbol.dispose]() {
        bells.delete(bell);
        if (bells.size > 0) return;
        listening?.abort();
        listening = undefined;
      },
    };
  };
}
