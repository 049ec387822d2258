/** Principals, roles, tokens and approvals. */
import { z } from 'zod';
import { type Id, idSchema } from '#kernel';

export const ROLES = ['viewer', 'developer', 'approver', 'admin', 'auditor'] as const;
export const Role = z.enum(ROLES);
export type Role = z.infer<typeof Role>;

/** What a caller may want to do; every route, tool and command names exactly one. */
export const ACTIONS = [
  'repositories:read',
  'repositories:import',
  'context:read',
  'context:record',
  'context:approve',
  'context:curate',
  'changes:read',
  'changes:approve',
  'changes:check',
  'sessions:read',
  'sessions:write',
  'work:read',
  'work:write',
  'runs:read',
  'runs:control',
  'signals:write',
  'deployments:read',
  'deployments:write',
  'incidents:write',
  'policy:read',
  'policy:publish',
  'audit:read',
  'audit:export',
  'insights:read',
  'connections:read',
  'connections:manage',
  'people:read',
  'people:manage',
  'tokens:manage',
  'system:read',
] as const;
export const Action = z.enum(ACTIONS);
export type Action = z.infer<typeof Action>;

export const Person = z.object({
  id: idSchema('usr'),
  name: z.string(),
  roles: z.array(Role),
  teams: z.array(z.string()),
  /** `email:ada@example.com`, `github:ada`; lower case. One person has many. */
  identities: z.array(z.string()),
  createdAt: z.date(),
});
export type Person = z.infer<typeof Person>;

/** Who makes a call. A token narrows its person's rights by scopes and never widens them. */
export interface Principal {
  kind: 'person' | 'agent' | 'service';
  /** `usr_…`; for an agent `ses_…`, with the person in `onBehalfOf`. */
  id: string;
  name: string;
  roles: readonly Role[];
  teams: readonly string[];
  identities: readonly string[];
  scopes: readonly Action[] | 'all';
  tokenId?: string | undefined;
  /** Person who made the token, where that was somebody else: they know its secret too. */
  tokenMadeBy?: string | undefined;
  /** Tokens this one was made with, and those with which they were made. */
  tokenLineage?: readonly string[] | undefined;
  onBehalfOf?: string | undefined;
  /** Of an agent that LoomStack itself started: what for, and the one repository it may speak of. */
  assignment?: Assignment | undefined;
}

export interface Assignment {
  repository: string;
  title: string;
  workItemId: Id<'wrk'> | null;
}

export const Token = z.object({
  id: idSchema('tok'),
  personId: idSchema('usr'),
  name: z.string(),
  kind: z.enum(['api', 'agent', 'session']),
  scopes: z.union([z.array(Action), z.literal('all')]),
  /** First characters, to recognise it by; the rest is stored nowhere. */
  hint: z.string(),
  createdAt: z.date(),
  expiresAt: z.date(),
  lastUsedAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
});
export type Token = z.infer<typeof Token>;

export const Approval = z.object({
  id: idSchema('apr'),
  changeId: idSchema('chg'),
  headSha: z.string(),
  policyVersion: z.string(),
  personId: idSchema('usr'),
  personName: z.string(),
  decision: z.enum(['approve', 'decline']),
  reason: z.string(),
  /** `void` after a push or a policy change: it was for other code. */
  state: z.enum(['valid', 'void']),
  givenAt: z.date(),
});
export type Approval = z.infer<typeof Approval>;

/** Time somebody is away, with who stands in for them. */
export const Absence = z.object({
  id: idSchema('abs'),
  personId: idSchema('usr'),
  from: z.date(),
  to: z.date(),
  /** Consents in the absent person's place, in their own name. */
  delegateId: idSchema('usr').nullable(),
  note: z.string(),
  createdAt: z.date(),
  cancelledAt: z.date().nullable(),
});
export type Absence = z.infer<typeof Absence>;

/** A verdict put aside in an emergency, for one commit and a short time. */
export const Override = z.object({
  id: idSchema('ovr'),
  changeId: idSchema('chg'),
  repository: z.string(),
  headSha: z.string(),
  policyVersion: z.string(),
  requestedBy: idSchema('usr'),
  requesterName: z.string(),
  reason: z.string(),
  ticket: z.string().nullable(),
  /** Lands past the tests of the queue too; any other override changes the verdict alone. */
  isEmergency: z.boolean(),
  /** `requested` waits for the second person; `active` lets the change land; `used` it has. */
  state: z.enum(['requested', 'active', 'used', 'expired']),
  confirmedBy: idSchema('usr').nullable(),
  confirmerName: z.string().nullable(),
  reportTo: z.string().nullable(),
  requestedAt: z.date(),
  activeAt: z.date().nullable(),
  expiresAt: z.date(),
  usedAt: z.date().nullable(),
});
export type Override = z.infer<typeof Override>;
