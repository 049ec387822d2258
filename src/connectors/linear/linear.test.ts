/**
 * Goal: issues of Linear become work items, what we write there is written once, and our own writes are
 * known again when they come back.
 * Method: the contract of sources, payloads in the documented shapes, and Linear's emulator with real
 * webhooks. Where the emulator's schema differs from the published one, requests are rewritten on the way.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator } from 'emulate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '#kernel';
import { testClock, waitFor } from '#testing';
import type { Delivery } from '#connectors/contract';
import { describeOutgoing } from '../contract/conformance-outgoing.ts';
import { describeSignalSource } from '../contract/conformance.ts';
import { createLinearClient } from './client.ts';
import { createLinearMirror } from './mirror.ts';
import { toSignals } from './signals.ts';
import { createLinearSource, signLinear } from './source.ts';
import { createLinearSweep } from './sweep.ts';

const NOW = new Date('2026-11-20T10:00:00Z');
const clock = testClock(NOW);
const places = { repositories: new Map([['ENG', 'acme/shop']]) };
const Anything = z.looseObject({});

function issue(fields: Record<string, unknown> = {}) {
  return {
    id: '2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9',
    createdAt: '2026-11-20T09:00:00.000Z',
    updatedAt: '2026-11-20T09:59:00.000Z',
    number: 12,
    identifier: 'ENG-12',
    title: 'Refuse empty orders',
    description: 'An order without lines must be refused.',
    priority: 1,
    priorityLabel: 'Urgent',
    url: 'https://linear.app/acme/issue/ENG-12/refuse-empty-orders',
    teamId: 't1',
    team: { id: 't1', key: 'ENG', name: 'Engineering' },
    stateId: 's1',
    state: { id: 's1', color: '#e2e2e2', name: 'Todo', type: 'unstarted' },
    labelIds: ['l1'],
    labels: [{ id: 'l1', color: '#BB87FC', name: 'bug' }],
    creatorId: 'u1',
    creator: { id: 'u1', name: 'Ada', email: 'ada@example.com' },
    ...fields,
  };
}

function delivery(body: Record<string, unknown>, id = 'd1'): Delivery {
  const whole = {
    createdAt: NOW.toISOString(),
    organizationId: 'o1',
    webhookTimestamp: NOW.getTime(),
    webhookId: 'w1',
    ...body,
  };
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'linear-delivery': id,
      'linear-event': String(body['type']),
    },
    body: Buffer.from(JSON.stringify(whole)),
  };
}

const issueDelivery = (fields = {}, id = 'd1') =>
  delivery({ type: 'Issue', action: 'update', data: issue(fields), updatedFrom: {} }, id);
const read = (one: Delivery) => toSignals(JSON.parse(Buffer.from(one.body).toString()), places);

describe('what issues say', () => {
  test('an issue is a work item with its place, people, labels and priority', () => {
    expect(read(issueDelivery())).toEqual([
      {
        type: 'work-item.updated',
        source: 'linear',
        dedupeKey: 'linear:issue:2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9:2026-11-20T09:59:00.000Z',
        occurredAt: new Date('2026-11-20T09:59:00Z'),
        workItem: {
          externalKey: 'ENG-12',
          repository: 'acme/shop',
          title: 'Refuse empty orders',
          text: 'An order without lines must be refused.',
          labels: ['bug'],
          state: 'open',
          url: 'https://linear.app/acme/issue/ENG-12/refuse-empty-orders',
          author: { login: 'u1', email: 'ada@example.com', name: 'Ada' },
          status: 'Todo',
          priority: 'urgent',
          revision: '2026-11-20T09:59:00.000Z',
        },
      },
    ]);
  });

  test.each([
    [{ state: { id: 's', name: 'Done', type: 'completed' } }, 'closed'],
    [{ state: { id: 's', name: 'Canceled', type: 'canceled' } }, 'closed'],
    [{ archivedAt: '2026-11-20T09:59:00.000Z' }, 'closed'],
    [{ state: { id: 's', name: 'In Review', type: 'started' } }, 'open'],
    [{ state: null, completedAt: '2026-11-20T09:59:00.000Z' }, 'closed'],
    [{ creator: null, description: null, labels: [], priority: 0, team: null }, 'open'],
  ])('an issue with %j is %s', (fields, state) => {
    expect(read(issueDelivery(fields))).toMatchObject([{ workItem: { state } }]);
  });

  test('a comment is told with its author, by the key in its address where it has no other; ours is not', () => {
    const told = (action: string, more: object = {}) => {
      const data = {
        id: 'c-1',
        body: 'Which orders?',
        createdAt: '2026-11-20T09:00:00.000Z',
        updatedAt: '2026-11-20T09:30:00.000Z',
        issueId: '2174add1',
        issue: { id: '2174add1', title: 'Refuse empty orders' },
        user: { id: 'u1', name: 'Ada' },
        ...more,
      };
      const url = 'https://linear.app/acme/issue/ENG-12/refuse-empty-orders#comment-c1';
      const body = { type: 'Comment', action, data, url, webhookTimestamp: NOW.getTime() };
      return toSignals(body, places);
    };

    expect(told('create')).toMatchObject([
      {
        type: 'comment.told',
        repository: 'acme/shop',
        comment: { id: 'comment/c-1', on: 'ENG-12', author: { login: 'u1', name: 'Ada' } },
      },
    ]);
    expect(told('remove')).toMatchObject([{ comment: { isDeleted: true, text: '' } }]);
    expect(told('update', { body: '**LoomStack**\n\nWaiting.' })).toEqual([]);
  });

  test('an issue that is given to LoomStack says in which session it is answered', () => {
    const session = {
      id: 'as1',
      createdAt: '2026-11-20T09:59:30.000Z',
      status: 'pending',
      creator: { id: 'u1', name: 'Ada', email: 'ada@example.com' },
      issue: { id: 'i1', identifier: 'ENG-12', title: 'Refuse', team: { id: 't1', key: 'ENG' } },
    };
    const told = (action: string) =>
      read(delivery({ type: 'AgentSessionEvent', action, agentSession: session, appUserId: 'a1' }));

    expect(told('created')).toMatchObject([
      { workItem: { externalKey: 'ENG-12', repository: 'acme/shop', thread: 'as1' } },
    ]);
    expect(told('prompted')).toEqual([]);
  });

  test('what is written to us in a session is a comment on its issue', () => {
    const told = (content: object) =>
      toSignals(
        {
          type: 'AgentSessionEvent',
          action: 'prompted',
          webhookTimestamp: NOW.getTime(),
          agentSession: { id: 's-1', issue: { id: 'i1', identifier: 'ENG-12', title: 'Orders' } },
          agentActivity: { id: 'a-1', content, user: { id: 'u1', name: 'Ada' } },
        },
        places,
      );

    expect(told({ type: 'prompt', body: 'Only those of today.' })).toMatchObject([
      {
        type: 'comment.told',
        repository: 'acme/shop',
        comment: { id: 'prompt/a-1', on: 'ENG-12', text: 'Only those of today.' },
      },
    ]);
    // What we said there ourselves.
    expect(told({ type: 'thought', body: 'Begun.' })).toEqual([]);
  });

  test('an answer into a session is a thought, and the last one its response', async () => {
    const said: unknown[] = [];
    const mirror = createLinearMirror({
      ...createLinearClient({ apiKey: 'key', clock: systemClock }),
      async query(document, variables, schema) {
        expect(document).toContain('agentActivityCreate(input: $input)');
        said.push(variables['input']);
        return schema.parse({ agentActivityCreate: { success: true } });
      },
    });

    await mirror.upsertComment({ externalKey: 'ENG-12', thread: 's-1' }, '**In progress**');
    await mirror.upsertComment({ externalKey: 'ENG-12', thread: 's-1' }, 'Done by acme/shop#7');

    expect(said).toEqual([
      { agentSessionId: 's-1', content: { type: 'thought', body: '**In progress**' } },
      { agentSessionId: 's-1', content: { type: 'response', body: 'Done by acme/shop#7' } },
    ]);
  });

  test('a delivery of an hour ago, or without a time, is refused though it is signed', () => {
    const source = createLinearSource({ webhookSecret: 's', places, clock });
    const signed = (one: Delivery): Delivery => ({
      ...one,
      headers: { ...one.headers, 'linear-signature': signLinear('s', one.body) },
    });

    for (const webhookTimestamp of [NOW.getTime() - 3_600_000, NOW.getTime() + 3_600_000, null]) {
      const late = signed(
        delivery({ type: 'Issue', action: 'update', data: {}, webhookTimestamp }),
      );
      expect(() => source.verify(late)).toThrow('five minutes');
    }
    expect(() => source.verify(signed(issueDelivery()))).not.toThrow();
  });
});

describeSignalSource({
  name: 'linear',
  create: ({ webhookSecret }) => createLinearSource({ webhookSecret, places, clock }),
  sign: (one, secret) => ({
    ...one,
    headers: { ...one.headers, 'linear-signature': signLinear(secret, one.body) },
  }),
  signatureHeader: 'linear-signature',
  eventHeader: 'linear-event',
  firstPush: issueDelivery(),
  secondPush: issueDelivery({ updatedAt: '2026-11-20T09:59:30.000Z' }, 'd2'),
  redelivered: issueDelivery({}, 'd3'),
  withTitle: (title) => issueDelivery({ title }),
  withEvent: (event) => delivery({ type: event ?? '', action: 'update', data: issue() }),
});

describeOutgoing({
  name: 'Linear',
  secret: 'lin_api_a_secret_of_tests',
  open: ({ baseUrl, timeoutMs, secret }) => {
    const linear = createLinearClient({
      apiKey: secret,
      apiUrl: `${baseUrl.replace(/\/$/, '')}/graphql`,
      timeoutMs,
      clock: systemClock,
    });
    return () => linear.query('query Me { viewer { id } }', {}, Anything);
  },
});

describe('over the emulator', () => {
  const stack = new AsyncDisposableStack();
  const deliveries: Delivery[] = [];
  let url: string;

  beforeAll(async () => {
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = request.headers as Record<string, string>;
        deliveries.push({ headers, body: Buffer.concat(chunks) });
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    stack.defer(() => new Promise<void>((resolve) => receiver.close(() => resolve())));
    const emulator = await createEmulator({
      service: 'linear',
      port: 0,
      seed: {
        linear: {
          organization: { name: 'Acme', url_key: 'acme' },
          users: [{ email: 'loom@example.com', name: 'LoomStack', admin: true }],
          teams: [
            {
              key: 'ENG',
              name: 'Engineering',
              states: [
                { name: 'Todo', type: 'unstarted' },
                { name: 'In Progress', type: 'started' },
                { name: 'In Review', type: 'started' },
                { name: 'Done', type: 'completed' },
                { name: 'Canceled', type: 'canceled' },
              ],
            },
          ],
          issues: [{ team: 'ENG', title: 'Refuse empty orders', state: 'Todo' }],
          tokens: [
            { token: 'lin_test', user: 'loom@example.com', scopes: ['read', 'write', 'admin'] },
          ],
        },
      },
    });
    stack.defer(() => emulator.close());
    url = emulator.url;
    const { port } = receiver.address() as AddressInfo;
    await open().query(
      'mutation Hook($input: WebhookCreateInput!) { webhookCreate(input: $input) { success } }',
      {
        input: {
          url: `http://127.0.0.1:${port}/`,
          secret: 'hook-secret',
          resourceTypes: ['Issue', 'Comment', 'AgentSessionEvent'],
          allPublicTeams: true,
        },
      },
      Anything,
    );
  });
  afterAll(() => stack.disposeAsync());

  function open() {
    return createLinearClient({
      apiKey: 'lin_test',
      apiUrl: `${url}/graphql`,
      clock: systemClock,
      async fetch(address, request = {}) {
        // The emulator filters by fewer fields, and leaves the types of dates out.
        const body = String(request.body)
          .replace(', filter: { updatedAt: { gt: $since } }', '')
          .replace('$since: DateTimeOrDuration!, ', '');
        return fetch(address, { ...request, body } as RequestInit);
      },
    });
  }

  test('an issue goes through its states, and each write of ours is known again', async () => {
    const mirror = createLinearMirror(open());
    const source = createLinearSource({ webhookSecret: 'hook-secret', places, clock: systemClock });
    const item = { externalKey: 'ENG-2' };
    const states = async () => {
      const { issue: found } = await open().query(
        'query S($id: String!) { issue(id: $id) { state { name } comments { nodes { body } } } }',
        { id: 'ENG-2' },
        z.object({
          issue: z.object({
            state: z.object({ name: z.string() }),
            comments: z.object({ nodes: z.array(z.object({ body: z.string() })) }),
          }),
        }),
      );
      return found;
    };

    const begun = await mirror.setState(item, 'in-progress');
    const again = await mirror.setState(item, 'in-progress');
    await mirror.setState(item, 'in-review');
    expect((await states()).state.name).toBe('In Review');
    await mirror.setState(item, 'done');
    const late = await mirror.setState(item, 'in-progress');
    await mirror.upsertComment(item, 'In progress');
    await mirror.upsertComment(item, 'Done');
    await mirror.upsertComment(item, 'Done');

    expect(again.outcome).toBe('kept');
    expect(late).toEqual({ outcome: 'kept', reason: 'it was closed there' });
    expect(await states()).toEqual({
      state: { name: 'Done' },
      comments: { nodes: [{ body: '**LoomStack**\n\nDone' }] },
    });
    const told = await waitFor('the webhooks of the writes', () => {
      const issues = deliveries.filter(({ headers }) => headers['linear-event'] === 'Issue');
      return issues.length >= 3 ? issues : undefined;
    });
    for (const one of told) expect(() => source.verify(one)).not.toThrow();
    const revisions = told.flatMap((one) =>
      source
        .toSignals(one)
        .map((signal) => (signal as { workItem: { revision: string } }).workItem.revision),
    );
    expect(revisions).toContain((begun as { revision: string }).revision);
  });

  test('a sweep reads what no webhook told, page by page, and goes on where it ended', async () => {
    const sweep = createLinearSweep(open(), { places, clock: systemClock });

    const page = await sweep.sweep('issues', null);
    const next = await sweep.sweep('issues', page.cursor);

    expect(page.hasMore).toBe(false);
    const signals = page.deliveries.flatMap((one) => one.signals);
    const ours = signals.filter(
      (signal) => 'workItem' in signal && signal.workItem.externalKey === 'ENG-2',
    );
    expect(ours).toMatchObject([
      { workItem: { externalKey: 'ENG-2', repository: 'acme/shop', state: 'closed' } },
    ]);
    expect(next.deliveries.map(({ deliveryId }) => deliveryId)).toEqual(
      page.deliveries.map(({ deliveryId }) => deliveryId),
    );
  });

  test('an issue that is not there is said to be gone', async () => {
    const mirror = createLinearMirror(open());

    await expect(mirror.setState({ externalKey: 'ENG-404' }, 'done')).rejects.toMatchObject({
      kind: 'not_found',
    });
  });
});
