/**
 * Goal: only Slack is believed, whatever it sends is told apart or refused, and no text of others becomes
 * markup, a mention or a second message.
 * Method: requests in Slack's documented shapes, hostile texts, and Slack's emulator.
 */
import { createEmulator } from 'emulate';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AppError, systemClock } from '#kernel';
import { testClock } from '#testing';
import type { Delivery, EscalationMessage } from '#connectors/contract';
import { describeOutgoing } from '../contract/conformance-outgoing.ts';
import { escalationBlocks, noticeBlocks, outcomeBlocks } from './blocks.ts';
import { createSlackClient } from './client.ts';
import { packAnswer, readDelivery } from './deliveries.ts';
import { createSlackMessenger } from './messenger.ts';
import { signSlack } from './signature.ts';
import { toDelivery } from './socket.ts';
import { createSlackSource } from './source.ts';

const Anything = z.looseObject({});
const SECRET = 'a signing secret of tests';
const NOW = new Date('2026-11-20T10:00:00Z');
const clock = testClock(NOW);
const source = createSlackSource({ signingSecret: SECRET, clock });

const json = (value: unknown): Delivery => ({
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value)),
});
const form = (fields: Record<string, string>): Delivery => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: Buffer.from(new URLSearchParams(fields).toString()),
});

function signed(delivery: Delivery, at = NOW, secret = SECRET): Delivery {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  return {
    ...delivery,
    headers: {
      ...delivery.headers,
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signSlack(secret, timestamp, delivery.body),
    },
  };
}

const event = (inner: object) =>
  json({
    token: 'gone',
    team_id: 'T0001',
    api_app_id: 'A0001',
    type: 'event_callback',
    event_id: 'Ev0001',
    event_time: 1,
    event: inner,
  });
const command = {
  token: 'gone',
  team_id: 'T0001',
  team_domain: 'acme',
  channel_id: 'C0001',
  channel_name: 'general',
  user_id: 'U0001',
  user_name: 'grace',
  command: '/loom',
  text: ' inbox ',
  api_app_id: 'A0001',
  response_url: 'https://hooks.slack.com/commands/1',
  trigger_id: '1.2.3',
};
const answer = { assignmentId: 'esc_1', decision: 'approve' as const, packageSha256: 'ab' };
const click = {
  type: 'block_actions',
  user: { id: 'U0001', username: 'grace', team_id: 'T0001' },
  api_app_id: 'A0001',
  team: { id: 'T0001', domain: 'acme' },
  trigger_id: '1.2.3',
  response_url: 'https://hooks.slack.com/actions/1',
  container: { type: 'message', message_ts: '1.0', channel_id: 'D0001', is_ephemeral: false },
  actions: [
    { type: 'button', action_id: 'loom-answer:approve', value: packAnswer(answer), action_ts: '1' },
  ],
};

describe('a request of Slack', () => {
  test.each<[string, Delivery]>([
    ['another secret', signed(json({}), NOW, 'another')],
    ['no signature', json({})],
    ['six minutes ago', signed(json({}), new Date(NOW.getTime() - 360_000))],
    ['the future', signed(json({}), new Date(NOW.getTime() + 360_000))],
    ['another body', { ...signed(json({})), body: Buffer.from('{} ') }],
  ])('is refused with %s', (_what, delivery) => {
    expect(errorOf(() => source.verify(delivery)).status).toBe(401);
    expect(() => source.verify(signed(json({})))).not.toThrow();
  });

  test('is refused without a secret, and an empty one is refused at once', () => {
    const socketOnly = createSlackSource({ signingSecret: undefined, clock });

    expect(errorOf(() => socketOnly.verify(signed(json({}), NOW, ''))).status).toBe(401);
    expect(errorOf(() => createSlackSource({ signingSecret: ' ', clock })).kind).toBe('invalid');
  });

  test('is told apart', () => {
    const kinds = [
      json({ type: 'url_verification', token: 't', challenge: 'abc' }),
      event({
        type: 'message',
        channel: 'C1',
        ts: '1.2',
        user: 'U1',
        text: 'hi',
        thread_ts: '1.0',
      }),
      event({ type: 'message', subtype: 'message_changed', channel: 'C1', ts: '1.2' }),
      event({ type: 'message', bot_id: 'B1', channel: 'C1', ts: '1.2', text: 'ours' }),
      event({ type: 'reaction_added' }),
      form(command),
      form({ payload: JSON.stringify(click) }),
      form({ payload: JSON.stringify({ ...click, type: 'shortcut' }) }),
      form({ payload: JSON.stringify({ ...click, actions: [{ action_id: 'loom-open' }] }) }),
    ].map((delivery) => readDelivery(delivery).kind);

    expect(kinds).toEqual([
      'challenge',
      'message',
      'other',
      'other',
      'other',
      'command',
      'click',
      'other',
      'other',
    ]);
    expect(readDelivery(form({ payload: JSON.stringify(click) }))).toMatchObject({
      user: { id: 'U0001', teamId: 'T0001' },
      channelId: 'D0001',
      answer,
    });
  });

  test('means the same over a socket', () => {
    const pairs: [string, unknown, Delivery][] = [
      ['slash_commands', command, form(command)],
      ['interactive', click, form({ payload: JSON.stringify(click) })],
      [
        'events_api',
        { type: 'url_verification', challenge: 'x' },
        json({ type: 'url_verification', challenge: 'x' }),
      ],
    ];

    for (const [type, body, delivery] of pairs) {
      expect(readDelivery(toDelivery({ type, body })!)).toEqual(readDelivery(delivery));
    }
    expect(toDelivery({ type: 'hello', body: {} })).toBeUndefined();
  });

  test.each([
    json([]),
    json({ type: 'event_callback' }),
    form({ payload: '{' }),
    form({ payload: '{}' }),
    form({ text: 'no command' }),
    form({
      payload: JSON.stringify({
        ...click,
        actions: [{ action_id: 'loom-answer:x', value: '{"a":1}' }],
      }),
    }),
    { headers: { 'content-type': 'application/json' }, body: Buffer.from([0xff, 0xfe]) },
    { headers: {}, body: Buffer.from('['.repeat(200_000)) },
  ])('that is no such thing is refused with a stable code (%#)', (delivery) => {
    expect(errorOf(() => source.toSignals(delivery)).code).toBe('slack.unreadable_delivery');
  });
});

const message: EscalationMessage = {
  assignmentId: 'esc_1',
  packageSha256: 'a'.repeat(64),
  to: { name: 'Grace', identities: ['email:grace@example.org'] },
  subject: 'Review asked: <!channel> & friends (acme/shop)',
  lines: ['What: <https://evil.example|a link>', 'Why you: you wrote it', 'x'.repeat(7_000)],
  deadline: '2026-11-20T12:00:00Z',
  actions: [
    { action: 'approve', label: 'approve', url: 'https://loom.example/inbox/esc_1?answer=approve' },
    { action: 'send-back', label: 'send back', url: 'https://loom.example/x' },
    { action: 'hand-over', label: 'hand over', url: 'https://loom.example/y' },
  ],
  url: 'https://loom.example/inbox/esc_1',
};

describe('a message to Slack', () => {
  test('has a button for each answer and keeps to the limits of Block Kit', () => {
    const blocks = escalationBlocks(message);
    const actions = blocks.at(-1) as { elements: { action_id: string; value?: string }[] };

    expect(actions.elements.map(({ action_id }) => action_id)).toEqual([
      'loom-answer:approve',
      'loom-answer:send-back',
      'loom-answer:hand-over',
      'loom-open',
    ]);
    expect(blocks.length).toBeLessThanOrEqual(50);
  });

  test('holds the words of others as plain text only, however they are', () => {
    const url = 'https://loom.example/';
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.string(), (lines, subject) => {
        const all = [
          ...escalationBlocks({ ...message, lines, subject }),
          ...outcomeBlocks({
            assignmentId: 'esc_1',
            state: 'closed',
            subject,
            summary: lines.join(),
            url,
          }),
          ...noticeBlocks(subject, lines.join('\n')),
        ];

        const texts = JSON.stringify(all);
        expect(texts).not.toContain('"mrkdwn"');
        for (const block of all) {
          const { text } = block as { text?: { text: string } };
          if (text === undefined) continue;
          expect(text.text.length).toBeGreaterThan(0);
          expect(text.text.length).toBeLessThanOrEqual(block['type'] === 'header' ? 150 : 3_000);
        }
      }),
    );
  });
});

describe('over the emulator', () => {
  let emulator: { url: string; close(): Promise<void> };
  beforeAll(async () => {
    const scopes = [
      'chat:write',
      'im:write',
      'im:history',
      'channels:history',
      'users:read',
      'users:read.email',
    ];
    emulator = await createEmulator({
      service: 'slack',
      port: 0,
      seed: {
        slack: {
          users: [{ name: 'grace', email: 'grace@example.org' }],
          channels: [{ name: 'deploys' }],
          bots: [{ name: 'loom' }],
          tokens: [{ token: 'xoxb-loom', user: 'loom', scopes }],
          strict_scopes: true,
        },
      },
    });
  });
  afterAll(() => emulator.close());

  const open = () =>
    createSlackClient({
      botToken: 'xoxb-loom',
      apiUrl: `${emulator.url}/api/`,
      clock: systemClock,
    });

  test('a person is found by mail, asked once, and the question is taken back in place', async () => {
    const slack = open();
    const messenger = createSlackMessenger(slack);

    const first = await messenger.sendEscalation(message, 'key-1');
    // A new process, after an answer that was lost.
    const again = await createSlackMessenger(open()).sendEscalation(message, 'key-1');
    await messenger.closeEscalation!(first!, {
      assignmentId: 'esc_1',
      subject: message.subject,
      state: 'decided',
      summary: 'Grace: approve.',
      url: message.url,
    });

    expect(again).toEqual(first);
    const history = await slack.ask(
      'conversations.history',
      { channel: first!.externalId.split(':')[0]! },
      Anything,
    );
    const { messages } = history as { messages: { text: string; blocks: object[] }[] };
    expect(messages).toHaveLength(1);
    expect(messages[0]!.text).toContain('Grace: approve.');
    expect(JSON.stringify(messages[0]!.blocks)).not.toContain('loom-answer');
  });

  test('nobody is told where nobody is known, and a message that is gone is gone', async () => {
    const messenger = createSlackMessenger(open());
    const stranger = {
      ...message,
      to: { name: 'X', identities: ['email:x@example.org', 'github:x'] },
    };
    const outcome = {
      assignmentId: 'esc_1',
      subject: '',
      state: 'closed',
      summary: '',
      url: message.url,
    } as const;

    expect(await messenger.sendEscalation(stranger, 'key-2')).toBeUndefined();
    await expect(
      messenger.closeEscalation!({ externalId: 'C404:1.0' }, outcome),
    ).resolves.toBeUndefined();
  });
});

test.each([
  ['invalid_auth', 'unavailable', 'connector.bad_credentials'],
  ['ratelimited', 'unavailable', 'connector.unreachable'],
  ['channel_not_found', 'invalid', 'slack.refused'],
])('Slack refuses with %s, and we say so without the token', async (name, kind, code) => {
  const slack = createSlackClient({
    botToken: 'xoxb-secret',
    clock,
    fetch: async () => Response.json({ ok: false, error: name }),
  });
  const error = await slack.post('auth.test', {}, Anything).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ kind, code });
  expect(JSON.stringify(error)).not.toContain('xoxb-secret');
});

describeOutgoing({
  name: 'Slack',
  secret: 'xoxb-a-secret-of-tests',
  open: ({ baseUrl, timeoutMs, secret }) => {
    const slack = createSlackClient({
      botToken: secret,
      apiUrl: baseUrl,
      timeoutMs,
      clock: systemClock,
    });
    return () => slack.post('auth.test', {}, Anything);
  },
});

function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal, but there was none');
}
