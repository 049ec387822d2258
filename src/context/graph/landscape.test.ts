/**
 * Goal: the landscape has every service in its place, and nothing the reader may not know. Method:
 * statements on real PostgreSQL.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase, type TestDatabase } from '#testing';
import { stateFacts } from './assert.ts';
import { readLandscape } from './landscape.ts';
import type { EntityRef, NewFact, Perspective } from './schema.ts';

let database: TestDatabase;
const NOW = new Date('2026-03-01T12:00:00Z');
const component = (key: string): EntityRef => ({ kind: 'component', key });
const is = (ref: EntityRef, properties = {}): NewFact => ({
  kind: 'is',
  from: ref,
  to: ref,
  method: 'declared',
  properties,
});

async function say(
  object: string,
  facts: NewFact[],
  { acl = 'organisation', statedAt = NOW, ordinal = 1 } = {},
): Promise<void> {
  const statement = {
    system: 'git',
    object,
    scope: 'acme/shop',
    acl,
    revision: String(ordinal),
    ordinal,
    statedAt,
    extractor: 'test',
    extractorVersion: 1,
    facts,
  };
  await database.db.transaction((tx) => stateFacts(tx, [statement], statedAt));
}

const perspective = (...acls: string[]): Perspective => ({
  acls,
  hiddenSources: [],
  validAt: NOW,
  knownAt: NOW,
});

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

test('a landscape gives each service its system, the domain of that, its owner and its needs', async () => {
  const system: EntityRef = { kind: 'system', key: 'default/checkout' };
  const domain: EntityRef = { kind: 'domain', key: 'default/commerce' };
  const team: EntityRef = { kind: 'team', key: 'acme/payments' };
  await say('catalog', [
    is(system),
    is(domain),
    is(team),
    is(component('cart')),
    is(component('pay')),
    { kind: 'contains', from: domain, to: system },
    { kind: 'contains', from: system, to: component('cart') },
    { kind: 'owns_declared', from: team, to: component('cart') },
    { kind: 'depends_on', from: component('cart'), to: component('pay') },
  ]);
  await say('secret', [is(component('vault'))], { acl: 'repository:acme/secret' });

  const { nodes, edges, isTruncated } = await readLandscape(
    database.db,
    perspective('organisation'),
    { together: true },
  );

  expect(nodes.find(({ id }) => id === 'component:cart')).toMatchObject({
    system: 'system:default/checkout',
    domain: 'domain:default/commerce',
    owner: 'team:acme/payments',
  });
  expect(nodes.find(({ id }) => id === 'component:pay')).toMatchObject({
    system: null,
    owner: null,
  });
  expect(edges).toEqual([
    { kind: 'depends_on', from: 'component:cart', to: 'component:pay', confidence: 1 },
  ]);
  expect(nodes.some(({ id }) => id === 'component:vault')).toBe(false);
  expect(isTruncated).toBe(false);
});
