/**
 * Goal: a GitLab file is read as GitLab reads it, and the same text on GitHub as GitHub does.
 * Method: one file with every kind of line, and a table of edge cases.
 */
import { expect, test } from 'vitest';
import { dialectOf } from './code-owners-file.ts';
import { parseGitLabCodeOwners } from './code-owners-gitlab.ts';
import { ownersOfPath, parseCodeOwners } from './code-owners.ts';

const TEXT = [
  '* @all',
  '/src/ @src',
  '[Documentation] @docs',
  '*.md',
  'README.md @readme # why',
  '^[Database][2] @dba',
  '/db/',
  '!/db/seed.sql',
  '[DOCUMENTATION] @more-docs',
  '/handbook/',
].join('\n');

test.each([
  ['main.go', ['@all']],
  ['src/main.go', ['@src']],
  ['src/guide.md', ['@src', '@docs']],
  ['a/README.md', ['@all', '@readme']],
  ['db/schema.sql', ['@all', '@dba']],
  ['db/seed.sql', ['@all']],
  ['handbook/start.md', ['@all', '@more-docs']],
])('in sections, %s is owned by %j', (path, owners) => {
  expect(ownersOfPath(parseGitLabCodeOwners(TEXT), path)).toEqual(owners);
});

test.each([
  ['/docs', 'docs/a.md', false],
  ['/docs/', 'docs/a/b.md', true],
  ['/docs/*', 'docs/a/b.md', false],
  ['/docs/**/*.md', 'docs/a/b.md', true],
  ['docs/a.md', 'x/docs/a.md', true],
  ['/docs/a.md', 'x/docs/a.md', false],
  ['\\#file', '#file', true],
  ['my\\ file.md', 'my file.md', true],
  ['Docs/', 'docs/a.md', false],
])('GitLab pattern %s decides about %s: %s', (pattern, path, isOwned) => {
  expect(ownersOfPath(parseGitLabCodeOwners(`${pattern} @o`), path)).toEqual(isOwned ? ['@o'] : []);
});

test('the host decides which reading counts', () => {
  const read = (host: string, url: string) =>
    ownersOfPath(dialectOf({ host, url }).parse('[All] @section\n* @last\n*.md'), 'a.md');

  expect(read('github', 'https://github.com/acme/shop')).toEqual([]);
  expect(read('git', 'https://gitlab.acme.example/acme/shop')).toEqual(['@section']);
  expect(dialectOf({ host: 'gitlab', url: '/srv/shop' }).places).toContain('.gitlab/CODEOWNERS');
  expect(dialectOf({ host: 'git', url: '/srv/shop' }).parse).toBe(parseCodeOwners);
});
