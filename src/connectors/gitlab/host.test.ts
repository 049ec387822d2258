/**
 * Goal: GitLab carries our decisions, once each, and what webhooks lost is found again.
 * Method: the suites all hosts and callers share, against a GitLab of our own that keeps state and enforces
 * the published shapes.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testClock } from '#testing';
import { describeOutgoing } from '../contract/conformance-outgoing.ts';
import { type CodeHostFixture, describeCodeHost } from '../contract/conformance.ts';
import { createGitLabClient } from './client.ts';
import { createGitLabHost, testGitLab } from './host.ts';
import { createGitLabSource } from './source.ts';
import { createGitLabSweep } from './sweep.ts';
import { delivery, mergeRequest, NOW } from './test-deliveries.ts';
import { PROJECT, startTestGitLab, type TestGitLab, TOKEN } from './test-gitlab.ts';

const clock = testClock(NOW);
const clientOf = (url: string, timeoutMs = 5_000) =>
  createGitLabClient({ url, token: TOKEN, clock, timeoutMs });

describeOutgoing({
  name: 'GitLab',
  secret: TOKEN,
  open({ baseUrl, timeoutMs }) {
    const host = createGitLabHost(clientOf(baseUrl, timeoutMs));
    return () => host.fetchSource(PROJECT);
  },
});

describeCodeHost('GitLab', async (): Promise<CodeHostFixture> => {
  const gitlab = await startTestGitLab();
  const requestOf = ({ number }: { number?: number | undefined }) => gitlab.requests.get(number!)!;
  return {
    host: createGitLabHost(clientOf(gitlab.url)),
    openChange: () => Promise.resolve(gitlab.openRequest()),
    openConflictingChange: () => Promise.resolve(gitlab.openRequest({ hasConflicts: true })),
    moveHead: (change) => Promise.resolve(gitlab.moveHead(change.number!)),
    countMerges: () => Promise.resolve(gitlab.merges),
    comments: (change) => Promise.resolve(requestOf(change).notes.map(({ body }) => body)),
    verdicts: ({ headSha }) =>
      // GitLab shows the newest status of a name.
      Promise.resolve([
        ...new Map(
          gitlab.statuses
            .filter(({ sha }) => sha === headSha)
            .map(({ name, description }) => [name, description]),
        ).values(),
      ]),
    reviewers: (change) =>
      Promise.resolve(
        requestOf(change).reviewers.map((id) => (id === 3 ? 'grace' : id === 4 ? 'linus' : 'ada')),
      ),
    logins: ['grace', 'linus'],
    [Symbol.asyncDispose]: () => gitlab[Symbol.asyncDispose](),
  };
});

let gitlab: TestGitLab;
beforeAll(async () => {
  gitlab = await startTestGitLab();
});
afterAll(() => gitlab[Symbol.asyncDispose]());

test('a verdict told again is not written again, and an answer is given once', async () => {
  const host = createGitLabHost(clientOf(gitlab.url));
  const change = gitlab.openRequest();
  const report = {
    change,
    lane: 'hold',
    conclusion: 'failure',
    title: 'Held',
    summary: '',
    detailsUrl: 'https://loom.example/changes/1',
  } as const;

  await host.publishVerdict(report);
  await host.publishVerdict(report);
  await host.answer!(change, 'Done.', 'command-1');
  await host.answer!(change, 'Done.', 'command-1');
  await host.answer!(change, 'Done.', 'command-2');

  expect(gitlab.statuses.map(({ status }) => status)).toEqual(['failed']);
  expect(gitlab.requests.get(change.number)!.notes).toHaveLength(2);
});

test('a branch is opened as one merge request, however often it is asked', async () => {
  const host = createGitLabHost(clientOf(gitlab.url));
  const asked = { repository: PROJECT, branch: 'loom/round', baseBranch: 'main' };

  const first = await host.openChange!({ ...asked, title: 'Round refunds', text: 'To cents.' });
  const again = await host.openChange!({ ...asked, title: 'Round refunds', text: 'To cents.' });

  expect(again).toEqual(first);
  expect(gitlab.requests.get(Number(first.externalId))).toMatchObject({ branch: 'loom/round' });
});

test('who we are, and what the branch lets past us', async () => {
  const client = clientOf(gitlab.url);

  const tested = await testGitLab(client);
  const audit = await createGitLabHost(client).auditProtection!(PROJECT);

  expect(tested).toMatchObject({ account: 'loomstack-bot', findings: [{ level: 'ok' }] });
  expect(audit.findings.map(({ code }) => code)).toEqual([
    'check-not-required',
    'force-refused',
    'pull-not-required',
  ]);
});

test('a sweep finds what changed since, page by page, and tells it as the webhook does', async () => {
  await using busy = await startTestGitLab();
  const sweep = createGitLabSweep({ client: clientOf(busy.url), clock });
  for (let count = 0; count < 130; count += 1) busy.openRequest();
  const read = async (cursor: string | null) => {
    const numbers: number[] = [];
    for (;;) {
      const page = await sweep.sweep(PROJECT, cursor);
      for (const { signals } of page.deliveries) {
        for (const signal of signals) {
          if ('change' in signal) numbers.push(signal.change.number!);
        }
      }
      cursor = page.cursor;
      if (!page.hasMore) return { numbers, cursor };
    }
  };

  const first = await read(null);
  busy.moveHead(5);
  const second = await read(first.cursor);

  expect(await sweep.listScopes()).toEqual([PROJECT]);
  expect(first.numbers).toHaveLength(130);
  expect(second.numbers.sort((a, b) => a - b)).toEqual([5, 130]);
  const moved = busy.requests.get(5)!;
  const [told] = createGitLabSource({ webhookSecret: 's', clock }).toSignals(
    delivery(
      'Merge Request Hook',
      mergeRequest({
        iid: 5,
        action: 'update',
        source_branch: 'change-5',
        last_commit: { id: moved.sha },
        updated_at: moved.updatedAt.replace('T', ' ').replace(/\..*$/, ' UTC'),
      }),
    ),
  );
  const swept = (await sweep.sweep(PROJECT, first.cursor)).deliveries.flatMap(
    ({ signals }) => signals,
  );
  expect(swept.map(({ dedupeKey }) => dedupeKey)).toContain(told!.dedupeKey);
});
