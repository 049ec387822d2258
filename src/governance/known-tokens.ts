/**
 * Tokens that were looked up within the last second. An agent calls many times a second with one
 * token, and each look-up is a statement. What this node changes counts at once; what another node
 * revokes or changes counts here within a second.
 */
import type { Clock, Db } from '#kernel';
import * as store from './store.ts';

const KEEP_MS = 1_000;
const MAX_KEPT = 10_000;

export type KnownToken = NonNullable<Awaited<ReturnType<typeof store.selectTokenBySecret>>>;

export interface KnownTokens {
  /** The token of this secret, at most a second old. Unknown secrets are always looked up. */
  find(secretHash: Buffer): Promise<KnownToken | undefined>;
  /** To be called after the commit of whatever changes tokens or their people. */
  forget(): void;
}

export function createKnownTokens({ db, clock }: { db: Db; clock: Clock }): KnownTokens {
  let kept = new Map<string, { readAt: number; token: KnownToken }>();

  return {
    async find(secretHash) {
      const key = secretHash.toString('base64');
      const readAt = clock.now().getTime();
      const known = kept.get(key);
      // A clock that was set back makes everything old.
      const age = known === undefined ? Infinity : readAt - known.readAt;
      if (known !== undefined && age >= 0 && age < KEEP_MS) return known.token;

      const generation = kept;
      const token = await store.selectTokenBySecret(db, secretHash);
      // Something was forgotten while we read: what was read may be what it was before.
      if (token === undefined || generation !== kept) return token;
      if (kept.size >= MAX_KEPT) kept = new Map();
      kept.set(key, { readAt, token });
      return token;
    },
    forget() {
      kept = new Map();
    },
  };
}
