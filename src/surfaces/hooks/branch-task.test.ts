/**
 * Goal: a branch that is named after a task says which; one that is not, says nothing.
 * Method: names as people and agents give them.
 */
import { describe, expect, test } from 'vitest';
import { isTicket, taskOfBranch } from './branch-task.ts';

describe('a branch', () => {
  test.each([
    ['feature/SHOP-12-refuse-empty-orders', 'refuse empty orders', ['SHOP-12']],
    ['fix/42-retry-payments', 'retry payments', ['42']],
    ['claude/add-dark-mode-3f9c2ab1', 'add dark mode', []],
    ['ada/shop-7', 'ada', ['SHOP-7']],
    ['issue-314', '', ['314']],
    ['refuse_empty_orders', 'refuse empty orders', []],
  ])('%s is about "%s"', (branch, title, tickets) => {
    const task = taskOfBranch(branch, 'main');

    expect({ title: task?.title, tickets: task?.tickets }).toEqual({
      title,
      tickets,
    });
  });

  test.each([['main'], ['develop'], ['trunk'], ['HEAD'], ['ada'], ['feature/x'], [null]])(
    '%s is about nothing we could tell',
    (branch) => {
      expect(taskOfBranch(branch, 'trunk')).toBeUndefined();
    },
  );
});

describe('a ticket', () => {
  test.each([
    ['acme/shop#42', ['42'], true],
    ['acme/shop#142', ['42'], false],
    ['SHOP-12', ['SHOP-12'], true],
    ['SHOP-1', ['SHOP-12'], false],
    [null, ['42'], false],
  ])('%s is one of %j: %s', (key, tickets, expected) => {
    expect(isTicket(key, tickets)).toBe(expected);
  });
});
