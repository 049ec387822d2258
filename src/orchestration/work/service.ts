/** Work items: what is to be done, and which one session does it. */
import { z } from 'zod';
import type { Signal } from '#connectors/contract';
import { AppError, decodeCursor, type Id, toPage, type Tx } from '#kernel';
import type { Actor } from '#ledger';
import { type OrchestrationDeps, ORCHESTRATION, sessionActor } from '../deps.ts';
import type { WorkItem } from '../schema.ts';
import type { NewWorkItem, WorkService } from '../service.ts';
import { forgetTold, isOwnRevision, noteThread } from './echo-store.ts';
import { workItemAssigned, workItemCompleted, workItemCreated, workItemUpdated } from './events.ts';
import { freeIssue, handOut, type HandOutDeps, holdIssue } from './hand-out.ts';
import { priorityOf } from './priority.ts';
import * as store from './store.ts';

/** Source of items that come by the API. */
const API = 'api';
/** What the event of an item says when its system asked us for it. */
export const ASKED = 'asked for in its system';
const WorkCursor = z.tuple([z.iso.datetime(), z.string()]);
const MAX_TITLE = 500;
const MAX_TEXT = 50_000;

export type WorkItemSignal = Extract<Signal, { type: 'work-item.updated' }>;

export function createWorkService(deps: HandOutDeps): WorkService {
  const { db, ledger, newId } = deps;

  async function createIn(tx: Tx, item: NewWorkItem, actor: Actor): Promise<WorkItem> {
    const told = {
      title: titleOf(item),
      body: (item.text ?? '').slice(0, MAX_TEXT),
      labels: item.labels ?? [],
      url: item.url ?? null,
      priority: item.priority ?? priorityOf(item.labels ?? []),
    };
    const row = await store.insertWorkItem(tx, {
      ...told,
      id: newId('wrk'),
      repository: item.repository ?? null,
      state: 'open',
      source: API,
      ...(item.externalKey === undefined ? {} : { external_key: item.externalKey }),
      requesters: requesterIdentities(actor),
    });
    if (row !== undefined) {
      await ledger.append(tx, workItemCreated(row, { actor }));
      return store.toWorkItem(row);
    }
    // The caller's own key: what is given again is said again, and adds nothing where it is the same.
    const known = (await store.findByExternalKey(tx, item.externalKey!, API))!;
    const before = (await store.findWorkItem(tx, known.id, { forUpdate: true }))!;
    if (isSame(before, { ...before, ...told })) return store.toWorkItem(before);
    const after = await store.updateWorkItem(tx, before.id, told);
    await ledger.append(tx, workItemUpdated(after, 'edited', { actor }));
    return store.toWorkItem(after);
  }

  return {
    create: (item, actor) => db.transaction((tx) => createIn(tx, item, actor)),

    createMany: (items, actor) =>
      db.transaction(async (tx) => {
        // Locked in one order, whatever order they come in.
        const order = items
          .map((item, index) => ({ item, index }))
          .sort((a, b) => (a.item.externalKey ?? '').localeCompare(b.item.externalKey ?? ''));
        const made = new Map<number, WorkItem>();
        for (const { item, index } of order) made.set(index, await createIn(tx, item, actor));
        return items.map((_item, index) => made.get(index)!);
      }),

    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(WorkCursor, cursor);
      const rows = await store.listWorkItems(db, filter, after, limit + 1);
      return toPage(rows.map(store.toWorkItem), limit, (item) => [
        item.createdAt.toISOString(),
        item.id,
      ]);
    },

    async find(id) {
      const row = await store.findWorkItem(db, id);
      return row === undefined ? undefined : store.toWorkItem(row);
    },

    handOut: (sessionId, wanted = {}) => handOut(deps, sessionId, wanted),

    next: async (sessionId, repository) => (await handOut(deps, sessionId, { repository })).item,
  };
}

/**
 * Gives an item to a session that named it itself.
 * @throws AppError `work.unknown`, `work.held` when another live session is on it.
 */
export async function assignWorkItem(
  tx: Tx,
  deps: Omit<HandOutDeps, 'findSameWork' | 'mayStart'>,
  workItemId: Id<'wrk'>,
  session: { id: Id<'ses'>; operatorId: string | null },
): Promise<void> {
  const item = await store.findWorkItem(tx, workItemId, { forUpdate: true });
  if (item === undefined) {
    throw new AppError('not_found', 'work.unknown', {
      message: `There is no work item ${workItemId}.`,
      hint: 'List the open ones with `loom work`.',
    });
  }
  const isOver = item.state === 'done' || item.state === 'cancelled';
  if (!isOver) {
    const refusal = await holdIssue(tx, deps, session.id, item);
    if (refusal !== undefined) {
      throw new AppError('conflict', 'work.held', {
        message: `Another session does this work: ${refusal}`,
        hint: 'Take another item with `next_work`, or wait, or ask for a hand-over.',
      });
    }
  }
  if (item.state === 'open' || (!isOver && item.session_id !== session.id)) {
    const taken = await store.updateWorkItem(tx, item.id, {
      state: 'in-progress',
      session_id: session.id,
    });
    await deps.ledger.append(tx, workItemAssigned(taken, { actor: sessionActor(session) }));
  }
  await store.bindSession(tx, session.id, item);
}

/** Moves the work of one session to another that takes over from it. Gives the item, if there was one. */
export async function moveWork(
  tx: Tx,
  { ledger }: Pick<OrchestrationDeps, 'ledger'>,
  from: { id: Id<'ses'>; operatorId: string | null },
  to: { id: Id<'ses'>; operatorId: string | null },
): Promise<Id<'wrk'> | undefined> {
  const held = await store.findHeldBy(tx, from.id, null);
  const item =
    held === undefined ? undefined : await store.findWorkItem(tx, held.id, { forUpdate: true });
  if (item === undefined || item.session_id !== from.id || item.state !== 'in-progress') {
    return undefined;
  }
  const moved = await store.updateWorkItem(tx, item.id, { session_id: to.id });
  await store.bindSession(tx, to.id, moved);
  await ledger.append(
    tx,
    workItemAssigned(moved, { actor: sessionActor(from), refs: { session: to.id } }),
  );
  return item.id;
}

/** Makes a task for one session: while it lives, nobody else is given it. */
export async function offerWorkItem(
  tx: Tx,
  { ledger, newId }: Pick<OrchestrationDeps, 'ledger' | 'newId'>,
  task: {
    title: string;
    text: string;
    repository: string;
    offeredTo: Id<'ses'>;
    labels: string[];
  },
  actor: Actor,
): Promise<store.WorkItemRow> {
  const row = await store.insertWorkItem(tx, {
    id: newId('wrk'),
    repository: task.repository,
    title: task.title.slice(0, MAX_TITLE),
    body: task.text.slice(0, MAX_TEXT),
    labels: task.labels,
    priority: priorityOf(task.labels),
    offered_to: task.offeredTo,
    state: 'open',
    source: 'sessions',
    requesters: requesterIdentities(actor),
  });
  await ledger.append(tx, workItemCreated(row!, { actor, refs: { session: task.offeredTo } }));
  return row!;
}

/**
 * Takes over what the source says of an item. What is older than what we know changes nothing, and a
 * revision that our own mirror made is no news.
 */
export async function applyWorkItemSignal(
  tx: Tx,
  { ledger, newId }: Pick<OrchestrationDeps, 'ledger' | 'newId'>,
  signal: WorkItemSignal,
  cause: Id<'evt'>,
): Promise<WorkItem> {
  const { workItem } = signal;
  const about = { actor: { kind: 'connector', id: signal.source } as const, cause };
  const isClosed = workItem.state === 'closed';
  const told = {
    title: workItem.title.slice(0, MAX_TITLE),
    body: workItem.text.slice(0, MAX_TEXT),
    labels: workItem.labels,
    priority: priorityIn(workItem),
    url: workItem.url ?? null,
    status: workItem.status ?? null,
    source_at: signal.occurredAt,
  };
  const fresh = await store.insertWorkItem(tx, {
    ...told,
    id: newId('wrk'),
    repository: workItem.repository ?? null,
    state: isClosed ? 'cancelled' : 'open',
    source: signal.source,
    external_key: workItem.externalKey,
    requesters: identitiesOf(signal.source, workItem.author),
  });
  if (fresh !== undefined) {
    await ledger.append(tx, workItemCreated(fresh, about));
    await hearTalk(tx, ledger, fresh, workItem.thread, about);
    return store.toWorkItem(fresh);
  }

  const known = await store.findByExternalKey(tx, workItem.externalKey, signal.source);
  const before = (await store.findWorkItem(tx, known!.id, { forUpdate: true }))!;
  if (workItem.thread !== undefined) {
    // Being asked says nothing of labels, priority or state.
    await hearTalk(tx, ledger, before, workItem.thread, about);
    return store.toWorkItem(before);
  }
  if (before.source_at !== null && before.source_at > signal.occurredAt) {
    return store.toWorkItem(before);
  }
  const { revision } = workItem;
  if (revision !== undefined && (await isOwnRevision(tx, before.id, revision))) {
    return store.toWorkItem(before);
  }
  const isOver = before.state === 'done' || before.state === 'cancelled';
  const state = stateAfter(before.state, isClosed);
  const after = await store.updateWorkItem(tx, before.id, {
    ...told,
    state,
    ...(isOver && !isClosed ? { session_id: null } : {}),
  });
  if (before.state !== after.state) await forgetTold(tx, after.id);
  if (isClosed || isOver) await freeIssue(tx, { ledger }, before, 'its work item is over');
  if (isClosed && !isOver) {
    await ledger.append(tx, workItemCompleted(after, `closed in ${signal.source}`, about));
  } else if (before.state !== after.state) {
    await ledger.append(tx, workItemUpdated(after, 'opened again', about));
  } else if (!isSame(before, after)) {
    await ledger.append(tx, workItemUpdated(after, 'edited', about));
  }
  return store.toWorkItem(after);
}

/** We were asked for it there: the answer is expected in that talk, and soon. */
async function hearTalk(
  tx: Tx,
  ledger: Pick<OrchestrationDeps, 'ledger'>['ledger'],
  item: store.WorkItemRow,
  thread: string | undefined,
  about: Parameters<typeof workItemUpdated>[2],
): Promise<void> {
  if (thread === undefined || !(await noteThread(tx, item.id, thread))) return;
  await ledger.append(tx, workItemUpdated(item, ASKED, about));
}

function isSame(before: store.WorkItemRow, after: store.WorkItemRow): boolean {
  return (
    before.title === after.title &&
    before.body === after.body &&
    before.url === after.url &&
    before.priority === after.priority &&
    before.labels.join('\n') === after.labels.join('\n')
  );
}

const PRIORITIES = { urgent: 4, high: 3, normal: 2, low: 1 } as const;

/** The word of its system, else what its labels say. */
function priorityIn({ priority, labels }: WorkItemSignal['workItem']): number {
  return priority === undefined ? priorityOf(labels) : PRIORITIES[priority];
}

function titleOf(item: NewWorkItem): string {
  const title = item.title.trim().slice(0, MAX_TITLE);
  if (title !== '') return title;
  throw new AppError('invalid', 'work.no_title', {
    message: 'A work item needs a title.',
    hint: 'Say in one line what is to be done.',
  });
}

function stateAfter(before: WorkItem['state'], isClosed: boolean): WorkItem['state'] {
  switch (before) {
    case 'open':
    case 'in-progress':
      // Closed by hand while a session is on it: taken as done; nobody had begun: as called off.
      return isClosed ? (before === 'open' ? 'cancelled' : 'done') : before;
    case 'done':
    case 'cancelled':
      return isClosed ? before : 'open';
  }
}

/** A change was opened for the item: it is under way, whoever had forgotten to take it. */
export async function beginWorkItem(
  tx: Tx,
  { ledger }: Pick<OrchestrationDeps, 'ledger'>,
  workItemId: Id<'wrk'>,
  sessionId: Id<'ses'> | null,
  about: Parameters<typeof workItemUpdated>[2],
): Promise<void> {
  const item = await store.findWorkItem(tx, workItemId, { forUpdate: true });
  if (item?.state !== 'open') return;
  const begun = await store.updateWorkItem(tx, workItemId, {
    state: 'in-progress',
    session_id: sessionId,
  });
  await ledger.append(tx, workItemUpdated(begun, 'a change was opened for it', about));
}

/** Ends the item a merged change was made for. */
export async function completeWorkItem(
  tx: Tx,
  { ledger }: Pick<OrchestrationDeps, 'ledger'>,
  workItemId: Id<'wrk'>,
  how: string,
  about: Parameters<typeof workItemCompleted>[2],
): Promise<void> {
  const item = await store.findWorkItem(tx, workItemId, { forUpdate: true });
  if (item === undefined || item.state === 'done' || item.state === 'cancelled') return;
  const done = await store.updateWorkItem(tx, workItemId, { state: 'done' });
  await freeIssue(tx, { ledger }, done, how);
  await ledger.append(tx, workItemCompleted(done, how, about));
}

/** A reviewer sent its change back: the item is open again for the agent, with the reviewer's words. */
export async function returnWorkItem(
  tx: Tx,
  { ledger }: Pick<OrchestrationDeps, 'ledger'>,
  workItemId: Id<'wrk'>,
  words: string,
  about: Parameters<typeof workItemUpdated>[2],
): Promise<void> {
  const item = await store.findWorkItem(tx, workItemId, { forUpdate: true });
  if (item === undefined || item.state === 'done' || item.state === 'cancelled') return;
  const returned = await store.updateWorkItem(tx, workItemId, {
    body: `${item.body}\n\n${words}`.trim().slice(-MAX_RETURNED),
  });
  await ledger.append(tx, workItemUpdated(returned, 'its change was sent back', about));
}

/** Notes pile up at the end; of a very long item the beginning gives way. */
const MAX_RETURNED = 60_000;

/** Puts items back whose session is gone and left no change. Gives how many. */
export async function reopenAbandoned(
  { db, ledger }: Pick<OrchestrationDeps, 'db' | 'ledger'>,
  afterMs: number,
): Promise<number> {
  return db.transaction(async (tx) => {
    const rows = await store.takeAbandoned(tx, afterMs, 200);
    await ledger.appendMany(
      tx,
      rows.map((row) =>
        workItemUpdated(row, 'its session ended without a change; open again', {
          actor: ORCHESTRATION,
          refs: { session: row.left_by },
        }),
      ),
    );
    return rows.length;
  });
}

/** `email:…` and `github:…` of a person as the source names them, in lower case. */
export function identitiesOf(
  source: string,
  person: {
    id?: string | undefined;
    login?: string | undefined;
    email?: string | undefined;
  },
): string[] {
  return [
    ...(person.id === undefined ? [] : [`person:${person.id.toLowerCase()}`]),
    ...(person.login === undefined ? [] : [`${source}:${person.login.toLowerCase()}`]),
    ...(person.email === undefined ? [] : [`email:${person.email.toLowerCase()}`]),
  ];
}

export function requesterIdentities(actor: Actor): string[] {
  const people = [actor.id, actor.onBehalfOf].filter((id) => id?.startsWith('usr_') === true);
  return people.map((id) => `person:${id}`);
}
