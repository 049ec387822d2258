/**
 * Passes: tokens of agents that a node starts itself. A pass belongs to the step the agent works for and
 * to no person, so it can neither approve, nor make tokens, nor reach what another session holds; it ends
 * with the agent, and with its time where the node could not end it.
 */
import { AppError, type Clock, type Db, type Id, type NewId } from '#kernel';
import type { Ledger } from '#ledger';
import { passIssued, passRevoked } from './events.ts';
import { PASS_SCOPES } from './roles.ts';
import type { Assignment, Principal } from './schema.ts';
import * as store from './pass-store.ts';
import { hashSecret, newTokenSecret } from './token-secret.ts';

export interface NewPass {
  /** The step the agent works for, over all its starts. */
  holder: string;
  assignment: Assignment;
  node: string;
  lifeMs: number;
}

export interface Passes {
  /** A pass for one start of an agent. The secret is in the answer and nowhere else. */
  issuePass(pass: NewPass): Promise<{ id: Id<'tok'>; secret: string }>;
  /** Ends passes that still work: those of one step, or all of a node. Gives how many. */
  revokePasses(of: { node: string; holder?: string | undefined }): Promise<number>;
}

/** Who works for this step: nobody's rights are behind it but those of its pass. Pure. */
export function passPrincipal(holder: string, assignment: Assignment): Principal {
  return {
    kind: 'agent',
    id: holder,
    name: 'LoomStack',
    roles: ['developer'],
    teams: [],
    identities: [],
    scopes: PASS_SCOPES,
    onBehalfOf: holder,
    assignment,
  };
}

export function createPasses(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
}): Passes & { authenticatePass(secret: string): Promise<Principal> } {
  const { db, ledger, clock, newId } = deps;

  return {
    async issuePass({ holder, assignment, node, lifeMs }) {
      const now = clock.now();
      const { secret, hint } = newTokenSecret('pass');
      const pass = {
        id: newId('tok'),
        holder,
        ...assignment,
        node,
        hint,
        createdAt: now,
        expiresAt: new Date(now.getTime() + lifeMs),
      };
      await db.transaction(async (tx) => {
        await store.insertPass(tx, pass, hashSecret(secret));
        await ledger.append(tx, passIssued(pass));
      });
      return { id: pass.id, secret };
    },

    revokePasses: ({ node, holder }) =>
      db.transaction(async (tx) => {
        const ended = await store.revokePasses(tx, { node, holder, now: clock.now() });
        for (const pass of ended) await ledger.append(tx, passRevoked(pass));
        return ended.length;
      }),

    async authenticatePass(secret) {
      const pass = await store.findPass(db, hashSecret(secret));
      if (pass === undefined || pass.revokedAt !== null || pass.expiresAt <= clock.now()) {
        throw new AppError('unauthenticated', 'governance.pass_over', {
          message: 'This pass is not known here, or its agent has ended.',
          hint: 'A pass works for one start of an agent, as long as it runs.',
        });
      }
      const { repository, title, workItemId } = pass;
      const assignment = { repository, title, workItemId };
      return { ...passPrincipal(pass.holder, assignment), tokenId: pass.id };
    },
  };
}
