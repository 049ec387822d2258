/**
 * Sessions: one run of an agent, known by the agent's own id. A sign of life renews what it holds;
 * silence of one lease makes it idle, of two leases lost.
 */
import { z } from 'zod';
import type { Principal } from '#governance';
import { AppError, decodeCursor, isId, toPage, type Tx } from '#kernel';
import {
  covers,
  expireSilentClaims,
  holdersOf,
  normalisePath,
  releaseClaims,
  RENEW_BELOW,
  renewClaims,
} from '../claims/index.ts';
import type { OrchestrationDeps } from '../deps.ts';
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

export interface SessionSweeper {
  /** Finds lost sessions, ends claims nobody renews, and puts left work back. Gives how much it did. */
  sweep(): Promise<number>;
}

export function createSessionService(deps: SessionDeps): SessionService & SessionSweeper {
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
    };
    const operatorId = operator.kind === 'agent' ? (operator.onBehalfOf ?? null) : operator.id;
    return db.transaction(async (tx) => {
      const fresh = await store.insertSession(tx, {
        ...told,
        id: newId('ses'),
        external_id: session.externalId,
        agent: session.agent,
        operator_id: operatorId,
        operator_name: operator.name,
        parent_id: session.parentId ?? null,
      });
      const row = fresh ?? (await resume(tx, session, operatorId, told));
      if (session.workItemId !== undefined && row.work_item_id !== session.workItemId) {
        await assignWorkItem(tx, deps, session.workItemId, { id: row.id, operatorId });
      }
      const started = (await store.findSession(tx, row.id))!;
      if (fresh !== undefined) await ledger.append(tx, sessionStarted(started));
      return store.toSession(started);
    });
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
        const row = await store.endSession(tx, id);
        if (row === undefined) {
          if ((await store.findSession(tx, id)) === undefined) throw unknownSession(id);
          return;
        }
        const released = await releaseClaims(tx, deps, {
          sessionId: row.id,
          reason: 'the session ended',
        });
        await ledger.append(tx, sessionEnded(row, reason.slice(0, MAX_INTENT), released));
      }),

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
      return row === undefined ? undefined : { session: store.toSession(row), isHeld: row.is_held };
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
          await ledger.append(tx, sessionLost(row));
        }
        return rows.length;
      });
      const expired = await expireSilentClaims(deps, 2 * leaseMs);
      const reopened = await reopenAbandoned(deps, leaseMs);
      return lost + expired + reopened;
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

function unknownSession(id: string): AppError {
  return new AppError('not_found', 'sessions.unknown', {
    message: `There is no session ${id}.`,
    hint: 'Register it first: the SessionStart hook does, or POST /v1/sessions.',
  });
}
