/** Tokens and login codes: how a caller proves who it is. Secrets are shown once and stored nowhere. */
import { z } from 'zod';
import {
  AppError,
  type Clock,
  type Db,
  decodeCursor,
  type Id,
  type NewId,
  type Page,
  type PageRequest,
  toPage,
  type Tx,
} from '#kernel';
import type { Actor, Ledger } from '#ledger';
import type { AccessCheck } from './access.ts';
import {
  actorOf,
  loginCodeCreated,
  personLoggedIn,
  SYSTEM_ACTOR,
  tokenCreated,
  tokenRevoked,
} from './events.ts';
import type { KnownTokens } from './known-tokens.ts';
import { personNotFound } from './people.ts';
import { ACTIONS, type Action, type Person, type Principal, type Token } from './schema.ts';
import * as store from './store.ts';
import { hashSecret, isTokenSecret, newTokenSecret, randomText } from './token-secret.ts';

const DAY_MS = 86_400_000;
const MAX_LIFE_DAYS = 90;
const SESSION_LIFE_DAYS = 7;
const LOGIN_CODE_LIFE_MS = 10 * 60_000;
const TOUCH_EVERY_MS = 60_000;

interface NewToken {
  personId: Id<'usr'>;
  name: string;
  kind?: Token['kind'] | undefined;
  scopes?: Token['scopes'] | undefined;
  expiresInDays?: number | undefined;
}

export interface Tokens {
  /** The secret is in the answer and nowhere else. A token never holds more than its maker. */
  createToken(token: NewToken, by: Principal): Promise<{ token: Token; secret: string }>;
  listTokens(filter: { personId?: Id<'usr'> | undefined } & PageRequest): Promise<Page<Token>>;
  revokeToken(id: Id<'tok'>, by: Principal): Promise<Token>;
  /**
   * @throws AppError `governance.bad_token`, `governance.token_expired`, `governance.token_revoked`,
   *   `governance.pass_over`.
   */
  authenticate(secret: string): Promise<Principal>;
  /** A code for a link that logs its person in once, within ten minutes. */
  createLoginCode(personId: Id<'usr'>, by?: Principal): Promise<string>;
  /** Trades the code for a session token. A second use fails. @throws AppError `governance.bad_login_code`. */
  redeemLoginCode(code: string): Promise<{ token: Token; secret: string; person: Person }>;
}

export function createTokens(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  isAllowed: AccessCheck;
  known: KnownTokens;
}): Tokens {
  const { db, ledger, clock, newId, isAllowed } = deps;

  async function createToken(
    input: NewToken,
    by: Principal,
  ): Promise<{ token: Token; secret: string }> {
    refuseUnlessMay(by, input.personId);
    const lifeDays = input.expiresInDays ?? MAX_LIFE_DAYS;
    if (!Number.isInteger(lifeDays) || lifeDays < 1 || lifeDays > MAX_LIFE_DAYS) {
      throw new AppError('invalid', 'governance.bad_token_life', {
        message: `A token lives 1 to ${MAX_LIFE_DAYS} days.`,
        hint: 'Make a new one before the old one ends; both work side by side.',
      });
    }
    return db.transaction(async (tx) => {
      const person = await store.lockPerson(tx, input.personId);
      if (person === undefined) throw personNotFound();
      const kind = input.kind ?? 'api';
      const scopes = narrowScopes(input.scopes ?? 'all', person, kind, by);
      const fields = { personId: person.id, name: input.name, kind, scopes };
      // What a token makes for its own person is known to whoever made the token.
      const madeBy = (person.id === by.id ? by.tokenMadeBy : undefined) ?? by.id;
      return issue(tx, fields, lifeDays * DAY_MS, actorOf(by), { by: madeBy, with: by.tokenId });
    });
  }

  function refuseUnlessMay(by: Principal, personId: Id<'usr'>): void {
    if (isAllowed(by, 'tokens:manage', { kind: 'person', id: personId })) return;
    throw new AppError('forbidden', 'governance.forbidden', {
      message: 'You may not manage the tokens of this person.',
      hint: 'Developers and approvers manage their own tokens, admins those of everyone.',
    });
  }

  /**
   * A token never holds more than its maker. Named scopes beyond that are refused; "all" for another
   * person becomes what both may do.
   */
  function narrowScopes(
    asked: Token['scopes'],
    person: Person,
    kind: Token['kind'],
    by: Principal,
  ): Token['scopes'] {
    const holder = principalOf(person, kind, 'all');
    const anything = { kind: 'any', id: 'any' };
    // Managing one's own tokens is a right over one thing, so it is asked with that thing.
    const own = { kind: 'person', id: person.id };
    const may = (who: Principal, action: Action) =>
      isAllowed(who, action, anything) || isAllowed(who, action, own);
    if (asked === 'all') {
      if (person.id === by.id && by.scopes === 'all') return 'all';
      // Named one by one, so that the token does not grow with rights its maker never had.
      return ACTIONS.filter((action) => may(holder, action) && may(by, action));
    }
    const beyond = asked.filter((action) => !may(by, action));
    if (beyond.length > 0) {
      throw new AppError('forbidden', 'governance.token_exceeds_maker', {
        message: `A token never holds more than its maker: ${beyond.join(', ')}.`,
        hint: 'Leave these scopes out, or let somebody who has them make the token.',
        details: { scopes: beyond },
      });
    }
    return ACTIONS.filter((action) => asked.includes(action));
  }

  async function issue(
    tx: Tx,
    fields: Pick<Token, 'personId' | 'name' | 'kind' | 'scopes'>,
    lifeMs: number,
    actor: Actor,
    made: { by: string; with: string | undefined },
  ): Promise<{ token: Token; secret: string }> {
    const now = clock.now();
    const { secret, hint } = newTokenSecret(fields.kind);
    const token: Token = {
      id: newId('tok'),
      ...fields,
      name: fields.name.trim().slice(0, 200),
      hint,
      createdAt: now,
      expiresAt: new Date(now.getTime() + lifeMs),
      lastUsedAt: null,
      revokedAt: null,
    };
    await store.insertToken(tx, token, hashSecret(secret), made);
    await ledger.append(tx, tokenCreated(token, actor));
    return { token, secret };
  }

  async function listTokens(
    filter: { personId?: Id<'usr'> | undefined } & PageRequest,
  ): Promise<Page<Token>> {
    const { personId, limit, cursor } = filter;
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(z.int(), cursor);
    const rows = await store.selectTokens(db, { personId, before, limit: limit + 1 });
    const page = toPage(rows, limit, (row) => row.number);
    return { ...page, items: page.items.map(({ number: _number, ...token }) => token) };
  }

  async function revokeToken(id: Id<'tok'>, by: Principal): Promise<Token> {
    return db.transaction(async (tx) => {
      tx.afterCommit(() => deps.known.forget());
      const token = await store.lockToken(tx, id);
      if (token === undefined) {
        throw new AppError('not_found', 'governance.no_such_token', {
          message: 'There is no such token.',
          hint: 'GET /v1/tokens lists them.',
        });
      }
      // Whoever holds a token may always give it up.
      if (by.tokenId !== id) refuseUnlessMay(by, token.personId);
      if (token.revokedAt !== null) return token;
      const revokedAt = clock.now();
      await store.markTokenRevoked(tx, id, revokedAt);
      await ledger.append(tx, tokenRevoked(token, actorOf(by)));
      return { ...token, revokedAt };
    });
  }

  async function authenticate(secret: string): Promise<Principal> {
    const known = isTokenSecret(secret) ? await deps.known.find(hashSecret(secret)) : undefined;
    if (known === undefined) {
      throw new AppError('unauthenticated', 'governance.bad_token', {
        message: 'This token is not known here.',
        hint: 'Copy it again in full, or make a new one with `loom token create`.',
      });
    }
    if (known.revokedAt !== null) {
      throw new AppError('unauthenticated', 'governance.token_revoked', {
        message: 'This token was revoked.',
        hint: 'Make a new one with `loom token create`.',
      });
    }
    const now = clock.now();
    if (known.expiresAt <= now) {
      throw new AppError('unauthenticated', 'governance.token_expired', {
        message: `This token ended on ${known.expiresAt.toISOString()}.`,
        hint: 'Make a new one with `loom token create`, or log in again.',
      });
    }
    const lastUsed = known.lastUsedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
    if (now.getTime() - lastUsed >= TOUCH_EVERY_MS) {
      // Set first, so that calls that come meanwhile do not write it as well.
      known.lastUsedAt = now;
      await store.touchToken(db, known.id, now);
    }
    return {
      ...principalOf(known.person, known.kind, known.scopes),
      tokenId: known.id,
      ...(known.lineage.length === 0 ? {} : { tokenLineage: known.lineage }),
      ...(known.madeBy === known.personId ? {} : { tokenMadeBy: known.madeBy }),
    };
  }

  async function createLoginCode(personId: Id<'usr'>, by?: Principal): Promise<string> {
    const code = randomText();
    const createdAt = clock.now();
    const expiresAt = new Date(createdAt.getTime() + LOGIN_CODE_LIFE_MS);
    await db.transaction(async (tx) => {
      if ((await store.selectPerson(tx, personId)) === undefined) throw personNotFound();
      await store.insertLoginCode(tx, {
        hash: hashSecret(code),
        personId,
        createdAt,
        expiresAt,
        madeWith: by?.tokenId,
      });
      const actor = by === undefined ? SYSTEM_ACTOR : actorOf(by);
      await ledger.append(tx, loginCodeCreated(personId, expiresAt, actor));
    });
    return code;
  }

  async function redeemLoginCode(
    code: string,
  ): Promise<{ token: Token; secret: string; person: Person }> {
    return db.transaction(async (tx) => {
      const taken = await store.takeLoginCode(tx, hashSecret(code), clock.now());
      const person = taken === undefined ? undefined : await store.selectPerson(tx, taken.personId);
      if (person === undefined) {
        throw new AppError('unauthenticated', 'governance.bad_login_code', {
          message: 'This login link was used already, is older than ten minutes, or is unknown.',
          hint: 'Print a fresh one with `loom doctor`, or ask an admin for one.',
        });
      }
      const actor: Actor = { kind: 'person', id: person.id };
      const issued = await issue(
        tx,
        { personId: person.id, name: 'console', kind: 'session', scopes: 'all' },
        SESSION_LIFE_DAYS * DAY_MS,
        actor,
        { by: actor.id, with: taken?.madeWith ?? undefined },
      );
      await ledger.append(tx, personLoggedIn(person.id, issued.token.id));
      return { ...issued, person };
    });
  }

  return { createToken, listTokens, revokeToken, authenticate, createLoginCode, redeemLoginCode };
}

/** The caller behind a token. One for agents is an agent even before its session is known. */
function principalOf(person: Person, kind: Token['kind'], scopes: Token['scopes']): Principal {
  const { id, name, roles, teams, identities } = person;
  const shared = { id, name, roles, teams, identities, scopes };
  return kind === 'agent'
    ? { kind: 'agent', ...shared, onBehalfOf: id }
    : { kind: 'person', ...shared };
}
