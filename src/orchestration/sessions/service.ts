/**
 * Sessions: one run of an agent, known by the agent's own id. A sign of life renews what it holds;
 * silence of one lease makes it idle, of two leases lost.
 */
import { z } from 'zod';
import type { Principal } from '#governance';
import { AppError, decodeCursor, type Id, isId, toPage, type Tx } from '#kernel';
import {
  answerWaits,
  covers,
  endWaitsOf,
  expireSilentClaims,
  holdersOf,
  normalisePath,
  releaseClaims,
  RENEW_BELOW,
  renewClaims,
} from '../claims/index.ts';
import type { OrchestrationDeps } from '../deps.ts';
import { takeNotes } from '../notes/index.ts';
import type { SessionService } from '../service.ts';
import { assignWorkItem, reopenAbandoned } from '../work/index.ts';
import {
  sessionEnded,
  sessionLost,
  sessionResumed,
  sessionStarted,
  sessionToolUsed,
} from './events.ts';
import * as store from './store.ts';

const SessionCursor = z.tuple([z.iso.datetime(), z.string()]);
const MAX_INTENT = 500;
const EDIT_TOOL = /edit|write|patch|create|replace|insert/i;

export interface SessionDeps extends OrchestrationDeps {
  leaseMs: number;
}

/** For rooms that end a session along with something else. */
export interface SessionEnder {
  endIn(tx: Tx, id: Id<'ses'>, reason: string): Promise<void>;
}

export interface SessionSweeper {
  /** Finds lost sessions, ends claims nobody renews, and puts left work back. Gives how much it did. */
  sweep(): Promise<number>;
}

export function createSessionService(
  deps: SessionDeps,
): SessionService & SessionSweeper & SessionEnder {
  const { db, ledger, newId, leaseMs } = deps;

  async function start(
    session: Parameters<SessionService['start']>[0],
    operator: Principal,
  ): ReturnType<SessionService['start']> {
    const told = {
      model: session.model ?? null,
      repository: session.repository ?? null,
      branch: session.branch ?? null,
      base_sha: session.baseSha ?? null,
      cwd: session.cwd ?? null,
      intent: (session.intent ?? '').slice(0, MAX_INTENT),
      budget_tokens: session.budget?.tokens ?? null,
      budget_usd_micros: session.budget?.usdMicros ?? null,
      budget_minutes: session.budget?.minutes ?? null,
    };
    const operatorId = operator.kind === 'agent' ? (operator.onBehalfOf ?? null) : operator.id;
    return db.transaction(async (tx) => {
      await checkParent(tx, session, operatorId);
      const fresh = await store.insertSession(tx, {
        ...told,
        id: newId('ses'),
        external_id: session.externalId,
        agent: session.agent,
        operator_id: operatorId,
        operator_name: operator.name,
        parent_id: session.parentId ?? null,
        role: session.role?.slice(0, 100) ?? null,
      });
      const row = fresh ?? (await resume(tx, session, operatorId, told));
      await store.noteToken(tx, row.id, operator.tokenId);
      if (session.workItemId !== undefined && row.work_item_id !== session.workItemId) {
        await assignWorkItem(tx, deps, session.workItemId, { id: row.id, operatorId });
      }
      const started = (await store.findSession(tx, row.id))!;
      if (fresh !== undefined) await ledger.append(tx, sessionStarted(started));
      return store.toSession(started);
    });
  }

  /** Ends a session and the helpers it left running. Gives its row, or undefined when it was over. */
  async function endIn(tx: Tx, id: string, reason: string): Promise<store.SessionRow | undefined> {
    const row = await store.endSession(tx, id, reason.slice(0, MAX_INTENT));
    if (row === undefined) return undefined;
    for (const child of await store.findLiveChildren(tx, id)) {
      await endIn(tx, child.id, `the session that started it ended: ${reason}`);
    }
    await endWaitsOf(tx, row.id);
    const released = await releaseClaims(tx, deps, {
      sessionId: row.id,
      reason: 'the session ended',
    });
    await ledger.append(tx, sessionEnded(row, reason.slice(0, MAX_INTENT), released));
    return row;
  }

  async function resume(
    tx: Tx,
    session: { agent: string; externalId: string },
    operatorId: string | null,
    told: Parameters<typeof store.resumeSession>[2],
  ): Promise<store.SessionRow> {
    const { agent, externalId } = session;
    const known = (await store.findByExternalId(tx, agent, externalId, { forUpdate: true }))!;
    if (known.operator_id !== operatorId) {
      // Whoever guesses an id must not write into somebody else's session.
      throw new AppError('conflict', 'sessions.other_operator', {
        message: `The ${agent} session ${externalId} was started by somebody else.`,
        hint: 'Start a session of your own with an id of its own.',
      });
    }
    const row = await store.resumeSession(tx, known.id, told);
    if (known.state === 'ended' || known.state === 'lost') {
      await ledger.append(tx, sessionResumed(row, known.state));
    }
    return row;
  }

  return {
    start,

    touch: (id, activity = {}) =>
      db.transaction(async (tx) => {
        const { tool, path, outcome = 'allowed' } = activity;
        const row = await store.touchSession(tx, id, {
          toolCalls: tool === undefined ? 0 : 1,
          deniedCalls: outcome === 'denied' ? 1 : 0,
          intent: (activity.intent ?? '').slice(0, MAX_INTENT),
          packId: activity.packId ?? null,
          branch: activity.branch ?? null,
        });
        if (row === undefined) throw unknownSession(id);
        if (row.state !== 'ended') await renewClaims(tx, row.id, leaseMs);
        if (row.state_before === 'lost') await ledger.append(tx, sessionResumed(row, 'lost'));
        if (tool !== undefined && (outcome === 'denied' || isEdit(tool, path))) {
          await ledger.append(tx, sessionToolUsed(row, { tool, path: path ?? null, outcome }));
        }
      }),

    end: (id, reason) =>
      db.transaction(async (tx) => {
        const row = await endIn(tx, id, reason);
        if (row === undefined && (await store.findSession(tx, id)) === undefined) {
          throw unknownSession(id);
        }
      }),

    endIn: async (tx, id, reason) => {
      await endIn(tx, id, reason);
    },

    takeNotes: (id) => takeNotes(db, id),

    noteModel: (id, model) => store.noteModel(db, id, model),

    async find(id) {
      const row = await store.findSession(db, id);
      return row === undefined ? undefined : store.toSession(row);
    },

    async findByExternalId(agent, externalId) {
      const row = await store.findByExternalId(db, agent, externalId);
      return row === undefined ? undefined : store.toSession(row);
    },

    async findWithHold({ agent, externalId, path }) {
      const wanted = normalisePath(path);
      const names = holdersOf(wanted).filter((name) => covers(name, wanted));
      const leftMs = leaseMs * RENEW_BELOW;
      const row = await store.findWithHold(db, { agent, externalId, names, leftMs });
      if (row === undefined) return undefined;
      return { session: store.toSession(row), isHeld: row.is_held, hasNotes: row.has_notes };
    },

    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(SessionCursor, cursor);
      const rows = await store.listSessions(db, filter, after, limit + 1);
      return toPage(rows.map(store.toSession), limit, (session) => [
        session.startedAt.toISOString(),
        session.id,
      ]);
    },

    async sweep() {
      const lost = await db.transaction(async (tx) => {
        const rows = await store.markSilent(tx, leaseMs, 200);
        for (const row of rows) {
          await releaseClaims(tx, deps, {
            sessionId: row.id,
            reason: 'the session was lost',
            state: 'expired',
          });
          await endWaitsOf(tx, row.id);
          await ledger.append(tx, sessionLost(row));
        }
        return rows.length;
      });
      const expired = await expireSilentClaims(deps, 2 * leaseMs);
      const reopened = await reopenAbandoned(deps, leaseMs);
      const told = await answerWaits(deps);
      return lost + expired + reopened + told;
    },
  };
}

/** Whether a tool call changes a file, by the names agents give their tools. Pure. */
export function isEdit(tool: string, path: string | undefined): boolean {
  return path !== undefined && EDIT_TOOL.test(tool);
}

/** The sessions that commit trailers name, as far as they are ids of ours. Pure. */
export function sessionsInTrailers(
  trailers: readonly { name: string; value: string }[],
): `ses_${string}`[] {
  return trailers.flatMap(({ name, value }) => {
    const id = value.trim();
    return name === 'loom-session' && isId('ses', id) ? [id] : [];
  });
}

/** A helper belongs to the person who runs its parent: what the parent holds is not in its way. */
async function checkParent(
  tx: Tx,
  session: { parentId?: Id<'ses'> | undefined; agent: string; externalId: string },
  operatorId: string | null,
): Promise<void> {
  if (session.parentId === undefined) return;
  const parent = await store.findSession(tx, session.parentId);
  const isOwn = parent !== undefined && parent.operator_id === operatorId;
  const isItself = parent?.agent === session.agent && parent.external_id === session.externalId;
  if (isOwn && !isItself) return;
  throw new AppError('not_found', 'sessions.unknown_parent', {
    message: `You run no session ${session.parentId} that could have started this one.`,
    hint: 'Name as parent a session of the same person, or none.',
  });
}

function unknownSession(id: string): AppError {
  return new AppError('not_found', 'sessions.unknown', {
    message: `There is no session ${id}.`,
    hint: 'Register it first: the SessionStart hook does, or POST /v1/sessions.',
  });
}
