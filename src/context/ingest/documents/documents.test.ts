/**
 * Goal: documents are read for what they are, and no text makes reading slow or fail.
 * Method: a document of each form as people write it; hostile texts, counted in work and not in seconds.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findMentions } from './mentions.ts';
import { documentKind, readDocument } from './read-document.ts';

describe('forms of documents', () => {
  test('a decision in MADR form', () => {
    const read = readDocument(
      'docs/decisions/0007-queue.md',
      '---\nstatus: accepted\ndate: 2026-01-20\nsupersedes: "0003"\n---\n# Use a queue\n\n## Considered Options\n\n* a\n\n## Decision Outcome\n\nA queue.\n',
    );

    expect(read).toMatchObject({
      kind: 'decision',
      form: 'adr-madr',
      title: 'Use a queue',
      decision: { status: 'accepted', decidedOn: '2026-01-20', supersedes: ['0003'] },
    });
    expect(read.sections.map(({ heading, startLine }) => [heading, startLine])).toEqual([
      ['Use a queue', 6],
      ['Use a queue > Considered Options', 8],
      ['Use a queue > Decision Outcome', 12],
    ]);
  });

  test('a decision in Nygard form, with its status below a heading', () => {
    const read = readDocument(
      'adr/0003-retry.md',
      '# 3. Retry\n\nDate: 2025-11-02\n\n## Status\n\nSuperseded by [7. Use a queue](0007-queue.md)\n\n## Context\n\nIt failed.\n',
    );

    expect(read).toMatchObject({
      form: 'adr-nygard',
      decision: { status: 'superseded', decidedOn: '2025-11-02', supersededBy: ['0007-queue.md'] },
    });
  });

  test('an enhancement proposal by its kep.yaml', () => {
    const read = readDocument(
      'keps/sig-node/1234-limits/kep.yaml',
      'title: Limits per pod\nkep-number: 1234\nstatus: implementable\nlast-updated: 2026-02-01\nreplaces:\n  - "/keps/sig-node/1111-old/README.md"\n',
    );

    expect(read).toMatchObject({
      kind: 'decision',
      form: 'proposal',
      title: 'Limits per pod',
      decision: {
        status: 'proposed',
        decidedOn: '2026-02-01',
        supersedes: ['/keps/sig-node/1111-old/README.md'],
      },
    });
    expect(documentKind('keps/sig-node/1234-limits/README.md')).toBe('document');
  });

  test('a postmortem with what happened and why', () => {
    const read = readDocument(
      'docs/postmortems/2026-02-checkout.md',
      '# Checkout was down\n\n## Impact\n\n40 % of orders failed.\n\n## Trigger\n\nA deploy of `src/pay.ts`.\n\n## Root Cause\n\nNo timeout.\n\n## Action Items\n\n- Add one.\n',
    );

    expect(read).toMatchObject({
      form: 'postmortem',
      details: {
        impact: '40 % of orders failed.',
        trigger: 'A deploy of `src/pay.ts`.',
        rootCause: 'No timeout.',
        actions: '- Add one.',
      },
      mentions: ['src/pay.ts'],
      mentionLines: [9],
    });
  });

  test('a runbook', () => {
    expect(readDocument('ops/runbooks/redis.md', '# Redis\n\nRestart it.\n').form).toBe('runbook');
  });

  test.each([
    [
      '.github/instructions/ts.instructions.md',
      '---\napplyTo: "src/**/*.ts,test/**"\n---\nUse types.',
      ['src/**/*.ts', 'test/**'],
    ],
    [
      '.cursor/rules/api.mdc',
      '---\ndescription: x\nglobs: *.api.ts\nalwaysApply: false\n---\nRule',
      ['*.api.ts'],
    ],
    ['services/pay/AGENTS.md', '# Pay', ['services/pay/**']],
    ['CLAUDE.md', '# All', []],
    ['.github/copilot-instructions.md', 'All', []],
  ])('%s holds for its paths', (path, text, scope) => {
    expect(readDocument(path, text)).toMatchObject({ kind: 'rule', form: 'rule', scope });
  });
});

describe('Markdown is read as Markdown', () => {
  test('a hash in code, a quote or a comment is no heading', () => {
    const text =
      '# Real\n\n```sh\n# comment\n```\n\n    # code\n\n> # quoted\n\n<!--\n# hidden\n-->\n\nTitle\n=====\n\ntext\n';

    expect(readDocument('a.md', text).sections.map(({ heading }) => heading)).toEqual([
      'Real',
      'Title',
    ]);
  });

  test('every line of a document is in exactly one section', () => {
    const line = fc.constantFrom('# A', '## B', 'text', '', '```', '> q', '- x', '***', '    # c');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const { sections } = readDocument('a.md', lines.join('\n'));
        const spans = sections.map(({ startLine, endLine }) => [startLine, endLine] as const);

        for (const [index, [start, end]] of spans.entries()) {
          expect(end).toBeGreaterThanOrEqual(start);
          const next = spans[index + 1];
          if (next !== undefined) expect(next[0]).toBeGreaterThan(end);
        }
        const covered = (number: number) =>
          spans.some(([start, end]) => start <= number && number <= end);
        for (const [index, one] of lines.entries()) {
          if (one.trim() === 'text') expect(covered(index + 1)).toBe(true);
        }
      }),
    );
  });
});

const BOMBS: Record<string, string> = {
  'brackets without an end': ']('.repeat(90_000),
  'opening brackets': '['.repeat(190_000),
  'nested quotes': '> '.repeat(90_000),
  'stars at line starts': '* \n'.repeat(60_000),
  'a status that never comes': `${'*'.repeat(190_000)}Status`,
  'words without a slash': 'a'.repeat(190_000),
  slashes: 'a/'.repeat(90_000),
  'dots and dashes': '.-'.repeat(90_000),
  'front matter without an end': `---\n${'a: b\n'.repeat(30_000)}`,
  'an alias bomb': `---\na: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [${'*c,'.repeat(2_000)}*c]\n---\ntext`,
  underlines: '-\n'.repeat(90_000),
  backquotes: '`'.repeat(190_000),
  'angle brackets': '<'.repeat(190_000),
  tables: `|${'|'.repeat(90_000)}\n|-|`,
};

test.each(Object.entries(BOMBS))(
  '%s are read in the time that as much text takes',
  (_what, text) => {
    for (const path of ['docs/adr/0001-x.md', 'docs/page.rst', 'AGENTS.md', 'keps/1/kep.yaml']) {
      const read = readDocument(path, text);

      expect(read.sections.length).toBeLessThanOrEqual(400);
      expect(read.mentions.length).toBeLessThanOrEqual(200);
    }
  },
);

test('each path is named once, at its first line, relative links resolved', () => {
  const text = 'See [x](../src/a.ts#L3) and `b.ts`.\nAgain src/a.ts, [web](https://x.y/z.ts).';

  expect(findMentions(text, 'docs/x.md', 10)).toEqual([
    { path: 'src/a.ts', line: 11 },
    { path: 'b.ts', line: 11 },
  ]);
});
