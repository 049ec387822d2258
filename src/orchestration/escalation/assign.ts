/**
 * Names one person for every seat a verdict has open, keeps those that still fit, and closes the rest.
 * Reading and judging come first; `write` then settles it in the caller's transaction.
 */
import type { Person } from '#governance';
import type { GitRepository } from '#git';
import { AppError, assert, type Id, type Tx } from '#kernel';
import type { Actor, NewOutboxMessage } from '#ledger';
import {
  ackWithinMs,
  type Decision,
  type EscalationPackage,
  filterReviewers,
  knownHere,
  type LeaderTerms,
  planReviewers,
  rankReviewers,
  readdressEscalation,
  reasonsOf,
  type ReviewSlot,
  slotsOf,
} from '#policy';
import type { Change } from '../schema.ts';
import type { EscalationDeps } from './deps.ts';
import { escalationEvent } from './events.ts';
import { gatherPackage } from './gather.ts';
import { sealPackage } from './package-hash.ts';
import { candidatesFor, type Crowd, readCrowd, stepsOf } from './people.ts';
import { createFamiliarityReader, type FamiliarityReader, namesOf } from './review-history.ts';
import type { PlanStep } from './schema.ts';
import * as store from './store.ts';
import { tellPerson } from './tell.ts';

export const ROUTING: Actor = { kind: 'system', id: 'routing' };
const WEEK_MS = 7 * 86_400_000;

/** A seat with the people who may fill it, in their order. */
interface Seat {
  slot: ReviewSlot;
  plan: PlanStep[];
}

export interface PreparedAssignment {
  /** Seats for which nobody may be asked at all. */
  unfilled: ReviewSlot[];
  write(tx: Tx): Promise<void>;
}

export interface Assigner {
  prepare(change: Change, decision: Decision): Promise<PreparedAssignment>;
  /** Ends what is open: nothing is asked of anybody any more. */
  closeAll(tx: Tx, changeId: Id<'chg'>, why: string): Promise<void>;
}

export function createAssigner(deps: EscalationDeps): Assigner {
  const familiarity = createFamiliarityReader(deps);
  return {
    prepare: (change, decision) => prepare(deps, familiarity, change, decision),
    async closeAll(tx, changeId, why) {
      const options = { openOnly: true, forUpdate: true };
      for (const row of await store.selectOfChange(tx, changeId, options)) {
        await close(deps, tx, row, why);
      }
    },
  };
}

export async function close(
  { ledger, clock }: Pick<EscalationDeps, 'ledger' | 'clock'>,
  tx: Tx,
  row: store.AssignmentRow,
  why: string,
): Promise<void> {
  await store.endAssignment(tx, row.id, { state: 'closed', why, now: clock.now() });
  await ledger.append(tx, escalationEvent('escalation.closed', row, ROUTING, { why }));
}

async function prepare(
  deps: EscalationDeps,
  familiarity: FamiliarityReader,
  change: Change,
  decision: Decision,
): Promise<PreparedAssignment> {
  const { db, clock, policy, governance, changes } = deps;
  const git = await changes.openMirror(change);
  const terms = await policy.leaderTerms(change.repository, git, decision.baseSha);
  const now = clock.now();
  const crowd = await readCrowd(deps, now);
  const consents = await db.transaction((tx) =>
    governance.approvalFacts(tx, {
      changeId: change.id,
      headSha: change.headSha,
      custody: change.custody,
    }),
  );
  const wanted = slotsOf(
    decision.rules,
    (from) => consents.filter((one) => terms.satisfies(one, from, decision.facts)).length,
  );
  const standing = await store.selectOfChange(db, change.id, { openOnly: true });
  const consented = new Set(consents.map(({ person }) => person));
  const { kept, over, open } = matchSeats(standing, wanted, change, consented);

  const busy = new Set([...consented, ...kept.map(({ personId }) => personId as string)]);
  const seats: Seat[] = [];
  const known =
    open.length === 0
      ? undefined
      : await rankPeople(deps, familiarity, { change, decision, git, crowd });
  for (const slot of open) {
    const plan = planSeat({ slot, change, decision, terms, crowd, busy, ranked: known! });
    if (plan[0] !== undefined) busy.add(plan[0].personId);
    seats.push({ slot, plan });
  }
  const filled = seats.filter(({ plan }) => plan.length > 0);
  const ackMs = ackWithinMs(terms.routing, textsOf(decision.facts['tiers']));
  const stale = kept.filter(({ decisionId }) => decisionId !== decision.id);
  const first = filled[0]?.plan[0] ?? stale[0];
  const base =
    first === undefined
      ? undefined
      : await gatherPackage(deps, {
          change,
          decision,
          git,
          terms,
          missingConsents: wanted.length,
          whyYou: addressOf(
            crowd.people,
            filled[0]?.plan ?? [],
            0,
            new Date(now.getTime() + ackMs),
            first,
          ),
        });

  async function write(tx: Tx): Promise<void> {
    await store.lockNaming(tx);
    for (const { row, why } of over) {
      const current = await store.selectAssignment(tx, row.id, { forUpdate: true });
      if (current?.state !== 'open' && current?.state !== 'acknowledged') continue;
      await close(deps, tx, current, why);
    }
    for (const row of stale) await reissue(deps, tx, row, base!, decision, crowd.people);
    const counts = await store.countOpen(tx);
    for (const { slot, plan } of filled) {
      await nameFirst(deps, tx, {
        change,
        decision,
        slot,
        plan,
        counts,
        people: crowd.people,
        base: base!,
        ackWithinMs: ackMs,
        maxOpen: terms.routing.maxOpenPerPerson,
      });
    }
  }

  return {
    unfilled: seats.filter(({ plan }) => plan.length === 0).map(({ slot }) => slot),
    write,
  };
}

/** Seats by what they ask for, not by their number: one that is filled moves the others up. Pure. */
export function matchSeats(
  standing: readonly store.AssignmentRow[],
  wanted: readonly ReviewSlot[],
  change: Pick<Change, 'headSha'>,
  consented: ReadonlySet<string>,
): {
  kept: store.AssignmentRow[];
  over: { row: store.AssignmentRow; why: string }[];
  open: ReviewSlot[];
} {
  const keyOf = (from: readonly string[]) => from.join(' ');
  const left = new Map<string, ReviewSlot[]>();
  for (const slot of wanted) {
    const key = keyOf(slot.from);
    left.set(key, [...(left.get(key) ?? []), slot]);
  }
  const kept: store.AssignmentRow[] = [];
  const over: { row: store.AssignmentRow; why: string }[] = [];
  for (const row of standing) {
    const seats = left.get(keyOf(row.sources)) ?? [];
    if (row.headSha !== change.headSha) over.push({ row, why: 'the change has a newer commit' });
    else if (consented.has(row.personId)) over.push({ row, why: 'answered on the change' });
    else if (seats.length === 0) over.push({ row, why: 'no longer needed' });
    else {
      seats.pop();
      kept.push(row);
    }
  }
  // A kept seat keeps its key, so a new one takes a number nobody has.
  const taken = new Set(kept.map(({ slot }) => slot));
  const open = [...left.values()].flat().map((slot) => {
    let index = 0;
    while (taken.has(`${keyOf(slot.from)}#${index}`)) index += 1;
    const key = `${keyOf(slot.from)}#${index}`;
    taken.add(key);
    return { ...slot, key };
  });
  return { kept, over, open };
}

type Ranked = Map<string, { rank: number; signals: Float64Array }>;

/** Everybody known here, by familiarity after load. */
async function rankPeople(
  deps: EscalationDeps,
  familiarity: FamiliarityReader,
  about: { change: Change; decision: Decision; git: GitRepository; crowd: Crowd },
): Promise<Ranked> {
  const { change, decision, git, crowd } = about;
  const now = deps.clock.now();
  const { history, weights } = await familiarity.read({
    repository: change.repository,
    git,
    baseSha: decision.baseSha,
    people: crowd.people,
  });
  const nameOf = namesOf(crowd.people);
  const hands = change.custody.map(nameOf);
  const author = hands.find((hand) => hand.startsWith('usr_')) ?? hands[0] ?? change.authorName;
  const seconds = now.getTime() / 1_000;
  const candidates = history.candidates({
    landedAt: seconds,
    author,
    subject: change.title,
    paths: textsOf(decision.facts['paths']),
  });
  const ranked = rankReviewers(candidates, {
    weights,
    now: seconds,
    excluded: new Set(hands),
    load: await store.countFirst(deps.db, new Date(now.getTime() - WEEK_MS)),
  });
  return new Map(ranked.map(({ person, signals }, rank) => [person, { rank, signals }] as const));
}

function planSeat(seat: {
  slot: ReviewSlot;
  change: Change;
  decision: Decision;
  terms: LeaderTerms;
  crowd: Crowd;
  busy: ReadonlySet<string>;
  ranked: Ranked;
}): PlanStep[] {
  const { slot, change, decision, terms, crowd, busy, ranked } = seat;
  const { facts } = decision;
  const all = candidatesFor(
    crowd,
    { custody: change.custody, from: slot.from, facts, busy },
    terms,
  );
  const { eligible } = filterReviewers(all, terms.routing.maxOpenPerPerson);
  const people = new Map(crowd.people.map((person) => [person.id as string, person] as const));
  const nameOf = (id: string | null) => (id === null ? null : (people.get(id)?.name ?? id));
  const candidates = eligible.map(({ candidate, standsInFor }) => {
    // Who stands in is asked for what the absent person knows.
    const known = ranked.get(standsInFor ?? candidate.id) ?? ranked.get(candidate.id);
    return {
      id: candidate.id,
      rank: known?.rank ?? null,
      isOwner: candidate.isOwner,
      openAssignments: candidate.openAssignments,
      standsInFor,
      steps: stepsOf(people.get(candidate.id)!, candidate.isOwner, terms, facts),
      reasons: reasonsOf({
        known: standsInFor === null && known !== undefined ? knownHere(known.signals) : null,
        isOwner: candidate.isOwner,
        standsInFor: nameOf(standsInFor),
        rules: slot.rules,
        sources: slot.from,
      }),
    };
  });
  return planReviewers(candidates, {
    changeId: change.id,
    afterwards: terms.routing.afterwards,
  }) as PlanStep[];
}

/** Why this person, and who comes next, for the person at a place of a plan. Pure. */
export function addressOf(
  people: readonly Person[],
  plan: readonly PlanStep[],
  place: number,
  deadline: Date,
  entry: Pick<PlanStep, 'personId' | 'reasons' | 'standsInFor'> = plan[place]!,
) {
  const nameOf = (id: string) => people.find((person) => person.id === id)?.name ?? id;
  const next = plan[place + 1];
  return {
    personId: entry.personId,
    personName: nameOf(entry.personId),
    reasons: entry.reasons,
    standsInFor: entry.standsInFor === null ? null : nameOf(entry.standsInFor),
    next: next === undefined ? null : nameOf(next.personId),
    deadline,
  };
}

interface Naming {
  change: Change;
  decision: Decision;
  slot: ReviewSlot;
  plan: PlanStep[];
  counts: ReadonlyMap<string, number>;
  people: readonly Person[];
  base: EscalationPackage;
  ackWithinMs: number;
  maxOpen: number | null;
}

/** The first of the plan who has room now; counted under the lock, so the limit holds exactly. */
async function nameFirst(deps: EscalationDeps, tx: Tx, naming: Naming): Promise<void> {
  const { change, decision, slot, plan, counts, maxOpen } = naming;
  const hasRoom = ({ personId }: PlanStep) =>
    maxOpen === null || (counts.get(personId) ?? 0) < maxOpen;
  const free = plan.findIndex(hasRoom);
  const place = Math.max(0, free);
  const entry = plan[place];
  assert(entry !== undefined, 'a plan that is named from has people');
  const now = deps.clock.now();
  const dueAt = new Date(now.getTime() + naming.ackWithinMs);
  const sealed = sealPackage(
    readdressEscalation(naming.base, addressOf(naming.people, plan, place, dueAt)),
  );
  await store.savePackage(tx, sealed, now);
  const row: store.NewAssignment = {
    id: deps.newId('esc'),
    changeId: change.id,
    repository: change.repository,
    headSha: change.headSha,
    decisionId: decision.id,
    slot: slot.key,
    sources: [...slot.from],
    personId: entry.personId,
    standsInFor: entry.standsInFor,
    via: entry.via,
    reasons: entry.reasons,
    plan,
    place,
    packageSha256: sealed.sha256,
    ackWithinMs: naming.ackWithinMs,
    maxOpen,
    correlationId: change.correlationId,
    createdAt: now,
    dueAt,
  };
  // Another look at the same change may have named somebody meanwhile: the unique keys decide.
  if (!(await store.insertAssignment(tx, row))) return;
  await announce(deps, tx, row, change, naming.people, { isLimitWaived: free < 0 });
}

/** The event of a naming and the word to the person. */
export async function announce(
  deps: EscalationDeps,
  tx: Tx,
  row: store.NewAssignment,
  change: Change,
  people: readonly Person[],
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await deps.ledger.append(
    tx,
    escalationEvent('escalation.assigned', row, ROUTING, {
      reasons: row.reasons,
      dueAt: row.dueAt,
      place: row.place,
      ...data,
    }),
  );
  const messages: NewOutboxMessage[] = await tellPerson(
    deps,
    tx,
    row,
    change,
    people.find(({ id }) => id === row.personId)?.identities ?? [],
  );
  for (const message of messages) await deps.ledger.enqueue(tx, message);
}

async function reissue(
  deps: EscalationDeps,
  tx: Tx,
  row: store.AssignmentRow,
  base: EscalationPackage,
  decision: Decision,
  people: readonly Person[],
): Promise<void> {
  const current = await store.selectAssignment(tx, row.id, { forUpdate: true });
  if (current === undefined || !['open', 'acknowledged'].includes(current.state)) return;
  const deadline = current.dueAt ?? deps.clock.now();
  const { plan, place, personId, reasons, standsInFor } = current;
  const whyYou = addressOf(people, plan, place, deadline, { personId, reasons, standsInFor });
  const sealed = sealPackage(readdressEscalation(base, whyYou));
  await store.savePackage(tx, sealed, deps.clock.now());
  await store.reissue(tx, row.id, { decisionId: decision.id, packageSha256: sealed.sha256 });
  const issued = { ...current, decisionId: decision.id, packageSha256: sealed.sha256 };
  await deps.ledger.append(tx, escalationEvent('escalation.reissued', issued, ROUTING));
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : [];
}

/** For whoever looks up a change by an id that was kept. */
export function gone(id: string): AppError {
  return new AppError('not_found', 'inbox.not_found', {
    message: `There is no assignment ${id}.`,
    hint: 'GET /v1/inbox lists those of a person.',
  });
}
