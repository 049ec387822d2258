/**
 * Goal: the stream tells everything a caller may know, once, in order, and lets go when they leave.
 * Method: the real ledger and sequencer; the client reads the answer's bytes.
 */
import { expect, test } from 'vitest';
import type { LedgerEvent } from '#ledger';
import { waitFor } from '#testing';
import { type TestApp, testApp } from '#testing/app';
import { toEventStream } from './stream.ts';

interface Received {
  id: string | undefined;
  event: string | undefined;
  type: string | undefined;
}

async function readFrames(
  response: Response,
  isEnough: (frames: Received[]) => boolean,
): Promise<Received[]> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const frames: Received[] = [];
  let text = '';
  while (!isEnough(frames)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
      );
      text = text.slice(end + 2);
      if (!fields.has('id')) continue;
      const data = fields.get('data');
      frames.push({
        id: fields.get('id'),
        event: fields.get('event'),
        type: data === undefined ? undefined : (JSON.parse(data) as { type: string }).type,
      });
    }
  }
  await reader.cancel();
  return frames;
}

const follow = (app: TestApp, token: string, path: string, headers: Record<string, string> = {}) =>
  app.http.request(path, { headers: { authorization: `Bearer ${token}`, ...headers } });

async function head(app: TestApp): Promise<number> {
  await app.settle();
  return app.services.ledger.head();
}

test('an auditor sees every entry in order, and comes back where they left', async () => {
  await using app = await testApp();
  const token = await app.tokenFor('auditor');
  await app.services.work.create({ title: 'one' }, { kind: 'system', id: 'test' });
  const newest = await head(app);

  const all = await readFrames(
    await follow(app, token, '/v1/stream?after=-1'),
    (frames) => frames.length > newest,
  );
  const rest = await readFrames(
    await follow(app, token, '/v1/stream', { 'last-event-id': String(newest - 2) }),
    (frames) => frames.length === 2,
  );

  expect(all.map(({ id }) => Number(id))).toEqual(all.map((_frame, index) => index));
  expect(rest.map(({ id }) => Number(id))).toEqual([newest - 1, newest]);
  expect(rest.at(-1)).toMatchObject({
    event: 'ledger',
    type: expect.stringMatching(/^work-item\./),
  });
});

test('others see what they may read; the rest only moves their position on', async () => {
  await using app = await testApp();
  const token = await app.tokenFor('viewer');
  await app.services.work.create({ title: 'one' }, { kind: 'system', id: 'test' });
  const newest = await head(app);

  const frames = await readFrames(
    await follow(app, token, '/v1/stream?after=-1'),
    (all) => all.length > newest,
  );

  const seen = frames.flatMap(({ type }) => (type === undefined ? [] : [type]));
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((type) => !type.startsWith('work-item.'))).toEqual([]);
  expect(frames).toHaveLength(newest + 1);
});

test('an event that comes later arrives on the open stream', async () => {
  await using app = await testApp();
  const token = await app.tokenFor('auditor');
  await head(app);
  const response = await follow(app, token, '/v1/stream');

  const [frames] = await Promise.all([
    readFrames(response, (all) => all.some(({ type }) => type?.startsWith('work-item.') ?? false)),
    app.services.work.create({ title: 'later' }, { kind: 'system', id: 'test' }),
  ]);

  expect(frames.at(-1)?.type).toMatch(/^work-item\./);
});

test('a client that leaves ends the reading of the ledger, even while nothing comes', async () => {
  const stop = new AbortController();
  let isEnded = false;
  async function* silence(): AsyncGenerator<LedgerEvent> {
    yield* [];
    try {
      await new Promise<void>((resolve) => {
        stop.signal.addEventListener('abort', () => resolve());
      });
    } finally {
      isEnded = true;
    }
  }
  const reader = toEventStream(silence(), () => true, stop, 5).getReader();

  const first = await reader.read();
  const heartbeat = await reader.read();
  await reader.cancel();

  expect(new TextDecoder().decode(first.value)).toContain('retry:');
  expect(new TextDecoder().decode(heartbeat.value)).toBe(': still here\n\n');
  await waitFor('the reading to end', () => isEnded);
});

test('a token that was revoked hears nothing more on the stream it opened', async () => {
  await using app = await testApp();
  const token = await app.tokenFor('auditor');
  const admin = await app.tokenFor('admin');
  await head(app);
  const response = await follow(app, token, '/v1/stream');
  const { tokenId } = await app.services.governance.authenticate(token);

  await app.call('DELETE', `/v1/tokens/${tokenId}`, { token: admin });
  app.clock.advance(2_000);
  await app.services.work.create({ title: 'secret' }, { kind: 'system', id: 'test' });
  await app.settle();

  expect(await readFrames(response, () => false)).toEqual([]);
});

test('one token cannot hold any number of streams, and gets its places back', async () => {
  await using app = await testApp();
  const token = await app.tokenFor('auditor');
  const streams: Response[] = [];
  for (let count = 0; count < 50; count += 1) {
    streams.push(await follow(app, token, '/v1/stream'));
  }

  const oneMore = await follow(app, token, '/v1/stream');
  await streams[0]!.body!.cancel();
  const afterwards = await follow(app, token, '/v1/stream');
  for (const stream of [...streams.slice(1), afterwards]) await stream.body!.cancel();

  expect([oneMore.status, afterwards.status]).toEqual([429, 200]);
  expect(await oneMore.json()).toMatchObject({ code: 'http.too_many_streams' });
});
