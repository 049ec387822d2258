/**
 * Waking workers, after the commit of what there is to do: those of this process at once, the others
 * by a notification. A wake-up lost with the process is made good by the next poll.
 */
import type { Db, Tx } from '#kernel';

/** Workers listen here. An empty payload means new work; a run's id means that it ended early. */
export const STEPS_CHANNEL = 'loom_steps';
/** The payload that says: a step stands at the gate of a limit. */
export const GATE_REACHED = 'gate';

export interface Announcer {
  /** Once the transaction has committed, new work is announced; many at a time are told once. */
  newWork(tx: Tx): void;
  /** The same, after the commit. */
  newWorkNow(): void;
  /** Once the transaction has committed, whoever holds a step of the run is told to look. */
  runEnded(tx: Tx, runId: string): void;
  /** Once the transaction has committed, some worker looks who may be let in at a limit. */
  gateReached(tx: Tx): void;
}

export function createAnnouncer(db: Db): Announcer {
  let isPending = false;

  function newWorkNow(): void {
    if (isPending) return;
    isPending = true;
    // Many runs started by one commit call one after the other: they are one wake-up.
    setImmediate(() => {
      isPending = false;
      db.notify(STEPS_CHANNEL, '');
    });
  }

  return {
    newWork: (tx) => tx.afterCommit(newWorkNow),
    newWorkNow,
    runEnded(tx, runId) {
      tx.afterCommit(() => db.notify(STEPS_CHANNEL, runId));
    },
    gateReached(tx) {
      tx.afterCommit(() => db.notify(STEPS_CHANNEL, GATE_REACHED));
    },
  };
}
