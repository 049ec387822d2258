import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cents, format, multiply } from '../src/money.js';

test('halves are rounded up', () => {
  assert.equal(multiply(5, 0.5), 3);
});

test('fractions of a cent are refused', () => {
  assert.throws(() => cents(0.1), TypeError);
});

test('amounts read as money', () => {
  assert.equal(format(123_456), '€1,234.56');
});
