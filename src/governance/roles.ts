/** Which role may do what. The one table behind every door; docs/roles.md is printed from it. */
import { type Action, ACTIONS, type Role } from './schema.ts';

const READING = ACTIONS.filter((action) => action.endsWith(':read'));
/** What shows who did what to whom is for auditors and admins. */
const READING_WITHOUT_AUDIT = READING.filter((action) => action !== 'audit:read');

export const ROLE_ACTIONS: Readonly<Record<Role, readonly Action[]>> = {
  viewer: READING_WITHOUT_AUDIT,
  developer: [
    ...READING_WITHOUT_AUDIT,
    'context:record',
    'context:curate',
    'changes:check',
    'sessions:write',
    'work:write',
    'runs:control',
    'deployments:write',
    'incidents:write',
  ],
  approver: [
    ...READING_WITHOUT_AUDIT,
    'context:approve',
    'context:curate',
    'changes:check',
    'changes:approve',
  ],
  admin: [
    ...READING,
    'repositories:import',
    'context:record',
    'context:approve',
    'context:curate',
    'changes:check',
    'sessions:write',
    'work:write',
    'runs:control',
    'signals:write',
    'deployments:write',
    'incidents:write',
    'policy:publish',
    'connections:manage',
    'people:manage',
    'tokens:manage',
    'audit:export',
  ],
  auditor: [...READING, 'audit:export'],
};

/** Roles whose people may make and revoke tokens of their own, and only of their own. */
export const OWN_TOKEN_ROLES: readonly Role[] = ['developer', 'approver'];

/** What no agent may do, whatever its operator may: these need a person's judgement. */
export const PERSON_ONLY_ACTIONS: readonly Action[] = [
  'context:curate',
  'changes:approve',
  'context:approve',
  'policy:publish',
  'connections:manage',
  'people:manage',
  'tokens:manage',
  'audit:export',
];

/**
 * All that an agent may do which LoomStack itself started: be told, claim, be recorded. It takes no other
 * work, starts no runs and lifts no breaker.
 */
export const PASS_SCOPES: readonly Action[] = [
  'context:read',
  'context:record',
  'changes:check',
  'sessions:write',
];

export const ROLE_DESCRIPTIONS: Readonly<Record<Role, string>> = {
  viewer: 'sees changes, sessions, runs and reports',
  developer: 'works: sessions, claims, work items, runs, deployments, incidents',
  approver: 'consents to changes of others, declines them, and puts lessons into force',
  admin:
    'connects repositories, manages people and tokens, publishes the organisation’s policy; does not approve changes',
  auditor: 'reads everything, exports the audit log, changes nothing',
};
