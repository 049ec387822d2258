/** Looks what moved in a repository and tells it, once, in order, however often it is asked to. */
import { AppError, type Clock, type Logger } from '#kernel';
import type { Delivery } from '#connectors/contract';
import { openRepository } from '#git';
import { describePush, fingerprint } from './describe-push.ts';
import { type Journal, readJournal, writeJournal } from './journal.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { Push } from './push.ts';
import {
  findMoves,
  readBranches,
  readDefaultBranch,
  readMovers,
  readProtectedBranches,
  type RefMove,
} from './refs.ts';
import { findRepository } from './repository-folder.ts';
import { toDelivery } from './source.ts';

/** Mail domain of those who have no address, or whose id the reflog keeps; never shown. */
export const NO_MAIL_DOMAIN = '@loomstack.invalid';

export interface Deliverer {
  /**
   * Delivers what is pending and what moved since. `pusher` is who just pushed; it is used only where
   * git keeps no record, as when a branch is deleted. Rejects when a delivery was not taken.
   */
  deliver(repository: string, pusher?: Push['pusher']): Promise<void>;
}

export function createDeliverer(deps: {
  folder: string;
  webhookSecret: string;
  onDelivery(delivery: Delivery): Promise<unknown>;
  lock: KeyedLock;
  clock: Clock;
  log: Logger;
}): Deliverer {
  const { folder, webhookSecret, onDelivery, lock, clock, log } = deps;

  async function deliver(repository: string, pusher: Push['pusher'] = {}): Promise<void> {
    await lock.run(repository, async () => {
      const dir = await findRepository(folder, repository);
      const journal = await readJournal(dir);
      await deliverPending(dir, journal);
      if (await recordMoves(repository, dir, journal, pusher)) await deliverPending(dir, journal);
    });
  }

  async function deliverPending(dir: string, journal: Journal): Promise<void> {
    for (let push = journal.pending[0]; push !== undefined; push = journal.pending[0]) {
      await take(push);
      journal.pending.shift();
      await writeJournal(dir, journal);
    }
  }

  async function take(push: Push): Promise<void> {
    try {
      await onDelivery(toDelivery(webhookSecret, push));
    } catch (error) {
      // What is refused as unreadable will be refused for ever; holding it would stop all that follow.
      if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
      log.error({ err: error, deliveryId: push.id }, 'a delivery of the local forge was refused');
    }
  }

  /** Writes down what moved. False when nothing did. */
  async function recordMoves(
    repository: string,
    dir: string,
    journal: Journal,
    pusher: Push['pusher'],
  ): Promise<boolean> {
    const branches = await readBranches(dir);
    const defaultBranch = await readDefaultBranch(dir);
    const isProtected = await readProtectedBranches(dir, defaultBranch);
    const moves = findMoves(journal.branches, branches, isProtected);
    if (moves.length === 0) return false;

    const git = openRepository(dir);
    for (const move of moves) {
      const movers = await findMovers(dir, move);
      const [last] = movers;
      const { incarnation } = journal;
      journal.sequence += 1;
      journal.pending.push(
        await describePush(git, move, {
          id: fingerprint([
            incarnation,
            repository,
            move.branch,
            move.before,
            move.after,
            journal.sequence,
          ]),
          repository,
          incarnation,
          defaultBranch,
          isProtected: isProtected(move.branch),
          occurredAt: last?.at ?? clock.now(),
          pusher: last?.pusher ?? pusher,
          pushers: movers.length > 0 ? movers.map((mover) => mover.pusher) : [pusher],
        }),
      );
    }
    journal.branches = branches;
    await writeJournal(dir, journal);
    return true;
  }

  return { deliver };
}

/** Who moved the branch since we last looked, the last one first: one look may see several pushes. */
async function findMovers(
  dir: string,
  { branch, before, after }: RefMove,
): Promise<{ at: Date; pusher: Push['pusher'] }[]> {
  if (after === null) return [];
  const entries = await readMovers(dir, branch, { before, after });
  return entries.map(({ at, name, email }) => ({ at, pusher: toPusher(name, email) }));
}

function toPusher(login: string, email: string): Push['pusher'] {
  if (!email.endsWith(NO_MAIL_DOMAIN)) return { login, email };
  const id = email.slice(0, -NO_MAIL_DOMAIN.length);
  return id === 'unknown' ? { login } : { id, login };
}
