/** The verbs of governance; see index.ts for what it promises. */
import {
  AppError,
  type Clock,
  type Db,
  type Id,
  type Logger,
  type NewId,
  type Page,
  type PageRequest,
  type Tx,
} from '#kernel';
import type { Ledger } from '#ledger';
import { type Absences, createAbsences } from './absences.ts';
import { createAccessCheck } from './access.ts';
import { createApprovals } from './approvals.ts';
import { createDenialRecorder } from './denials.ts';
import { createIdentityCodes, type IdentityCodes } from './identity-codes.ts';
import { createKnownTokens } from './known-tokens.ts';
import { createOverrides, type Overrides } from './overrides.ts';
import { createPasses, type Passes } from './passes.ts';
import { createPeople } from './people.ts';
import type { Action, Approval, Person, Principal, Role, Token } from './schema.ts';
import { isPassSecret } from './token-secret.ts';
import { createTokens } from './tokens.ts';

export interface Resource {
  kind: string;
  id: string;
  repository?: string | undefined;
}

export interface GovernanceService extends Absences, Overrides, IdentityCodes, Passes {
  /**
   * The one gate of every route, tool and command. Denials are events.
   * @throws AppError `governance.forbidden`.
   */
  authorize(principal: Principal, action: Action, resource: Resource): Promise<void>;
  /** Whether it would be allowed; writes nothing. */
  isAllowed(principal: Principal, action: Action, resource: Resource): boolean;

  /** Makes the owner (all roles) when nobody is there yet, and says whether it did. */
  ensureOwner(): Promise<{ person: Person; isNew: boolean }>;
  createPerson(
    person: {
      name: string;
      roles: Role[];
      teams?: string[] | undefined;
      identities?: string[] | undefined;
    },
    by: Principal,
  ): Promise<Person>;
  /**
   * Changes what is given and leaves the rest. Nobody changes their own roles, and one admin stays.
   * @throws AppError `governance.own_roles`, `governance.last_admin`, `governance.identity_taken`.
   */
  updatePerson(
    id: Id<'usr'>,
    fields: {
      name?: string | undefined;
      roles?: Role[] | undefined;
      teams?: string[] | undefined;
      identities?: string[] | undefined;
    },
    by: Principal,
  ): Promise<Person>;
  listPeople(page: PageRequest): Promise<Page<Person>>;
  findPerson(id: Id<'usr'>): Promise<Person | undefined>;
  /** The person with one of these identities, such as `email:ada@example.com`. */
  findPersonByIdentity(identities: readonly string[]): Promise<Person | undefined>;
  /** Teams that somebody is in, sorted. */
  listTeams(): Promise<string[]>;

  /** The secret is in the answer and nowhere else. A token never holds more than its maker. */
  createToken(
    token: {
      personId: Id<'usr'>;
      name: string;
      kind?: Token['kind'] | undefined;
      scopes?: Token['scopes'] | undefined;
      expiresInDays?: number | undefined;
    },
    by: Principal,
  ): Promise<{ token: Token; secret: string }>;
  listTokens(filter: { personId?: Id<'usr'> | undefined } & PageRequest): Promise<Page<Token>>;
  revokeToken(id: Id<'tok'>, by: Principal): Promise<Token>;
  /** @throws AppError `governance.bad_token`, `governance.token_expired`, `governance.token_revoked`,
   * `governance.pass_over`. */
  authenticate(secret: string): Promise<Principal>;
  /** A principal for an agent session: never more than its operator may do, and never an approver. */
  agentPrincipal(operator: Principal, sessionId: Id<'ses'>, agent: string): Principal;

  /** A code for a link that logs its person in once, within ten minutes. */
  createLoginCode(personId: Id<'usr'>, by?: Principal): Promise<string>;
  /** Trades the code for a session token. A second use fails. @throws AppError `governance.bad_login_code`. */
  redeemLoginCode(code: string): Promise<{ token: Token; secret: string; person: Person }>;

  /**
   * Records a consent or a refusal. Whoever is in the change's custody, any agent, and anyone without
   * the approver role is refused. Bound to the head commit and the policy version.
   * @throws AppError `governance.in_custody`, `governance.agent_cannot_approve`, `governance.forbidden`,
   *   `governance.stale_head`.
   */
  recordApproval(
    tx: Tx,
    approval: {
      changeId: Id<'chg'>;
      headSha: string;
      /** The head the change has now; another one means the approver saw old code. */
      currentHeadSha: string;
      policyVersion: string;
      custody: readonly string[];
      decision: Approval['decision'];
      reason: string;
      correlationId: string;
    },
    by: Principal,
  ): Promise<Approval>;
  /** After a push: approvals for other heads no longer count. Gives those it voided. */
  voidApprovals(
    tx: Tx,
    changeId: Id<'chg'>,
    currentHeadSha: string,
    correlationId: string,
  ): Promise<Approval[]>;
  /** Consents to one head count for another with the very same code, from when they were given. */
  carryApprovals(
    tx: Tx,
    carried: { changeId: Id<'chg'>; fromHeadSha: string; toHeadSha: string },
    correlationId: string,
  ): Promise<Approval[]>;
  listApprovals(tx: Tx | null, changeId: Id<'chg'>): Promise<Approval[]>;
  /** Who consented to which of these changes, whatever became of the consent: who knows the code. */
  listApprovers(changeIds: readonly string[]): Promise<{ changeId: string; personId: string }[]>;
  /** The refusal that stands for this head: final for it, also where no consent is asked for. */
  findDecline(tx: Tx | null, changeId: Id<'chg'>, headSha: string): Promise<Approval | undefined>;
  /** Empty while anyone declines this head. Valid consents with the roles and teams of their givers as they are now, custody checked again. */
  approvalFacts(
    tx: Tx,
    change: {
      changeId: Id<'chg'>;
      headSha: string;
      policyVersion?: string | undefined;
      custody: readonly string[];
    },
  ): Promise<
    {
      person: string;
      roles: Role[];
      teams: string[];
      identities: string[];
      headSha: string;
      policyVersion: string;
      givenAt: Date;
      /** The absent people in whose place the giver consents too; their teams are among those above. */
      standsInFor: string[];
    }[]
  >;
}

export interface GovernanceDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
}

/** @throws AppError `kernel.broken_invariant` when the access policies are not clean. */
export function createGovernanceService(deps: GovernanceDeps): GovernanceService {
  const log = deps.log.child({ room: 'governance' });
  const isAllowed = createAccessCheck();
  const denials = createDenialRecorder({ ...deps, log });
  const known = createKnownTokens(deps);
  const tokens = createTokens({ ...deps, isAllowed, known });
  const { authenticatePass, ...passes } = createPasses(deps);

  async function authorize(
    principal: Principal,
    action: Action,
    resource: Resource,
  ): Promise<void> {
    if (isAllowed(principal, action, resource)) return;
    await denials.record(principal, action, resource);
    throw new AppError('forbidden', 'governance.forbidden', {
      message: `You may not do this (${action}).`,
      hint:
        principal.kind === 'agent'
          ? 'Agents never hold this right, or their operator does not. See docs/roles.md.'
          : 'An admin can give you a role that may, or a token with this scope. See docs/roles.md.',
      details: { action },
    });
  }

  return {
    authorize,
    isAllowed,
    ...createPeople({ ...deps, known }),
    ...tokens,
    ...passes,
    authenticate: (secret) =>
      isPassSecret(secret) ? authenticatePass(secret) : tokens.authenticate(secret),
    ...createApprovals({ ...deps, isAllowed, denials }),
    ...createAbsences({ ...deps, isAllowed }),
    ...createIdentityCodes({ ...deps, known }),
    ...createOverrides({ ...deps, denials }),
    agentPrincipal: (operator, sessionId, agent) => ({
      ...operator,
      kind: 'agent',
      id: sessionId,
      name: agent,
      identities: [...operator.identities, `session:${sessionId}`],
      onBehalfOf: operator.onBehalfOf ?? operator.id,
    }),
  };
}
