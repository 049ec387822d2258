/**
 * Goal: issues of Jira become work items, and what we write there is written once, on Cloud and Data Center.
 * Method: the contract of sources and of outgoing calls, and a Jira that keeps state and refuses what the
 * published API would.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '#kernel';
import { testClock } from '#testing';
import { type Delivery, signBody } from '#connectors/contract';
import { describeOutgoing } from '../contract/conformance-outgoing.ts';
import { describeSignalSource } from '../contract/conformance.ts';
import { createJiraClient } from './client.ts';
import { createJiraMirror } from './mirror.ts';
import { toSignals } from './signals.ts';
import { createJiraSource } from './source.ts';
import { createJiraSweep } from './sweep.ts';
import { testJira } from './test-jira.ts';
import { toWiki } from './wiki.ts';

const NOW = new Date('2026-11-20T10:00:00Z');
const places = {
  siteUrl: 'https://acme.atlassian.net/',
  repositories: new Map([['SHOP', 'acme/shop']]),
};

function delivery(
  fields: Record<string, unknown> = {},
  event = 'jira:issue_updated',
  id = 'd1',
): Delivery {
  const body = {
    timestamp: NOW.getTime(),
    webhookEvent: event,
    issue_event_type_name: 'issue_generic',
    user: { accountId: '5b10', displayName: 'Ada', active: true },
    issue: {
      id: '10002',
      self: 'https://acme.atlassian.net/rest/api/2/issue/10002',
      key: 'SHOP-12',
      fields: {
        summary: 'Refuse empty orders',
        description: 'An order without lines must be refused.',
        labels: ['bug'],
        priority: { self: '', iconUrl: '', name: 'Highest', id: '1' },
        status: { name: 'In Progress', id: '3', statusCategory: { id: 4, key: 'indeterminate' } },
        project: { id: '1', key: 'SHOP', name: 'Shop' },
        reporter: { accountId: '5b10', displayName: 'Ada', emailAddress: 'ada@example.com' },
        creator: { accountId: '5b10', displayName: 'Ada' },
        assignee: null,
        created: '2026-11-20T09:00:00.000+0000',
        updated: '2026-11-20T10:59:00.000+0100',
        ...fields,
      },
    },
    changelog: {
      id: '1',
      items: [{ field: 'status', fromString: 'To Do', toString: 'In Progress' }],
    },
  };
  return {
    headers: { 'content-type': 'application/json', 'x-atlassian-webhook-identifier': id },
    body: Buffer.from(JSON.stringify(body)),
  };
}

describeSignalSource({
  name: 'jira',
  create: ({ webhookSecret }) => createJiraSource({ webhookSecret, places }),
  sign: (one, secret) => ({
    ...one,
    headers: { ...one.headers, 'x-hub-signature': signBody(secret, one.body) },
  }),
  signatureHeader: 'x-hub-signature',
  eventHeader: 'x-none',
  firstPush: delivery(),
  secondPush: delivery({ updated: '2026-11-20T10:00:30.000+0000' }, 'jira:issue_updated', 'd2'),
  redelivered: delivery({}, 'jira:issue_updated', 'd3'),
  withTitle: (summary) => delivery({ summary }),
  withEvent: (event) => delivery({}, event ?? ''),
});

describeOutgoing({
  name: 'Jira',
  secret: 'a-token-of-tests',
  open: ({ baseUrl, timeoutMs, secret }) => {
    const jira = createJiraClient({ url: baseUrl, token: secret, timeoutMs, clock: systemClock });
    return () => jira.call({ path: 'myself' }, z.looseObject({}));
  },
});

describe('what issues say', () => {
  test('an issue is a work item with its place, people, labels and priority', () => {
    expect(toSignals(delivery().body, places)).toEqual([
      {
        type: 'work-item.updated',
        source: 'jira',
        dedupeKey: 'jira:issue:10002:2026-11-20T09:59:00.000Z',
        occurredAt: new Date('2026-11-20T09:59:00Z'),
        workItem: {
          externalKey: 'SHOP-12',
          repository: 'acme/shop',
          title: 'Refuse empty orders',
          text: 'An order without lines must be refused.',
          labels: ['bug'],
          state: 'open',
          url: 'https://acme.atlassian.net/browse/SHOP-12',
          author: { login: '5b10', email: 'ada@example.com', name: 'Ada' },
          status: 'In Progress',
          priority: 'urgent',
          revision: '2026-11-20T09:59:00.000Z',
        },
      },
    ]);
  });

  test('a comment is told with its author, edited and deleted; ours is not', () => {
    const comment = {
      id: '7',
      body: 'Which orders?',
      author: { accountId: '5b10', displayName: 'Ada' },
      created: '2026-11-20T09:00:00.000+0000',
      updated: '2026-11-20T09:30:00.000+0000',
    };
    const told = (webhookEvent: string, more: object = {}) =>
      toSignals(
        Buffer.from(
          JSON.stringify({
            webhookEvent,
            issue: { key: 'SHOP-12' },
            comment: { ...comment, ...more },
          }),
        ),
        places,
      );

    expect(told('comment_created')).toMatchObject([
      {
        type: 'comment.told',
        repository: 'acme/shop',
        occurredAt: new Date('2026-11-20T09:30:00Z'),
        comment: {
          id: 'comment/7',
          on: 'SHOP-12',
          author: { login: '5b10', name: 'Ada' },
          text: 'Which orders?',
          url: 'https://acme.atlassian.net/browse/SHOP-12?focusedCommentId=7',
        },
      },
    ]);
    expect(told('comment_deleted')).toMatchObject([{ comment: { isDeleted: true, text: '' } }]);
    expect(told('comment_updated', { body: '*LoomStack*\n\nWaiting.' })).toEqual([]);
  });

  test('a deleted issue is closed; a user who is gone and a document for a text are borne', () => {
    const gone = { reporter: null, creator: null, description: { type: 'doc', content: [] } };

    expect(toSignals(delivery(gone, 'jira:issue_deleted').body, places)).toMatchObject([
      { workItem: { state: 'closed', text: '', author: {} } },
    ]);
    expect(toSignals(delivery({}, 'comment_created').body, places)).toEqual([]);
  });
});

describe.each([true, false])('with a Jira of the cloud: %s', (isCloud) => {
  const clock = testClock(NOW);

  function open(pageSize?: number) {
    const server = testJira({
      isCloud,
      now: () => clock.now(),
      ...(pageSize === undefined ? {} : { pageSize }),
    });
    const client = createJiraClient({
      url: 'https://jira.example',
      ...(isCloud ? { email: 'loom@example.com' } : {}),
      token: 'token',
      clock,
      fetch: server.fetch,
    });
    return { server, client, mirror: createJiraMirror(client) };
  }

  test('an issue goes through its workflow, by the ways that are open and ask for nothing', async () => {
    const { server, mirror } = open();
    const issue = server.add('SHOP-1', NOW);
    const item = { externalKey: 'SHOP-1' };

    const begun = await mirror.setState(item, 'in-progress');
    const again = await mirror.setState(item, 'in-progress');
    await mirror.setState(item, 'in-review');
    expect(issue.state).toBe('In Review');
    const dropped = await mirror.setState(item, 'dropped');
    await mirror.setState(item, 'done');
    const late = await mirror.setState(item, 'in-review');

    expect(begun).toEqual({ outcome: 'changed', revision: '2026-11-20T10:00:01.000Z' });
    expect(again.outcome).toBe('kept');
    // The only way out asks for a resolution, so the other one that closes is taken.
    expect(dropped.outcome).toBe('changed');
    expect(issue.state).toBe('Done');
    expect(late).toEqual({ outcome: 'kept', reason: 'it was closed there' });
  });

  test('the comment is one among many, and a link one for each address', async () => {
    const { server, mirror } = open();
    const issue = server.add('SHOP-2', NOW);
    const author = { accountId: 'somebody', name: 'somebody' };
    for (let id = 1; id <= 5; id += 1) {
      issue.comments.push({ id: String(id), body: '*LoomStack* is what we use', author });
    }
    const item = { externalKey: 'SHOP-2' };

    const first = await mirror.upsertComment(item, 'In progress');
    const second = await mirror.upsertComment(
      item,
      '- [acme/shop#3](https://loom.example/c) `a|b`',
    );
    await mirror.upsertComment(item, '- [acme/shop#3](https://loom.example/c) `a|b`');
    await mirror.link(item, { url: 'https://loom.example/c', title: 'One' });
    await mirror.link(item, { url: 'https://loom.example/c', title: 'Two' });

    expect(second).toEqual(first);
    expect(issue.comments).toHaveLength(6);
    expect(issue.comments.at(-1)!.body).toBe(
      '*LoomStack*\n\n* [acme/shop#3|https://loom.example/c] {{a\\|b}}',
    );
    expect(server.writes.filter((write) => write.startsWith('PUT'))).toHaveLength(1);
    expect([...issue.links.values()]).toEqual([{ url: 'https://loom.example/c', title: 'Two' }]);
  });

  test('a sweep reads page by page from where the last one ended', async () => {
    const { server, client } = open();
    for (let number = 1; number <= 5; number += 1) {
      server.add(`SHOP-${number}`, new Date(NOW.getTime() - number * 600_000));
    }
    server.add('OPS-1', NOW);
    server.add('SHOP-9', new Date(NOW.getTime() - 90 * 24 * 3_600_000));
    const sweep = createJiraSweep(client, { projects: ['SHOP'], places, clock });
    const keys: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    for (let more = true; more; pages += 1) {
      const page = await sweep.sweep('SHOP', cursor);
      for (const { signals } of page.deliveries) {
        for (const signal of signals)
          if ('workItem' in signal) keys.push(signal.workItem.externalKey);
      }
      cursor = page.cursor;
      more = page.hasMore;
    }
    clock.advance(3_600_000);
    server.issues.get('SHOP-3')!.updated = clock.now().getTime();
    const later = await sweep.sweep('SHOP', cursor);

    expect(keys).toEqual(['SHOP-1', 'SHOP-2', 'SHOP-3', 'SHOP-4', 'SHOP-5']);
    expect(pages).toBe(3);
    expect(later.deliveries.map(({ signals }) => signals)).toMatchObject([
      [{ workItem: { externalKey: 'SHOP-3', repository: 'acme/shop' } }],
    ]);
    await expect(sweep.sweep('X" OR 1=1', null)).rejects.toMatchObject({
      code: 'jira.bad_project',
    });
  });

  test('an issue that is not there, or is no key at all, is gone', async () => {
    const { mirror } = open();

    for (const externalKey of ['SHOP-404', '../../admin', 'acme/shop#1']) {
      await expect(mirror.setState({ externalKey }, 'done')).rejects.toMatchObject({
        kind: 'not_found',
      });
    }
  });
});

test('no text of others is wiki markup', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const wiki = toWiki(`\`${text.replaceAll(/[`\n]/g, ' ')}\``);

      const inner = wiki.slice(2, -2).replaceAll(/\\./g, '');
      expect(inner).not.toMatch(/[[\]{}|*~^@]/);
    }),
  );
});
