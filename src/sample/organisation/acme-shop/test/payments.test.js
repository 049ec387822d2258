import assert from 'node:assert/strict';
import { test } from 'node:test';
import { charge } from '../src/payments/charge.js';
import { refund } from '../src/payments/refund.js';

const order = { id: 'o-1', total: 1_200, currency: 'EUR', chargeId: 'c-1' };

test('a retry carries the same key, so the gateway charges once', async () => {
  const keys = [];
  const gateway = { charge: async (request) => keys.push(request.idempotencyKey) };
  await charge(gateway, order);
  await charge(gateway, order);
  assert.equal(new Set(keys).size, 1);
});

test('a refund gives back what was paid', async () => {
  const gateway = { refund: async (request) => ({ status: 'refunded', ...request }) };
  assert.equal((await refund(gateway, order)).amount, 1_200);
});

test('a refunded order is not refunded again', async () => {
  assert.deepEqual(await refund({}, { ...order, refunded: true }), { status: 'already-refunded' });
});
