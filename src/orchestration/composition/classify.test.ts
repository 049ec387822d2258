/**
 * Goal: one workflow is chosen for what happens, plainly or with a word about what else matched; and
 * what policy asks for becomes steps that name their rule.
 * Method: examples over the shipped library and small files, and a property over random patterns.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinLibrary, shippedWorkflows } from '../library/index.ts';
import { parseWorkflow } from '../workflow/index.ts';
import { classify, fitsPattern } from './classify.ts';
import { fingerprintOf, type MatchFacts } from './facts.ts';
import { type Obliging, stepsOfVerdict, weaveGraph } from './weave.ts';

const item = (...labels: string[]): MatchFacts => ({
  kind: 'workItem',
  repository: 'acme/shop',
  labels,
  source: 'github',
});
const shipped = shippedWorkflows();
const chosen = (facts: MatchFacts, library = shipped) => classify(facts, library).chosen?.name;

test('every shipped template is a valid workflow, and is chosen for what it is for', () => {
  expect(shipped.map(({ name }) => name)).toEqual([
    'bug-fix',
    'change',
    'dependency-update',
    'docs',
    'feature',
    'incident-response',
    'migration',
    'refactor',
    'security-fix',
  ]);
  expect(chosen(item('loom', 'bug'))).toBe('bug-fix');
  expect(chosen(item('LOOM', 'Enhancement'))).toBe('feature');
  expect(chosen(item('loom', 'dependencies'))).toBe('dependency-update');
  expect(chosen(item('loom', 'migration'))).toBe('migration');
  expect(chosen(item('loom', 'docs'))).toBe('docs');
  expect(chosen(item('loom', 'tech-debt'))).toBe('refactor');
  expect(chosen(item('loom', 'bug', 'security'))).toBe('security-fix');
  const repository = 'acme/shop';
  expect(chosen({ kind: 'comment', repository, command: 'fix' })).toBe('bug-fix');
  expect(chosen({ kind: 'mainFailed', repository, check: 'ci' })).toBe('bug-fix');
  expect(chosen({ kind: 'incident', repository, severity: 'high', source: 'pager' })).toBe(
    'incident-response',
  );
  expect(chosen({ kind: 'advisory', repository, severity: 'critical', package: 'left' })).toBe(
    'security-fix',
  );
});

test('what nobody marked for us starts nothing, and says how it could', () => {
  for (const facts of [item('bug'), item(), item('loom')]) {
    const { outcome, hint } = classify(facts, shipped);
    expect(outcome).toBe('none');
    expect(hint).toContain('.loom/workflows');
  }
  expect(
    chosen({ kind: 'incident', repository: 'acme/shop', severity: 'low', source: 'x' }),
  ).toBeUndefined();
});

const own = (name: string, on: string, priority = 0) =>
  parseWorkflow(
    `name: ${name}\non:\n  - ${on}\npriority: ${priority}\nsteps: [{ name: a, kind: notify }]\n`,
    `.loom/workflows/${name}.yaml`,
  );

test('two that match with one priority: the first by name, said aloud; a higher one settles it', () => {
  const on = 'workItem: { labels: [bug] }';
  const library = joinLibrary([own('zebra', on), own('ant', on)]).workflows;

  const tied = classify(item('loom', 'bug'), library);
  expect(tied).toMatchObject({ outcome: 'ambiguous', chosen: { name: 'ant' } });
  expect(tied.hint).toContain('ant and zebra match with the same priority');
  expect(tied.candidates.map(({ origin }) => origin)).toEqual([
    '.loom/workflows/ant.yaml:3',
    '.loom/workflows/zebra.yaml:3',
    'built-in/bug-fix.yaml:6',
  ]);

  const settled = joinLibrary([own('zebra', on, 5), own('ant', on)]).workflows;
  expect(classify(item('bug'), settled)).toMatchObject({
    outcome: 'chosen',
    chosen: { name: 'zebra' },
    hint: null,
  });
});

test('a file of a repository takes the place of the shipped one with its name', () => {
  const { workflows } = joinLibrary([own('bug-fix', 'comment: { command: mend }')]);

  expect(chosen(item('loom', 'bug'), workflows)).toBeUndefined();
  expect(chosen({ kind: 'comment', repository: 'a/b', command: 'mend' }, workflows)).toBe(
    'bug-fix',
  );
});

test('all keys of a matcher must hold, and of a list one is enough', () => {
  const library = joinLibrary([
    own(
      'narrow',
      'workItem: { labels: [bug, crash], withoutLabels: [wontfix], repository: [acme/*], source: [github, jira] }',
    ),
  ]).workflows;
  const facts = (more: Partial<Extract<MatchFacts, { kind: 'workItem' }>>) =>
    ({ ...item('crash'), ...more }) as MatchFacts;

  expect(chosen(facts({}), library)).toBe('narrow');
  expect(chosen(facts({ labels: ['crash', 'wontfix'] }), library)).toBeUndefined();
  expect(chosen(facts({ repository: 'other/shop' }), library)).toBeUndefined();
  expect(chosen(facts({ repository: null }), library)).toBeUndefined();
  expect(chosen(facts({ source: 'linear' }), library)).toBeUndefined();
});

test('a pattern fits exactly the names that its stars can stand for', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (pattern, name) => {
      const escaped = pattern.replaceAll('/', '\\/').replaceAll('*', '[^]*');
      expect(fitsPattern(pattern, name)).toBe(new RegExp(`^${escaped}$`).test(name));
    }),
  );
});

test('equal facts have equal prints, whatever the order of labels; another episode has not', () => {
  expect(fingerprintOf(item('a', 'b'), '')).toBe(fingerprintOf(item('b', 'a'), ''));
  expect(fingerprintOf(item('a'), 'x')).not.toBe(fingerprintOf(item('a'), 'y'));
});

const verdict: Obliging = {
  lane: 'ship-and-watch',
  policySource: '.loom/policy.yaml@abc',
  rules: [
    {
      id: 'autonomy.small',
      file: '.loom/policy.yaml',
      line: 14,
      because: 'Small is fine.',
      kind: 'grant',
      reviewers: 0,
      from: [],
      isMet: true,
    },
  ],
};

test('a template that merges without a verdict and a consent gets both, each saying why', () => {
  const { graph } = parseWorkflow(
    `name: quick
steps:
  - { name: check, kind: check.command }
  - { name: merge, kind: merge, needs: [check] }
`,
    'quick.yaml',
  );

  const woven = weaveGraph(graph);

  const byName = new Map(woven.steps.map((step) => [step.name, step]));
  expect(byName.get('decide')).toMatchObject({ kind: 'policy.decide', needs: ['check'] });
  expect(byName.get('approve')).toMatchObject({ kind: 'approval.request', needs: ['decide'] });
  expect(byName.get('merge')?.needs).toEqual(['check', 'decide', 'approve']);
  expect(byName.get('decide')?.origin).toBe('policy: no change lands without a verdict');
  expect(byName.get('check')?.origin).toBe('quick.yaml:3');
});

test('a template that has what policy asks for stays as it is', () => {
  const change = shipped.find(({ name }) => name === 'change')!.graph;

  expect(weaveGraph(change)).toBe(change);
});

test('a verdict that ships and watches adds a watch after the merge, once, by its rule', () => {
  const change = shipped.find(({ name }) => name === 'change')!.graph;

  const added = stepsOfVerdict(change.steps, verdict);

  expect(added.map(({ name, needs }) => [name, needs])).toEqual([
    ['watch', ['merge']],
    ['watch-alarm', ['watch']],
  ]);
  expect(added[0]?.origin).toBe('.loom/policy.yaml:14 autonomy.small: Small is fine.');
  expect(stepsOfVerdict([...change.steps, ...added], verdict)).toEqual([]);
  expect(stepsOfVerdict(change.steps, { ...verdict, lane: 'ship' })).toEqual([]);
});
