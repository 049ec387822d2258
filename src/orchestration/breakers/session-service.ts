/**
 * The breakers of running sessions. Every step of every session passes here, so steps of many sessions
 * are taken in together: one read, one write and one commit for all that come within a few
 * milliseconds. The memory of each breaker is in its row; nodes keep nothing.
 */
import { z } from 'zod';
import type { Principal } from '#governance';
import {
  AppError,
  createGroupCommit,
  decodeCursor,
  type Id,
  type Page,
  type PageRequest,
  toPage,
  type Tx,
} from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { type Budget, NO_BUDGET } from './budget.ts';
import { readCall } from './call.ts';
import { decodeState, encodeState } from './codec.ts';
import { breakerBudgeted, breakerLifted, breakerTripped } from './events.ts';
import { writeHandOver } from './hand-over.ts';
import { actorOf, refuseAgents } from './people-only.ts';
import { estimateSaving } from './receipt.ts';
import type { BreakerTotals, BreakerTrip } from './schema.ts';
import * as store from './session-store.ts';
import type { BreakerSettings } from './settings.ts';
import { emptyState } from './state.ts';
import { type BreakerStep, GO_ON, type Verdict } from './step.ts';

const TripCursor = z.tuple([z.iso.datetime(), z.string()]);
const MAX_PATHS = 20;
const MAX_REASON = 500;

/** What is left out stays as it is; null takes a limit of the session away. */
export type BudgetChange = { [Name in keyof Budget]?: number | null | undefined };

export type SessionStep = BreakerStep & { costUsdMicros?: number };

export interface SessionBreaker {
  stage: 'closed' | 'turn-ended' | 'session-ended';
  nudges: number;
  trips: number;
  spent: { tokens: number; costUsdMicros: number; calls: number };
  /** What applies: the session's own limits before those of the settings. */
  budget: Budget;
}

export interface SessionBreakers {
  /**
   * Takes in a step that was done. After `end-session` the caller ends the session; an unknown session
   * is told to go on.
   */
  observe(id: Id<'ses'>, step: SessionStep): Promise<Verdict>;
  /** Asked before a call is made; one short shared read unless something is wrong. */
  judgeCall(call: {
    agent: string;
    externalId: string;
    /** Who runs the agent: nobody else's calls count against the session. */
    personId: string;
    tool: string;
    args: unknown;
  }): Promise<Verdict>;
  /**
   * Spend as the agent's telemetry tells it, in all since its start. It is another view of what hooks let
   * us count, so the larger of the two is what budgets are held against, from the next step on.
   */
  tellSpend(id: Id<'ses'>, spend: { tokens: number; costUsdMicros: number }): Promise<void>;
  /** A person spoke, or the turn is over: what was stopped may go on, unless the session was ended. */
  startTurn(id: Id<'ses'>): Promise<Verdict>;
  /**
   * Lets a session go on with all its chances. Recorded with who and why.
   * @throws AppError `sessions.unknown`, `breakers.people_only`, `breakers.token_of_a_session`.
   */
  lift(id: Id<'ses'>, reason: string, by: Principal): Promise<SessionBreaker>;
  /**
   * Limits of one session: from its workflow or a person.
   * @throws AppError `sessions.unknown`, `breakers.people_only`, `breakers.token_of_a_session`.
   */
  setBudget(id: Id<'ses'>, budget: BudgetChange, by: Principal): Promise<SessionBreaker>;
  ofSession(id: Id<'ses'>): Promise<SessionBreaker>;
  listTrips(
    filter: { sessionId?: Id<'ses'> | undefined; repository?: string | undefined } & PageRequest,
  ): Promise<Page<BreakerTrip>>;
  totals(days: number): Promise<BreakerTotals>;
  /** What an ended session left for whoever takes up its work item or branch. */
  findHandOver(session: {
    id: Id<'ses'>;
    workItemId: string | null;
    repository: string | null;
    branch: string | null;
  }): Promise<string | undefined>;
}

/** Something done to the breaker of one session. */
interface Move {
  id: Id<'ses'>;
  act:
    | { kind: 'step'; step: SessionStep }
    | { kind: 'call'; call: { tool: string; args: unknown } }
    | { kind: 'turn' };
}

interface Open {
  row: store.BreakerRow;
  breaker: Breaker;
  budget: Budget;
}

export function createSessionBreakers(
  deps: OrchestrationDeps & { settings: BreakerSettings; isEnabled: boolean },
): SessionBreakers & AsyncDisposable {
  const { db, ledger, newId, settings } = deps;
  const { thresholds, assumedSteps } = settings;

  const moves = createGroupCommit<Move, Verdict>({
    flush: (items) => db.transaction((tx) => apply(tx, items)),
    maxFlushes: 2,
  });

  // An agent waits for this before every call, so it is one short read for all that ask at once.
  const guards = createGroupCommit<store.Asking, Id<'ses'> | undefined>({
    flush: (calls) => store.findGuards(db, calls),
    maxWaitMs: 1,
    maxFlushes: 4,
  });

  return {
    observe: async (id, step) =>
      deps.isEnabled ? moves.write({ id, act: { kind: 'step', step } }) : GO_ON,

    async judgeCall({ agent, externalId, personId, tool, args }) {
      if (!deps.isEnabled) return GO_ON;
      const { key } = readCall({ tool, args });
      const id = await guards.write({ agent, externalId, personId, key });
      if (id === undefined) return GO_ON;
      return moves.write({ id, act: { kind: 'call', call: { tool, args } } });
    },

    tellSpend: (id, spend) =>
      db.transaction(async (tx) => {
        await store.insertBreakers(tx, [id], encodeState(emptyState()));
        await store.tellSpend(tx, id, spend);
      }),

    startTurn: async (id) => (deps.isEnabled ? moves.write({ id, act: { kind: 'turn' } }) : GO_ON),

    async lift(id, reason, by) {
      await refuseAgents(db, by);
      await db.transaction(async (tx) => {
        const open = (await openAll(tx, [id])).get(id);
        if (open === undefined) throw unknownSession(id);
        const from = open.row.stage;
        open.breaker.lift();
        open.row.stage = 'closed';
        await save(tx, [open]);
        await store.liftTrips(tx, id, by.onBehalfOf ?? by.id);
        const data = { reason: reason.slice(0, MAX_REASON), from };
        await ledger.append(tx, breakerLifted(open.row, actorOf(by), data));
      });
      return ofSession(id);
    },

    async setBudget(id, budget, by) {
      await refuseAgents(db, by);
      await db.transaction(async (tx) => {
        const open = (await openAll(tx, [id])).get(id);
        if (open === undefined) throw unknownSession(id);
        const own = { ...NO_BUDGET, ...open.row.budget };
        const whole: Budget = {
          tokens: budget.tokens === undefined ? own.tokens : budget.tokens,
          costUsdMicros:
            budget.costUsdMicros === undefined ? own.costUsdMicros : budget.costUsdMicros,
          minutes: budget.minutes === undefined ? own.minutes : budget.minutes,
          calls: budget.calls === undefined ? own.calls : budget.calls,
        };
        await store.setBudget(tx, id, whole);
        await ledger.append(tx, breakerBudgeted(open.row, actorOf(by), { ...whole }));
      });
      return ofSession(id);
    },

    ofSession,

    async listTrips({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(TripCursor, cursor);
      const rows = await store.listTrips(db, filter, after, limit + 1);
      return toPage(rows.map(store.toTrip), limit, (trip) => [
        trip.trippedAt.toISOString(),
        trip.id,
      ]);
    },

    totals: async (days) => ({ days, ...(await store.sumTrips(db, days)) }),

    async findHandOver({ id, workItemId, repository, branch }) {
      if (repository === null || (workItemId === null && branch === null)) return undefined;
      return store.findHandOver(db, { sessionId: id, workItemId, repository, branch });
    },

    async [Symbol.asyncDispose]() {
      await guards[Symbol.asyncDispose]();
      await moves[Symbol.asyncDispose]();
    },
  };

  async function ofSession(id: Id<'ses'>): Promise<SessionBreaker> {
    const row = await store.findBreaker(db, id);
    return {
      stage: row?.stage ?? 'closed',
      nudges: row?.nudges ?? 0,
      trips: row?.trips ?? 0,
      spent: {
        tokens: row?.tokens ?? 0,
        costUsdMicros: row?.cost_usd_micros ?? 0,
        calls: row?.calls ?? 0,
      },
      budget: budgetOf(row?.budget ?? null),
    };
  }

  async function apply(tx: Tx, items: Move[]): Promise<Verdict[]> {
    const all = await openAll(
      tx,
      items.map(({ id }) => id),
    );
    const verdicts: Verdict[] = [];
    for (const { id, act } of items) {
      const open = all.get(id);
      const known = open === undefined ? GO_ON : stopped(open.row, act);
      const verdict = known ?? move(open!, act);
      verdicts.push(verdict);
      if (known === undefined) await note(tx, open!, verdict);
    }
    await save(tx, [...all.values()]);
    return verdicts;
  }

  function move({ row, breaker }: Open, act: Move['act']): Verdict {
    switch (act.kind) {
      case 'turn':
        breaker.observe({ tool: 'user', args: undefined, result: undefined });
        row.stage = 'closed';
        return GO_ON;
      case 'call':
        return breaker.judgeCall(act.call);
      case 'step':
        return breaker.observe({ ...act.step, atMs: row.now_ms });
    }
  }

  /** Counts, moves the stage, and writes down what stopped something. */
  async function note(tx: Tx, open: Open, verdict: Verdict): Promise<void> {
    const { row, breaker, budget } = open;
    if (verdict.stage === 'nudge') row.nudges += 1;
    if (verdict.stage === 'go-on' || verdict.stage === 'nudge') return;
    const { stage, rule, reason, advice, evidence } = verdict;
    const state = breaker.save();
    if (stage !== 'block-call') {
      row.trips += 1;
      row.stage = stage === 'end-turn' ? 'turn-ended' : 'session-ended';
    }
    const handOver =
      stage === 'end-session'
        ? writeHandOver({
            ...row,
            rule,
            reason,
            advice,
            calls: state.spent.calls,
            paths: await store.heldPaths(tx, row.id, MAX_PATHS),
          })
        : null;
    const saving =
      stage === 'block-call'
        ? estimateSaving(state, { assumedSteps: 1, budget })
        : estimateSaving(state, { assumedSteps, budget });
    const id = newId('brk');
    await store.insertTrip(tx, {
      id,
      session_id: row.id,
      agent: row.agent,
      repository: row.repository,
      rule,
      stage,
      reason,
      advice,
      evidence,
      step: state.step,
      hand_over: handOver,
      saved_tokens: saving.tokens,
      saved_cost_usd_micros: saving.costUsdMicros,
      saved_method: saving.method,
    });
    await ledger.append(tx, breakerTripped(row, { trip: id, rule, stage, reason, evidence }));
  }

  async function openAll(tx: Tx, ids: readonly Id<'ses'>[]): Promise<Map<string, Open>> {
    const wanted = [...new Set(ids)];
    let rows = await store.lockBreakers(tx, wanted);
    if (rows.length < wanted.length) {
      await store.insertBreakers(tx, wanted, encodeState(emptyState()));
      rows = await store.lockBreakers(tx, wanted);
    }
    return new Map(
      rows.map((row) => {
        const budget = budgetOf(row.budget);
        const told = { tokens: row.told_tokens, costUsdMicros: row.told_cost };
        const breaker = createBreaker({
          thresholds,
          budget,
          state: decodeState(row.state),
          told,
        });
        return [row.id, { row, breaker, budget }];
      }),
    );
  }

  async function save(tx: Tx, all: readonly Open[]): Promise<void> {
    if (all.length === 0) return;
    await store.saveBreakers(
      tx,
      all.map(({ row, breaker }) => {
        const state = breaker.save();
        return {
          id: row.id,
          state: encodeState(state),
          stage: row.stage,
          guarded: state.guarded.map(({ call }) => call),
          nudges: row.nudges,
          trips: row.trips,
          ...state.spent,
        };
      }),
    );
  }

  function budgetOf(own: Partial<Budget> | null): Budget {
    const { budget } = settings;
    return {
      tokens: own?.tokens ?? budget.tokens,
      costUsdMicros: own?.costUsdMicros ?? budget.costUsdMicros,
      minutes: own?.minutes ?? budget.minutes,
      calls: own?.calls ?? budget.calls,
    };
  }
}

/** What was stopped and goes on all the same is told again, and not counted again. */
function stopped({ stage }: store.BreakerRow, act: Move['act']): Verdict | undefined {
  const isEnded = stage === 'session-ended';
  if (!isEnded && !(stage === 'turn-ended' && act.kind === 'call')) return undefined;
  return {
    stage: isEnded ? 'end-session' : 'end-turn',
    rule: 'same-call',
    reason: `This ${isEnded ? 'session' : 'turn'} was stopped by its circuit breaker before.`,
    advice: isEnded
      ? 'End here. A person may lift the breaker, or start another session, which gets your notes.'
      : 'End the turn and say what you need.',
    evidence: [],
  };
}

function unknownSession(id: string): AppError {
  return new AppError('not_found', 'sessions.unknown', {
    message: `There is no session ${id}.`,
    hint: 'Register it first: the SessionStart hook does, or POST /v1/sessions.',
  });
}
