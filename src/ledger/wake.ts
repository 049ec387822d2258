/**
 * Waking what waits. Polling is the truth everywhere in this room; a wake-up only makes it prompt.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '#kernel';

export const LEDGER_CHANNEL = 'loom_ledger';
export const OUTBOX_CHANNEL = 'loom_outbox';

/** Said on the ledger's channel: something was appended, and something got its place in the log. */
export const NEWS = { appended: 'appended', placed: 'placed', enqueued: 'enqueued' } as const;
export type News = (typeof NEWS)[keyof typeof NEWS];

const GATHER_MS = 10;

/** A notification is a commit of its own, with nothing in it that must be on disk to be true. */
const NOTIFY = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;

/**
 * Tells all nodes, soon and once for many calls, that there is work on a channel. It is to be called
 * after the commit and speaks outside of it: NOTIFY inside a transaction holds a lock of the whole
 * server to the end of its fsync, which would let commits happen only one by one.
 */
export function createAnnouncer(db: Db, channel: string, news: News): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      // A lost wake-up is found by polling, so a closed pool or a dead server is no news here.
      db.query(NOTIFY, [channel, news], 'ledger_notify').catch(() => {});
    }, GATHER_MS).unref();
  };
}

/** A place to wait that remembers a wake-up which came while nobody waited. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, after the time, or on abort; true when it rang. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#rung && !signal.aborted) {
      const ended = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const both = AbortSignal.any([signal, ended.signal]);
      await Promise.race([rung, delay(milliseconds, undefined, { signal: both }).catch(() => {})]);
      ended.abort();
      this.#wake = undefined;
    }
    const rang = this.#rung;
    this.#rung = false;
    return rang;
  }
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
