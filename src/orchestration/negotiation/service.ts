/** The choices of a denied session, and hand-overs by a holder. Every one is a single transaction. */
import { asLine } from '#context';
import { AppError, type Id, type Tx } from '#kernel';
import {
  type ClaimDeps,
  claimNegotiated,
  describeTarget,
  type HolderSession,
  lockPair,
  lockSession,
  moveClaims,
  readTargets,
  type Target,
} from '../claims/index.ts';
import { sessionActor } from '../deps.ts';
import { leaveNotes } from '../notes/index.ts';
import type { Claim } from '../schema.ts';
import type { Choice, ChoiceAnswer, NegotiationService } from '../service.ts';
import type { SessionEnder } from '../sessions/index.ts';
import { findSessions, toSession } from '../sessions/index.ts';
import { moveWork } from '../work/index.ts';
import { askForHandOver, goOn, rebase, split, stop, waitFor } from './effects.ts';
import { findHolders } from './holders.ts';

export interface NegotiationDeps extends ClaimDeps {
  sessions: SessionEnder;
}

/** What an effect works with. */
export interface Negotiation {
  session: HolderSession;
  /** Whoever is in the way; undefined where nobody is any more. */
  holder: HolderSession | undefined;
  repository: string;
  targets: readonly Target[];
  note: string;
}

export interface Effect {
  /** For the event: what was done. */
  effect: string;
  /** For the agent. */
  message: string;
  workItemId?: Id<'wrk'> | null;
  claims?: Claim[];
}

const MAX_NOTE = 4_000;

export function createNegotiationService(deps: NegotiationDeps): NegotiationService {
  const { db } = deps;

  async function record(
    tx: Tx,
    choice: Choice,
    { session, holder, repository, targets, note }: Negotiation,
    { effect, message, workItemId = null, claims = [] }: Effect,
  ): Promise<ChoiceAnswer> {
    const chosen = {
      choice,
      repository,
      targets: targets.map(describeTarget),
      withSessionId: holder?.id ?? null,
      workItemId,
      effect,
      note,
    };
    const actor = sessionActor({ id: session.id, operatorId: session.operator_id });
    await deps.ledger.append(tx, claimNegotiated(session, chosen, actor));
    return { choice, message, withSessionId: holder?.id ?? null, workItemId, claims };
  }

  return {
    async choose({ sessionId, repository, choice, note = '', withSessionId, ...things }, mayEnd) {
      const targets = readTargets(things);
      const found = await findHolders(db, sessionId, repository, targets);
      const holderId = withSessionId ?? found[0]?.session_id;
      const isHolder = found.some(({ session_id: id }) => id === holderId);
      if (choice !== 'go-on' && choice !== 'wait' && (holderId === undefined || !isHolder)) {
        throw nobodyHolds(targets, holderId);
      }
      const [later] = holderId === undefined ? [] : await findLater(deps, sessionId, holderId);
      if (choice === 'stop' && later !== undefined && later.id !== sessionId && !mayEnd(later)) {
        throw new AppError('conflict', 'claims.not_the_later', {
          message: `Session ${later.id} came later and is somebody else's; you cannot end it.`,
          hint: 'Ask for a hand-over, or split: its operator is told.',
        });
      }
      return db.transaction(async (tx) => {
        const [session, holder] =
          holderId === undefined
            ? [await lockOne(tx, sessionId), undefined]
            : await lockPair(tx, sessionId, holderId);
        const clean = asLine(note).slice(0, MAX_NOTE);
        const about: Negotiation = { session, holder, repository, targets, note: clean };
        const effect = await EFFECTS[choice](tx, deps, about);
        return record(tx, choice, about, effect);
      });
    },

    handOver: ({ sessionId, to, repository, note = '', ...things }) =>
      db.transaction(async (tx) => {
        if (sessionId === to) throw toItself();
        const isWhole = things.paths === undefined && things.targets === undefined;
        const targets = isWhole ? undefined : readTargets(things);
        const [from, receiver] = await lockPair(tx, sessionId, to);
        const claims = await moveClaims(tx, deps, { from, to: receiver, targets, isWhole });
        const workItemId = isWhole
          ? ((await moveWork(tx, deps, actorOf(from), actorOf(receiver))) ?? null)
          : null;
        const clean = asLine(note).slice(0, MAX_NOTE);
        const held = claims.map(({ target }) => target);
        await leaveNotes(tx, [handOverNote(from, to, held, clean, workItemId, deps.newId('evt'))]);
        const scope = repository ?? from.repository ?? claims[0]?.repository ?? '*';
        const about: Negotiation = {
          session: from,
          holder: receiver,
          repository: scope,
          targets: targets ?? [],
          note: clean,
        };
        return record(tx, 'hand-over', about, {
          effect: `${claims.length} claims moved`,
          message: `${held.length === 0 ? 'Nothing it held' : held.slice(0, 20).join(', ')} ${held.length === 1 ? 'is' : 'are'} with session ${to} now${workItemId === null ? '' : `, and with it the work item ${workItemId}`}. It is told at its next step.`,
          workItemId,
          claims,
        });
      }),
  };
}

const EFFECTS: Record<
  Choice,
  (tx: Tx, deps: NegotiationDeps, about: Negotiation) => Promise<Effect>
> = {
  'go-on': goOn,
  rebase,
  split,
  wait: waitFor,
  'hand-over': askForHandOver,
  stop,
};

/** Of two sessions the one that started later, and the other. */
async function findLater({ db }: NegotiationDeps, one: string, other: string) {
  const rows = await findSessions(db, [one, other]);
  return rows
    .map(toSession)
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime() || (a.id < b.id ? 1 : -1));
}

async function lockOne(tx: Tx, id: Id<'ses'>): Promise<HolderSession> {
  const session = await lockSession(tx, id);
  if (session !== undefined) return session;
  throw new AppError('not_found', 'sessions.unknown', {
    message: `There is no session ${id}.`,
    hint: 'Register it first: the SessionStart hook does, or POST /v1/sessions.',
  });
}

function handOverNote(
  from: HolderSession,
  to: Id<'ses'>,
  held: readonly string[],
  note: string,
  workItemId: string | null,
  key: string,
) {
  const branch = from.branch === null ? '' : ` Its work is on branch ${asLine(from.branch)}.`;
  const intent = from.intent === '' ? '' : ` It was doing: "${quote(from.intent)}".`;
  const said = note === '' ? '' : ` It says: "${quote(note)}".`;
  const work = workItemId === null ? '' : ` The work item ${workItemId} is yours now.`;
  const what = held.length === 0 ? 'its work' : held.slice(0, 20).map(asLine).join(', ');
  return {
    sessionId: to,
    kind: 'hand-over' as const,
    fromSessionId: from.id,
    text: `Session ${from.id} (${asLine(from.agent)}) handed ${what} over to you.${work}${branch}${intent}${said}`,
    dedupeKey: `hand-over:${key}`,
  };
}

/** Words of others stay in their quotes. */
export function quote(text: string): string {
  return asLine(text).replaceAll('"', "'");
}

function actorOf(session: HolderSession) {
  return { id: session.id, operatorId: session.operator_id };
}

function nobodyHolds(targets: readonly Target[], named: string | undefined): AppError {
  const what = targets.slice(0, 5).map(describeTarget).join(', ');
  return new AppError('conflict', 'claims.nobody_holds_it', {
    message:
      named === undefined
        ? `Nobody else holds ${what} any more.`
        : `Session ${named} does not hold ${what} any more.`,
    hint: 'Claim it: the way may be free.',
  });
}

function toItself(): AppError {
  return new AppError('invalid', 'claims.same_session', {
    message: 'A session cannot hand over to itself.',
    hint: 'Name the session that is to go on.',
  });
}
