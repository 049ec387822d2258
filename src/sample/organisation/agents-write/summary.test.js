import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summary } from '../src/cart/summary.js';

test('below fifty euros the summary says what is missing', () => {
  assert.ok(summary([{ price: 4_000, quantity: 1 }]).includes('€10.00 more and shipping is free'));
});

test('with free shipping nothing is missing', () => {
  assert.ok(!summary([{ price: 5_000, quantity: 1 }]).some((line) => line.includes('more and shipping')));
});
