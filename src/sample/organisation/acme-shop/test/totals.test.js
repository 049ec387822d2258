import assert from 'node:assert/strict';
import { test } from 'node:test';
import { totals } from '../src/cart/totals.js';

test('an empty cart costs nothing', () => {
  assert.deepEqual(totals([]), { items: 0, shipping: 0, tax: 0, total: 0 });
});

test('shipping is free from fifty euros', () => {
  assert.equal(totals([{ price: 2_500, quantity: 2 }]).shipping, 0);
  assert.equal(totals([{ price: 4_999, quantity: 1 }]).shipping, 490);
});

test('the parts sum to the total', () => {
  const sum = totals([{ price: 333, quantity: 3 }]);
  assert.equal(sum.items + sum.shipping + sum.tax, sum.total);
});
