/**
 * Intake: outside news is written down first and acted upon later, at our pace. Writing is grouped:
 * deliveries that arrive within a few milliseconds share one commit, and each caller is answered
 * after it. A known delivery, or a known signal in a new one, has no second effect.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Signal } from '#connectors/contract';
import { createGroupCommit, type GroupCommit, type Id, toAppError } from '#kernel';
import { applyWorkItemSignal } from '../work/index.ts';
import { turnOfChange, turnOfCommands } from '../breakers/index.ts';
import type { ChangeKeeper } from '../changes/index.ts';
import { ORCHESTRATION, type OrchestrationDeps } from '../deps.ts';
import type { IntakeService } from '../service.ts';
import { signalBuried, signalReceived } from './events.ts';
import * as store from './store.ts';
import { subjectOf } from './subject.ts';

/** About ten minutes of trying in all. */
const MAX_ATTEMPTS = 8;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 300_000;
const SIDE_BY_SIDE = 4;
const ANNOUNCE_MS = 5;
/** While one group is on its way to the disk, the next one is put together and sent. */
const FLUSHES_AT_ONCE = 2;
const KEEP_HANDLED_MS = 7 * 24 * 3_600_000;
const MAX_ERROR = 1_000;

export interface IntakeDeps extends OrchestrationDeps {
  changes: ChangeKeeper;
  /** Records a reported deployment where deployments are kept, and tells the changes it carries. */
  onDeployment(
    signal: Extract<Signal, { type: 'deployment.reported' }>,
    cause: Id<'evt'>,
  ): Promise<void>;
  /** Records a reported incident where incidents are kept. */
  onIncident(
    signal: Extract<Signal, { type: 'incident.reported' }>,
    cause: Id<'evt'>,
  ): Promise<void>;
  /** Does what somebody asked for with `/loom …`, or tells them why not. */
  onCommand?(signal: Extract<Signal, { type: 'command.given' }>, cause: Id<'evt'>): Promise<void>;
  /** Keeps what somebody said on a change or work item. */
  onComment?(signal: Extract<Signal, { type: 'comment.told' }>, cause: Id<'evt'>): Promise<void>;
  /** Answers the host's own queue about a commit of several changes. */
  onMergeGroup?(
    signal: Extract<Signal, { type: 'merge-group.requested' }>,
    cause: Id<'evt'>,
  ): Promise<void>;
  /**
   * The signal under the name we know its repository by; undefined when it is of a repository that only
   * bears the name of one of ours.
   */
  nameSignal?(signal: Signal): Promise<Signal | undefined>;
  /** Takes a new name of a repository, or rights won and lost. */
  onRepository?(
    signal: Extract<Signal, { type: 'repository.renamed' | 'repository.access-changed' }>,
    cause: Id<'evt'>,
  ): Promise<void>;
  /** Starts the workflow a signal is for, if it is for any. Twice, it changes nothing. */
  considerSignal?(signal: Signal, cause: Id<'evt'>): Promise<unknown>;
  /** Counts news of what we change ourselves: two systems that answer each other are stopped. */
  noteTurn?(subject: string): Promise<unknown>;
  /** How long a silent node keeps a signal. */
  leaseMs?: number;
}

interface Delivery {
  source: string;
  deliveryId: string;
  signals: Signal[];
}
type Receipt = Awaited<ReturnType<IntakeService['receive']>>;

export interface Intake extends IntakeService, AsyncDisposable {
  /** Compares a repository with its changes and receives what the host did not tell. Gives how much. */
  sweep(repository: string): Promise<number>;
  counts(): Promise<{ pending: number; dead: number; oldestPendingAt: Date | null }>;
  listDead(limit: number): ReturnType<typeof store.listDead>;
  /** Tries a dead signal afresh. */
  revive(id: Id<'sig'>): Promise<boolean>;
  /** Drops bodies of signals acted upon long ago. */
  tidy(): Promise<void>;
}

export function createIntakeService(deps: IntakeDeps): Intake {
  const { db, ledger, newId, changes, leaseMs = 30_000 } = deps;
  const log = deps.log.child({ room: 'intake' });
  const writer: GroupCommit<Delivery, Receipt> = createGroupCommit({
    flush: writeDown,
    sizeOf: ({ signals }) => Math.max(1, signals.length),
    maxFlushes: FLUSHES_AT_ONCE,
  });
  let announcing: NodeJS.Timeout | undefined;

  async function writeDown(deliveries: Delivery[]): Promise<Receipt[]> {
    return db.transaction(async (tx) => {
      const { freshDeliveries, freshKeys } = await store.noteDeliveries(
        tx,
        deliveries.map(({ source, deliveryId, signals }) => ({
          source,
          deliveryId,
          dedupeKeys: signals.map(({ dedupeKey }) => dedupeKey),
        })),
      );
      const rows: (store.NewInboxSignal & { deliveryId: string })[] = [];
      const receipts = deliveries.map(({ source, deliveryId, signals }) => {
        // Deleting as we go: of equal deliveries, or signals, in one group the first counts.
        const isFirst = freshDeliveries.delete(store.deliveryKey(source, deliveryId));
        const own = isFirst ? signals.filter((one) => freshKeys.delete(one.dedupeKey)) : [];
        for (const signal of own) {
          const subject = subjectOf(signal);
          rows.push({ id: newId('sig'), eventId: newId('evt'), subject, signal, deliveryId });
        }
        return { accepted: own.length, isDuplicate: !isFirst };
      });
      if (rows.length > 0) {
        ledger.appendWithCommit(
          tx,
          rows.map((row) => signalReceived(row.id, row.eventId, row.signal, row.deliveryId)),
        );
        store.insertSignalsWithCommit(tx, rows);
        tx.afterCommit(announce);
      }
      return receipts;
    });
  }

  /** Tells the loops of new signals, soon and once for many commits. */
  function announce(): void {
    announcing ??= setTimeout(() => {
      announcing = undefined;
      db.notify(store.INBOX_CHANNEL, '');
    }, ANNOUNCE_MS).unref();
  }

  async function processOnce(limit = 100): Promise<number> {
    let handled = 0;
    while (handled < limit) {
      const take = Math.min(SIDE_BY_SIDE, limit - handled);
      const rows = await db.transaction((tx) => store.takeSignals(tx, take, leaseMs));
      if (rows.length === 0) break;
      await Promise.all(rows.map(handle));
      handled += rows.length;
      await breathe();
    }
    return handled;
  }

  async function handle(row: store.InboxRow): Promise<void> {
    // A large repository may take minutes to fetch; a killed node is noticed within one lease.
    const renewing = setInterval(() => {
      store.renewSignal(db, row, leaseMs).catch((error: unknown) => {
        log.warn({ err: error, signalId: row.id }, 'the lease of a signal was not renewed');
      });
    }, leaseMs / 3);
    try {
      const told = store.readSignal(row.body);
      const signal = deps.nameSignal === undefined ? told : await deps.nameSignal(told);
      if (signal !== undefined) await act(signal, row.event_id);
      await store.finishSignal(db, row);
    } catch (thrown) {
      const error = toAppError(thrown);
      const words = `${error.code}: ${error.message}`.slice(0, MAX_ERROR);
      log.warn({ err: thrown, signalId: row.id, attempt: row.attempt }, 'signal not handled');
      if (row.attempt < MAX_ATTEMPTS) {
        const delay = Math.min(FIRST_BACKOFF_MS * 3 ** (row.attempt - 1), MAX_BACKOFF_MS);
        await store.postponeSignal(db, row, delay, words);
        return;
      }
      await db.transaction(async (tx) => {
        if (await store.buryIn(tx, row, words)) await ledger.append(tx, signalBuried(row, words));
      });
    } finally {
      clearInterval(renewing);
    }
  }

  async function act(signal: Signal, cause: Id<'evt'>): Promise<void> {
    switch (signal.type) {
      case 'change.opened':
      case 'change.updated':
      case 'change.closed':
        await deps.noteTurn?.(turnOfChange(signal.source, signal.change));
        await changes.apply(signal, cause);
        return;
      case 'branch.pushed':
        await changes.applyPush(signal);
        return;
      case 'review.submitted':
        return changes.applyReview(signal, cause);
      case 'check.completed':
        await changes.applyCheck(signal);
        return consider(signal, cause);
      case 'work-item.updated':
        await db.transaction((tx) => applyWorkItemSignal(tx, deps, signal, cause));
        return;
      case 'deployment.reported':
        return deps.onDeployment(signal, cause);
      case 'incident.reported':
        await deps.onIncident(signal, cause);
        return consider(signal, cause);
      case 'advisory.published':
        return consider(signal, cause);
      case 'command.given':
        await deps.noteTurn?.(turnOfCommands(signal.source, signal));
        await deps.onCommand?.(signal, cause);
        return consider(signal, cause);
      case 'comment.told':
        return deps.onComment?.(signal, cause);
      case 'merge-group.requested':
        return deps.onMergeGroup?.(signal, cause);
      case 'repository.renamed':
      case 'repository.access-changed':
        return deps.onRepository?.(signal, cause);
      case 'event.received':
        // Its event in the ledger is all there is to it.
        return;
    }
  }

  async function consider(signal: Signal, cause: Id<'evt'>): Promise<void> {
    await deps.considerSignal?.(signal, cause);
  }

  return {
    receive: (delivery) => writer.write(delivery),
    processOnce,
    async sweep(repository) {
      const signals = await changes.findMissedSignals(repository);
      let accepted = 0;
      for (const signal of signals) {
        const receipt = await writer.write({
          source: ORCHESTRATION.id,
          deliveryId: signal.dedupeKey,
          signals: [signal],
        });
        accepted += receipt.accepted;
      }
      return accepted;
    },
    counts: () => store.inboxCounts(db),
    listDead: (limit) => store.listDead(db, limit),
    revive: (id) => store.reviveSignal(db, id),
    tidy: () => store.clearHandled(db, KEEP_HANDLED_MS, 10_000),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}
