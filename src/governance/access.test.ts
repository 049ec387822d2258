/**
 * Goal: the table of roles is what is enforced, scopes only narrow, and agents never hold what needs
 * a person.
 * Method: the real engine against the table, for every role and action; properties over any mix of
 * roles and scopes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAccessCheck } from './access.ts';
import { rolesDocument } from './roles-document.ts';
import { PERSON_ONLY_ACTIONS, ROLE_ACTIONS } from './roles.ts';
import { ACTIONS, type Principal, ROLES } from './schema.ts';

const isAllowed = createAccessCheck();
const RESOURCE = { kind: 'change', id: 'chg_1' };
const action = fc.constantFrom(...ACTIONS);

function aPrincipal(fields: Partial<Principal> = {}): Principal {
  return {
    kind: 'person',
    id: 'usr_1',
    name: 'Ada',
    roles: [],
    teams: [],
    identities: [],
    scopes: 'all',
    ...fields,
  };
}

test.each(ROLES)('a %s may do what the table says and nothing else', (role) => {
  const principal = aPrincipal({ roles: [role] });

  const allowed = ACTIONS.filter((each) => isAllowed(principal, each, RESOURCE));

  expect(allowed).toEqual(ACTIONS.filter((each) => ROLE_ACTIONS[role].includes(each)));
});

test('auditors read everything and change nothing', () => {
  const allowed = ACTIONS.filter((each) =>
    isAllowed(aPrincipal({ roles: ['auditor'] }), each, RESOURCE),
  );

  expect(allowed).toEqual(
    ACTIONS.filter((each) => each.endsWith(':read') || each === 'audit:export'),
  );
});

test('without a role nothing is allowed', () => {
  expect(ACTIONS.filter((each) => isAllowed(aPrincipal(), each, RESOURCE))).toEqual([]);
});

test('an agent of somebody with every role still holds nothing that needs a person', () => {
  const agent = aPrincipal({ kind: 'agent', id: 'ses_1', onBehalfOf: 'usr_1', roles: ROLES });

  const allowed = ACTIONS.filter((each) => isAllowed(agent, each, RESOURCE));

  expect(allowed).toEqual(ACTIONS.filter((each) => !PERSON_ONLY_ACTIONS.includes(each)));
});

test('developers manage their own tokens and nobody else’s', () => {
  const developer = aPrincipal({ roles: ['developer'] });

  expect(isAllowed(developer, 'tokens:manage', { kind: 'person', id: 'usr_1' })).toBe(true);
  expect(isAllowed(developer, 'tokens:manage', { kind: 'person', id: 'usr_2' })).toBe(false);
});

test('a role or scope nobody defined is a denial, not a crash', () => {
  const strange = aPrincipal({ roles: ['superuser' as never, 'admin'] });
  const scoped = aPrincipal({ roles: ['admin'], scopes: ['everything' as never] });

  expect(isAllowed(strange, 'changes:read', RESOURCE)).toBe(false);
  expect(isAllowed(scoped, 'changes:read', RESOURCE)).toBe(false);
});

test('scopes narrow rights and never widen them', () => {
  fc.assert(
    fc.property(
      fc.subarray([...ROLES]),
      fc.subarray([...ACTIONS]),
      action,
      (roles, scopes, wanted) => {
        const whole = isAllowed(aPrincipal({ roles }), wanted, RESOURCE);
        const narrowed = isAllowed(aPrincipal({ roles, scopes }), wanted, RESOURCE);

        expect(narrowed).toBe(whole && scopes.includes(wanted));
      },
    ),
  );
});

test('the page of roles is current', () => {
  const path = new URL('../../docs/roles.md', import.meta.url);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, rolesDocument());

  expect(readFileSync(path, 'utf8')).toBe(rolesDocument());
});

test('an answer that is remembered is the answer that would be given', () => {
  const principal = fc.record({
    kind: fc.constantFrom<Principal['kind'][]>('person', 'agent'),
    roles: fc.subarray([...ROLES]),
    scopes: fc.oneof(fc.constant<'all'>('all'), fc.subarray([...ACTIONS])),
    id: fc.constantFrom('usr_1', 'usr_2'),
  });
  const resource = fc.record({
    kind: fc.constantFrom('person', 'change'),
    id: fc.constantFrom('usr_1', 'usr_2'),
  });
  fc.assert(
    fc.property(principal, action, resource, (fields, asked, about) => {
      const who = aPrincipal({ ...fields, onBehalfOf: 'usr_1' });

      const first = isAllowed(who, asked, about);

      expect(isAllowed({ ...who }, asked, { ...about })).toBe(first);
      expect(createAccessCheck()(who, asked, about)).toBe(first);
    }),
    { numRuns: 30 },
  );
});
