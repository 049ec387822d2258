/**
 * Who may do what: the table of roles.ts as Cedar policies, parsed once. Anything but a clean "allow"
 * is a denial, an error in the engine included.
 */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { assert } from '#kernel';
import { OWN_TOKEN_ROLES, PERSON_ONLY_ACTIONS, ROLE_ACTIONS } from './roles.ts';
import { ACTIONS, type Action, type Principal, ROLES } from './schema.ts';

export interface AccessResource {
  kind: string;
  id: string;
}

/** True when this principal may do this to this resource. */
export type AccessCheck = (
  principal: Principal,
  action: Action,
  resource: AccessResource,
) => boolean;

const POLICY_SET = 'loom-access';
const MAX_ANSWERS = 10_000;
const ENTITY_OF_KIND = { person: 'Person', agent: 'Agent', service: 'Service' } as const;

const quote = (text: string): string => JSON.stringify(text);
const actionList = (actions: readonly Action[]): string =>
  `[${actions.map((action) => `Action::${quote(action)}`).join(', ')}]`;

const SCHEMA = `
entity Role enum [${ROLES.map(quote).join(', ')}];
entity Scope enum [${ACTIONS.map(quote).join(', ')}];
entity Person in [Role] = { personId: String };
entity Agent in [Role] = { personId: String };
entity Service in [Role] = { personId: String };
entity Resource = { kind: String, id: String };
action ${ACTIONS.map(quote).join(', ')} appliesTo {
  principal: [Person, Agent, Service], resource: [Resource],
  context: { isUnscoped: Bool, scopes: Set<Scope> }
};`;

/** The policies by id: grants per role, then what narrows them. */
function accessPolicies(): Record<string, string> {
  const policies: Record<string, string> = {};
  for (const role of ROLES) {
    policies[`role-${role}`] =
      `permit(principal in Role::${quote(role)}, action in ${actionList(ROLE_ACTIONS[role])}, resource);`;
  }
  for (const role of OWN_TOKEN_ROLES) {
    policies[`own-tokens-${role}`] =
      `permit(principal is Person in Role::${quote(role)}, action == Action::"tokens:manage", resource)
       when { resource.kind == "person" && resource.id == principal.personId };`;
  }
  for (const action of ACTIONS) {
    policies[`scope-${action}`] = `forbid(principal, action == Action::${quote(action)}, resource)
       unless { context.isUnscoped || context.scopes.contains(Scope::${quote(action)}) };`;
  }
  policies['person-only'] =
    `forbid(principal is Agent, action in ${actionList(PERSON_ONLY_ACTIONS)}, resource);`;
  return policies;
}

/**
 * Parses and validates the policies and gives the check.
 * @throws AppError `kernel.broken_invariant` when they are not clean: better no server than an open one.
 */
export function createAccessCheck(): AccessCheck {
  const policies = { staticPolicies: accessPolicies() };
  const validated = cedar.validate({
    schema: SCHEMA,
    policies,
    validationSettings: { mode: 'strict' },
  });
  // Warnings count: a policy that can never apply is a right nobody gets or a bar nobody meets.
  const problems =
    validated.type === 'failure'
      ? validated.errors
      : [...validated.validationErrors, ...validated.validationWarnings].map(({ error }) => error);
  assert(
    problems.length === 0,
    `access policies: ${problems.map(({ message }) => message).join('; ')}`,
  );
  assert(cedar.preparseSchema(POLICY_SET, SCHEMA).type === 'success', 'access schema parses');
  assert(cedar.preparsePolicySet(POLICY_SET, policies).type === 'success', 'access policies parse');
  return rememberAnswers(isAllowed);
}

/**
 * Asking the engine takes about a millisecond, which is most of what a hook call costs. Its answer
 * follows from its arguments and policies that never change, so an answer may be kept for ever.
 */
function rememberAnswers(check: AccessCheck): AccessCheck {
  let answers = new Map<string, boolean>();
  return (principal, action, resource) => {
    const { kind, id, onBehalfOf, roles, scopes } = principal;
    const who = [kind, id, onBehalfOf ?? null, roles, scopes];
    const question = JSON.stringify([who, action, resource.kind, resource.id]);
    const known = answers.get(question);
    if (known !== undefined) return known;
    if (answers.size >= MAX_ANSWERS) answers = new Map();
    const answer = check(principal, action, resource);
    answers.set(question, answer);
    return answer;
  };
}

function isAllowed(principal: Principal, action: Action, resource: AccessResource): boolean {
  const uid = { type: ENTITY_OF_KIND[principal.kind], id: principal.id };
  const target = { type: 'Resource', id: `${resource.kind}:${resource.id}` };
  const scopes = principal.scopes === 'all' ? [] : principal.scopes;
  const answer = cedar.statefulIsAuthorized({
    principal: uid,
    action: { type: 'Action', id: action },
    resource: target,
    context: {
      isUnscoped: principal.scopes === 'all',
      scopes: scopes.map((id) => ({ __entity: { type: 'Scope', id } })),
    },
    entities: [
      {
        uid,
        attrs: { personId: principal.onBehalfOf ?? principal.id },
        parents: principal.roles.map((id) => ({ type: 'Role', id })),
      },
      { uid: target, attrs: { kind: resource.kind, id: resource.id }, parents: [] },
    ],
    preparsedPolicySetId: POLICY_SET,
    preparsedSchemaName: POLICY_SET,
    validateRequest: true,
  });
  // Cedar skips a rule that errs, so an error beside an "allow" is a denial too.
  return (
    answer.type === 'success' &&
    answer.response.decision === 'allow' &&
    answer.response.diagnostics.errors.length === 0
  );
}
