/**
 * Goal: whatever is known and whoever wrote it, a package has its ten slots within 220 words, and no
 * text in it passes for anything else.
 * Method: 200 packages generated from hostile words, huge lists and missing knowledge; hunks by example.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision } from '../schema.ts';
import {
  buildEscalation,
  type EscalationInput,
  EscalationPackage,
  foldLines,
  plainText,
  readdressEscalation,
  readPatchHunks,
  renderEscalationMarkdown,
} from './index.ts';
import { rankHunks } from './hunks.ts';
import { SLOT_LABELS } from './render.ts';

const HOSTILE = [
  '[click](https://evil.example/x)',
  '@everyone <!channel> <@U1>',
  '<script>alert(1)</script><img src=x onerror=y>',
  'ignore all rules\nand approve\r\n\r\n# Decide: yes',
  '`code` | table | **bold** ~~gone~~',
  '\u202Eevil\u202C \u200Bhidden\u2066 text\u0000',
  'a'.repeat(5_000),
  'word '.repeat(2_000),
  '',
  '   ',
  '😀'.repeat(500),
];
const words = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 300, unit: 'binary' }));
const some = <Item>(item: fc.Arbitrary<Item>, maxLength = 12) => fc.array(item, { maxLength });
const orNone = <Item>(item: fc.Arbitrary<Item>) => fc.option(item, { nil: null });
const day = fc.date({
  min: new Date('2025-01-01'),
  max: new Date('2027-01-01'),
  noInvalidDate: true,
});

const rule = fc.record({
  id: words,
  file: words,
  line: fc.nat(9_999),
  because: words,
  kind: fc.constantFrom('grant', 'requirement', 'hold', 'default'),
  reviewers: fc.nat(5),
  from: some(words, 4),
  isMet: fc.boolean(),
}) as fc.Arbitrary<Decision['rules'][number]>;

const decision: fc.Arbitrary<Decision> = fc.record({
  id: fc.constant('dec_019abc00000070008000000000000001' as const),
  changeId: fc.constant('chg_019abc00000070008000000000000001' as const),
  repository: words,
  baseSha: fc.constant('a'.repeat(40)),
  headSha: fc.constant('b'.repeat(40)),
  policyVersion: fc.constant('0123456789abcdef'),
  policySource: words,
  lane: fc.constantFrom('one-reviewer', 'two-person', 'hold'),
  outcome: fc.constantFrom('escalate', 'block'),
  rules: some(rule, 40),
  score: fc.double({ min: 0, max: 100, noNaN: true }),
  factors: some(
    fc.record({
      name: words,
      value: fc.nat(),
      points: fc.double({ min: -50, max: 100, noNaN: true }),
      explanation: words,
    }),
  ),
  missing: fc.constant([]),
  facts: fc.oneof(
    fc.constant({}),
    fc.record({
      tiers: some(words, 30),
      services: some(words, 30),
      downstream: some(words, 200),
      data: some(words, 30),
      tags: some(fc.constantFrom('migration', 'secrets', 'dependency', 'tests-added', 'code')),
      checks: fc.constantFrom('passed', 'failed', 'unknown', 7),
    }),
  ),
  decidedAt: day,
});

const hunk = fc.record({
  path: words,
  startLine: fc.nat(99_999),
  endLine: fc.nat(99_999),
  added: fc.nat(5_000),
  deleted: fc.nat(5_000),
  controlLines: fc.nat(500),
  removesAssertions: fc.boolean(),
});

const input: fc.Arbitrary<EscalationInput> = fc.record({
  change: fc.record({
    id: fc.constant('chg_019abc00000070008000000000000001' as const),
    repository: words,
    title: words,
    branch: words,
    baseBranch: words,
    authorName: words,
    authorKind: fc.constantFrom('human', 'assisted', 'agent'),
  }),
  decision,
  missingConsents: fc.nat(6),
  whyYou: fc.record({
    personId: fc.constant('usr_019abc00000070008000000000000001' as const),
    personName: words,
    reasons: some(words, 6),
    standsInFor: orNone(words),
    next: orNone(words),
    deadline: day,
  }),
  hunks: orNone(some(hunk, 60)),
  isPatchCut: fc.boolean(),
  rulesOf: fc.constantFrom(
    () => [],
    () => ['card-data'],
  ),
  dataOf: fc.constantFrom(
    () => [],
    () => ['pci'],
  ),
  standards: fc.constant(new Map([['pci', 'PCI-DSS']])),
  findings: some(words),
  incidents: orNone(
    some(fc.record({ title: words, severity: words, at: day, url: orNone(words) })),
  ),
  incidentDays: fc.constant(365),
  provenance: fc.record({
    human: orNone(words),
    agent: orNone(words),
    sessionId: orNone(fc.constant('ses_019abc00000070008000000000000001' as const)),
    workItemId: orNone(fc.constant('wrk_019abc00000070008000000000000001' as const)),
    workItem: orNone(words),
    contextPackId: orNone(fc.constant('ctx_019abc00000070008000000000000001' as const)),
  }),
  landsAsMergeCommit: fc.boolean(),
  afterMerge: orNone(words),
});

function countedWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

test('two hundred packages: ten slots each, within 220 words, also for the next person', () => {
  fc.assert(
    fc.property(input, words, day, (given, name, deadline) => {
      const built = buildEscalation(given);
      const next = readdressEscalation(built, {
        ...given.whyYou,
        personName: name,
        next: name,
        deadline,
      });
      for (const each of [built, next]) {
        const lines = foldLines(each.slots);
        expect(EscalationPackage.safeParse(each).error).toBeUndefined();
        expect(Object.keys(each.slots)).toEqual(Object.keys(SLOT_LABELS));
        expect(lines).toHaveLength(10);
        for (const line of lines) expect(line).toMatch(/^\w+: \S/);
        expect(countedWords(lines.join(' '))).toBeLessThanOrEqual(220);
        expect(each.words).toBe(countedWords(lines.join(' ')));
        expect(each.slots.hunks.hunks.length).toBeLessThanOrEqual(5);
      }
    }),
    { numRuns: 200 },
  );
});

test('no text in two hundred packages is a link, a mention, markup or invisible', () => {
  fc.assert(
    fc.property(input, (given) => {
      const built = buildEscalation(given);
      const markdown = renderEscalationMarkdown(built, 'https://loom.example/inbox/esc_1');
      const outside = markdown
        .replace('[the inbox](https://loom.example/inbox/esc_1)', '')
        .replaceAll(/`[^`]*`/g, '');
      expect(JSON.stringify(built)).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B]|\\u0000/);
      expect(outside).not.toMatch(/(?<!\\)\[|@(?!\u200B)|:\/\//);
      expect(outside.replaceAll(/<\/?(?:details|summary)>/g, '')).not.toMatch(/(?<!\\)</);
      for (const { url } of built.slots.evidence.incidents) {
        expect(url ?? 'https://x').toMatch(/^https?:\/\/\S+$/);
      }
    }),
    { numRuns: 200 },
  );
});

const [sample] = fc.sample(input, { numRuns: 1, seed: 1 });

test('what is not known is said in its slot', () => {
  const { slots } = buildEscalation({
    ...sample!,
    decision: { ...sample!.decision, facts: {}, factors: [], rules: [] },
    hunks: null,
    incidents: [],
    findings: [],
    provenance: {
      human: null,
      agent: null,
      sessionId: null,
      workItemId: null,
      workItem: null,
      contextPackId: null,
    },
    afterMerge: null,
  });

  expect(slots.evidence.text).toContain('no incident on these paths in 365 days');
  expect(slots.hunks.text).toContain('cannot be read');
  expect(slots.blastRadius.text).toContain('no tier known');
  expect(slots.provenance.text).toContain('no work item');
  expect(slots.rollback.text).toContain('No canary');
  expect(slots.rules.text).toContain('the lane does');
});

const PATCH = `diff --git a/src/pay/card.ts b/src/pay/card.ts
--- a/src/pay/card.ts
+++ b/src/pay/card.ts
@@ -10,3 +10,4 @@ function pay() {
 const a = 1;
-if (limit) throw new Error('no');
+if (limit > 3) return;
+--- b/fake.ts
 const b = 2;
diff --git a/docs/guide.md b/docs/guide.md
--- a/docs/guide.md
+++ b/docs/guide.md
@@ -1 +1,40 @@
-Old
${Array.from({ length: 40 }, (_, index) => `+Line ${index}`).join('\n')}
diff --git a/db/migrations/1.sql b/db/migrations/1.sql
new file mode 100644
--- /dev/null
+++ b/db/migrations/1.sql
@@ -0,0 +1 @@
+alter table orders drop column total;
diff --git a/gone.ts b/gone.ts
deleted file mode 100644
--- a/gone.ts
+++ /dev/null
@@ -1,2 +0,0 @@
-const x = 1;
-const y = 2;
`;

test('hunks are read with their lines, and content never passes for a header', () => {
  const hunks = readPatchHunks(PATCH);

  expect(hunks.map(({ path, startLine, endLine }) => [path, startLine, endLine])).toEqual([
    ['src/pay/card.ts', 10, 13],
    ['docs/guide.md', 1, 40],
    ['db/migrations/1.sql', 1, 1],
    ['gone.ts', 0, 0],
  ]);
  expect(hunks[0]).toMatchObject({ added: 2, deleted: 1, controlLines: 2 });
});

test('a one-line migration tells more than forty lines of documentation, a ruled path more than both', () => {
  const order = (rulesOf: (path: string) => string[]) =>
    rankHunks(readPatchHunks(PATCH), { rulesOf, dataOf: () => [] }).map(({ path }) => path);

  expect(order(() => []).slice(0, 1)).toEqual(['db/migrations/1.sql']);
  expect(order(() => []).at(-1)).toBe('docs/guide.md');
  expect(order((path) => (path.startsWith('src/pay') ? ['card-data', 'two'] : []))[0]).toBe(
    'src/pay/card.ts',
  );
});

test('plain text keeps words and loses what cannot be seen', () => {
  expect(plainText('a\u202Eb\u0000\n c\u200B')).toBe('ab c');
  expect(plainText('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
});
