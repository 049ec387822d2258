/**
 * Goal: threads of chosen channels come with their address and their channel's audience, and only they.
 * Method: a Slack that keeps state and takes the published arguments alone; the shared suite.
 */
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { GuardedFetch } from '#connectors/contract';
import { testClock } from '#testing';
import { describeKnowledge, readAll } from '../contract/conformance-knowledge.ts';
import { createSlackClient } from './client.ts';
import { createSlackThreads, toMarkdown } from './threads.ts';

const START = new Date('2026-03-01T12:00:00Z');

/** Arguments of each method, as documented. */
const ARGUMENTS: Readonly<Record<string, z.ZodType>> = {
  'conversations.info': z.strictObject({ channel: z.string() }),
  'conversations.members': z.strictObject({
    channel: z.string(),
    limit: z.string(),
    cursor: z.string().optional(),
  }),
  'conversations.history': z.strictObject({
    channel: z.string(),
    oldest: z.string(),
    limit: z.string(),
    cursor: z.string().optional(),
  }),
  'conversations.replies': z.strictObject({
    channel: z.string(),
    ts: z.string(),
    limit: z.string(),
  }),
  'chat.getPermalink': z.strictObject({ channel: z.string(), message_ts: z.string() }),
  'users.info': z.strictObject({ user: z.string() }),
};

interface Said {
  at: Date;
  user: string;
  text: string;
  replies: { at: Date; user: string; text: string }[];
}

function testSlack(options: { pageSize?: number } = {}) {
  const { pageSize = 2 } = options;
  const said: Said[] = [];
  const state = { isPrivate: false, members: ['U1', 'U2', 'U3'], isAway: false };
  const ts = (at: Date) => (at.getTime() / 1_000).toFixed(6);
  const shown = ({ at, user, text, replies }: Said) => ({
    type: 'message',
    ts: ts(at),
    user,
    text,
    ...(replies.length === 0
      ? {}
      : { thread_ts: ts(at), reply_count: replies.length, latest_reply: ts(replies.at(-1)!.at) }),
    reactions: [{ name: 'eyes', users: ['U2'], count: 2 }],
  });
  const fetch: GuardedFetch = async (url, request = {}) => {
    const method = new URL(url).pathname.replace('/api/', '');
    const form = Object.fromEntries(new URLSearchParams(String(request.body)));
    const args = ARGUMENTS[method]!.parse(form) as Record<string, string>;
    if (state.isAway) return Response.json({ ok: false, error: 'channel_not_found' });
    const start = Number(args['cursor'] || 0);
    const page = <Item>(all: readonly Item[]) => ({
      part: all.slice(start, start + pageSize),
      response_metadata: {
        next_cursor: start + pageSize < all.length ? String(start + pageSize) : '',
      },
    });
    switch (method) {
      case 'conversations.info':
        return Response.json({ ok: true, channel: { name: 'pay', is_private: state.isPrivate } });
      case 'conversations.members': {
        const { part, response_metadata } = page(state.members);
        return Response.json({ ok: true, members: part, response_metadata });
      }
      case 'conversations.history': {
        const all = said
          .filter(({ at }) => at.getTime() / 1_000 >= Number(args['oldest']))
          .toSorted((a, b) => b.at.getTime() - a.at.getTime());
        const { part, response_metadata } = page(all);
        return Response.json({ ok: true, messages: part.map(shown), response_metadata });
      }
      case 'conversations.replies': {
        const first = said.find(({ at }) => ts(at) === args['ts']);
        if (first === undefined) return Response.json({ ok: false, error: 'thread_not_found' });
        const replies = first.replies.map((one) => ({
          ...one,
          ts: ts(one.at),
          thread_ts: args['ts'],
        }));
        return Response.json({ ok: true, messages: [shown(first), ...replies] });
      }
      case 'chat.getPermalink': {
        const place = `${args['channel']}/p${args['message_ts']!.replace('.', '')}`;
        return Response.json({ ok: true, permalink: `https://acme.slack.com/archives/${place}` });
      }
      default:
        return Response.json({ ok: true, user: { name: 'grace', real_name: 'Grace Hopper' } });
    }
  };
  return { fetch, said, state };
}

function setUp() {
  const clock = testClock(START);
  const fake = testSlack();
  const day = (days: number) => new Date(START.getTime() - days * 24 * 3_600_000);
  const reply = (at: Date) => ({ at, user: 'U2', text: 'Because of &lt;PAY-31&gt;.' });
  for (const days of [2, 3, 5]) {
    fake.said.push({
      at: day(days),
      user: 'U1',
      text: `Why <@U9> <https://x.example/y|this>? ${days}`,
      replies: [reply(day(days - 1))],
    });
  }
  fake.said.push({ at: day(1), user: 'U1', text: 'alone', replies: [] });
  const slack = createSlackClient({ botToken: 'xoxb-1', clock, fetch: fake.fetch });
  const places = { repositories: new Map([['C1A', 'acme/shop']]), teams: new Map() };
  return { clock, fake, source: createSlackThreads(slack, { channels: ['C1A'], places, clock }) };
}

describeKnowledge({ name: 'Slack threads', open: async () => ({ ...setUp(), scope: 'C1A' }) });

test('a thread is its address, its words and who began it; what has no reply is none', async () => {
  const { source } = setUp();

  const { items } = await readAll(source, 'C1A');

  expect(items).toHaveLength(3);
  expect(items[0]).toMatchObject({
    kind: 'thread',
    url: expect.stringMatching(/^https:\/\/acme\.slack\.com\/archives\/C1A\/p\d{16}$/),
    author: 'Grace Hopper',
    title: 'Grace Hopper: Why @somebody [this](https://x.example/y)? 2',
    text: 'Why @somebody [this](https://x.example/y)? 2\n\nBecause of <PAY-31>.',
    replies: 1,
    reactions: 2,
    belongsTo: 'acme/shop',
    readers: undefined,
  });
});

test('a private channel is its members’, and other members have everything read anew', async () => {
  const { source, fake } = setUp();
  fake.state.isPrivate = true;
  const first = await readAll(source, 'C1A');
  fake.state.members = ['U1'];

  const second = await readAll(source, 'C1A', first.cursor);

  expect(first.items[0]).toMatchObject({
    readers: { teams: [], identities: ['slack:U1', 'slack:U2', 'slack:U3'] },
  });
  expect(second.items).toHaveLength(3);
  expect(second.items[0]).toMatchObject({ readers: { identities: ['slack:U1'] } });
});

test('a new reply to an older thread is read, and what nobody touched is not', async () => {
  const { source, fake, clock } = setUp();
  const first = await readAll(source, 'C1A');
  clock.advance(2 * 24 * 3_600_000);
  const second = await readAll(source, 'C1A', first.cursor);
  fake.said[1]!.replies.push({ at: clock.now(), user: 'U3', text: 'Done.' });
  clock.advance(60_000);

  const third = await readAll(source, 'C1A', second.cursor);

  expect(third.items).toMatchObject([{ replies: 2, updatedAt: new Date('2026-03-03T12:00:00Z') }]);
});

test('a thread is gone with its first message, its channel, or our place in it', async () => {
  const { source, fake, clock } = setUp();
  const [item] = (await readAll(source, 'C1A')).items;
  const ask = () => source.isGone!('C1A', item!.object);

  expect(await ask()).toBe(false);
  fake.state.isPrivate = true;
  clock.advance(100 * 24 * 3_600_000);
  expect(await ask()).toBe(true);
  fake.state.isPrivate = false;
  fake.state.isAway = true;
  expect(await ask()).toBe(true);
  fake.state.isAway = false;
  fake.said.length = 0;
  expect(await ask()).toBe(true);
});

test.each([
  ['<https://a.example>', 'https://a.example'],
  ['<#C1|pay> <!here> &amp;lt;', '#pay @somebody &lt;'],
  ['<@U1|ada>', '@somebody'],
])('%s', (slack, markdown) => {
  expect(toMarkdown(slack)).toBe(markdown);
});

test('a channel that nobody chose is not read', async () => {
  const { source } = setUp();

  await expect(source.sweep('C2B', null)).rejects.toMatchObject({ code: 'slack.unknown_channel' });
});
