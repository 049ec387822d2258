/**
 * Goal: pages of Confluence come as they are read there, for those who may read them there.
 * Method: a fake that keeps state and the published shapes, Cloud and Data Center; the shared suites.
 */
import { describe, expect, test } from 'vitest';
import { testClock } from '#testing';
import { describeKnowledge, readAll } from '../contract/conformance-knowledge.ts';
import { describeOutgoing } from '../contract/conformance-outgoing.ts';
import { createConfluenceClient } from './client.ts';
import { createConfluenceKnowledge } from './knowledge.ts';
import { storageToMarkdown } from './storage.ts';
import { testConfluence } from './test-confluence.ts';

const START = new Date('2026-03-01T12:00:00Z');

async function setUp(isCloud: boolean) {
  const clock = testClock(START);
  const fake = testConfluence({ isCloud, now: () => clock.now() });
  const client = createConfluenceClient({
    url: isCloud ? 'https://acme.atlassian.net' : 'https://confluence.example/',
    email: isCloud ? 'loom@example.org' : undefined,
    token: 'secret',
    clock,
    fetch: fake.fetch,
  });
  const source = createConfluenceKnowledge(client, {
    spaces: ['ENG', 'OPS'],
    places: {
      repositories: new Map([['ENG', 'acme/shop']]),
      teams: new Map([['OPS', ['Ops', 'Payments']]]),
    },
    clock,
  });
  fake.put({ id: '1', title: 'Handbook' });
  for (const id of ['2', '3', '4', '5']) {
    clock.advance(60_000);
    fake.put({ id, parent: '1', title: `Guide ${id}` });
  }
  clock.advance(3_600_000);
  return { clock, fake, source };
}

describe.each([
  ['Cloud', true],
  ['Data Center', false],
])('Confluence %s', (name, isCloud) => {
  describeKnowledge({
    name: `Confluence ${name}`,
    open: async () => ({ ...(await setUp(isCloud)), scope: 'ENG' }),
  });

  describeOutgoing({
    name: `Confluence ${name}`,
    secret: 'a-token-of-confluence',
    open: ({ baseUrl, timeoutMs, secret }) => {
      const clock = testClock(START);
      const email = isCloud ? 'loom@example.org' : undefined;
      const client = createConfluenceClient({
        url: baseUrl,
        email,
        token: secret,
        clock,
        timeoutMs,
      });
      const places = { repositories: new Map(), teams: new Map() };
      const source = createConfluenceKnowledge(client, { spaces: ['ENG'], places, clock });
      return () => source.sweep('ENG', null);
    },
  });

  test('a page stands where it stands there, with its address, version and owner', async () => {
    const { source } = await setUp(isCloud);
    const { items } = await readAll(source, 'ENG');

    expect(items.find(({ object }) => object === 'page/3')).toMatchObject({
      path: 'ENG/Handbook/Guide 3.md',
      title: 'Guide 3',
      text: 'Words of 3.',
      revision: '1',
      belongsTo: 'acme/shop',
      readers: undefined,
      url: isCloud
        ? 'https://acme.atlassian.net/wiki/spaces/ENG/pages/3'
        : 'https://confluence.example/display/ENG/3',
      ...(isCloud ? { author: 'grace', owner: 'Ada Lovelace' } : { author: 'Ada Lovelace' }),
    });
  });

  test('the next reading gives what changed since, and no more than a few minutes before', async () => {
    const { source, fake, clock } = await setUp(isCloud);
    const { cursor } = await readAll(source, 'ENG');
    clock.advance(3_600_000);
    fake.put({ id: '2', storage: '<p>Newer words.</p>' });

    const { items } = await readAll(source, 'ENG', cursor);

    expect(items.map(({ object }) => object)).toEqual(['page/2']);
    expect(items[0]).toMatchObject({ text: 'Newer words.', revision: '2' });
  });

  test('restrictions of a page and of those above it decide who may know of it', async () => {
    const { source, fake } = await setUp(isCloud);
    const ada = isCloud ? ['email:ada@example.org', 'confluence:acc-ada'] : ['confluence:ada'];
    const before = await source.listObjects('ENG');
    fake.restrict('1', { groups: ['Payments', 'Ops'], users: ['ada'] });
    fake.restrict('3', { groups: ['payments', 'security'], users: ['ada', 'eve'] });

    const { items } = await readAll(source, 'ENG');
    const after = await source.listObjects('ENG');

    const readers = (id: string) => {
      const item = items.find(({ object }) => object === `page/${id}`);
      return item?.kind === 'document' ? item.readers : undefined;
    };
    expect(readers('1')).toEqual({ teams: ['Payments', 'Ops'], identities: ada });
    expect(readers('2')).toEqual(readers('1'));
    expect(readers('3')).toEqual({ teams: ['payments'], identities: ada });
    // No version changed, and yet the list says that all of them have to be read again.
    for (const object of after.objects) {
      expect(after.marks?.get(object)).not.toBe(before.marks?.get(object));
    }
  });

  test('a space that the settings keep to teams keeps its pages to them at most', async () => {
    const { source, fake } = await setUp(isCloud);
    fake.put({ id: '9', space: 'OPS', groups: ['ops', 'everyone'] });

    const [item] = (await readAll(source, 'OPS')).items;

    expect(item).toMatchObject({ readers: { teams: ['Ops'], identities: [] } });
  });

  test('what is in the trash is not in the list, and is nothing to read', async () => {
    const { source, fake } = await setUp(isCloud);
    fake.trash('4');

    expect((await source.listObjects('ENG')).objects).not.toContain('page/4');
    expect(await source.readObject!('ENG', 'page/4')).toBeUndefined();
  });

  test('a name that would be a question of its own is refused', async () => {
    const { source, fake } = await setUp(isCloud);
    fake.calls.length = 0;

    await expect(source.sweep('ENG" or space = "HR', null)).rejects.toMatchObject({
      code: 'confluence.unknown_space',
    });
    expect(fake.calls).toEqual([]);
  });
});

test('macros, tasks, links and code are read as people see them', () => {
  const storage = `<h2>Roll out</h2>
<ac:structured-macro ac:name="warning"><ac:parameter ac:name="title">Careful</ac:parameter>
 <ac:rich-text-body><p>Never on <strong>Fridays</strong>.</p></ac:rich-text-body></ac:structured-macro>
<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">bash</ac:parameter>
 <ac:plain-text-body><![CDATA[loom up | tee <log>
# not a heading]]></ac:plain-text-body></ac:structured-macro>
<p>See <ac:link><ri:page ri:content-title="The rota" /></ac:link>, <a href="/x/1">this</a> and
 <a href="javascript:alert(1)">that</a>, <ac:structured-macro ac:name="jira"><ac:parameter ac:name="key">PAY-3</ac:parameter></ac:structured-macro></p>
<ac:task-list><ac:task><ac:task-status>complete</ac:task-status><ac:task-body>Ask <ac:link><ri:user ri:account-id="1" /></ac:link>Ops</ac:task-body></ac:task></ac:task-list>
<ac:structured-macro ac:name="excerpt"><ac:parameter ac:name="hidden">true</ac:parameter><ac:rich-text-body><p>secret order</p></ac:rich-text-body></ac:structured-macro>
<table><tbody><tr><th>A</th><th>B|C</th></tr><tr><td>1</td><td><p>2</p></td></tr></tbody></table>`;

  expect(storageToMarkdown(storage, 'https://acme.atlassian.net/wiki/')).toBe(`## Roll out

> **Careful**
>
> Never on **Fridays**.

\`\`\`bash
loom up | tee <log>
# not a heading
\`\`\`

See The rota, [this](https://acme.atlassian.net/x/1) and that,

PAY-3

- [x] Ask Ops

| A | B\\|C |
| --- | --- |
| 1 | 2 |`);
});
