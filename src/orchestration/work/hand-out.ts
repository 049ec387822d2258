/**
 * Handing work out: the most urgent item that is really to be done, to one session alone. What the
 * sources call two issues may be one piece of work, and at times nobody should start anything; both are
 * known elsewhere and asked for here.
 */
import { AppError, type Id, type Tx } from '#kernel';
import { acquireIn, issueTarget, releaseIssue, toWanted } from '../claims/index.ts';
import { type OrchestrationDeps, sessionActor } from '../deps.ts';
import type { WorkItem } from '../schema.ts';
import type { HandOut, WantedWork } from '../service.ts';
import { workItemAssigned } from './events.ts';
import * as store from './store.ts';

export interface HandOutDeps extends OrchestrationDeps {
  leaseMs: number;
  /** What is under way that does the same as the item, in one sentence; undefined when nothing is. */
  findSameWork?:
    | ((item: WorkItem, sessionId: Id<'ses'>) => Promise<{ reason: string } | undefined>)
    | undefined;
  /** Whether a session may take up work now; a reason is told to the agent. */
  mayStart?:
    | ((ask: {
        sessionId: Id<'ses'>;
        agent: string;
        operatorId: string | null;
        repository: string | null;
      }) => Promise<{ outcome: 'may' } | { outcome: 'refused'; reason: string }>)
    | undefined;
}

const PAGE = 25;
/** Further down the list nobody looks: what is skipped so often is for a person to tidy. */
const MAX_LOOKED_AT = 200;
const MAX_SKIPPED_TOLD = 10;

export async function handOut(
  deps: HandOutDeps,
  sessionId: Id<'ses'>,
  wanted: WantedWork,
): Promise<HandOut> {
  const { db } = deps;
  const session = await store.findWorker(db, sessionId);
  if (session === undefined) throw unknownSession(sessionId);
  if (session.state === 'ended') throw sessionIsOver(sessionId);
  const held = await store.findHeldBy(db, sessionId, wanted.repository ?? null);
  if (held !== undefined) return given(held, []);

  const repository = wanted.repository ?? session.repository;
  const ask = { sessionId, agent: session.agent, operatorId: session.operator_id, repository };
  const leave = (await deps.mayStart?.(ask)) ?? { outcome: 'may' };
  if (leave.outcome === 'refused') return { item: undefined, reason: leave.reason, skipped: [] };

  const skipped: HandOut['skipped'] = [];
  const looked = new Set<string>();
  while (looked.size < MAX_LOOKED_AT) {
    const ready = await store.findReady(db, { ...wanted, sessionId, except: [...looked] }, PAGE);
    if (ready.length === 0) break;
    for (const row of ready) {
      looked.add(row.id);
      const reason = (await deps.findSameWork?.(store.toWorkItem(row), sessionId))?.reason;
      if (reason !== undefined) {
        skipped.push({ id: row.id, title: row.title, reason });
        continue;
      }
      const answer = await db.transaction((tx) => tryTake(tx, deps, sessionId, row.id, wanted));
      if (answer.outcome === 'given') return given(answer.item, skipped);
      if (answer.reason !== null)
        skipped.push({ id: row.id, title: row.title, reason: answer.reason });
    }
  }
  const reason =
    skipped.length === 0
      ? 'No work item is open.'
      : `No open work item is free: ${skipped.length} ${skipped.length === 1 ? 'is' : 'are'} being done already.`;
  return { item: undefined, reason, skipped: skipped.slice(0, MAX_SKIPPED_TOLD) };
}

async function tryTake(
  tx: Tx,
  deps: HandOutDeps,
  sessionId: Id<'ses'>,
  itemId: Id<'wrk'>,
  wanted: WantedWork,
): Promise<
  { outcome: 'given'; item: store.WorkItemRow } | { outcome: 'skipped'; reason: string | null }
> {
  // One hand-out per session at a time: two calls of the same session must not get two items.
  const session = await store.lockWorker(tx, sessionId);
  if (session === undefined) throw unknownSession(sessionId);
  if (session.state === 'ended') throw sessionIsOver(sessionId);
  const held = await store.findHeldBy(tx, sessionId, wanted.repository ?? null);
  if (held !== undefined) return { outcome: 'given', item: held };
  const item = await store.lockOpen(tx, itemId);
  // Somebody else is taking it at this moment.
  if (item === undefined) return { outcome: 'skipped', reason: null };
  const refusal = await holdIssue(tx, deps, sessionId, item);
  if (refusal !== undefined) return { outcome: 'skipped', reason: refusal };
  const taken = await store.updateWorkItem(tx, itemId, {
    state: 'in-progress',
    session_id: sessionId,
  });
  await store.bindSession(tx, sessionId, taken);
  const actor = sessionActor({ id: sessionId, operatorId: session.operator_id });
  await deps.ledger.append(tx, workItemAssigned(taken, { actor }));
  return { outcome: 'given', item: taken };
}

/** Claims the issue for the session. Gives why not, naming the holder, if another session has it. */
export async function holdIssue(
  tx: Tx,
  deps: Pick<HandOutDeps, 'db' | 'ledger' | 'clock' | 'newId' | 'log' | 'leaseMs'>,
  sessionId: Id<'ses'>,
  item: store.WorkItemRow,
): Promise<string | undefined> {
  const answer = await acquireIn(
    tx,
    { ...deps, classOf: () => undefined, editStrength: 'exclusive' },
    {
      sessionId,
      wanted: [toWanted(issueTarget(issueKey(item)), item.repository ?? '*', 'exclusive')],
      intent: item.title,
      origin: 'declared',
    },
  );
  return answer.outcome === 'granted' ? undefined : answer.message;
}

/** Lets go of the issue of an item that is over or open again. */
export async function freeIssue(
  tx: Tx,
  deps: Pick<OrchestrationDeps, 'ledger'>,
  item: store.WorkItemRow,
  reason: string,
): Promise<void> {
  await releaseIssue(tx, deps, issueTarget(issueKey(item)), reason);
}

/** The name under which an item is claimed: its key at the source, which people and agents know. */
export function issueKey(item: Pick<store.WorkItemRow, 'id' | 'external_key'>): string {
  return item.external_key ?? item.id;
}

function given(item: store.WorkItemRow, skipped: HandOut['skipped']): HandOut {
  return {
    item: store.toWorkItem(item),
    reason: null,
    skipped: skipped.slice(0, MAX_SKIPPED_TOLD),
  };
}

function unknownSession(sessionId: string): AppError {
  return new AppError('not_found', 'sessions.unknown', {
    message: `There is no session ${sessionId}.`,
    hint: 'Register it first: the SessionStart hook does, or POST /v1/sessions.',
  });
}

function sessionIsOver(sessionId: string): AppError {
  return new AppError('conflict', 'sessions.over', {
    message: `The session ${sessionId} has ended and takes no more work.`,
    hint: 'Start it again; the same agent and external id take it up where it was.',
  });
}
