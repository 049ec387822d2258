/** The verbs of governance; see index.ts for what it promises. */
import { AppError, type Clock, type Db, type Id, type Logger, type NewId } from '#kernel';
import type { Ledger } from '#ledger';
import { type Absences, createAbsences } from './absences.ts';
import { createAccessCheck } from './access.ts';
import { type Approvals, createApprovals } from './approvals.ts';
import { createDenialRecorder } from './denials.ts';
import { createIdentityCodes, type IdentityCodes } from './identity-codes.ts';
import { createKnownTokens } from './known-tokens.ts';
import { createOverrides, type Overrides } from './overrides.ts';
import { createPasses, type Passes } from './passes.ts';
import { createPeople, type People } from './people.ts';
import type { Action, Principal } from './schema.ts';
import { isPassSecret } from './token-secret.ts';
import { createTokens, type Tokens } from './tokens.ts';

export interface Resource {
  kind: string;
  id: string;
  repository?: string | undefined;
}

export interface GovernanceService
  extends People, Tokens, Approvals, Absences, Overrides, IdentityCodes, Passes {
  /**
   * The one gate of every route, tool and command. Denials are events.
   * @throws AppError `governance.forbidden`.
   */
  authorize(principal: Principal, action: Action, resource: Resource): Promise<void>;
  /** Whether it would be allowed; writes nothing. */
  isAllowed(principal: Principal, action: Action, resource: Resource): boolean;
  /** A principal for an agent session: never more than its operator may do, and never an approver. */
  agentPrincipal(operator: Principal, sessionId: Id<'ses'>, agent: string): Principal;
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
