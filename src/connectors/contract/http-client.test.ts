/**
 * Goal: calls to outside systems are bounded, told apart, and cannot be led inside. Method: the suite of
 * outgoing calls on the bare client, a real server that misbehaves, and time that the test sets.
 */
import { expect, test } from 'vitest';
import { AppError } from '#kernel';
import { testClock } from '#testing';
import { isInsideAddress } from './addresses.ts';
import { describeOutgoing } from './conformance-outgoing.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { createHttpClient } from './http-client.ts';
import { answering, startMisbehavingServer } from './misbehaving-server.ts';

const SECRET = 'token-that-must-not-show';
const clock = testClock();

function clientOf(baseUrl: string, timeoutMs = 1_000, callsPerHour = 100) {
  return createHttpClient({
    title: 'Example',
    baseUrl,
    timeoutMs,
    callsPerHour,
    headers: () => ({ authorization: `Bearer ${SECRET}` }),
    clock,
  });
}

describeOutgoing({
  name: 'the shared client',
  secret: SECRET,
  open({ baseUrl, timeoutMs }) {
    const client = clientOf(baseUrl, timeoutMs);
    return () => client.json({ path: '/things' });
  },
});

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '::1',
  '::',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  'fe80::1',
  'fd00::1',
  '64:ff9b::a00:1',
  '2002:a00:1::',
  'no address',
])('%s is inside', (address) => {
  expect(isInsideAddress(address)).toBe(true);
});

test.each(['1.1.1.1', '140.82.121.4', '172.32.0.1', '2606:4700::1111'])(
  '%s is outside',
  (address) => {
    expect(isInsideAddress(address)).toBe(false);
  },
);

test.each([
  'http://127.0.0.1/',
  'http://[::1]/',
  'http://localhost/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://user:pass@example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'not an address',
])('nobody outside leads us to %s', async (url) => {
  const fetch = createGuardedFetch({ trustedUrls: [], timeoutMs: 500, maxBytes: 1_000 });

  const error = await fetch(url).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toMatch(/^connector\.(private_address|bad_address)$/);
});

test('while a system wants us to wait it is not called, and afterwards it is', async () => {
  await using server = await startMisbehavingServer();
  const client = clientOf(server.url);
  server.behave(answering(429, { 'retry-after': '30' }));
  await client.json({ path: '/a' }).catch(() => {});
  server.behave(answering(200, {}, { fine: true }));

  const early = await client.json({ path: '/a' }).catch((error: unknown) => error);
  clock.advance(30_001);
  const later = await client.json({ path: '/a' });

  expect(early).toMatchObject({
    code: 'connector.rate_limited',
    details: { retryAfterSeconds: 30 },
  });
  expect(later.body).toEqual({ fine: true });
  expect(server.requests).toHaveLength(2);
});

test('our own bound on calls per hour holds, and frees itself', async () => {
  await using server = await startMisbehavingServer();
  const client = clientOf(server.url, 1_000, 3);
  for (let call = 0; call < 3; call += 1) await client.json({ path: '/a' });

  const refused = await client.json({ path: '/a' }).catch((error: unknown) => error);
  clock.advance(61 * 60_000);

  expect(refused).toMatchObject({ kind: 'unavailable', code: 'connector.rate_limited' });
  await expect(client.json({ path: '/a' })).resolves.toMatchObject({ status: 200 });
  expect(server.requests).toHaveLength(4);
});

test('a redirect within the system is followed with our credentials, one to elsewhere without', async () => {
  await using server = await startMisbehavingServer();
  await using other = await startMisbehavingServer();
  other.behave(answering(200, {}, { place: 'elsewhere' }));
  server.behave((request, response) => {
    const to = request.url === '/here' ? '/there' : `${other.url}/away`;
    answering(
      request.url === '/there' ? 200 : 302,
      { location: to },
      { place: 'there' },
    )(request, response);
  });
  const client = createHttpClient({
    title: 'Example',
    baseUrl: server.url,
    trustedUrls: [other.url],
    headers: () => ({ authorization: SECRET }),
    clock,
  });

  const near = await client.json({ path: '/here' });
  const far = await client.json({ path: '/away' });

  expect(near.body).toEqual({ place: 'there' });
  expect(server.requests[1]!.headers.authorization).toBe(SECRET);
  expect(far.body).toEqual({ place: 'elsewhere' });
  expect(other.requests[0]!.headers.authorization).toBeUndefined();
});

test.each(['../admin', '/../../admin', '//evil.example/x'])(
  'the path %s does not leave the base address',
  async (path) => {
    const client = createHttpClient({ title: 'Example', baseUrl: 'https://api.example/v3', clock });

    await expect(client.json({ path })).rejects.toMatchObject({ code: 'connector.bad_path' });
    expect(client.budget.snapshot().callsLastHour).toBe(0);
  },
);
