/**
 * Waking workers. A wake-up is sent after the commit and outside of it: NOTIFY inside a transaction
 * holds one lock for the whole server until its fsync is over, so commits would queue one by one. A
 * wake-up lost with the process is made good by the next poll.
 */
import type { Queryable, Tx } from '#kernel';

/** Workers listen here. An empty payload means new work; a run's id means that it ended early. */
export const STEPS_CHANNEL = 'loom_steps';

/** A notification is a commit of its own, with nothing in it that must be on disk to be true. */
const NOTIFY = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;

export interface Announcer {
  /** Once the transaction has committed, new work is announced; many at a time are told once. */
  newWork(tx: Tx): void;
  /** The same, after the commit. */
  newWorkNow(): void;
  /** Once the transaction has committed, whoever holds a step of the run is told to look. */
  runEnded(tx: Tx, runId: string): void;
}

export function createAnnouncer(db: Queryable): Announcer {
  let isPending = false;

  function send(payload: string): void {
    // A closed pool or a dead server is no news here: the poll of each worker will find the work.
    db.query(NOTIFY, [STEPS_CHANNEL, payload], 'workflow-notify').catch(() => {});
  }

  function newWorkNow(): void {
    if (isPending) return;
    isPending = true;
    setTimeout(() => {
      isPending = false;
      send('');
    }, 1);
  }

  return {
    newWork: (tx) => tx.afterCommit(newWorkNow),
    newWorkNow,
    runEnded(tx, runId) {
      tx.afterCommit(() => send(runId));
    },
  };
}
