/**
 * Tells the system a work item came from how it fares. What is told is worked out from what is true when
 * it is told, so late, repeated and reordered messages all end the same way.
 *
 * Two mirrors that face each other never end: what a system told us is not told back to it, a revision
 * that a write of ours made is no news, and an item that is moved too often within an hour is held.
 */
import { hash } from 'node:crypto';
import type { WorkItemMirror } from '#connectors/contract';
import { AppError, checkValue, idSchema, type Logger } from '#kernel';
import type { LedgerEvent, OutboxHandler, Projection } from '#ledger';
import { z } from 'zod';
import { ORCHESTRATION, type OrchestrationDeps } from '../deps.ts';
import { ASKED, findWorkItem, type WorkItemRow } from '../work/index.ts';
import * as store from './store.ts';
import { commentFor, stateFor } from './words.ts';

export interface MirrorDeps extends Pick<OrchestrationDeps, 'db' | 'ledger' | 'clock' | 'log'> {
  /** The system of this name, where it takes words; undefined where it does not. */
  mirrorOf(source: string): WorkItemMirror | undefined;
  changeUrl(changeId: string): string;
}

const TARGET = 'work-item.mirror';
const LEASE_MS = 60_000;
const MAX_MOVES_PER_HOUR = 12;
/** On the first start with a mirror the past is not told. */
const MAX_AGE_MS = 24 * 3_600_000;
const Payload = z.object({ host: z.string(), workItemId: idSchema('wrk') });

/** Reads from the log what may be news to the system of an item. */
export function mirrorProjection(deps: Pick<MirrorDeps, 'ledger' | 'clock'>): Projection {
  return {
    name: 'orchestration.work-item-mirror',
    types: ['work-item.', 'change.opened', 'change.merged', 'change.closed'],
    async apply(tx, events) {
      const newest = new Map<string, LedgerEvent>();
      for (const event of events) {
        const id = event.refs.workItem;
        const isRecent = deps.clock.now().getTime() - event.recordedAt.getTime() < MAX_AGE_MS;
        if (id !== undefined && isRecent) newest.set(id, event);
      }
      for (const [id, event] of newest) {
        const item = await findWorkItem(tx, id);
        if (item === undefined || item.external_key === null) continue;
        const isAsked = event.data?.['what'] === ASKED;
        const isEcho = event.actor.kind === 'connector' && event.actor.id === item.source;
        if (isEcho && !isAsked && event.type.startsWith('work-item.')) continue;
        await deps.ledger.enqueue(tx, {
          target: TARGET,
          payload: { host: item.source, workItemId: item.id },
          idempotencyKey: `mirror:${item.id}:${event.id}`,
          cause: event.id,
          correlationId: item.correlation_id,
        });
      }
    },
  };
}

export function mirrorHandler(deps: MirrorDeps): OutboxHandler {
  const { db, mirrorOf } = deps;
  const log = deps.log.child({ room: 'mirror' });
  return {
    target: TARGET,
    async deliver({ payload }) {
      const { workItemId } = checkValue(Payload, payload, 'work.bad_mirror');
      const item = await findWorkItem(db, workItemId);
      const mirror = item === undefined ? undefined : mirrorOf(item.source);
      if (item?.external_key == null || mirror === undefined) return;
      const known = await store.takeMirror(db, item.id, LEASE_MS);
      if (known === undefined) {
        throw new AppError('unavailable', 'work.mirror_busy', {
          message: 'Another node speaks of this work item now.',
          hint: 'Nothing: it is tried again.',
        });
      }
      try {
        await tell(deps, item, known, mirror, log);
      } finally {
        await store.releaseMirror(db, item.id);
      }
    },
  };
}

async function tell(
  deps: MirrorDeps,
  item: WorkItemRow,
  known: store.MirrorRow,
  mirror: WorkItemMirror,
  log: Logger,
): Promise<void> {
  const { db, changeUrl } = deps;
  const changes = await store.listChangesOf(db, item.id);
  const agent = item.session_id === null ? null : await store.agentOf(db, item.session_id);
  const mirrored = { state: item.state, agent, changes };
  const place = {
    externalKey: item.external_key!,
    ...(known.thread === null ? {} : { thread: known.thread }),
  };

  const state = stateFor(mirrored);
  // An item nobody has begun, of which nothing was told, is as its system has it.
  const isUntouched = known.state === null && state === 'open';
  if (state !== known.state && !isUntouched) {
    if (!(await store.countMove(db, item.id, MAX_MOVES_PER_HOUR))) {
      await hold(deps, item);
      return;
    }
    const moved = await mirror.setState(place, state);
    await store.noteState(
      db,
      item,
      state,
      moved.outcome === 'changed' ? moved.revision : undefined,
    );
    if (moved.outcome === 'kept')
      log.info(
        { workItemId: item.id, state, reason: moved.reason },
        'a work item was left where it is',
      );
  }

  const comment = commentFor(mirrored, changeUrl);
  const sha256 = hash('sha256', comment, 'hex');
  const hasNews = !isUntouched || changes.length > 0 || known.thread !== null;
  if (hasNews && sha256 !== known.comment_sha256) {
    await mirror.upsertComment(place, comment);
    await store.noteComment(db, item.id, sha256);
  }

  for (const change of changes) {
    const url = changeUrl(change.id);
    if (known.links.includes(url)) continue;
    await mirror.link(place, { url, title: `${change.repository}: ${change.title}` });
    await store.noteLink(db, item.id, url);
  }
}

/** Something there answers every move of ours with one of its own. */
async function hold({ db, ledger, log }: MirrorDeps, item: WorkItemRow): Promise<void> {
  log.warn(
    { workItemId: item.id, source: item.source },
    'a work item is moved back and forth; held',
  );
  await db.transaction(async (tx) => {
    if (!(await store.holdMirror(tx, item.id))) return;
    await ledger.append(tx, {
      type: 'work-item.mirror-held',
      subject: item.id,
      actor: ORCHESTRATION,
      correlationId: item.correlation_id,
      refs: { workItem: item.id },
      data: { source: item.source, externalKey: item.external_key, perHour: MAX_MOVES_PER_HOUR },
    });
  });
}
