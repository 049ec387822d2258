/** SQL of absences. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Absence } from './schema.ts';

const ABSENCE = `id, person_id as "personId", from_at as "from", to_at as "to",
  delegate_id as "delegateId", note, created_at as "createdAt", cancelled_at as "cancelledAt"`;

export async function insertAbsence(tx: Tx, absence: Absence, createdBy: string): Promise<void> {
  await tx.query(
    `insert into loom.absences (id, person_id, from_at, to_at, delegate_id, note, created_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      absence.id,
      absence.personId,
      absence.from,
      absence.to,
      absence.delegateId,
      absence.note,
      createdBy,
      absence.createdAt,
    ],
  );
}

/** `isNew` is false for one that was cancelled before. */
export async function cancelAbsence(
  tx: Tx,
  personId: Id<'usr'>,
  id: Id<'abs'>,
  now: Date,
): Promise<{ absence: Absence | undefined; isNew: boolean }> {
  const cancelled = await tx.query<Absence>(
    `update loom.absences set cancelled_at = $3
     where id = $1 and person_id = $2 and cancelled_at is null returning ${ABSENCE}`,
    [id, personId, now],
  );
  if (cancelled[0] !== undefined) return { absence: cancelled[0], isNew: true };
  const standing = await tx.query<Absence>(
    `select ${ABSENCE} from loom.absences where id = $1 and person_id = $2`,
    [id, personId],
  );
  return { absence: standing[0], isNew: false };
}

export async function selectAbsences(
  queryable: Queryable,
  personId: Id<'usr'>,
  limit: number,
): Promise<Absence[]> {
  return queryable.query<Absence>(
    `select ${ABSENCE} from loom.absences where person_id = $1
     order by from_at desc, id desc limit $2`,
    [personId, limit],
  );
}

export async function selectAway(queryable: Queryable, at: Date): Promise<Absence[]> {
  return queryable.query<Absence>(
    `select ${ABSENCE} from loom.absences
     where cancelled_at is null and from_at <= $1 and to_at > $1 order by created_at, id`,
    [at],
  );
}

export interface Loan {
  delegateId: Id<'usr'>;
  lenderId: Id<'usr'>;
  from: Date;
  to: Date;
  cancelledAt: Date | null;
  teams: string[];
  identities: string[];
}

/** Whom these people stand in for at any time, with the absent as they are now. */
export async function selectLoans(tx: Tx, delegates: readonly string[]): Promise<Loan[]> {
  if (delegates.length === 0) return [];
  return tx.query<Loan>(
    `select a.delegate_id as "delegateId", a.person_id as "lenderId", a.from_at as "from",
       a.to_at as "to", a.cancelled_at as "cancelledAt", p.teams,
       array(select i.identity from loom.person_identities i where i.person_id = p.id order by 1) as identities
     from loom.absences a join loom.people p on p.id = a.person_id
     where a.delegate_id = any($1::text[]) order by a.created_at, a.id`,
    [delegates],
  );
}
