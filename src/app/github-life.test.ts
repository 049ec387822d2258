/**
 * Goal: a pull request's whole life on GitHub goes through the composed product: opened, judged, reviewed,
 * pushed to, approved, merged, deployed; with commands on the way.
 * Method: GitHub's emulator with an installed App, whose webhooks are handed on as they come; its git
 * objects are copied to where git can fetch them. Deployments, which the emulator lacks, are GitHub's own
 * recorded delivery.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '#governance';
import { createLogger, loadConfig, systemClock } from '#kernel';
import { createHttpApp } from '#surfaces';
import { testDatabase, waitFor } from '#testing';
import { signBody } from '#connectors/contract';
import { copyToGit } from '../connectors/github/test-git-copy.ts';
import {
  APP_ID,
  REPOSITORY,
  startTestGitHub,
  type TestGitHub,
  WEBHOOK_SECRET,
} from '../connectors/github/test-github.ts';
import { compose, type Composition } from './compose.ts';

const stack = new AsyncDisposableStack();
let github: TestGitHub;
let app: Composition;
let http: ReturnType<typeof createHttpApp>;
let bare: string;
let token: string;
/** GitHub's own number of the repository, which is in every delivery. */
let repositoryId: number;
let handedOn = 0;

beforeAll(async () => {
  github = stack.use(await startTestGitHub());
  const { db } = stack.use(await testDatabase());
  const folder = mkdtempSync(join(tmpdir(), 'loom-github-life-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  bare = join(folder, 'acme-shop.git');
  app = stack.use(
    await compose({
      config: loadConfig({
        env: {},
        flags: {
          data: folder,
          'forge.enabled': false,
          'github.appId': String(APP_ID),
          'github.privateKey': github.privateKey,
          'github.webhookSecret': WEBHOOK_SECRET,
          'github.apiUrl': github.apiUrl,
        },
        cwd: folder,
      }),
      storage: { db, kind: 'external', version: '0', [Symbol.asyncDispose]: async () => {} },
      clock: systemClock,
      log: createLogger({ level: 'silent' }),
      publicUrl: 'http://127.0.0.1:7400',
    }),
  );
  const { services } = app;
  http = createHttpApp(services);
  const { person } = await services.governance.ensureOwner();
  const owner: Principal = { ...person, kind: 'person', scopes: 'all' };
  await services.governance.createPerson(
    { name: 'Grace', roles: ['approver'], identities: ['github:grace'] },
    owner,
  );
  const named = { personId: person.id, name: 'test' };
  token = (await services.governance.createToken(named, owner)).secret;
  await copyToGit(github, bare);
  const shown = (await github.api('GET', `/repos/${REPOSITORY}`)) as { id: number };
  repositoryId = shown.id;
  await services.context.importRepository(
    { url: bare, name: REPOSITORY, host: 'github' },
    { kind: 'system', id: 'test' },
  );
});
afterAll(() => stack.disposeAsync());

async function call(method: string, path: string): Promise<Response> {
  return http.request(path, { method, headers: { authorization: `Bearer ${token}` } });
}

/** Hands on what GitHub has told so far, after git has it too, as it is when GitHub tells. */
async function handOn(): Promise<void> {
  await copyToGit(github, bare);
  while (handedOn < github.deliveries.length) {
    const { headers, body } = github.deliveries[handedOn]!;
    handedOn += 1;
    const answer = await post(headers as Record<string, string>, body);
    expect([200, 202]).toContain(answer.status);
  }
}

function post(headers: Record<string, string>, body: Uint8Array): Promise<Response> {
  const { host: _host, 'content-length': _length, connection: _line, ...kept } = headers;
  return Promise.resolve(
    http.request('/webhooks/github', { method: 'POST', headers: kept, body: Buffer.from(body) }),
  );
}

/** Waits while GitHub's news are handed on. */
async function until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  let found: Found | undefined;
  await waitFor(
    what,
    async () => {
      await handOn();
      found = await look();
      return found !== undefined;
    },
    { timeoutMs: 30_000, everyMs: 100 },
  );
  return found!;
}

async function verdictOn(headSha: string) {
  const path = `/repos/${REPOSITORY}/commits/${headSha}/check-runs?filter=all`;
  const { check_runs: runs } = (await github.api('GET', path)) as {
    check_runs: {
      id: number;
      name: string;
      conclusion: string;
      output: { title: string; summary: string };
    }[];
  };
  return runs.find(({ name }) => name === 'LoomStack');
}

async function commentsOn(number: number): Promise<string[]> {
  const path = `/repos/${REPOSITORY}/issues/${number}/comments?per_page=100`;
  return ((await github.api('GET', path)) as { body: string }[]).map(({ body }) => body);
}

/** A comment as GitHub tells of it: the emulator tells nothing of comments. */
async function comment(number: number, login: string, body: string): Promise<void> {
  const recorded = example('issue_comment', 'created');
  const payload = {
    ...recorded,
    repository: { ...recorded['repository'], id: repositoryId, full_name: REPOSITORY },
    issue: { ...recorded['issue'], number, pull_request: { url: '' } },
    comment: { ...recorded['comment'], id: Date.now() % 1e9, body, user: { login, type: 'User' } },
  };
  await deliver('issue_comment', payload);
}

async function deliver(event: string, payload: unknown): Promise<void> {
  const body = Buffer.from(JSON.stringify(payload));
  const answer = await post(
    {
      'x-github-event': event,
      'x-github-delivery': `test-${event}-${Date.now()}-${body.length}`,
      'x-hub-signature-256': signBody(WEBHOOK_SECRET, body),
    },
    body,
  );
  expect(answer.status).toBe(202);
}

const EXAMPLES = JSON.parse(
  readFileSync(
    createRequire(import.meta.url).resolve('@octokit/webhooks-examples/api.github.com/index.json'),
    'utf8',
  ),
) as { name: string; examples: Record<string, Record<string, unknown>>[] }[];

function example(event: string, action?: string): Record<string, Record<string, unknown>> {
  return EXAMPLES.find(({ name }) => name === event)!.examples.find(
    (one) => action === undefined || (one['action'] as unknown) === action,
  )!;
}

test('a pull request lives from its opening to production', { timeout: 180_000 }, async () => {
  const { changes, governance, ledger } = app.services;
  const pull = await github.openPull();
  const first = await until('the first verdict', () => verdictOn(pull.headSha));
  expect(first).toMatchObject({ conclusion: 'action_required' });
  const changeOf = async () => (await changes.resolve(`${REPOSITORY}#${pull.number}`))!;

  await comment(pull.number, 'grace', '/loom hold until the release is out');
  await comment(pull.number, 'stranger', '/loom release');
  await comment(pull.number, 'grace', '/loom frobnicate');
  await until('answers to the commands', async () => {
    const texts = (await commentsOn(pull.number)).join('\n');
    return /Held: it will not land/.test(texts) &&
      /not tied to a person/.test(texts) &&
      /do not know that command/.test(texts)
      ? texts
      : undefined;
  });

  await review(pull.number, pull.headSha, 'APPROVE');
  const approvals = async () => governance.listApprovals(null, (await changeOf()).id);
  await until('the approval', async () => (await approvals())[0]);
  await push(pull.number);
  const moved = await until('the new head', async () => {
    const change = await changeOf();
    return change.headSha === pull.headSha ? undefined : change.headSha;
  });
  await until('the approval to be void', async () =>
    (await approvals()).find(({ state }) => state === 'void'),
  );
  expect(await until('the verdict on the new head', () => verdictOn(moved))).toMatchObject({
    conclusion: 'action_required',
  });

  await review(pull.number, moved, 'APPROVE');
  await until('the verdict to be green', async () => {
    const verdict = await verdictOn(moved);
    return verdict?.conclusion === 'success' ? verdict : undefined;
  });
  const beforeRelease = (await changeOf()).state;
  await comment(pull.number, 'grace', '/loom release');
  const merged = await until('the merge', async () => {
    const change = await changeOf();
    return change.state === 'merged' ? change : undefined;
  });
  expect([beforeRelease, merged.mergeSha]).toEqual([
    'open',
    expect.stringMatching(/^[0-9a-f]{40}$/) as string,
  ]);

  const told = example('deployment_status');
  await deliver('deployment_status', {
    ...told,
    repository: { ...told['repository'], id: repositoryId, full_name: REPOSITORY },
    deployment: { ...told['deployment'], sha: merged.mergeSha, environment: 'production' },
    deployment_status: { ...told['deployment_status'], state: 'success' },
  });
  await until('the change to be in production', async () =>
    (await ledger.list({ type: 'change.shipped', limit: 10 })).items.find(
      ({ subject }) => subject === merged.id,
    ),
  );

  const shown = (await (await call('GET', '/v1/connections/github')).json()) as {
    state: string;
    counts: { deliveries: number; refused: number };
  };
  expect(shown).toMatchObject({ state: 'healthy', counts: { refused: 0 } });
  expect(shown.counts.deliveries).toBeGreaterThan(5);
});

test(
  'a verdict points at the lines of a pull request that decide it',
  { timeout: 180_000 },
  async () => {
    const base = `/repos/${REPOSITORY}`;
    const main = (await github.api('GET', `${base}/git/ref/heads/main`)) as {
      object: { sha: string };
    };
    await github.api('POST', `${base}/git/refs`, { ref: 'refs/heads/rules', sha: main.object.sha });
    await github.api('PUT', `${base}/contents/.loom/policy.yaml`, {
      message: 'Ask for less',
      content: Buffer.from('version: 1\n').toString('base64'),
      branch: 'rules',
    });
    const pull = (await github.api('POST', `${base}/pulls`, {
      title: 'Ask for less',
      body: 'Because.',
      head: 'rules',
      base: 'main',
    })) as { head: { sha: string } };

    const verdict = await until('the verdict', () => verdictOn(pull.head.sha));

    // GitHub answers with the bare list.
    const { check_annotations: told } = (await github.api(
      'GET',
      `${base}/check-runs/${verdict.id}/annotations`,
    )) as { check_annotations: object[] };
    expect(told).toEqual([
      expect.objectContaining({
        path: '.loom/policy.yaml',
        start_line: 1,
        annotation_level: 'warning',
        message: expect.stringContaining('needs two people') as string,
      }),
    ]);
  },
);

test('a renamed repository is found by both names, and what it has goes by the new one', async () => {
  const changes = async (repository: string) => {
    const path = `/v1/changes/${encodeURIComponent(`${repository}#1`)}`;
    const answer = await call('GET', path);
    return answer.status === 200 ? ((await answer.json()) as { change: object }) : undefined;
  };
  const renamed = 'acme/store';
  const [owner, name] = REPOSITORY.split('/');

  await deliver('repository', {
    action: 'renamed',
    changes: { repository: { name: { from: name } } },
    repository: { id: repositoryId, full_name: renamed, name: 'store', owner: { login: owner } },
  });

  const show = async (called: string) =>
    (await (await call('GET', `/v1/repositories/${encodeURIComponent(called)}`)).json()) as {
      name: string;
      formerNames: string[];
    };
  await waitFor('the rename', async () => (await show(REPOSITORY)).name === renamed);
  expect((await show(renamed)).formerNames).toEqual([REPOSITORY]);
  expect(await changes(renamed)).toMatchObject({ change: { repository: renamed } });
  expect(await changes(REPOSITORY)).toMatchObject({ change: { repository: renamed } });

  await deliver('installation', {
    action: 'suspend',
    installation: { id: 1, account: { login: owner }, updated_at: new Date().toISOString() },
    repositories: [{ full_name: renamed }],
  });
  await waitFor('the loss of access', async () => {
    const shown = (await (await call('GET', '/v1/connections/github')).json()) as {
      lost: object[];
    };
    return shown.lost.length === 1;
  });
});

async function review(number: number, commitId: string, event: 'APPROVE'): Promise<void> {
  await github.apiAs('grace', 'POST', `/repos/${REPOSITORY}/pulls/${number}/reviews`, {
    commit_id: commitId,
    event,
    body: 'Fine.',
  });
}

/** A new head; the emulator makes it and does not tell of it. */
async function push(number: number): Promise<void> {
  const path = `/repos/${REPOSITORY}/pulls/${number}`;
  await github.api('PUT', `${path}/update-branch`, {});
  await copyToGit(github, bare);
  const pull = await github.api('GET', path);
  const repository = { full_name: REPOSITORY };
  const payload = {
    action: 'synchronize',
    repository,
    pull_request: pull,
    sender: { login: 'ada' },
  };
  await deliver('pull_request', payload);
}
