/**
 * Goal: what callers meet is written down, and who may see it was decided and not forgotten.
 * Method: compare the sources of this room and the tables in docs.
 */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderConsoleTypes, typeOf } from './http/console-types.ts';
import { readErrors, renderErrors } from './http/error-reference.ts';
import { FOR_AUDITORS, READ_BY_NOUN } from './http/visible-events.ts';

test('every error code of the surfaces is documented', async () => {
  const documented = new Set((await readErrors()).map(({ code }) => code));
  const sources = globSync('src/surfaces/{http,hooks,mcp}/**/*.ts').concat(
    globSync('src/surfaces/*.ts'),
  );
  const used = sources
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) => findAll(path, /'((?:http|hooks|mcp)\.[a-z_]+)'/g));

  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((code) => !documented.has(code))).toEqual([]);
});

test('the page behind a problem has a place for every code, and takes no markup from the tables', async () => {
  const page = renderErrors([{ code: 'a.b', meaning: '<script>`x`', remedy: 'Try & see.' }]);

  expect(page).toContain('id="a.b"');
  expect(page).toContain('&lt;script&gt;<code>x</code>');
  expect(page).toContain('Try &amp; see.');
});

test('for every documented event it was decided who sees it on the stream', () => {
  const types = globSync('docs/events/*.md').flatMap((path) =>
    findAll(path, /^\| `([a-z-]+)\.[a-z-]+`/gm),
  );
  const undecided = types.filter((noun) => !(noun in READ_BY_NOUN) && !FOR_AUDITORS.has(noun));

  expect(types.length).toBeGreaterThan(20);
  expect([...new Set(undecided)]).toEqual([]);
});

test('the console sees what may be missing and what may be null, and nothing made up', () => {
  const types = renderConsoleTypes();

  // A schema that is met as nullable first is null only where it may be.
  expect(types).toContain('    decision: Decision | null;');
  expect(types).not.toMatch(/^\} \| null;$/m);
  expect(
    typeOf(
      {
        type: 'object',
        required: ['state'],
        properties: {
          state: { type: ['string', 'null'], enum: ['open', "it's shut"] },
          at: { type: 'array', items: { type: ['integer', 'null'] } },
          odd: { type: 'future-kind' },
        },
      },
      0,
    ),
  ).toBe(
    "{\n  state: 'open' | 'it\\'s shut' | null;\n  at?: (number | null)[];\n  odd?: unknown;\n}",
  );
});

/** What the first group of the pattern catches in a file, every time. */
function findAll(path: string, pattern: RegExp): string[] {
  return Array.from(readFileSync(path, 'utf8').matchAll(pattern), ([, found]) => found ?? '');
}
