/**
 * Goal: a file has one name wherever its work tree lies, and a work tree finds its repository.
 * Method: examples for addresses, properties for paths.
 */
import { array, assert, property, stringMatching } from 'fast-check';
import { expect, test } from 'vitest';
import { likelyNames, pathsInTree } from './work-tree.ts';

test.each([
  ['git@github.com:acme/shop.git', 'acme/shop'],
  ['https://github.com/acme/shop', 'acme/shop'],
  ['https://github.com/acme/shop.git/', 'acme/shop'],
  ['http://127.0.0.1:7400/git/acme/shop.git', 'acme/shop'],
  ['ssh://git@host:22/acme/shop.git?x=1', 'acme/shop'],
])('%s is likely %s', (remoteUrl, name) => {
  expect(likelyNames({ remoteUrl })).toEqual([name]);
});

test('a stated name comes first, the folder last', () => {
  const names = likelyNames({
    repository: 'acme/store',
    remoteUrl: 'git@github.com:acme/shop.git',
    toplevel: '/home/ada/shop-2',
  });

  expect(names).toEqual(['acme/store', 'acme/shop', 'local/shop-2']);
});

test('what lies outside the work tree is not named', () => {
  expect(
    pathsInTree(['/etc/passwd', '../other/a.ts', '/home/ada/shop'], '/home/ada/shop', null),
  ).toEqual([]);
  expect(pathsInTree(['/anywhere/a.ts'], null, null)).toEqual([]);
});

const segment = stringMatching(/^[a-z0-9_-]{1,8}$/);
const segments = array(segment, { minLength: 1, maxLength: 4 });

test('a file has the same name in every work tree, absolute or relative to where the agent stands', () => {
  assert(
    property(segments, segments, segments, (top, other, file) => {
      const path = file.join('/');
      const [here, there] = [`/${top.join('/')}`, `/${other.join('/')}`];

      expect(pathsInTree([`${here}/${path}`], here, here)).toEqual([path]);
      expect(pathsInTree([`${there}/${path}`], there, '/tmp')).toEqual([path]);
      expect(pathsInTree([file.at(-1)!], here, [here, ...file.slice(0, -1)].join('/'))).toEqual([
        path,
      ]);
    }),
  );
});
