/**
 * Absences and who stands in. A delegate consents in their own name and with their own right to
 * approve; what they borrow is membership: rules that ask for the absent person or their teams.
 */
import {
  AppError,
  checkValue,
  type Clock,
  type Db,
  type Id,
  isId,
  type NewId,
  type Tx,
} from '#kernel';
import type { Ledger } from '#ledger';
import { z } from 'zod';
import type { AccessCheck } from './access.ts';
import * as store from './absence-store.ts';
import { absenceEvent, actorOf } from './events.ts';
import type { Absence, Principal } from './schema.ts';
import { lockPerson } from './store.ts';

const MAX_DAYS = 366;
const MAX_ABSENCES = 200;
const DAY_MS = 86_400_000;

const AbsenceFields = z.object({
  from: z.date(),
  to: z.date(),
  delegateId: z.string().optional(),
  note: z.string().trim().max(500).default(''),
});

export interface Absences {
  /**
   * People enter their own; whoever manages people enters anybody's. `delegateId` stands in meanwhile.
   * @throws AppError `governance.bad_absence`, `governance.forbidden`, `governance.no_such_person`.
   */
  recordAbsence(
    personId: Id<'usr'>,
    absence: {
      from: Date;
      to: Date;
      delegateId?: Id<'usr'> | undefined;
      note?: string | undefined;
    },
    by: Principal,
  ): Promise<Absence>;
  /** A cancelled absence stays in the list; consents given under it keep counting. */
  cancelAbsence(personId: Id<'usr'>, id: Id<'abs'>, by: Principal): Promise<Absence>;
  /** Newest first, at most 200. */
  listAbsences(personId: Id<'usr'>): Promise<Absence[]>;
  /** Everybody who is away at a moment. */
  listAway(at: Date): Promise<Absence[]>;
}

export function createAbsences(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  isAllowed: AccessCheck;
}): Absences {
  const { db, ledger, clock, newId, isAllowed } = deps;

  function refuseOthers(personId: string, by: Principal): void {
    const isOwn = by.kind === 'person' && by.id === personId && by.scopes === 'all';
    if (isOwn || isAllowed(by, 'people:manage', { kind: 'person', id: personId })) return;
    throw new AppError('forbidden', 'governance.forbidden', {
      message: 'You may enter absences of your own only.',
      hint: 'Somebody who manages people can enter those of others.',
    });
  }

  async function lockKnown(tx: Tx, id: string) {
    const person = isId('usr', id) ? await lockPerson(tx, id) : undefined;
    if (person !== undefined) return person;
    throw new AppError('not_found', 'governance.no_such_person', {
      message: `There is no person ${id}.`,
      hint: 'GET /v1/people lists who there is.',
    });
  }

  return {
    async recordAbsence(personId, input, by) {
      refuseOthers(personId, by);
      const fields = checkValue(AbsenceFields, input, 'governance.bad_absence');
      const { from, to, note } = fields;
      const problem = findProblem(personId, fields, clock.now());
      if (problem !== undefined) {
        throw new AppError('invalid', 'governance.bad_absence', {
          message: problem,
          hint: 'Give `from` before `to`, and a delegate other than yourself.',
        });
      }
      return db.transaction(async (tx) => {
        // In the order of ids, so that two who name each other do not wait for one another.
        const people = [personId, fields.delegateId].filter((id) => id !== undefined).sort();
        for (const id of people) await lockKnown(tx, id);
        const absence: Absence = {
          id: newId('abs'),
          personId,
          from,
          to,
          delegateId: (fields.delegateId ?? null) as Id<'usr'> | null,
          note,
          createdAt: clock.now(),
          cancelledAt: null,
        };
        await store.insertAbsence(tx, absence, by.id);
        await ledger.append(tx, absenceEvent('absence.recorded', absence, actorOf(by)));
        return absence;
      });
    },

    async cancelAbsence(personId, id, by) {
      refuseOthers(personId, by);
      return db.transaction(async (tx) => {
        const { absence, isNew } = await store.cancelAbsence(tx, personId, id, clock.now());
        if (absence === undefined) {
          throw new AppError('not_found', 'governance.no_such_absence', {
            message: 'There is no such absence of this person.',
            hint: 'List the absences of the person and use an id from there.',
          });
        }
        if (isNew) {
          await ledger.append(tx, absenceEvent('absence.cancelled', absence, actorOf(by)));
        }
        return absence;
      });
    },

    listAbsences: (personId) => store.selectAbsences(db, personId, MAX_ABSENCES),
    listAway: (at) => store.selectAway(db, at),
  };
}

function findProblem(
  personId: string,
  { from, to, delegateId }: z.output<typeof AbsenceFields>,
  now: Date,
): string | undefined {
  if (from >= to) return 'An absence ends after it begins.';
  if (to <= now) return 'The absence is over already.';
  if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS) {
    return `An absence lasts at most ${MAX_DAYS} days.`;
  }
  if (delegateId === personId) return 'Nobody stands in for themselves.';
  return undefined;
}
