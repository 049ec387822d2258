/**
 * Goal: mail reaches the person with words and links alone, one key is one mail, and nothing of ours or of
 * others gets out of its place.
 * Method: a small SMTP server that keeps what it is sent and can refuse.
 */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EscalationMessage } from '#connectors/contract';
import { createEmailMessenger } from './messenger.ts';
import { isAddress } from './render.ts';

interface Sent {
  from: string;
  to: string[];
  text: string;
}

const stack = new AsyncDisposableStack();
const server = { sent: [] as Sent[], refuseWith: undefined as string | undefined, port: 0 };

beforeAll(async () => {
  const listener = createServer(serve);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  server.port = (listener.address() as AddressInfo).port;
  stack.defer(() => new Promise<void>((resolve) => listener.close(() => resolve())));
});
afterAll(() => stack.disposeAsync());

/** As much of RFC 5321 as a client needs. */
function serve(socket: Socket): void {
  let mail: Sent = { from: '', to: [], text: '' };
  let isData = false;
  let rest = '';
  const say = (line: string) => socket.write(`${line}\r\n`);
  say('220 test ESMTP');
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString();
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (isData) {
        if (line !== '.') mail.text += `${line}\n`;
        else {
          isData = false;
          server.sent.push(mail);
          mail = { from: '', to: [], text: '' };
          say('250 kept');
        }
      } else answer(line);
    }
  });
  function answer(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') say('250 test');
    else if (verb === 'MAIL' && server.refuseWith !== undefined) say(server.refuseWith);
    else if (verb === 'MAIL') {
      mail.from = line;
      say('250 ok');
    } else if (verb === 'RCPT') {
      mail.to.push(/<(.*)>/.exec(line)?.[1] ?? '');
      say('250 ok');
    } else if (verb === 'DATA') {
      isData = true;
      say('354 go on');
    } else if (verb === 'QUIT') {
      say('221 bye');
      socket.end();
    } else say('250 ok');
  }
}

const open = (options: { smtpUrl?: string; from?: string } = {}) =>
  createEmailMessenger({
    smtpUrl: `smtp://127.0.0.1:${server.port}`,
    from: 'LoomStack <loom@example.com>',
    timeoutMs: 2_000,
    ...options,
  });

const message: EscalationMessage = {
  assignmentId: 'esc_1',
  to: { name: 'Grace', identities: ['github:grace', 'email:grace@example.org'] },
  subject: 'Review asked: <b>total</b>\r\nBcc: everybody@example.org',
  lines: ['What: <script>alert(1)</script>', 'Why you: you reviewed it before'],
  deadline: '2026-11-20T12:00:00Z',
  actions: [
    { action: 'approve', label: 'approve', url: 'https://loom.example/inbox/esc_1?answer=approve' },
  ],
  url: 'https://loom.example/inbox/esc_1',
};

test('the person gets one mail with a link that only leads to the inbox', async () => {
  server.sent.length = 0;

  const first = await open().sendEscalation(message, 'key-1');
  const again = await open().sendEscalation(message, 'key-1');

  expect(again).toEqual(first);
  const [mail] = server.sent;
  expect(mail!.to).toEqual(['grace@example.org']);
  expect(mail!.text).toContain(`Message-ID: ${first!.externalId}`);
  expect(server.sent[1]!.text).toContain(`Message-ID: ${first!.externalId}`);
  expect(mail!.text).toContain('Auto-Submitted: auto-generated');
  expect(mail!.text).toContain('https://loom.example/inbox/esc_1');
  expect(mail!.text).not.toContain('answer=3Dapprove');
  expect(mail!.text).not.toContain('answer=approve');
  expect(mail!.text).not.toMatch(/^Bcc:/m);
  expect(mail!.text).toContain('&lt;script&gt;');
});

test('who has no address is not reached, nor what is no address', async () => {
  const nobody = { ...message, to: { name: 'X', identities: ['slack:u1', 'email:a@b.c,d@e.f'] } };

  expect(await open().sendEscalation(nobody, 'key-2')).toBeUndefined();
  expect(
    await open().sendNotice({ to: '-oQ/tmp x@example.org', subject: '', text: '' }, 'k'),
  ).toBeUndefined();
  expect(['a@example.org', 'a.b+c@x-y.example'].every(isAddress)).toBe(true);
  expect(['a@b,c@d', 'a b@c.d', '-a@b.c', 'a@b\n.c', '<a@b.c>', ''].some(isAddress)).toBe(false);
});

test.each([
  ['550 no such user grace@example.org', 'invalid', 'email.refused'],
  ['451 try again later', 'unavailable', 'email.unreachable'],
])('a server that says %s', async (refusal, kind, code) => {
  server.refuseWith = refusal;
  const error: unknown = await open()
    .sendEscalation(message, 'key-3')
    .catch((thrown: unknown) => thrown)
    .finally(() => {
      server.refuseWith = undefined;
    });

  expect(error).toMatchObject({ kind, code });
  expect(JSON.stringify(error)).not.toContain('grace@example.org');
});

test('a server that is not there may be there later, and its password is told to nobody', async () => {
  const smtpUrl = 'smtp://user:hidden-password@127.0.0.1:1';
  const error: unknown = await open({ smtpUrl })
    .check()
    .catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ kind: 'unavailable', code: 'email.unreachable' });
  expect(JSON.stringify(error) + String(error)).not.toContain('hidden-password');
});

test.each([
  { smtpUrl: 'https://mail.example.com' },
  { smtpUrl: 'hidden-password' },
  { from: 'nobody' },
])('settings that cannot be read are refused: %j', (settings) => {
  let error: unknown;
  try {
    open(settings);
  } catch (thrown) {
    error = thrown;
  }

  expect(error).toMatchObject({ code: 'email.bad_settings' });
  expect(String(error)).not.toContain('hidden-password');
});
