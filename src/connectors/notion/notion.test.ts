/**
 * Goal: pages shared with the integration come with their place, owner and words, and none is taken for
 * gone because a search left it out.
 * Method: a fake that keeps state and the published shapes; the shared suites.
 */
import { expect, test } from 'vitest';
import { testClock } from '#testing';
import { describeKnowledge, readAll } from '../contract/conformance-knowledge.ts';
import { describeOutgoing } from '../contract/conformance-outgoing.ts';
import { createNotionClient } from './client.ts';
import { createNotionKnowledge } from './knowledge.ts';
import { block, testNotion, text } from './test-notion.ts';

const START = new Date('2026-03-01T12:00:00Z');
const places = { repositories: new Map(), teams: new Map([['notion', ['payments']]]) };

function setUp() {
  const clock = testClock(START);
  const fake = testNotion({ now: () => clock.now() });
  const client = createNotionClient({
    token: 'ntn_secret',
    apiUrl: 'https://api.notion.com/v1/',
    clock,
    paceMs: 0,
    fetch: fake.fetch,
  });
  const source = createNotionKnowledge(client, { places, clock });
  for (const id of ['a', 'b', 'c']) {
    fake.put({ id, parent: id === 'a' ? undefined : 'a' });
    clock.advance(3_600_000);
  }
  return { clock, fake, source };
}

describeKnowledge({ name: 'Notion', open: async () => ({ ...setUp(), scope: 'notion' }) });

describeOutgoing({
  name: 'Notion',
  secret: 'ntn_a_secret_of_notion',
  open: ({ baseUrl, timeoutMs, secret }) => {
    const clock = testClock(START);
    const client = createNotionClient({
      token: secret,
      apiUrl: baseUrl,
      clock,
      timeoutMs,
      paceMs: 0,
    });
    const source = createNotionKnowledge(client, { places, clock });
    return () => source.sweep('notion', null);
  },
});

test('blocks are Markdown, with what is below them, and pages below are left to themselves', async () => {
  const { source, fake } = setUp();
  const words = (...parts: object[]) => ({ rich_text: parts, color: 'default' });
  fake.put({
    id: 'd',
    title: 'Roll out',
    parent: 'b',
    properties: {
      Owner: { type: 'people', people: [{ object: 'user', id: 'user-2', name: 'Ada Lovelace' }] },
      Status: { type: 'status', status: { name: 'Live' } },
    },
    blocks: [
      block('heading_2', words(text('Steps'))),
      block('numbered_list_item', words(text('Freeze')), [
        block('bulleted_list_item', words(text('tell', { href: 'https://x.example/' }))),
      ]),
      block('numbered_list_item', words(text('Ship'))),
      block('to_do', { ...words(text('Ask')), checked: true }),
      block('code', { ...words(text('loom up\n# no heading')), language: 'bash' }),
      block('child_page', { title: 'Below' }, [block('paragraph', words(text('not here')))]),
      block('callout', words(text('Careful'))),
      block('something_new', words(text('New kinds are read too.'))),
    ],
  });

  const item = await source.readObject!('notion', 'page/d');

  expect(item).toMatchObject({
    path: 'Page a/Page b/Roll out.md',
    title: 'Roll out',
    author: 'Grace Hopper',
    owner: 'Ada Lovelace',
    readers: { teams: ['payments'], identities: [] },
    text: `Owner: Ada Lovelace
Status: Live

## Steps

1. Freeze
   - [tell](https://x.example/)
2. Ship
- [x] Ask

\`\`\`bash
loom up
# no heading
\`\`\`

Page: Below

> Careful

New kinds are read too.`,
  });
});

test('the next reading gives what was edited since', async () => {
  const { source, fake } = setUp();
  const { cursor } = await readAll(source, 'notion');
  fake.put({ id: 'a', title: 'Renamed' });

  const { items } = await readAll(source, 'notion', cursor);

  expect(items.map(({ object }) => object)).toEqual(['page/a']);
});

test('a page is gone when it is in the trash or no longer shared, not when the search leaves it out', async () => {
  const { source, fake } = setUp();
  fake.put({ id: 'a', isUnfound: true });
  fake.put({ id: 'b', isTrashed: true });
  fake.unshare('c');

  const list = await source.listObjects('notion');

  expect(list.objects).toEqual([]);
  expect(await source.isGone!('notion', 'page/a')).toBe(false);
  expect(await source.isGone!('notion', 'page/b')).toBe(true);
  expect(await source.isGone!('notion', 'page/c')).toBe(true);
});

test('a limit in the middle of a reading loses nothing', async () => {
  const { source, fake } = setUp();
  const first = await source.sweep('notion', null);
  fake.slowDown(3);

  await expect(source.sweep('notion', first.cursor)).rejects.toMatchObject({
    code: 'connector.rate_limited',
    details: { retryAfterSeconds: 3 },
  });
});
