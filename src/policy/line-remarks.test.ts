/**
 * Goal: a verdict points at the lines of the head that made it.
 * Method: a patch by hand and the judgement over it; the number of remarks over generated findings.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_REMARKS, remarksOnLines } from './line-remarks.ts';
import { loadPolicy } from './load-policy.ts';
import { CONTENT_TAGS, readPatch } from './patch-facts.ts';
import type { DecidingRule } from './schema.ts';

const PATCH = `diff --git a/src/pay.test.ts b/src/pay.test.ts
--- a/src/pay.test.ts
+++ b/src/pay.test.ts
@@ -3,4 +3,2 @@ describe('pay', () => {
 it('pays', () => {
-  expect(pay(1)).toBe(1);
-  expect(pay(2)).toBe(2);
 });
diff --git a/infra/key.ts b/infra/key.ts
--- a/infra/key.ts
+++ b/infra/key.ts
@@ -10,0 +11,2 @@
+const plain = 1;
+const key = 'AKIA${'A'.repeat(16)}';
diff --git a/infra/old.ts b/infra/old.ts
--- a/infra/old.ts
+++ /dev/null
@@ -1 +0,0 @@
-export const old = 1;
`;
const POLICY = `version: 1
rules:
  - id: infra
    because: Infrastructure is shared.
    when: { paths: ['infra/**'] }
    require: { reviewers: 1 }
`;
const FILE = { addedLines: 1, deletedLines: 1, isSubmodule: false };
const FILES = [
  { ...FILE, path: 'src/pay.test.ts', status: 'modified' as const },
  { ...FILE, path: 'infra/key.ts', status: 'modified' as const },
  { ...FILE, path: 'infra/old.ts', status: 'deleted' as const },
];

function firing(id: string, line: number): DecidingRule {
  const because = 'Infrastructure is shared.';
  const common = { reviewers: 1, from: ['team:infra'], isMet: false };
  return { ...common, id, because, file: '.loom/policy.yaml', line, kind: 'requirement' };
}

test('a rule is shown at the file that made it fire, and secrets and weakened tests at their lines', () => {
  const { policy, problems } = loadPolicy(POLICY);
  expect(problems).toEqual([]);
  const change = { files: FILES, ...readPatch(PATCH) };

  const remarks = remarksOnLines({ rules: [firing('infra', 3)] }, change, policy!);

  expect(remarks.map(({ path, line, level }) => ({ path, line, level }))).toEqual([
    { path: 'infra/key.ts', line: 12, level: 'failure' },
    { path: 'src/pay.test.ts', line: 4, level: 'warning' },
    { path: 'infra/key.ts', line: 11, level: 'warning' },
  ]);
  expect(remarks[2]).toMatchObject({
    title: 'infra (.loom/policy.yaml:3)',
    message: 'Infrastructure is shared. It asks for 1 reviewer of team:infra.',
  });
});

test('a rule that is met, and one of another policy, is pointed at nowhere', () => {
  const { policy } = loadPolicy(POLICY);
  const change = { files: FILES, findings: [], firstLines: new Map<string, number>() };
  const rules = [{ ...firing('infra', 3), isMet: true }, firing('unheard-of', 9)];

  expect(remarksOnLines({ rules }, change, policy!)).toEqual([]);
});

test('however much is found, it fits into one request, the gravest first, and no tag is lost to another', () => {
  const finding = fc.record({
    tag: fc.constantFrom(...CONTENT_TAGS),
    path: fc.constantFrom('src/pay.test.ts', 'infra/key.ts'),
    line: fc.integer({ min: 1, max: 999 }),
  });
  const { policy } = loadPolicy(POLICY);
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 300 }), (findings) => {
      const change = { files: FILES, findings, firstLines: new Map<string, number>() };
      const remarks = remarksOnLines({ rules: [] }, change, policy!);
      const hasSecret = findings.some(({ tag }) => tag === 'secrets');
      expect(remarks.length).toBeLessThanOrEqual(MAX_REMARKS);
      expect(remarks[0]?.level === 'failure').toBe(hasSecret);
    }),
  );
});
