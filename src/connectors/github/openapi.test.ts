/**
 * Goal: every call we make to GitHub's REST API is one that GitHub publishes: the path, its query, its body.
 * Method: all verbs run against the emulator, with answers of our own where it has none; each request that
 * passed the proxy is held against the published description, and each call in our sources must have passed.
 */
import { globSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostChange, VerdictAnnotation, VerdictReport } from '#connectors/contract';
import { systemClock } from '#kernel';
import { createGitHubClient } from './client.ts';
import { testConnection } from './connection.ts';
import { toClientOptions } from './host.ts';
import { createGitHubKnowledge } from './knowledge.ts';
import { exchangeManifestCode } from './manifest.ts';
import { createGitHubMirror } from './mirror.ts';
import { createGitHubSource } from './source.ts';
import { createGitHubSweep } from './sweep.ts';
import { APP_ID, REPOSITORY, startTestGitHub, type TestGitHub } from './test-github.ts';
import { readGitHubDescription } from './test-openapi.ts';

let github: TestGitHub;
let change: HostChange & { number: number };
beforeAll(async () => {
  github = await startTestGitHub();
  change = await github.openPull();
  github.intercept((method, path) => ANSWERS.get(`${method} ${path.split('?')[0]}`));
});
afterAll(() => github[Symbol.asyncDispose]());

const DELIVERY = { id: 7, guid: 'g-7', delivered_at: new Date().toISOString(), status_code: 502 };
const RULES = [
  { type: 'non_fast_forward' },
  { type: 'deletion' },
  {
    type: 'required_status_checks',
    parameters: { required_status_checks: [{ context: 'LoomStack', integration_id: APP_ID }] },
  },
];
/** What the emulator does not serve, as the description says GitHub would answer. */
const ANSWERS = new Map(
  Object.entries({
    'GET /repos/acme/shop/issues/comments': [],
    'GET /app': { slug: 'loomstack', permissions: { checks: 'write' }, events: ['push'] },
    'GET /app/hook/config': { url: 'https://elsewhere.example/webhooks/github' },
    'PATCH /app/hook/config': {},
    'GET /app/hook/deliveries': [DELIVERY],
    'GET /app/hook/deliveries/7': {
      ...DELIVERY,
      event: 'star',
      request: { payload: { action: 'created' } },
    },
    [`GET /repos/${REPOSITORY}/rules/branches/main`]: RULES,
    [`GET /repos/${REPOSITORY}/pulls/comments`]: [],
    [`GET /repos/${REPOSITORY}/deployments`]: [],
    'POST /app-manifests/code/conversions': {
      id: 1,
      slug: 'loomstack',
      name: 'LoomStack',
      html_url: 'https://github.com/apps/loomstack',
      pem: 'key',
      webhook_secret: 'secret',
    },
  }).map(([call, body]) => [call, { status: 200, body }]),
);

function annotations(count: number): VerdictAnnotation[] {
  return Array.from({ length: count }, (_, index) => ({
    path: 'src/a.ts',
    startLine: index + 1,
    endLine: index + 1,
    level: 'warning',
    title: 'A test is skipped',
    message: 'Skipped tests hold nothing.',
  }));
}

test('every call to GitHub is as GitHub publishes it, and none of ours is left out', async () => {
  const host = github.host();
  const client = createGitHubClient(
    toClientOptions({
      appId: String(APP_ID),
      privateKey: github.privateKey,
      apiUrl: github.apiUrl,
    }),
  );
  const report: VerdictReport = {
    change,
    lane: 'one-reviewer',
    conclusion: 'action-required',
    title: 'Needs one reviewer',
    summary: 'Rule 3.',
    detailsUrl: 'https://loom.example/changes/1',
    annotations: annotations(120),
  };

  await host.fetchSource(REPOSITORY);
  await host.publishVerdict(report);
  await host.publishVerdict({ ...report, conclusion: 'success' });
  await host.upsertComment(change, 'Begun.');
  await host.upsertComment(change, 'Ended.');
  await host.answer!(change, 'Done.', 'key');
  await host.requestReviewers(change, ['grace', 'acme/members']);
  const asked = { repository: REPOSITORY, branch: change.branch, baseBranch: change.baseBranch };
  const opened = await host.openChange!({ ...asked, title: 'Again', text: '' });
  expect(opened.externalId).toBe(String(change.number));
  const closed = await github.openPull();
  await github.api('PATCH', `/repos/${REPOSITORY}/pulls/${closed.number}`, { state: 'closed' });
  const anew = await host.openChange!({ ...asked, branch: closed.branch, title: 'Anew', text: '' });
  expect(anew.externalId).not.toBe(String(closed.number));
  const { number } = (await github.api('POST', `/repos/${REPOSITORY}/issues`, {
    title: 'Refunds are wrong',
  })) as { number: number };
  const item = { externalKey: `${REPOSITORY}#${number}` };
  const mirror = createGitHubMirror(client);
  await mirror.upsertComment(item, 'In progress');
  await mirror.upsertComment(item, 'In review');
  const moves = [];
  for (const state of ['in-review', 'done', 'done', 'open'] as const) {
    moves.push((await mirror.setState(item, state)).outcome);
  }
  expect(moves).toEqual(['kept', 'changed', 'kept', 'changed']);
  const audit = await host.auditProtection!(REPOSITORY);
  const tested = await testConnection(client, 'https://loom.example/webhooks/github');
  await client.callApp((octokit) =>
    octokit.rest.apps.updateWebhookConfigForApp({ secret: 'a new one' }),
  );
  const sweep = createGitHubSweep({
    client,
    source: createGitHubSource({ webhookSecret: 'secret' }),
    clock: systemClock,
  });
  const swept = await sweep.sweep('deliveries', null);
  const knowledge = createGitHubKnowledge({
    appId: String(APP_ID),
    privateKey: github.privateKey,
    apiUrl: github.apiUrl,
    client,
  });
  let cursor: string | null = null;
  for (let page = 0; page < 5; page += 1) {
    cursor = (await knowledge.sweep(REPOSITORY, cursor)).cursor;
  }
  await knowledge.listObjects(REPOSITORY);
  await exchangeManifestCode('code', { apiUrl: github.apiUrl, clock: systemClock });
  const request = {
    change,
    message: 'Merge',
    expectedHeadSha: change.headSha,
    idempotencyKey: 'k',
  };
  const stale = await host.merge({ ...request, expectedBaseSha: '0'.repeat(40) });
  expect(stale.outcome).toBe('base-moved');
  await host.merge(request);

  expect(audit.findings.filter(({ level }) => level === 'problem')).toEqual([]);
  expect(tested.findings.some(({ level }) => level === 'problem')).toBe(true);
  expect(swept.deliveries).toEqual([{ deliveryId: 'g-7', signals: [] }]);
  const description = readGitHubDescription();
  // GraphQL has a schema of its own, which the test of the backfill asks.
  const calls = github.calls.filter(({ url }) => url !== '/graphql');
  const checked = calls.map((call) => description.check(call));
  expect(checked.flatMap(({ problems }) => problems)).toEqual([]);
  const seen = new Set(checked.map(({ operation }) => operation));
  expect(callsInSources().filter((operation) => !seen.has(operation))).toEqual([]);
  expect(callsInSources().length).toBeGreaterThan(15);
  // Annotations go in pieces GitHub takes, each on its line, and a verdict told again adds none.
  const pieces = github.calls.flatMap(({ body }): { start_line: number }[][] => {
    const { output } = (body.startsWith('{') ? JSON.parse(body) : {}) as {
      output?: { annotations?: { start_line: number }[] };
    };
    return output?.annotations === undefined ? [] : [output.annotations];
  });
  expect(pieces.map((piece) => piece.length)).toEqual([50, 50, 20]);
  expect(pieces.flat().map((one) => one.start_line)).toEqual(
    Array.from({ length: 120 }, (_, index) => index + 1),
  );
});

/** Operation ids of what our sources call through octokit: `pulls.merge` is `pulls/merge`. */
function callsInSources(): string[] {
  const text = globSync('src/{connectors/github,app}/**/*.ts')
    .filter((path) => !/\.test\.ts$|\/test-/.test(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const names = text.matchAll(/\boctokit\s*\.rest\s*\.(\w+)\s*\.(\w+)\(/g);
  return [...new Set(Array.from(names, ([, room, verb]) => `${room}/${idOf(verb!)}`))];
}

/** Octokit's method names are the words of the operation ids. */
function idOf(verb: string): string {
  const words = verb.replaceAll(/([A-Z])/g, '-$1').toLowerCase();
  return words;
}
