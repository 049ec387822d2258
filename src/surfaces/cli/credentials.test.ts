/**
 * Goal: the command line finds its server, and a token goes to the address it was left for only.
 * Method: a data folder of the test's own, with the environment set for each case.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CREDENTIALS_FILE, findCredentials } from './credentials.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'loom-credentials-'));
  for (const name of ['URL', 'TOKEN', 'DATA', 'HOOKS_FAIL_CLOSED', 'HOOKS_TIMEOUT_MS']) {
    vi.stubEnv(`LOOM_${name}`, undefined);
  }
  vi.stubEnv('HOME', data);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(data, { recursive: true });
});

const leave = (value: unknown) =>
  writeFileSync(
    join(data, CREDENTIALS_FILE),
    typeof value === 'string' ? value : JSON.stringify(value),
  );
const LEFT = { url: 'http://127.0.0.1:7431', token: 'loom_left' };

test('what the server left is found, its wishes for hooks included', () => {
  leave({ ...LEFT, hooks: { failClosed: true, timeoutMs: 500 } });

  expect(findCredentials({ data })).toEqual({
    ...LEFT,
    hooks: { failClosed: true, timeoutMs: 500 },
  });
});

test('flags beat the environment, which beats what was left', () => {
  leave(LEFT);
  vi.stubEnv('LOOM_DATA', data);
  vi.stubEnv('LOOM_URL', 'http://environment:1');
  vi.stubEnv('LOOM_TOKEN', 'from the environment');

  expect(findCredentials({})).toMatchObject({
    url: 'http://environment:1',
    token: 'from the environment',
  });
  expect(findCredentials({ url: 'http://flag:1', token: 'from a flag' })).toMatchObject({
    url: 'http://flag:1',
    token: 'from a flag',
  });
});

test.each([
  'http://127.0.0.1:7432',
  'https://127.0.0.1:7431',
  'http://localhost:7431',
  'http://127.0.0.1.evil.example:7431',
  'http://127.0.0.1:7431@evil.example',
  'nonsense',
])('a token left for one address is never sent to another: %s', (url) => {
  leave(LEFT);

  expect(findCredentials({ data, url }).token).toBeUndefined();
  vi.stubEnv('LOOM_URL', url);
  expect(findCredentials({ data }).token).toBeUndefined();
});

test('another path of the same server gets the token that was left for it', () => {
  leave(LEFT);

  expect(findCredentials({ data, url: `${LEFT.url}/` }).token).toBe(LEFT.token);
});

test.each(['', 'null', '[]', '{', '{"url": 1, "token": 2}', '{"url": "http://x"}'])(
  'a spoilt file counts as none: %j',
  (text) => {
    leave(text);

    expect(findCredentials({ data })).toEqual({
      url: 'http://127.0.0.1:7400',
      token: undefined,
      hooks: { failClosed: false, timeoutMs: 3_000 },
    });
  },
);

test('an address that was left and is none stops nobody', () => {
  leave({ url: 'nonsense', token: 'loom_left' });

  expect(findCredentials({ data })).toMatchObject({ url: 'nonsense', token: 'loom_left' });
  expect(findCredentials({ data, url: 'http://elsewhere' }).token).toBeUndefined();
});

test('the environment overrules what the server wished for hooks', () => {
  leave({ ...LEFT, hooks: { failClosed: true, timeoutMs: 500 } });
  vi.stubEnv('LOOM_HOOKS_FAIL_CLOSED', 'no');
  vi.stubEnv('LOOM_HOOKS_TIMEOUT_MS', 'soon');

  expect(findCredentials({ data }).hooks).toEqual({ failClosed: false, timeoutMs: 3_000 });
});
