/**
 * Ties a name elsewhere to an account here. The code is told to that name alone, by its own system, and
 * redeemed by a person who is logged in: so both ends are proven.
 */
import { AppError, type Clock, type Db, type Id } from '#kernel';
import type { Ledger } from '#ledger';
import { normaliseIdentity } from './custody.ts';
import { actorOf, personUpdated } from './events.ts';
import type { KnownTokens } from './known-tokens.ts';
import { personNotFound } from './people.ts';
import type { Person, Principal } from './schema.ts';
import * as store from './store.ts';
import { hashSecret, randomText } from './token-secret.ts';

const LIFE_MS = 10 * 60_000;
/** Codes one name may have at once: asking again and again fills no table. */
const MAX_OPEN = 5;

export interface IdentityCodes {
  /**
   * A code for whoever goes by this name elsewhere, such as `slack:u0123abcd`; it lives ten minutes. The
   * caller shows it to nobody else. @throws AppError `governance.too_many_codes`.
   */
  createIdentityCode(identity: string): Promise<string>;
  /**
   * Gives the caller the name the code was made for.
   * @throws AppError `governance.bad_identity_code`, `governance.not_yourself`, `governance.identity_taken`.
   */
  redeemIdentityCode(code: string, by: Principal): Promise<{ person: Person; identity: string }>;
}

export function createIdentityCodes(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  known: KnownTokens;
}): IdentityCodes {
  const { db, ledger, clock } = deps;

  return {
    async createIdentityCode(identity) {
      const code = randomText();
      const now = clock.now();
      const isMade = await db.transaction((tx) =>
        store.insertIdentityCode(tx, {
          hash: hashSecret(code),
          identity: normaliseIdentity(identity),
          now,
          expiresAt: new Date(now.getTime() + LIFE_MS),
          maxOpen: MAX_OPEN,
        }),
      );
      if (isMade) return code;
      throw new AppError('limit_exceeded', 'governance.too_many_codes', {
        message: 'There are codes already that still work.',
        hint: 'Use one of them, or wait ten minutes.',
      });
    },

    async redeemIdentityCode(code, by) {
      refuseOthersTokens(by);
      return db.transaction(async (tx) => {
        tx.afterCommit(() => deps.known.forget());
        const identity = await store.takeIdentityCode(tx, hashSecret(code), clock.now());
        if (identity === undefined) {
          throw new AppError('invalid', 'governance.bad_identity_code', {
            message: 'This code was used already, is older than ten minutes, or is unknown.',
            hint: 'Ask for a fresh one where you got it, such as with `/loom link` in Slack.',
          });
        }
        const before = await store.lockPerson(tx, by.id as Id<'usr'>);
        if (before === undefined) throw personNotFound();
        const identities = [...new Set([...before.identities, identity])].sort();
        const taken = await store.replaceIdentities(tx, before.id, identities, clock.now());
        if (taken.length > 0) {
          throw new AppError('conflict', 'governance.identity_taken', {
            message: `Another person already has ${identity}.`,
            hint: 'An admin can remove it there first.',
          });
        }
        const after = { ...before, identities };
        await ledger.append(tx, personUpdated(before, after, actorOf(by)));
        return { person: after, identity };
      });
    },
  };
}

/** A token that is narrow, or that somebody else knows, would let its holder in as its person elsewhere. */
function refuseOthersTokens(by: Principal): void {
  if (by.kind === 'person' && by.scopes === 'all' && by.tokenMadeBy === undefined) return;
  throw new AppError('forbidden', 'governance.not_yourself', {
    message: 'Only a person who is logged in ties a name to their account.',
    hint: 'Log in to the console, or use a token of your own that is not narrowed.',
  });
}
