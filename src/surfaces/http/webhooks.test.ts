/**
 * Goal: a delivery is judged alike at both doors, the short one on the socket and the app's.
 * Method: the real listener on a free port; a receiver in place of a connector; each request goes to
 * the listener and to the app, and the answers are compared.
 */
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { AppError } from '#kernel';
import { createHttpListener, type WebhookDelivery, type WebhookReceiver } from '#surfaces';
import { waitFor } from '#testing';
import { type TestApp, testApp } from '#testing/app';

const LIMIT = 2_000;

function receiver(received: string[]): WebhookReceiver {
  return {
    verify({ headers }) {
      if (headers['x-signature'] === 'genuine') return;
      throw new AppError('unauthenticated', 'test.bad_signature', { message: 'Not genuine.' });
    },
    async receive({ body }: WebhookDelivery) {
      const text = Buffer.from(body).toString('hex');
      if (text === Buffer.from('down').toString('hex')) {
        throw new AppError('unavailable', 'database.unavailable', { message: 'Not now.' });
      }
      if (text === Buffer.from('bug').toString('hex')) throw new TypeError('secret detail');
      const isDuplicate = received.includes(text);
      if (!isDuplicate) received.push(text);
      return { accepted: isDuplicate ? 0 : 1, isDuplicate };
    },
  };
}

async function open(): Promise<
  { app: TestApp; received: string[]; port: number } & AsyncDisposable
> {
  const received: string[] = [];
  const app = await testApp({
    flags: { 'limits.bodyBytes': LIMIT },
    services: { webhooks: new Map([['host', receiver(received)]]) },
  });
  const server = createServer(createHttpListener(app.services));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    app,
    received,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await app[Symbol.asyncDispose]();
    },
  };
}

interface Heard {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function post(
  port: number,
  path: string,
  headers: Record<string, string>,
  body: Uint8Array,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const sending = request({ port, path, headers, method: 'POST' }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const genuine = { 'x-signature': 'genuine' };

test.each<[string, string, Record<string, string>, string, number]>([
  ['genuine', '/webhooks/host', genuine, 'a', 202],
  ['empty', '/webhooks/host', genuine, '', 202],
  ['not genuine', '/webhooks/host', { 'x-signature': 'forged' }, 'a', 401],
  ['for nobody', '/webhooks/nobody', genuine, 'a', 404],
  ['too long', '/webhooks/host', genuine, 'x'.repeat(LIMIT + 1), 413],
  ['under a foreign name', '/webhooks/host', { ...genuine, host: 'evil.example' }, 'a', 403],
  ['of a foreign page', '/webhooks/host', { ...genuine, origin: 'https://evil.example' }, 'a', 403],
  ['while the database is away', '/webhooks/host', genuine, 'down', 503],
  ['that meets a bug of ours', '/webhooks/host', genuine, 'bug', 500],
])('a delivery %s is answered alike at both doors', async (_what, path, headers, text, status) => {
  await using door = await open();
  const body = Buffer.from(text);

  const short = await post(
    door.port,
    path,
    { 'content-length': String(body.length), ...headers },
    body,
  );
  // Without a stated length the request goes the long way.
  const long = await post(door.port, path, { 'transfer-encoding': 'chunked', ...headers }, body);

  expect([short.status, long.status]).toEqual([status, status === 202 ? 200 : status]);
  const judgement = ({ body: answer }: Heard) => {
    const { requestId: _id, ...rest } = JSON.parse(answer) as Record<string, unknown>;
    return rest;
  };
  if (status !== 202) expect(judgement(short)).toEqual(judgement(long));
  const kept = ({ headers: all }: Heard) => ({
    ...all,
    date: '',
    'x-request-id': typeof all['x-request-id'],
    // The doors frame their bodies differently.
    'content-length': '',
    'transfer-encoding': '',
    connection: '',
    'keep-alive': '',
  });
  expect(kept(short)).toEqual(kept(long));
  expect(short.body).not.toContain('secret detail');
  expect(door.received).toHaveLength(status === 202 ? 1 : 0);
});

test('the bytes arrive as they were sent, and again they are a duplicate', async () => {
  await using door = await open();
  const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
  const headers = { ...genuine, 'content-length': '4' };

  const first = await post(door.port, '/webhooks/host', headers, body);
  const second = await post(door.port, '/webhooks/host', headers, body);

  expect([first.status, second.status]).toEqual([202, 200]);
  expect(JSON.parse(second.body)).toEqual({ accepted: 0, isDuplicate: true });
  expect(door.received).toEqual(['7bff007d']);
});

test('a sender that hangs up half-way leaves nothing, and the next is served', async () => {
  await using door = await open();
  const socket = connect({ port: door.port, host: '127.0.0.1' });
  socket.write(
    'POST /webhooks/host HTTP/1.1\r\nhost: localhost\r\nx-signature: genuine\r\ncontent-length: 10\r\n\r\nhalf',
  );
  socket.resume().end();

  await waitFor('the server to let go', async () => socket.closed);
  const next = await post(
    door.port,
    '/webhooks/host',
    { ...genuine, 'content-length': '1' },
    Buffer.from('a'),
  );

  expect(next.status).toBe(202);
  expect(door.received).toEqual(['61']);
});

test('deliveries of the short way are counted with all other requests', async () => {
  await using door = await open();
  await post(door.port, '/webhooks/host', { ...genuine, 'content-length': '1' }, Buffer.from('a'));

  const metrics = await fetch(`http://127.0.0.1:${door.port}/metrics`);

  expect(await metrics.text()).toContain(
    'loom_http_requests_total{method="POST",route="/webhooks/{connector}",status="202"} 1',
  );
});
