/**
 * Break-glass: a verdict put aside for one commit and a short time, by somebody the leader's file
 * names, with a reason, and a second person's agreement where the file asks for it. Nobody with a
 * hand in the change takes part. Everything is in the ledger and in the list.
 */
import {
  AppError,
  checkValue,
  type Clock,
  type Db,
  decodeCursor,
  type Id,
  isId,
  type NewId,
  type Page,
  type PageRequest,
  toPage,
  type Tx,
} from '#kernel';
import type { Ledger } from '#ledger';
import { z } from 'zod';
import { areOnePerson, sharedIdentities } from './custody.ts';
import type { DenialRecorder } from './denials.ts';
import { actorOf, overrideEvent, SYSTEM_ACTOR } from './events.ts';
import * as store from './override-store.ts';
import type { Override, Person, Principal } from './schema.ts';
import { lockPerson, selectPerson } from './store.ts';

/** What the leader's file asks of an override. */
export interface OverrideTerms {
  minReasonLength: number;
  needsTicket: boolean;
  needsSecondPerson: boolean;
  expiresMs: number;
  reportTo: string | null;
}

export interface OverrideSubject {
  changeId: Id<'chg'>;
  repository: string;
  currentHeadSha: string;
  custody: readonly string[];
}

export interface Overrides {
  /**
   * Asks to put the verdict on one commit aside; in force at once where no second person is needed.
   * The same request again gives the first.
   * @throws AppError `governance.no_override`, `governance.bad_override`, `governance.stale_head`,
   *   `governance.in_custody`, `governance.forbidden`.
   */
  requestOverride(
    tx: Tx,
    request: OverrideSubject & {
      headSha: string;
      policyVersion: string;
      reason: string;
      ticket: string | null;
      /** Land past the tests of the queue as well. */
      isEmergency: boolean;
      correlationId: string;
      /** Null: the policy in force allows no override. */
      terms: OverrideTerms | null;
      /** Whether the policy names this person among those who may. */
      isEntitled: (person: Person) => boolean;
    },
    by: Principal,
  ): Promise<Override>;
  /**
   * The second person's agreement; from then on it holds. Again by the same person changes nothing.
   * @throws AppError `governance.override_needs_another`, `governance.override_over` and as above.
   */
  confirmOverride(
    tx: Tx,
    id: Id<'ovr'>,
    subject: OverrideSubject & { isEntitled: (person: Person) => boolean },
    by: Principal,
  ): Promise<Override>;
  findOverride(id: Id<'ovr'>): Promise<Override | undefined>;
  /** The override in force for this commit, held against custody as it is known now. */
  activeOverride(
    tx: Tx | null,
    change: { changeId: Id<'chg'>; headSha: string; custody: readonly string[] },
  ): Promise<Override | undefined>;
  /** Written down once, when the change lands because of it. */
  useOverride(tx: Tx, id: Id<'ovr'>): Promise<void>;
  /** Newest first. */
  listOverrides(
    filter: { changeId?: Id<'chg'> | undefined } & PageRequest,
  ): Promise<Page<Override>>;
}

export function createOverrides(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  denials: DenialRecorder;
}): Overrides {
  const { db, ledger, clock, newId, denials } = deps;

  async function refuseUnlessEntitled(
    tx: Tx,
    subject: OverrideSubject & { isEntitled: (person: Person) => boolean },
    by: Principal,
  ): Promise<Person> {
    const refuse = (code: string, message: string, hint: string): AppError => {
      // A transaction of its own: the caller's is about to be rolled back.
      void denials.record(by, 'changes:approve', { kind: 'change', id: subject.changeId });
      return new AppError('forbidden', code, { message, hint });
    };
    if (by.tokenMadeBy !== undefined && isId('usr', by.tokenMadeBy)) {
      throw refuse(
        'governance.override_needs_another',
        'This token was made by another person, who would speak for both of you with it.',
        'Use the console, or a token that you made yourself.',
      );
    }
    const person =
      by.kind === 'person' && isId('usr', by.id) ? await lockPerson(tx, by.id) : undefined;
    if (person === undefined || !subject.isEntitled(person)) {
      throw refuse(
        'governance.forbidden',
        'The policy in force does not name you among those who may override it.',
        'Ask somebody whom `override.by` in the policy names.',
      );
    }
    const shared = sharedIdentities({ ...person, onBehalfOf: by.onBehalfOf }, subject.custody);
    if (shared.length > 0) {
      throw refuse(
        'governance.in_custody',
        `You had a hand in this change (${shared.join(', ')}), so you cannot put its verdict aside.`,
        'Ask somebody who neither requested, prompted, wrote nor committed it.',
      );
    }
    return person;
  }

  async function tellActive(tx: Tx, row: store.OverrideRow, by: Principal): Promise<void> {
    await ledger.append(
      tx,
      overrideEvent('override.activated', row, actorOf(by), row.correlationId),
    );
    if (row.reportTo === null) return;
    await ledger.enqueue(tx, {
      target: 'notify',
      payload: {
        channel: row.reportTo,
        text: `${row.isEmergency ? 'Emergency override' : 'Override'} ${row.id} of ${row.changeId} in ${row.repository} by ${row.requesterName}${
          row.confirmerName === null ? '' : ` and ${row.confirmerName}`
        }: ${row.reason}`,
      },
      idempotencyKey: `override:${row.id}`,
      correlationId: row.correlationId,
    });
  }

  return {
    async requestOverride(tx, request, by) {
      const { terms, headSha, currentHeadSha, changeId } = request;
      if (terms === null) {
        throw new AppError('conflict', 'governance.no_override', {
          message: 'The policy in force allows no override.',
          hint: 'A leader can add `override` to the policy file.',
        });
      }
      const { reason, ticket } = readReason(request, terms);
      const person = await refuseUnlessEntitled(tx, request, by);
      if (headSha !== currentHeadSha) {
        throw new AppError('conflict', 'governance.stale_head', {
          message: 'The change has moved on since you looked at it.',
          hint: `Look at ${currentHeadSha.slice(0, 12)} and decide again.`,
        });
      }
      const now = clock.now();
      const key = { changeId, headSha, requestedBy: person.id };
      await store.dropLapsedRequest(tx, key, now);
      const id = await store.insertOverrideOnce(tx, {
        id: newId('ovr'),
        ...key,
        repository: request.repository,
        policyVersion: request.policyVersion,
        reason,
        ticket,
        isEmergency: request.isEmergency,
        needsSecond: terms.needsSecondPerson,
        expiresMs: terms.expiresMs,
        reportTo: terms.reportTo,
        correlationId: request.correlationId,
        requestedAt: now,
        activeAt: terms.needsSecondPerson ? null : now,
        expiresAt: new Date(now.getTime() + terms.expiresMs),
      });
      if (id === undefined) return store.toOverride((await store.selectRequest(tx, key, now))!);
      const row = (await store.selectOverride(tx, id, now))!;
      await ledger.append(
        tx,
        overrideEvent('override.requested', row, actorOf(by), row.correlationId),
      );
      if (!terms.needsSecondPerson) await tellActive(tx, row, by);
      return store.toOverride(row);
    },

    async confirmOverride(tx, id, subject, by) {
      const now = clock.now();
      const known = await store.selectOverride(tx, id, now, { forUpdate: true });
      if (known === undefined || known.changeId !== subject.changeId) throw noSuchOverride();
      if (known.confirmedBy === by.id) return store.toOverride(known);
      const person = await refuseUnlessEntitled(tx, subject, by);
      if (known.state !== 'requested' || known.headSha !== subject.currentHeadSha) {
        throw new AppError('conflict', 'governance.override_over', {
          message: `This override is ${known.state === 'requested' ? 'for an older commit' : known.state}.`,
          hint: 'Ask for another one where it is still needed.',
        });
      }
      const requester = await selectPerson(tx, known.requestedBy);
      if (requester === undefined || areOnePerson(person, requester)) {
        throw new AppError('forbidden', 'governance.override_needs_another', {
          message: 'Somebody else has to agree to your override.',
          hint: 'Ask a second person whom `override.by` in the policy names.',
        });
      }
      const expiresAt = new Date(now.getTime() + known.expiresMs);
      await store.activateOverride(tx, id, { confirmedBy: person.id, now, expiresAt });
      const row = (await store.selectOverride(tx, id, now))!;
      await tellActive(tx, row, by);
      return store.toOverride(row);
    },

    async findOverride(id) {
      const row = await store.selectOverride(db, id, clock.now());
      return row === undefined ? undefined : store.toOverride(row);
    },

    async activeOverride(tx, { changeId, headSha, custody }) {
      const rows = await store.selectActiveOverrides(tx ?? db, changeId, headSha, clock.now());
      for (const row of rows) {
        if (row.needsSecond && row.confirmedBy === null) continue;
        const givers = [row.requestedBy, row.confirmedBy].filter((id) => id !== null);
        if (await areFree(tx ?? db, givers, custody)) return store.toOverride(row);
      }
      return undefined;
    },

    async useOverride(tx, id) {
      const now = clock.now();
      if (!(await store.markUsed(tx, id, now))) return;
      const row = (await store.selectOverride(tx, id, now))!;
      await ledger.append(tx, overrideEvent('override.used', row, SYSTEM_ACTOR, row.correlationId));
    },

    async listOverrides({ changeId, limit, cursor }) {
      const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(z.int(), cursor);
      const rows = await store.selectOverrides(
        db,
        { changeId, before, limit: limit + 1 },
        clock.now(),
      );
      const page = toPage(rows, limit, ({ number }) => number);
      return { ...page, items: page.items.map(store.toOverride) };
    },
  };
}

/** Identities become known later, so those who gave it are held against custody again. */
async function areFree(
  queryable: Db | Tx,
  ids: readonly Id<'usr'>[],
  custody: readonly string[],
): Promise<boolean> {
  for (const id of ids) {
    const person = await selectPerson(queryable, id);
    if (person === undefined || sharedIdentities(person, custody).length > 0) return false;
  }
  return true;
}

function readReason(
  request: { reason: string; ticket: string | null },
  terms: OverrideTerms,
): { reason: string; ticket: string | null } {
  const least = Math.max(1, terms.minReasonLength);
  const Words = z.object({
    reason: z.string().trim().min(least).max(4_000),
    ticket: z.string().trim().min(1).max(200).nullable(),
  });
  const words = checkValue(Words, request, 'governance.bad_override');
  if (terms.needsTicket && words.ticket === null) {
    throw new AppError('invalid', 'governance.bad_override', {
      message: 'The policy asks for a ticket with every override.',
      hint: 'Name the incident or ticket, such as INC-12.',
    });
  }
  return words;
}

function noSuchOverride(): AppError {
  return new AppError('not_found', 'governance.no_such_override', {
    message: 'There is no such override of this change.',
    hint: 'GET /v1/overrides lists them.',
  });
}
