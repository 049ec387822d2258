/**
 * Goal: 2,000 webhooks redelivered, shuffled and duplicated leave the state that each once in order leaves.
 * Method: two composed products on two databases, one seed. `scripts/webhook-storm.ts` does it with more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testDatabase } from '#testing';
import { makeDeliveries, stormOf, takeAll } from './test-webhook-storm.ts';

const SEED = 20_260_105;

test('a storm of webhooks leaves what each of them once in order leaves', async () => {
  await using calm = await testDatabase();
  await using stormy = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'loom-storm-'));
  using _cleanUp = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
  const deliveries = makeDeliveries(1_000, SEED);
  const storm = stormOf(deliveries, SEED);

  const expected = await takeAll(calm.db, join(folder, 'a'), deliveries, 25);
  const found = await takeAll(stormy.db, join(folder, 'b'), storm, 100);

  expect(storm.length).toBeGreaterThan(1_900);
  expect(expected.signals).toBe(1_000);
  expect(found).toEqual(expected);
  const { items, deployments, waiting } = expected.state as Record<string, unknown[]>;
  expect(items!.length).toBeGreaterThan(50);
  expect(deployments!.length).toBeGreaterThan(100);
  expect(waiting).toEqual([]);
});
