/** The verbs of the inbox; see index.ts for what it promises. */
import type { Person, Principal } from '#governance';
import {
  AppError,
  checkValue,
  decodeCursor,
  type Id,
  type Page,
  type PageRequest,
  toPage,
  type Tx,
} from '#kernel';
import type { Actor } from '#ledger';
import { type EscalationPackage, plainText, renderEscalationMarkdown } from '#policy';
import { z } from 'zod';
import { findChange, toChange } from '../changes/index.ts';
import type { Change } from '../schema.ts';
import { type Assigner, createAssigner, gone } from './assign.ts';
import type { EscalationDeps } from './deps.ts';
import { escalationEvent } from './events.ts';
import { handOver, keepAssignments } from './hand-over.ts';
import { openPackage } from './package-hash.ts';
import { candidatesFor, readCrowd } from './people.ts';
import type { Assignment, PlanStep, Watch } from './schema.ts';
import { returnToAgent, type ReturnedNote, takeNotes } from './return-note.ts';
import * as store from './store.ts';
import { findWatch, keepWatches, promiseWatch } from './watch.ts';

/** After an acknowledgement a person has so many times longer to decide. */
const DECIDE_FACTOR = 4;
const DEFAULT_WATCH_HOURS = 24;
const Words = z.string().trim().min(1).max(4_000);

export type InboxAnswer =
  | { decision: 'approve'; reason: string }
  | { decision: 'approve-with-watch'; reason: string; watchHours?: number | undefined }
  | { decision: 'send-back'; reason: string }
  | { decision: 'hand-over'; reason: string; to?: Id<'usr'> | undefined };

export interface ShownAssignment {
  assignment: Assignment;
  package: EscalationPackage;
  /** The package as it stands on the page of the change. */
  markdown: string;
}

export interface EscalationService extends Assigner {
  /** Newest first. Without a person everybody's. */
  list(
    filter: {
      personId?: Id<'usr'> | undefined;
      isOpen?: boolean | undefined;
    } & PageRequest,
  ): Promise<Page<Assignment>>;
  /** What the person was shown, byte for byte. @throws AppError `inbox.not_found`. */
  show(id: Id<'esc'>): Promise<ShownAssignment>;
  /** All that was asked about a change, oldest first, with what the newest shows. */
  ofChange(
    changeId: Id<'chg'>,
  ): Promise<{ assignments: Assignment[]; newest: ShownAssignment | null; watch: Watch | null }>;
  /**
   * The person has seen it: the clock for an answer stops, a longer one for the decision starts.
   * @throws AppError `inbox.not_found`, `inbox.not_yours`, `inbox.over`.
   */
  acknowledge(id: Id<'esc'>, by: Principal): Promise<Assignment>;
  /**
   * Approve, approve with a watch, send back to the agent, or hand over. `packageSha256`, where given,
   * is what the person looked at; when it is no longer what is asked, they look again. The same answer
   * again changes nothing.
   * @throws AppError `inbox.not_found`, `inbox.not_yours`, `inbox.over`, `inbox.package_changed`,
   *   `inbox.cannot_take_over`, and what governance refuses.
   */
  answer(
    id: Id<'esc'>,
    answer: InboxAnswer & { packageSha256?: string | undefined },
    by: Principal,
  ): Promise<Assignment>;
  /** Hands over what nobody answered, closes what is stale, starts and ends watches. */
  keep(): Promise<number>;
  /** Notes of reviewers a session has not been told yet; each is given once. */
  takeNotes(sessionId: Id<'ses'>): Promise<ReturnedNote[]>;
}

export function createEscalationService(deps: EscalationDeps): EscalationService {
  const { db, clock, ledger, changes, policy, governance } = deps;
  const assigner = createAssigner(deps);

  async function shown(row: store.AssignmentRow): Promise<ShownAssignment> {
    const body = (await store.selectPackage(db, row.packageSha256))!;
    const escalation = openPackage(body);
    const url = deps.inboxUrl?.(row.id) ?? `/inbox/${row.id}`;
    return {
      assignment: store.toAssignment(row),
      package: escalation,
      markdown: renderEscalationMarkdown(escalation, url),
    };
  }

  async function find(id: Id<'esc'>): Promise<store.AssignmentRow> {
    const row = await store.selectAssignment(db, id);
    if (row === undefined) throw gone(id);
    return row;
  }

  /** Held until the transaction ends, so that an answer and the clock are one after the other. */
  async function take(
    tx: Tx,
    id: Id<'esc'>,
    by: Principal,
    packageSha256?: string,
  ): Promise<store.AssignmentRow> {
    const row = await store.selectAssignment(tx, id, { forUpdate: true });
    if (row === undefined) throw gone(id);
    refuseOthers(row, by);
    if (row.state !== 'open' && row.state !== 'acknowledged') {
      throw new AppError('conflict', 'inbox.over', {
        message: `This was ${row.state}: ${row.endedWhy ?? 'nothing is asked any more'}.`,
        hint: 'GET /v1/changes/{id}/escalation shows who is asked now.',
      });
    }
    if (packageSha256 !== undefined && packageSha256 !== row.packageSha256) {
      throw new AppError('conflict', 'inbox.package_changed', {
        message: 'What you looked at has changed since.',
        hint: 'Read it again and decide on what it says now.',
        details: { packageSha256: row.packageSha256 },
      });
    }
    return row;
  }

  async function settle(
    tx: Tx,
    row: store.AssignmentRow,
    decision: NonNullable<Assignment['decision']>,
    actor: Actor,
    reason: string,
  ): Promise<void> {
    const now = clock.now();
    await store.endAssignment(tx, row.id, { state: 'decided', why: decision, decision, now });
    await ledger.append(
      tx,
      escalationEvent('escalation.decided', row, actor, { decision, reason }),
    );
  }

  /** The same answer of the same person, given before. */
  function isRepeated(row: store.AssignmentRow, decision: string, by: Principal): boolean {
    return row.personId === by.id && row.decision === decision;
  }

  async function answer(
    id: Id<'esc'>,
    given: InboxAnswer & { packageSha256?: string | undefined },
    by: Principal,
  ): Promise<Assignment> {
    const reason = checkValue(Words, given.reason, 'inbox.bad_answer');
    const known = await find(id);
    refuseOthers(known, by);
    if (isRepeated(known, given.decision, by)) return store.toAssignment(known);
    const actor: Actor = { kind: 'person', id: by.id };
    if (given.decision === 'hand-over') {
      await passOn(known, given, by, actor, reason);
    } else {
      const review = {
        decision: given.decision === 'send-back' ? ('decline' as const) : ('approve' as const),
        headSha: known.headSha,
        reason,
      };
      await changes.reviewWith(known.changeId, review, by, async (tx, change) => {
        // The same answer sent twice at once: the second finds it given.
        const current = await store.selectAssignment(tx, id, { forUpdate: true });
        if (current !== undefined && isRepeated(current, given.decision, by)) return;
        const row = await take(tx, id, by, given.packageSha256);
        await settle(tx, row, given.decision, actor, reason);
        if (given.decision === 'approve-with-watch') {
          const hours = given.watchHours ?? DEFAULT_WATCH_HOURS;
          await promiseWatch(deps, tx, toChange(change), { hours, watcherId: row.personId }, actor);
        }
        if (given.decision === 'send-back') {
          await returnToAgent(deps, tx, toChange(change), { note: reason, by });
          // The commit is refused, so nobody else needs to look at it.
          await assigner.closeAll(tx, row.changeId, 'sent back to the agent');
        }
      });
    }
    return store.toAssignment(await find(id));
  }

  async function passOn(
    known: store.AssignmentRow,
    given: Extract<InboxAnswer, { decision: 'hand-over' }> & { packageSha256?: string | undefined },
    by: Principal,
    actor: Actor,
    reason: string,
  ): Promise<void> {
    const crowd = await readCrowd(deps, clock.now());
    const row = (await findChange(db, known.changeId))!;
    const to = given.to === undefined ? undefined : await successor(known, toChange(row), given.to);
    await db.transaction(async (tx) => {
      await store.lockNaming(tx);
      const current = await take(tx, known.id, by, given.packageSha256);
      await handOver(deps, tx, current, crowd, { why: plainText(reason), actor, to });
    });
  }

  /** Somebody named by hand is held against the same filters as everybody else. */
  async function successor(
    known: store.AssignmentRow,
    change: Change,
    to: Id<'usr'>,
  ): Promise<PlanStep> {
    const git = await changes.openMirror(change);
    const decision = await policy.findDecision(known.decisionId);
    const baseSha = decision?.baseSha ?? change.baseSha ?? change.baseBranch;
    const terms = await policy.leaderTerms(change.repository, git, baseSha);
    const crowd = await readCrowd(deps, clock.now());
    const others = await store.selectOfChange(db, change.id, { openOnly: true });
    const consents = await db.transaction((tx) =>
      governance.approvalFacts(tx, {
        changeId: change.id,
        headSha: change.headSha,
        custody: change.custody,
      }),
    );
    const candidate = candidatesFor(
      crowd,
      {
        custody: change.custody,
        from: known.sources,
        facts: decision?.facts ?? {},
        busy: new Set([
          ...others.map(({ personId }) => personId as string),
          ...consents.map(({ person }) => person),
        ]),
      },
      terms,
    ).find(({ id }) => id === to);
    const problem =
      candidate === undefined
        ? 'there is no such person'
        : candidate.isInCustody
          ? 'they had a hand in the change'
          : !candidate.mayApprove
            ? 'they may not approve changes'
            : !candidate.isInSources
              ? `the rule asks for ${known.sources.join(' or ')}`
              : candidate.away !== null
                ? 'they are away'
                : candidate.isBusyHere
                  ? 'they are asked or have answered already'
                  : undefined;
    if (problem !== undefined) {
      throw new AppError('conflict', 'inbox.cannot_take_over', {
        message: `This cannot be handed to them: ${problem}.`,
        hint: 'Name somebody else, or nobody: then the next of the plan is asked.',
      });
    }
    return {
      personId: to,
      via: 'named',
      standsInFor: null,
      reasons: [`${nameOf(crowd.people, known.personId)} handed it to you`],
    };
  }

  return {
    ...assigner,

    async list({ personId, isOpen, limit, cursor }) {
      const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(z.int(), cursor);
      const rows = await store.selectInbox(db, {
        personId: personId ?? null,
        isOpen: isOpen ?? null,
        before,
        limit: limit + 1,
      });
      const page = toPage(rows, limit, ({ number }) => number);
      return { ...page, items: page.items.map(store.toAssignment) };
    },

    show: async (id) => shown(await find(id)),

    async ofChange(changeId) {
      const rows = await store.selectOfChange(db, changeId);
      const newest = rows.at(-1);
      return {
        assignments: rows.map(store.toAssignment),
        newest: newest === undefined ? null : await shown(newest),
        watch: (await findWatch(db, changeId)) ?? null,
      };
    },

    async acknowledge(id, by) {
      return db.transaction(async (tx) => {
        const known = await store.selectAssignment(tx, id);
        if (known?.state === 'acknowledged' && known.personId === by.id) {
          return store.toAssignment(known);
        }
        const row = await take(tx, id, by);
        const now = clock.now();
        // With nobody left to hand it to there is no deadline to move.
        const dueAt =
          row.dueAt === null ? null : new Date(now.getTime() + DECIDE_FACTOR * row.ackWithinMs);
        await store.acknowledge(tx, id, now, dueAt);
        await ledger.append(
          tx,
          escalationEvent('escalation.acknowledged', row, { kind: 'person', id: by.id }, { dueAt }),
        );
        return store.toAssignment((await store.selectAssignment(tx, id))!);
      });
    },

    answer,
    keep: async () => (await keepAssignments(deps)) + (await keepWatches(deps)),
    takeNotes: (sessionId) => takeNotes(deps, sessionId),
  };
}

function refuseOthers(row: store.AssignmentRow, by: Principal): void {
  if (by.kind === 'person' && by.id === row.personId) return;
  throw new AppError('forbidden', 'inbox.not_yours', {
    message: 'Somebody else was asked.',
    hint: 'Whoever may approve the change can do so on its own page.',
  });
}

function nameOf(people: readonly Person[], id: string): string {
  return people.find((person) => person.id === id)?.name ?? id;
}
