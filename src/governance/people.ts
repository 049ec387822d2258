/** People: who there is, what they may do, and under which identities they are known elsewhere. */
import { z } from 'zod';
import {
  AppError,
  assert,
  checkValue,
  type Clock,
  type Db,
  decodeCursor,
  type Id,
  type NewId,
  type Page,
  type PageRequest,
  toPage,
} from '#kernel';
import type { Ledger } from '#ledger';
import { normaliseIdentity } from './custody.ts';
import { actorOf, personCreated, personUpdated, SYSTEM_ACTOR } from './events.ts';
import type { KnownTokens } from './known-tokens.ts';
import { type Person, type Principal, Role, ROLES } from './schema.ts';
import * as store from './store.ts';

const Identity = z
  .string()
  .max(320)
  .transform(normaliseIdentity)
  .refine(
    (identity) => /^[a-z][a-z0-9-]*:\S+$/.test(identity) && !/^(person|session):/.test(identity),
    'must be scheme:value, such as email:ada@example.com or github:ada',
  );

const PersonFields = z.object({
  name: z.string().trim().min(1).max(200),
  roles: z.array(Role).transform((roles) => ROLES.filter((role) => roles.includes(role))),
  teams: z
    .array(z.string().trim().toLowerCase().min(1).max(100))
    .max(100)
    .transform(unique)
    .default([]),
  identities: z.array(Identity).max(100).transform(unique).default([]),
});

export interface NewPerson {
  name: string;
  roles: Role[];
  teams?: string[] | undefined;
  identities?: string[] | undefined;
}

export interface PersonChanges {
  name?: string | undefined;
  roles?: Role[] | undefined;
  teams?: string[] | undefined;
  identities?: string[] | undefined;
}

export interface People {
  /** Makes the owner (all roles) when nobody is there yet, and says whether it did. */
  ensureOwner(): Promise<{ person: Person; isNew: boolean }>;
  createPerson(person: NewPerson, by: Principal): Promise<Person>;
  /**
   * Changes what is given and leaves the rest. Nobody changes their own roles, and one admin stays.
   * @throws AppError `governance.own_roles`, `governance.last_admin`, `governance.identity_taken`.
   */
  updatePerson(id: Id<'usr'>, fields: PersonChanges, by: Principal): Promise<Person>;
  listPeople(page: PageRequest): Promise<Page<Person>>;
  findPerson(id: Id<'usr'>): Promise<Person | undefined>;
  /** The person with one of these identities, such as `email:ada@example.com`. */
  findPersonByIdentity(identities: readonly string[]): Promise<Person | undefined>;
  /** Teams that somebody is in, sorted. */
  listTeams(): Promise<string[]>;
}

export function createPeople(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  known: KnownTokens;
}): People {
  const { db, ledger, clock, newId } = deps;

  async function ensureOwner(): Promise<{ person: Person; isNew: boolean }> {
    return db.transaction(async (tx) => {
      const standing = await store.selectOwner(tx);
      if (standing !== undefined) return { person: standing, isNew: false };
      const person: Person = {
        id: newId('usr'),
        name: 'Owner',
        roles: [...ROLES],
        teams: [],
        identities: [],
        createdAt: clock.now(),
      };
      const isNew = await store.insertPerson(tx, { ...person, isOwner: true });
      if (isNew) {
        await ledger.append(tx, personCreated(person, SYSTEM_ACTOR));
        return { person, isNew };
      }
      // The other node won; its row is visible once our insert has waited for it.
      const winner = await store.selectOwner(tx);
      assert(winner !== undefined, 'an owner who blocks ours exists');
      return { person: winner, isNew };
    });
  }

  async function createPerson(input: z.input<typeof PersonFields>, by: Principal): Promise<Person> {
    const fields = checkValue(PersonFields, input, 'governance.bad_person');
    const person: Person = { id: newId('usr'), ...fields, createdAt: clock.now() };
    return db.transaction(async (tx) => {
      await store.insertPerson(tx, { ...person, isOwner: false });
      refuseTaken(
        await store.replaceIdentities(tx, person.id, person.identities, person.createdAt),
      );
      await ledger.append(tx, personCreated(person, actorOf(by)));
      return person;
    });
  }

  async function updatePerson(
    id: Id<'usr'>,
    input: Partial<z.input<typeof PersonFields>>,
    by: Principal,
  ): Promise<Person> {
    return db.transaction(async (tx) => {
      tx.afterCommit(() => deps.known.forget());
      const before = await store.lockPerson(tx, id);
      if (before === undefined) throw personNotFound();
      const fields = checkValue(
        PersonFields,
        { ...before, ...definedOnly(input) },
        'governance.bad_person',
      );
      const after: Person = { ...before, ...fields };
      const rolesChanged = after.roles.join() !== before.roles.join();
      if (rolesChanged && (by.onBehalfOf ?? by.id) === id) {
        throw new AppError('forbidden', 'governance.own_roles', {
          message: 'Nobody changes their own roles.',
          hint: 'Ask another admin.',
        });
      }
      if (before.roles.includes('admin') && !after.roles.includes('admin')) {
        if ((await store.countOthersWithRole(tx, 'admin', id)) === 0) {
          throw new AppError('conflict', 'governance.last_admin', {
            message: `${before.name} is the only admin.`,
            hint: 'Make somebody else an admin first.',
          });
        }
      }
      await store.updatePersonRow(tx, after);
      refuseTaken(await store.replaceIdentities(tx, id, after.identities, clock.now()));
      await ledger.append(tx, personUpdated(before, after, actorOf(by)));
      return after;
    });
  }

  async function listPeople(page: PageRequest): Promise<Page<Person>> {
    const after = page.cursor === undefined ? 0 : decodeCursor(z.int(), page.cursor);
    const rows = await store.selectPeople(db, after, page.limit + 1);
    const { items, nextCursor } = toPage(rows, page.limit, (row) => row.number);
    return { items: items.map(({ number: _number, ...person }) => person), nextCursor };
  }

  async function findPersonByIdentity(identities: readonly string[]): Promise<Person | undefined> {
    return store.selectPersonByIdentity(db, identities.map(normaliseIdentity));
  }

  return {
    ensureOwner,
    createPerson,
    updatePerson,
    listPeople,
    findPerson: (id) => store.selectPerson(db, id),
    findPersonByIdentity,
    listTeams: () => store.selectTeams(db),
  };
}

export function personNotFound(): AppError {
  return new AppError('not_found', 'governance.no_such_person', {
    message: 'There is no such person.',
    hint: 'GET /v1/people lists everyone.',
  });
}

function refuseTaken(taken: readonly string[]): void {
  if (taken.length === 0) return;
  throw new AppError('conflict', 'governance.identity_taken', {
    message: `Another person already has ${taken.join(', ')}.`,
    hint: 'An identity belongs to one person. Remove it there first.',
    details: { identities: taken },
  });
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function definedOnly<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined),
  ) as Partial<Value>;
}
