/**
 * The organisation's policy: published versions, each with its author and reason, kept for ever. The
 * version in force says who has to agree to the next one; whoever wrote it counts as one of them.
 */
import { createHash } from 'node:crypto';
import { AppError, checkValue, type Clock, type Db, isId, type Tx } from '#kernel';
import type { Actor, Ledger } from '#ledger';
import { z } from 'zod';
import { ORGANISATION_FILE } from './active-policy.ts';
import { NO_CATALOG } from './catalog.ts';
import { organisationPolicyEvent } from './events.ts';
import { buildFacts } from './facts.ts';
import { judge } from './judge.ts';
import type { LoadSources } from './load-policy.ts';
import * as store from './organisation-store.ts';
import { type PolicyDirectory, POLICY_PATH } from './read-policy.ts';
import type { ApprovalFact } from './schema.ts';
import { refusedPolicy } from './refused.ts';

export type OrganisationVersion = store.OrganisationVersion;

/** A person, with what rules ask of people. */
export interface Leader extends Pick<ApprovalFact, 'roles' | 'teams' | 'identities'> {
  id: string;
  name: string;
  /** Who made the token they call with, where it was somebody else. */
  tokenMadeBy?: string | undefined;
}

export interface OrganisationPolicies {
  /**
   * Proposes a version. It takes force at once where none was in force before or where the old one
   * asks for nobody else; else another leader has to agree.
   * @throws AppError `policy.invalid`, `policy.bad_reason`, `policy.unchanged`, `policy.borrowed_token`.
   */
  proposeOrganisationPolicy(
    draft: { text: string; reason: string },
    by: Leader,
    actor: Actor,
  ): Promise<OrganisationVersion>;
  /**
   * Agrees to a proposed version; `leaders` are all who agreed, as they are now.
   * @throws AppError `policy.no_such_version`, `policy.not_proposed`, `policy.own_proposal`,
   *   `policy.borrowed_token`.
   */
  endorseOrganisationPolicy(
    version: number,
    by: Leader,
    actor: Actor,
    findLeader: (id: string) => Promise<Leader | undefined>,
  ): Promise<OrganisationVersion>;
  /** Takes a proposal back. @throws AppError `policy.no_such_version`, `policy.not_proposed`. */
  withdrawOrganisationPolicy(version: number, actor: Actor): Promise<OrganisationVersion>;
  /** Newest first; at most 200. */
  listOrganisationPolicies(): Promise<OrganisationVersion[]>;
}

const Reason = z.string().trim().min(5).max(2_000);
const MAX_LISTED = 200;

export function createOrganisationPolicies(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  load: LoadSources;
  directory: () => Promise<PolicyDirectory | null>;
}): OrganisationPolicies {
  const { db, ledger, clock, load, directory } = deps;

  async function check(text: string): Promise<void> {
    const sources = { text, file: ORGANISATION_FILE, organisation: null, catalog: NO_CATALOG };
    const { problems } = load(sources, await directory());
    if (problems.length > 0) throw refusedPolicy(problems);
  }

  async function find(tx: Tx, version: number): Promise<OrganisationVersion> {
    const [found] = await store.selectOrganisationVersions(tx, { version, limit: 1 });
    if (found !== undefined) return found;
    throw new AppError('not_found', 'policy.no_such_version', {
      message: `There is no version ${version} of the organisation's policy.`,
      hint: 'GET /v1/policy/organisation/versions lists them.',
    });
  }

  function refuseUnlessProposed({ version, state }: OrganisationVersion): void {
    if (state === 'proposed') return;
    throw new AppError('conflict', 'policy.not_proposed', {
      message: `Version ${version} is ${state}; only a proposed one waits for anybody.`,
    });
  }

  /** Whoever made a token knows its secret, so with it one person could speak for two. */
  function refuseBorrowedToken({ tokenMadeBy }: Leader): void {
    if (tokenMadeBy === undefined || !isId('usr', tokenMadeBy)) return;
    throw new AppError('forbidden', 'policy.borrowed_token', {
      message: 'This token was made by another person, so nobody can tell which of you decides.',
      hint: 'Use the console, or a token that you made yourself.',
    });
  }

  /** Judges the edit by the rules in force, as if it were a change of the policy file. */
  function isAgreed(active: { text: string } | undefined, leaders: readonly Leader[]): boolean {
    if (active === undefined) return true;
    const { text } = active;
    const sources = { text, file: ORGANISATION_FILE, organisation: null, catalog: NO_CATALOG };
    const { policy } = load(sources);
    // A version that cannot be read any more cannot say who must agree: then it takes two.
    if (policy === null) return leaders.length >= 2;
    const now = clock.now();
    const facts = buildFacts({ ...policy.document, freezes: [] }, policy.matchers, {
      files: [
        {
          status: 'modified',
          path: POLICY_PATH,
          addedLines: 1,
          deletedLines: 1,
          isSubmodule: false,
        },
      ],
      headSha: '',
      policyVersion: policy.version,
      authorKind: 'human',
      checks: 'passed',
      owners: new Map(),
      approvals: leaders.map(({ id, roles, teams, identities }) => ({
        person: id,
        roles,
        teams,
        identities,
        headSha: '',
        givenAt: now,
      })),
      editedPolicyProblem: null,
      isPolicyUnreadable: false,
      now,
      hasTicket: true,
    });
    return judge(policy, facts).outcome === 'ship';
  }

  async function publishIfAgreed(
    tx: Tx,
    proposed: OrganisationVersion,
    leaders: readonly Leader[],
    actor: Actor,
  ): Promise<OrganisationVersion> {
    const active = await store.selectActiveOrganisationPolicy(tx);
    if (!isAgreed(active, leaders)) return find(tx, proposed.version);
    await store.activateOrganisationVersion(tx, proposed.version, clock.now());
    await ledger.append(tx, event('policy.published', proposed, actor));
    return find(tx, proposed.version);
  }

  function event(
    type: Parameters<typeof organisationPolicyEvent>[0],
    { version, reason, text }: OrganisationVersion,
    actor: Actor,
  ) {
    const textHash = createHash('sha256').update(text).digest('hex');
    return organisationPolicyEvent(type, { version, reason, textHash }, actor);
  }

  return {
    async proposeOrganisationPolicy(draft, by, actor) {
      refuseBorrowedToken(by);
      const reason = checkValue(Reason, draft.reason, 'policy.bad_reason');
      await check(draft.text);
      return db.transaction(async (tx) => {
        await store.lockOrganisationPolicy(tx);
        const active = await store.selectActiveOrganisationPolicy(tx);
        if (active?.text === draft.text) {
          throw new AppError('conflict', 'policy.unchanged', {
            message: `This is version ${active.version}, which is in force.`,
          });
        }
        const version = await store.insertOrganisationVersion(
          tx,
          {
            text: draft.text,
            authorId: by.id,
            authorName: by.name,
            reason,
            judgedBy: active?.version ?? null,
          },
          clock.now(),
        );
        const proposed = await find(tx, version);
        await ledger.append(tx, event('policy.proposed', proposed, actor));
        return publishIfAgreed(tx, proposed, [by], actor);
      });
    },

    async endorseOrganisationPolicy(version, by, actor, findLeader) {
      refuseBorrowedToken(by);
      const known = await db.transaction((tx) => find(tx, version));
      const ids = [known.authorId, ...known.approvals.map(({ personId }) => personId)];
      const others = await Promise.all(ids.filter((id) => id !== by.id).map(findLeader));
      return db.transaction(async (tx) => {
        await store.lockOrganisationPolicy(tx);
        const proposed = await find(tx, version);
        refuseUnlessProposed(proposed);
        if (proposed.authorId === by.id) {
          throw new AppError('forbidden', 'policy.own_proposal', {
            message: 'Whoever proposed a version does not agree to it a second time.',
            hint: 'Ask another leader.',
          });
        }
        const approval = { version, personId: by.id, personName: by.name };
        if (await store.insertOrganisationApproval(tx, approval, clock.now())) {
          await ledger.append(tx, event('policy.endorsed', proposed, actor));
        }
        const leaders = [by, ...others.filter((leader) => leader !== undefined)];
        return publishIfAgreed(tx, proposed, leaders, actor);
      });
    },

    async withdrawOrganisationPolicy(version, actor) {
      return db.transaction(async (tx) => {
        await store.lockOrganisationPolicy(tx);
        const proposed = await find(tx, version);
        refuseUnlessProposed(proposed);
        await store.withdrawOrganisationVersion(tx, version);
        await ledger.append(tx, event('policy.withdrawn', proposed, actor));
        return find(tx, version);
      });
    },

    listOrganisationPolicies: () =>
      db.transaction((tx) => store.selectOrganisationVersions(tx, { limit: MAX_LISTED })),
  };
}
