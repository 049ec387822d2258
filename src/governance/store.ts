/** SQL of governance: people, tokens, login codes, approvals. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Approval, Person, Role, Token } from './schema.ts';

export interface Numbered {
  number: number;
}

const PERSON = `p.id, p.number, p.name, p.roles, p.teams, p.created_at as "createdAt",
  array(select i.identity from loom.person_identities i where i.person_id = p.id order by 1) as identities`;

export async function selectPerson(
  queryable: Queryable,
  id: Id<'usr'>,
): Promise<Person | undefined> {
  const rows = await queryable.query<Person & Numbered>(
    `select ${PERSON} from loom.people p where p.id = $1`,
    [id],
  );
  return rows.map(toPerson)[0];
}

/** Holds the person still until the transaction ends. */
export async function lockPerson(tx: Tx, id: Id<'usr'>): Promise<Person | undefined> {
  await tx.query('select 1 from loom.people where id = $1 for update', [id]);
  return selectPerson(tx, id);
}

export async function selectPeople(
  queryable: Queryable,
  after: number,
  limit: number,
): Promise<(Person & Numbered)[]> {
  return queryable.query<Person & Numbered>(
    `select ${PERSON} from loom.people p where p.number > $1 order by p.number limit $2`,
    [after, limit],
  );
}

/** The person with the first of these identities that is known. */
export async function selectPersonByIdentity(
  queryable: Queryable,
  identities: readonly string[],
): Promise<Person | undefined> {
  const rows = await queryable.query<Person & Numbered>(
    `select ${PERSON} from unnest($1::text[]) with ordinality as asked (identity, place)
     join loom.person_identities known using (identity)
     join loom.people p on p.id = known.person_id
     order by asked.place limit 1`,
    [identities],
  );
  return rows.map(toPerson)[0];
}

/** False when there is an owner already: the unique key settles a race of two nodes. */
export async function insertPerson(
  tx: Tx,
  person: Person & { isOwner: boolean },
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.people (id, name, roles, teams, is_owner, created_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (is_owner) where is_owner do nothing returning id`,
    [person.id, person.name, person.roles, person.teams, person.isOwner, person.createdAt],
  );
  return rows.length > 0;
}

export async function selectOwner(queryable: Queryable): Promise<Person | undefined> {
  const rows = await queryable.query<Person & Numbered>(
    `select ${PERSON} from loom.people p where p.is_owner`,
  );
  return rows.map(toPerson)[0];
}

export async function updatePersonRow(tx: Tx, person: Person): Promise<void> {
  await tx.query('update loom.people set name = $2, roles = $3, teams = $4 where id = $1', [
    person.id,
    person.name,
    person.roles,
    person.teams,
  ]);
}

/** Gives the identities that belong to somebody else and were therefore not taken. */
export async function replaceIdentities(
  tx: Tx,
  personId: Id<'usr'>,
  identities: readonly string[],
  now: Date,
): Promise<string[]> {
  await tx.query(
    'delete from loom.person_identities where person_id = $1 and identity <> all($2::text[])',
    [personId, identities],
  );
  await tx.query(
    `insert into loom.person_identities (identity, person_id, created_at)
     select identity, $1, $3 from unnest($2::text[]) as identity
     on conflict (identity) do nothing`,
    [personId, [...identities].sort(), now],
  );
  const rows = await tx.query<{ identity: string }>(
    'select identity from loom.person_identities where identity = any($2::text[]) and person_id <> $1',
    [personId, identities],
  );
  return rows.map(({ identity }) => identity);
}

export async function countOthersWithRole(
  tx: Tx,
  role: Role,
  exceptId: Id<'usr'>,
): Promise<number> {
  // Two admins who demote each other at once must not both succeed.
  const rows = await tx.query(
    'select id from loom.people where $1 = any(roles) and id <> $2 order by id for update',
    [role, exceptId],
  );
  return rows.length;
}

const TOKEN = `t.id, t.number, t.person_id as "personId", t.name, t.kind,
  case when t.scopes is null then '"all"'::jsonb else to_jsonb(t.scopes) end as scopes, t.hint,
  t.created_at as "createdAt", t.expires_at as "expiresAt", t.last_used_at as "lastUsedAt",
  t.revoked_at as "revokedAt"`;

export async function insertToken(
  tx: Tx,
  token: Token,
  secretHash: Buffer,
  made: { by: string; with: string | undefined },
): Promise<void> {
  await tx.query(
    `insert into loom.tokens (id, person_id, name, kind, scopes, hint, secret_sha256, created_by,
       made_with, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      token.id,
      token.personId,
      token.name,
      token.kind,
      token.scopes === 'all' ? null : token.scopes,
      token.hint,
      secretHash,
      made.by,
      made.with ?? null,
      token.createdAt,
      token.expiresAt,
    ],
  );
}

export async function selectTokens(
  queryable: Queryable,
  filter: { personId: Id<'usr'> | undefined; before: number; limit: number },
): Promise<(Token & Numbered)[]> {
  return queryable.query<Token & Numbered>(
    `select ${TOKEN} from loom.tokens t
     where ($1::text is null or t.person_id = $1) and t.number < $2
     order by t.number desc limit $3`,
    [filter.personId ?? null, filter.before, filter.limit],
  );
}

export async function lockToken(tx: Tx, id: Id<'tok'>): Promise<Token | undefined> {
  const rows = await tx.query<Token & Numbered>(
    `select ${TOKEN} from loom.tokens t where t.id = $1 for update`,
    [id],
  );
  return rows.map(withoutNumber)[0];
}

export async function markTokenRevoked(tx: Tx, id: Id<'tok'>, now: Date): Promise<void> {
  await tx.query('update loom.tokens set revoked_at = $2 where id = $1', [id, now]);
}

/** `madeBy`: id of the person who made it; for a session its own person. */
export type TokenWithPerson = Token & { madeBy: string; lineage: string[]; person: Person };

/** One statement, on the path of every request. */
export async function selectTokenBySecret(
  queryable: Queryable,
  secretHash: Buffer,
): Promise<TokenWithPerson | undefined> {
  const rows = await queryable.query<
    Token &
      Numbered &
      Pick<Person, 'roles' | 'teams' | 'identities'> & {
        personName: string;
        madeBy: string;
        lineage: string[];
      }
  >(
    `select ${TOKEN}, t.created_by as "madeBy", p.name as "personName", p.roles, p.teams,
       array(select i.identity from loom.person_identities i where i.person_id = p.id order by 1) as identities,
       array(with recursive line(id) as (
           select t.made_with
           union select m.made_with from loom.tokens m join line on m.id = line.id)
         select id from line where id is not null) as lineage
     from loom.tokens t join loom.people p on p.id = t.person_id where t.secret_sha256 = $1`,
    [secretHash],
    'governance-token',
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { personName, roles, teams, identities, ...token } = row;
  const person = { id: token.personId, name: personName, roles, teams, identities };
  return { ...withoutNumber(token), person: { ...person, createdAt: token.createdAt } };
}

/** Writes the last use at most once a minute, so that reading costs no write. */
export async function touchToken(queryable: Queryable, id: Id<'tok'>, now: Date): Promise<void> {
  await queryable.query(
    `update loom.tokens set last_used_at = $2
     where id = $1 and (last_used_at is null or last_used_at <= $2::timestamptz - interval '1 minute')`,
    [id, now],
    'governance-touch-token',
  );
}

export async function insertLoginCode(
  tx: Tx,
  code: {
    hash: Buffer;
    personId: Id<'usr'>;
    createdAt: Date;
    expiresAt: Date;
    madeWith: string | undefined;
  },
): Promise<void> {
  await tx.query(
    `insert into loom.login_codes (code_sha256, person_id, created_at, expires_at, made_with)
     values ($1, $2, $3, $4, $5)`,
    [code.hash, code.personId, code.createdAt, code.expiresAt, code.madeWith ?? null],
  );
}

/** Takes the code for good; undefined when it is unknown, used or too old. */
export async function takeLoginCode(
  tx: Tx,
  hash: Buffer,
  now: Date,
): Promise<{ personId: Id<'usr'>; madeWith: string | null } | undefined> {
  const rows = await tx.query<{ personId: Id<'usr'>; madeWith: string | null }>(
    `update loom.login_codes set used_at = $2
     where code_sha256 = $1 and used_at is null and expires_at > $2
     returning person_id as "personId", made_with as "madeWith"`,
    [hash, now],
  );
  return rows[0];
}

/** False when the name has as many codes that still work as it may have. */
export async function insertIdentityCode(
  tx: Tx,
  code: { hash: Buffer; identity: string; now: Date; expiresAt: Date; maxOpen: number },
): Promise<boolean> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 88))', [code.identity]);
  await tx.query('delete from loom.identity_codes where expires_at < $1', [code.now]);
  const rows = await tx.query(
    `insert into loom.identity_codes (code_sha256, identity, created_at, expires_at)
     select $1, $2, $3, $4
     where (select count(*) from loom.identity_codes
            where identity = $2 and used_at is null and expires_at > $3) < $5
     returning identity`,
    [code.hash, code.identity, code.now, code.expiresAt, code.maxOpen],
  );
  return rows.length > 0;
}

/** Takes the code for good; undefined when it is unknown, used or too old. */
export async function takeIdentityCode(
  tx: Tx,
  hash: Buffer,
  now: Date,
): Promise<string | undefined> {
  const rows = await tx.query<{ identity: string }>(
    `update loom.identity_codes set used_at = $2
     where code_sha256 = $1 and used_at is null and expires_at > $2 returning identity`,
    [hash, now],
  );
  return rows[0]?.identity;
}

const APPROVAL = `a.id, a.change_id as "changeId", a.head_sha as "headSha",
  a.policy_version as "policyVersion", a.person_id as "personId",
  (select name from loom.people where id = a.person_id) as "personName",
  a.decision, a.reason, a.state, a.given_at as "givenAt"`;

/** Adds the approval, or gives the equal one that stands already. One that a push made void is given anew. */
export async function insertApprovalOnce(
  tx: Tx,
  approval: Approval,
): Promise<{ approval: Approval; isNew: boolean }> {
  const [inserted] = await tx.query<Pick<Approval, 'id'>>(
    `insert into loom.approvals (id, change_id, head_sha, policy_version, person_id, decision, reason, given_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8) 
     on conflict on constraint approvals_once_key do update
       set state = 'valid', voided_at = null, reason = excluded.reason, given_at = excluded.given_at
       where approvals.state = 'void'
     returning id`,
    [
      approval.id,
      approval.changeId,
      approval.headSha,
      approval.policyVersion,
      approval.personId,
      approval.decision,
      approval.reason,
      approval.givenAt,
    ],
  );
  if (inserted !== undefined) return { approval: { ...approval, ...inserted }, isNew: true };
  const [standing] = await tx.query<Approval>(
    `select ${APPROVAL} from loom.approvals a where a.change_id = $1 and a.head_sha = $2
       and a.policy_version = $3 and a.person_id = $4 and a.decision = $5`,
    [
      approval.changeId,
      approval.headSha,
      approval.policyVersion,
      approval.personId,
      approval.decision,
    ],
  );
  return { approval: standing ?? approval, isNew: false };
}

/**
 * Consents to one head given to another with the very same code, with the time they were given at.
 * One that was already given to the new head stays as it is.
 */
export async function copyApprovals(
  tx: Tx,
  carried: { changeId: Id<'chg'>; fromHeadSha: string; toHeadSha: string },
  newId: () => Id<'apr'>,
): Promise<Approval[]> {
  const { changeId, fromHeadSha, toHeadSha } = carried;
  const standing = await tx.query<Approval>(
    `select ${APPROVAL} from loom.approvals a
     where a.change_id = $1 and a.head_sha = $2 and a.state = 'valid' and a.decision = 'approve'
     order by a.number`,
    [changeId, fromHeadSha],
  );
  const copies: Approval[] = [];
  for (const approval of standing) {
    const copy = { ...approval, id: newId(), headSha: toHeadSha };
    const { isNew, approval: kept } = await insertApprovalOnce(tx, copy);
    if (isNew) copies.push({ ...copy, id: kept.id });
  }
  return copies;
}

export async function selectApprovals(
  queryable: Queryable,
  changeId: Id<'chg'>,
): Promise<Approval[]> {
  return queryable.query<Approval>(
    `select ${APPROVAL} from loom.approvals a where a.change_id = $1 order by a.number`,
    [changeId],
  );
}

/** Who consented to which of these changes at any time. */
export async function selectApprovers(
  queryable: Queryable,
  changeIds: readonly string[],
): Promise<{ changeId: string; personId: string }[]> {
  if (changeIds.length === 0) return [];
  return queryable.query(
    `select distinct change_id as "changeId", person_id as "personId" from loom.approvals
     where change_id = any($1::text[]) and decision = 'approve' order by 1, 2`,
    [changeIds],
  );
}

/** The refusal that stands for this head, if there is one. */
export async function selectDecline(
  queryable: Queryable,
  changeId: Id<'chg'>,
  headSha: string,
): Promise<Approval | undefined> {
  const rows = await queryable.query<Approval>(
    `select ${APPROVAL} from loom.approvals a
     where a.change_id = $1 and a.head_sha = $2 and a.decision = 'decline' order by a.number limit 1`,
    [changeId, headSha],
  );
  return rows[0];
}

export async function voidApprovalsForOtherHeads(
  tx: Tx,
  changeId: Id<'chg'>,
  currentHeadSha: string,
  now: Date,
): Promise<Approval[]> {
  return tx.query<Approval>(
    `update loom.approvals a set state = 'void', voided_at = $3
     where change_id = $1 and head_sha <> $2 and state = 'valid' returning ${APPROVAL}`,
    [changeId, currentHeadSha, now],
  );
}

export async function selectTeams(queryable: Queryable): Promise<string[]> {
  const rows = await queryable.query<{ team: string }>(
    'select distinct team from loom.people, unnest(teams) as team order by team',
  );
  return rows.map(({ team }) => team);
}

export interface StandingApproval {
  decision: Approval['decision'];
  policyVersion: string;
  headSha: string;
  personId: Id<'usr'>;
  givenAt: Date;
  roles: Role[];
  teams: string[];
  identities: string[];
}

/**
 * Valid approvals of a head, with their givers as they are now. A refusal stands for its head even
 * after a push: a branch that goes away and comes back is no new code.
 */
export async function selectStandingApprovals(
  tx: Tx,
  changeId: Id<'chg'>,
  headSha: string,
): Promise<StandingApproval[]> {
  return tx.query<StandingApproval>(
    `select a.decision, a.policy_version as "policyVersion", a.head_sha as "headSha",
       a.person_id as "personId", a.given_at as "givenAt", p.roles, p.teams,
       array(select i.identity from loom.person_identities i where i.person_id = p.id order by 1) as identities
     from loom.approvals a join loom.people p on p.id = a.person_id
     where a.change_id = $1 and a.head_sha = $2 and (a.state = 'valid' or a.decision = 'decline')
     order by a.number`,
    [changeId, headSha],
  );
}

function toPerson(row: Person & Numbered): Person {
  const { number: _number, ...person } = row;
  return person;
}

function withoutNumber<Value extends Numbered>(row: Value): Omit<Value, 'number'> {
  const { number: _number, ...rest } = row;
  return rest;
}
