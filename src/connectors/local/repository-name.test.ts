/**
 * Goal: no name or address from outside leads out of the folder or means something else to git.
 * Method: any text at all; git itself is asked about branch names.
 */
import { execFileSync } from 'node:child_process';
import { sep } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBasicCredentials, readGitRequest } from './http-request.ts';
import { repositoryDir } from './repository-folder.ts';
import { isBranchName, isNameSegment } from './repository-name.ts';

/** Text in which the characters that matter are frequent. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom('.', '/', '-', '~', '@', '{', '\\', ' ', '\0', '%', '?', '.git', '.lock', 'a'),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
});

describe('names', () => {
  test('a repository is always two folders below the top', () => {
    fc.assert(
      fc.property(nasty, nasty, (owner, name) => {
        let dir: string;
        try {
          dir = repositoryDir('/forge', `${owner}/${name}`);
        } catch {
          return;
        }

        expect(dir.split(sep)).toEqual(['', 'forge', owner, `${name}.git`]);
      }),
    );
  });

  test.each(['acme', 'a', 'Acme-2', 'node.js', 'a_b'])('%s is a name', (text) => {
    expect(isNameSegment(text)).toBe(true);
  });

  test.each(['', '.', '..', '.a', '-a', 'a..b', 'a.git', 'A.GIT', 'a.lock', 'a/b', 'é', 'a b'])(
    '%j is no name',
    (text) => {
      expect(isNameSegment(text)).toBe(false);
    },
  );

  test('a branch name we take is one git takes', () => {
    const taken = fc
      .sample(nasty.filter(isBranchName), { numRuns: 60, seed: 1 })
      .concat(['main', 'agent/total', '日本語', 'a'.repeat(244)]);

    for (const branch of taken) {
      expect(() =>
        execFileSync('git', ['check-ref-format', `refs/heads/${branch}`], { stdio: 'ignore' }),
      ).not.toThrow();
    }
  });

  test.each([
    '',
    '@',
    'HEAD',
    '-x',
    '/a',
    'a/',
    'a..b',
    'a.lock',
    'a.lock/b',
    'a@{1}',
    'a\nb',
    'a:b',
  ])('%j is no branch name', (text) => {
    expect(isBranchName(text)).toBe(false);
  });
});

describe('requests', () => {
  test('the four addresses of smart HTTP are read', () => {
    const base = '/git/acme/shop.git';

    expect(readGitRequest('GET', `${base}/info/refs?service=git-upload-pack`)).toEqual({
      repository: 'acme/shop',
      service: 'git-upload-pack',
      endpoint: 'info/refs',
    });
    expect(readGitRequest('GET', `${base}/info/refs?service=git-receive-pack`)).toMatchObject({
      service: 'git-receive-pack',
    });
    expect(readGitRequest('POST', `${base}/git-upload-pack`)).toMatchObject({
      endpoint: 'git-upload-pack',
    });
    expect(readGitRequest('POST', `${base}/git-receive-pack`)).toMatchObject({
      endpoint: 'git-receive-pack',
    });
  });

  test('no other address is, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.constantFrom('GET', 'POST', 'PUT'), nasty, (method, tail) => {
        const request = readGitRequest(method, `/git/acme/shop.git/${tail}`);

        expect(request).toBeUndefined();
      }),
    );
  });

  test('credentials are read as they were written', () => {
    fc.assert(
      fc.property(
        fc.string().filter((name) => !name.includes(':')),
        fc.string(),
        (name, secret) => {
          const encoded = Buffer.from(`${name}:${secret}`).toString('base64');
          const plain = Buffer.from(encoded, 'base64').toString();
          const colon = plain.indexOf(':');

          expect(readBasicCredentials(`Basic ${encoded}`)).toEqual({
            username: plain.slice(0, colon),
            secret: plain.slice(colon + 1),
          });
        },
      ),
    );
  });

  test.each([undefined, '', 'Basic', 'Basic !!!', 'Bearer loom_x', `Basic ${btoa('no colon')}`])(
    'the header %j holds no credentials',
    (header) => {
      expect(readBasicCredentials(header)).toBeUndefined();
    },
  );
});
