/**
 * Goal: a workflow file that is right becomes one graph; one that is wrong is refused with line,
 * column and what was probably meant.
 * Method: examples, and a property over random graphs.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseWorkflow, validateWorkflow } from './definition.ts';
import { findCycle, graphHash } from './graph.ts';
import { renderWorkflow } from './render.ts';

const CHANGE = `
name: change
on: [change.opened, change.updated]
steps:
  - name: pack
    kind: context.pack
  - name: tests
    kind: check.command
    needs: [pack]
    with: { command: npm test }
    retries: { max: 1, backoff: 10s }
    timeout: 15m
  - name: decide
    kind: policy.decide
    needs: [pack, tests]
  - name: merge
    kind: merge
    needs: [decide]
    when: { decide: { lane: [ship, ship-and-watch] } }
`;

test('a file becomes a graph with attempts, times and the line each step came from', () => {
  const { graph, on, hash } = parseWorkflow(CHANGE, '.loom/workflows/change.yaml');

  expect(on).toEqual(['change.opened', 'change.updated']);
  expect(graph.steps[1]).toEqual({
    name: 'tests',
    kind: 'check.command',
    needs: ['pack'],
    with: { command: 'npm test' },
    origin: '.loom/workflows/change.yaml:7',
    maxAttempts: 2,
    backoffMs: 10_000,
    timeoutMs: 900_000,
    when: undefined,
  });
  expect(hash).toBe(graphHash(graph));
});

test('the hash follows what runs, not where it was read or how it was written', () => {
  const { hash } = parseWorkflow(CHANGE, 'a.yaml');

  expect(parseWorkflow(`# a remark${CHANGE}`, 'b.yaml').hash).toBe(hash);
  expect(parseWorkflow(CHANGE.replace('npm test', 'npm run all'), 'a.yaml').hash).not.toBe(hash);
});

test.each([
  ['a misspelt key', 'needs: [pack]', 'neds: [pack]', 9, 5, 'needs'],
  ['a misspelt key of the file', 'on: [', 'onn: [', 3, 1, 'on'],
  ['a misspelt key of the retries', 'backoff: 10s', 'back-of: 10s', 11, 24, 'backoff'],
  ['an unknown kind', 'kind: merge', 'kind: merg', 17, 11, 'merge'],
  ['an unknown signal', 'change.opened', 'change.opend', 3, 6, 'change.opened'],
  ['an unknown need', 'needs: [decide]', 'needs: [decid]', 18, 13, 'decide'],
  ['a condition on a step not needed', 'when: { decide:', 'when: { tests:', 19, 13, null],
  ['a time without a unit', 'timeout: 15m', 'timeout: 15', 12, 14, null],
  ['a time too long', 'timeout: 15m', 'timeout: 90d', 12, 14, null],
  ['two steps of one name', 'name: merge', 'name: decide', 16, 11, null],
  ['a step called input', 'name: pack', 'name: input', 5, 11, null],
  ['a key given twice', 'timeout: 15m', 'kind: merge', 12, 5, null],
  ['a circle', 'kind: context.pack', 'kind: context.pack\n    needs: [decide]', 7, 12, null],
])('%s is refused at its place', (_what, right, wrong, line, column, suggestion) => {
  const { definition, problems } = validateWorkflow(CHANGE.replace(right, wrong));

  expect(definition).toBeUndefined();
  expect(problems[0]).toMatchObject({ line, column, suggestion });
});

test('a missing kind, an empty file and a list are refused in words', () => {
  const messages = ['name: a\nsteps:\n  - name: b', '', '- a', 'name: a\nsteps: []'].map(
    (text) => validateWorkflow(text).problems[0]?.message,
  );

  expect(messages[0]).toBe('Step b says nothing to do: kind is missing.');
  expect(messages.every((message) => (message ?? '').length > 0)).toBe(true);
});

test('all problems are told at once, and thrown with the first in the message', () => {
  const text = CHANGE.replace('kind: merge', 'kind: merg').replace('needs: [pack]', 'neds: [pack]');

  expect(validateWorkflow(text).problems.map(({ line }) => line)).toEqual([9, 17]);
  expect(() => parseWorkflow(text, 'x.yaml')).toThrow(
    expect.objectContaining({
      code: 'workflow.invalid',
      message: expect.stringMatching(/^x\.yaml:9:5: There is no key neds here.*\(and 1 more\)$/),
      hint: 'Did you mean needs?',
    }),
  );
});

test('501 steps are over the limit', () => {
  const steps = Array.from({ length: 501 }, (_, index) => `  - { name: s${index}, kind: notify }`);

  expect(validateWorkflow(`name: big\nsteps:\n${steps.join('\n')}`).problems).toHaveLength(1);
});

test('a circle is found if and only if there is one', () => {
  const graph = fc.array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(graph, (needs) => {
      const steps = needs.map((list, index) => ({
        name: String(index),
        needs: list.filter((need) => need < needs.length).map(String),
      }));
      const cycle = findCycle(steps);

      const reached = new Set<string>();
      for (let before = -1; before !== reached.size;) {
        before = reached.size;
        for (const step of steps) {
          if (step.needs.every((need) => reached.has(need))) reached.add(step.name);
        }
      }
      if (reached.size === steps.length) return cycle.length === 0;
      return (
        cycle.length >= 2 &&
        cycle.at(0) === cycle.at(-1) &&
        cycle.slice(1).every((name, index) => steps[Number(name)]!.needs.includes(cycle[index]!))
      );
    }),
  );
});

test('no text at all crashes the validator', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const { definition, problems } = validateWorkflow(text);
      return (definition === undefined) === problems.length > 0;
    }),
  );
});

test('a graph is shown as text by layers, as Mermaid and as JSON', () => {
  const { graph, hash } = parseWorkflow(CHANGE, 'change.yaml');

  expect(renderWorkflow(graph, 'text').split('\n').slice(1, 4)).toEqual([
    '  1. pack [context.pack]  (change.yaml:5)',
    '  2. tests [check.command] after pack  (change.yaml:7)',
    '  3. decide [policy.decide] after pack, tests  (change.yaml:13)',
  ]);
  expect(renderWorkflow(graph, 'mermaid')).toContain('  s0 --> s1\n');
  expect(JSON.parse(renderWorkflow(graph, 'json'))).toMatchObject({ name: 'change', hash });
});
