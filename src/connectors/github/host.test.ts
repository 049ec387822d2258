/**
 * Goal: the GitHub App carries our decisions to GitHub, once each, and says plainly what stands in the
 * way; and what GitHub tells in return reaches us as signals.
 * Method: octokit against GitHub's emulator with real webhooks to a real receiver; a proxy answers
 * where the emulator is kinder than GitHub.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CodeHostFixture, describeCodeHost } from '../contract/conformance.ts';
import { AppError } from '#kernel';
import type { HostChange } from '#connectors/contract';
import { waitFor } from '#testing';
import { createGitHubSource } from './source.ts';
import {
  APP_ID,
  REPOSITORY,
  startTestGitHub,
  type TestGitHub,
  WEBHOOK_SECRET,
} from './test-github.ts';

interface Pull {
  head: { sha: string };
  merged: boolean;
  requested_reviewers: { login: string }[];
  requested_teams: { slug: string }[];
}

async function pullOf(github: TestGitHub, { number }: HostChange): Promise<Pull> {
  return (await github.api('GET', `/repos/${REPOSITORY}/pulls/${number}`)) as Pull;
}

async function commentsOn(github: TestGitHub, { number }: HostChange): Promise<string[]> {
  const path = `/repos/${REPOSITORY}/issues/${number}/comments?per_page=100`;
  return ((await github.api('GET', path)) as { body: string }[]).map(({ body }) => body);
}

async function checksOn(github: TestGitHub, { headSha }: HostChange) {
  const path = `/repos/${REPOSITORY}/commits/${headSha}/check-runs?filter=all`;
  const answer = (await github.api('GET', path)) as {
    check_runs: {
      name: string;
      external_id: string;
      conclusion: string;
      output: { title: string };
    }[];
  };
  return answer.check_runs;
}

/** What GitHub answers about a pull request that does not merge. The emulator merges anything. */
function conflictOn(pull: Pull, { number }: HostChange) {
  return (method: string, path: string) => {
    if (!path.startsWith(`/repos/${REPOSITORY}/pulls/${number}`)) return undefined;
    if (method === 'GET') {
      return { status: 200, body: { ...pull, mergeable: false, mergeable_state: 'dirty' } };
    }
    return { status: 405, body: { message: 'Pull Request is not mergeable' } };
  };
}

describeCodeHost('GitHub', async (): Promise<CodeHostFixture> => {
  const github = await startTestGitHub();
  return {
    host: github.host(),
    openChange: async () => await github.openPull(),
    async openConflictingChange() {
      const change = await github.openPull();
      github.intercept(conflictOn(await pullOf(github, change), change));
      return change;
    },
    async moveHead(change) {
      await github.api('PUT', `/repos/${REPOSITORY}/pulls/${change.number}/update-branch`, {});
      return (await pullOf(github, change)).head.sha;
    },
    async countMerges() {
      const commits = (await github.api(
        'GET',
        `/repos/${REPOSITORY}/commits?sha=main&per_page=100`,
      )) as { parents: unknown[] }[];
      return commits.filter(({ parents }) => parents.length > 1).length;
    },
    comments: async (change) => await commentsOn(github, change),
    verdicts: async (change) => (await checksOn(github, change)).map(({ output }) => output.title),
    reviewers: async (change) =>
      (await pullOf(github, change)).requested_reviewers.map(({ login }) => login),
    logins: ['grace', 'linus'],
    [Symbol.asyncDispose]: async () => await github[Symbol.asyncDispose](),
  };
});

describe('the GitHub App', () => {
  let github: TestGitHub;
  beforeAll(async () => {
    github = await startTestGitHub();
  });
  afterAll(async () => {
    await github[Symbol.asyncDispose]();
  });
  afterEach(() => {
    github.intercept(undefined);
    vi.useRealTimers();
  });

  test('a verdict on another base does not pass for the one on the default branch', async () => {
    const host = github.host();
    const change = await github.openPull();
    const own = { ...change, number: change.number! + 1_000, baseBranch: 'rules-of-my-own' };
    const report = { lane: 'ship', summary: '', detailsUrl: 'http://localhost/changes/1' };

    await host.publishVerdict({
      ...report,
      change,
      conclusion: 'action-required',
      title: 'Needs one reviewer',
    });
    await host.publishVerdict({ ...report, change: own, conclusion: 'success', title: 'Ships' });

    const checks = await checksOn(github, change);
    expect(new Map(checks.map(({ name, conclusion }) => [name, conclusion]))).toEqual(
      new Map([
        ['LoomStack', 'action_required'],
        ['LoomStack (rules-of-my-own)', 'success'],
      ]),
    );
  });

  /** Octokit keeps tokens by the real clock, so that one is moved. */
  function passTime(minutes: number): void {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 });
  }

  function mints(): number {
    return github.requests.filter((request) => request.includes('/access_tokens')).length;
  }

  function mergeOf(change: HostChange, expectedHeadSha = change.headSha) {
    return { change, message: 'Merge it\n\nWhy.', expectedHeadSha, idempotencyKey: 'merge:1' };
  }

  test('a pull request travels from webhook to verdict, comment and merge, and back', async () => {
    const source = createGitHubSource({ webhookSecret: WEBHOOK_SECRET, appId: String(APP_ID) });
    const host = github.host();
    const opened = await github.openPull();
    const change = { ...opened, changeId: 'chg_1' };
    const signalsOf = (type: string) =>
      github.deliveries
        .flatMap((delivery) => source.toSignals(delivery))
        .find(
          (signal) =>
            signal.type === type && 'change' in signal && signal.change.number === change.number,
        );

    const signal = await waitFor('the webhook', () => signalsOf('change.opened'));
    await host.publishVerdict({
      change,
      lane: 'ship',
      conclusion: 'success',
      title: 'Ships alone',
      summary: 'Low risk.',
      detailsUrl: 'https://loom.example/changes/chg_1',
    });
    await host.upsertComment(change, '**Ships alone**');
    const result = await host.merge(mergeOf(change));
    const closed = await waitFor('the webhook of the merge', () => signalsOf('change.closed'));

    for (const delivery of github.deliveries) {
      expect(() => source.verify(delivery)).not.toThrow();
      expect(source.deliveryId(delivery)).toMatch(/^\d+$/);
    }
    expect(signal).toMatchObject({ change: { headSha: change.headSha, branch: change.branch } });
    expect(await checksOn(github, change)).toMatchObject([
      { name: 'LoomStack', conclusion: 'success', external_id: `chg_1@${change.headSha}` },
    ]);
    expect(result).toMatchObject({ outcome: 'merged' });
    expect(closed).toMatchObject({
      isMerged: true,
      mergeSha: (result as { mergeSha: string }).mergeSha,
    });
    const commit = (await github.api(
      'GET',
      `/repos/${REPOSITORY}/commits/${(result as { mergeSha: string }).mergeSha}`,
    )) as { commit: { message: string } };
    expect(commit.commit.message).toBe(
      'Merge it\n\nWhy.\n\nLoom-Change: chg_1\n' +
        `Loom-Branch: ${change.branch}\nLoom-Head: ${change.headSha}\nLoom-Merge-Key: merge:1`,
    );
  });

  test('a push to a branch is told by a signed webhook', async () => {
    const source = createGitHubSource({ webhookSecret: WEBHOOK_SECRET });
    const { branch } = await github.openPull();

    const signal = await waitFor('the push', () =>
      github.deliveries
        .flatMap((delivery) => source.toSignals(delivery))
        .find((found) => found.type === 'branch.pushed' && found.branch === branch),
    );

    expect(signal).toMatchObject({ repository: REPOSITORY, pusher: { login: 'ada' } });
  });

  test('a comment with our marker by somebody else is left alone', async () => {
    const change = await github.openPull();
    const forged = '<!-- loomstack:run-card -->\nEverything is fine.';
    await github.api('POST', `/repos/${REPOSITORY}/issues/${change.number}/comments`, {
      body: forged,
    });

    await github.host().upsertComment(change, 'Held.');

    expect(await commentsOn(github, change)).toEqual([
      forged,
      '<!-- loomstack:run-card -->\nHeld.',
    ]);
  });

  test('our comment is found behind a hundred others', async () => {
    const change = await github.openPull();
    const path = `/repos/${REPOSITORY}/issues/${change.number}/comments`;
    for (let index = 0; index < 105; index += 1) await github.api('POST', path, { body: 'Hm.' });
    const first = await github.host().upsertComment(change, 'One');

    const second = await github.host().upsertComment(change, 'Two');

    expect(second.externalId).toBe(first.externalId);
  });

  test('a text that GitHub would not take is cut', async () => {
    const change = await github.openPull();

    await github.host().upsertComment(change, 'x'.repeat(200_000));

    const [comment] = await commentsOn(github, change);
    expect(comment!.length).toBeLessThan(65_536);
    expect(comment).toContain('cut here');
  });

  test('the author is never asked for a review, teams are asked as teams', async () => {
    const change = await github.openPull();

    await github.host().requestReviewers(change, ['Ada', '@grace', 'acme/members']);

    const pull = await pullOf(github, change);
    expect(pull.requested_reviewers.map(({ login }) => login)).toEqual(['grace']);
    expect(pull.requested_teams.map(({ slug }) => slug)).toEqual(['members']);
  });

  test('one who cannot be asked does not keep the others from being asked', async () => {
    const change = await github.openPull();

    await github.host().requestReviewers(change, ['left-the-company', 'grace', 'acme/nobody']);

    const pull = await pullOf(github, change);
    expect(pull.requested_reviewers.map(({ login }) => login)).toEqual(['grace']);
  });

  test('a draft is not merged', async () => {
    const change = await github.openPull({ draft: true });

    expect(await github.host().merge(mergeOf(change))).toEqual({
      outcome: 'refused',
      reason: 'The pull request is a draft.',
    });
  });

  test('a closed pull request is not merged', async () => {
    const change = await github.openPull();
    await github.api('PATCH', `/repos/${REPOSITORY}/pulls/${change.number}`, { state: 'closed' });

    expect(await github.host().merge(mergeOf(change))).toMatchObject({ outcome: 'refused' });
  });

  test.each([409, 422])('a head that moves while we ask (%i) is named', async (status) => {
    const change = await github.openPull();
    const before = await pullOf(github, change);
    let looks = 0;
    github.intercept((method, path) => {
      if (!path.includes(`/pulls/${change.number}`)) return undefined;
      if (method === 'PUT') return { status, body: { message: 'Head branch was modified.' } };
      looks += 1;
      const sha = looks === 1 ? change.headSha : 'f'.repeat(40);
      return { status: 200, body: { ...before, head: { ...before.head, sha } } };
    });

    expect(await github.host().merge(mergeOf(change))).toEqual({
      outcome: 'head-moved',
      headSha: 'f'.repeat(40),
    });
  });

  test('a merge whose answer was lost is found when it is asked for again', async () => {
    const change = await github.openPull();
    const host = github.host();
    const first = await host.merge(mergeOf(change));
    github.intercept((method) => (method === 'PUT' ? { status: 405, body: {} } : undefined));

    expect(await host.merge(mergeOf(change))).toEqual(first);
  });

  test('what the branch protection lacks is the reason of the refusal', async () => {
    const change = await github.openPull();
    const message = 'Required status check "build" is expected.';
    github.intercept((method) =>
      method === 'PUT' ? { status: 405, body: { message } } : undefined,
    );

    expect(await github.host().merge(mergeOf(change))).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining(message) as string,
    });
  });

  test('git gets an address and a token of the installation', async () => {
    const { url, headers } = await github.host().fetchSource(REPOSITORY);

    expect(url).toMatch(/\/acme\/shop\.git$/);
    const [scheme, encoded] = headers!['Authorization']!.split(' ');
    expect(scheme).toBe('Basic');
    expect(Buffer.from(encoded!, 'base64').toString()).toMatch(/^x-access-token:\S{10,}$/);
  });

  test('the token is made once for many calls, and anew when it has run out', async () => {
    const change = await github.openPull();
    const host = github.host();
    const before = mints();
    await host.upsertComment(change, 'One');
    await host.upsertComment(change, 'Two');
    expect(mints() - before).toBe(1);

    passTime(61);
    await host.upsertComment(change, 'Three');

    expect(mints() - before).toBe(2);
  });

  test('a token that GitHub takes no more is renewed at once', async () => {
    const change = await github.openPull();
    const host = github.host();
    await host.upsertComment(change, 'One');
    const before = mints();
    // Octokit itself tries a token that is only seconds old again, as GitHub may not know it yet.
    passTime(10);
    github.intercept((_method, path) =>
      path.includes('/comments') && mints() === before
        ? { status: 401, body: { message: 'Bad credentials' } }
        : undefined,
    );

    await host.upsertComment(change, 'Two');

    expect(mints() - before).toBe(1);
    expect(await commentsOn(github, change)).toEqual(['<!-- loomstack:run-card -->\nTwo']);
  });

  test.each([
    [429, { 'retry-after': '17' }, 'github.rate_limited', 17],
    [403, { 'retry-after': '60' }, 'github.rate_limited', 60],
    [503, { 'retry-after': '5' }, 'github.unreachable', 5],
    [500, {}, 'github.unreachable', undefined],
    [502, {}, 'github.unreachable', undefined],
  ])(
    'an answer %i %j is unavailable, with the wish to wait',
    async (status, headers, code, wait) => {
      const change = await github.openPull();
      github.intercept(() => ({ status, headers, body: { message: 'No.' } }));

      const failure = await failureOf(github.host().upsertComment(change, 'Hello'));

      expect(failure).toMatchObject({ kind: 'unavailable', code });
      expect(failure.details?.['retryAfterSeconds']).toBe(wait);
    },
  );

  test('a rate limit that gives only its end is waited for', async () => {
    const change = await github.openPull();
    const reset = Math.ceil(Date.now() / 1_000) + 100;
    github.intercept(() => ({
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) },
      body: { message: 'API rate limit exceeded' },
    }));

    const failure = await failureOf(github.host().upsertComment(change, 'Hello'));

    expect(failure).toMatchObject({ kind: 'unavailable', code: 'github.rate_limited' });
    expect(Number(failure.details?.['retryAfterSeconds'])).toBeGreaterThan(50);
  });

  test.each([
    [401, 'unavailable', 'github.bad_credentials'],
    [403, 'forbidden', 'github.forbidden'],
    [404, 'not_found', 'github.not_found'],
    [422, 'invalid', 'github.refused'],
  ])('an answer %i is %s', async (status, kind, code) => {
    const change = await github.openPull();
    github.intercept(() => ({ status, body: { message: 'No.' } }));

    expect(await failureOf(github.host().upsertComment(change, 'Hello'))).toMatchObject({
      kind,
      code,
    });
  });

  test('nobody at the address, and one who never answers, are unavailable', async () => {
    const change = await github.openPull();
    const nobody = github.host({ apiUrl: 'http://127.0.0.1:9' });

    expect(await failureOf(nobody.upsertComment(change, 'Hello'))).toMatchObject({
      kind: 'unavailable',
      code: 'github.unreachable',
    });
    const hasty = github.host({ timeoutMs: 1 });
    expect(await failureOf(hasty.upsertComment(change, 'Hello'))).toMatchObject({
      kind: 'unavailable',
    });
  });

  test('neither key nor token is in what is thrown', async () => {
    const change = await github.openPull();
    const host = github.host();
    const { headers } = await host.fetchSource(REPOSITORY);
    const encoded = headers!['Authorization']!.split(' ')[1]!;
    const token = Buffer.from(encoded, 'base64').toString().split(':')[1]!;
    const secrets = [token, github.privateKey, github.privateKey.split('\n')[2]!];
    for (const status of [401, 403, 404, 422, 500]) {
      github.intercept((_method, path) =>
        path.includes('/comments') ? { status, body: { message: 'No.' } } : undefined,
      );

      const shown = everythingIn(await failureOf(host.upsertComment(change, 'Hello')));

      for (const secret of secrets) expect(shown).not.toContain(secret);
    }
  });

  test.each(['', 'no key', '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----'])(
    'the key %j is refused at once, without being shown',
    async (privateKey) => {
      const make = async () => github.host({ privateKey });

      const failure = await failureOf(make());

      expect(failure.code).toBe('github.bad_private_key');
      expect(failure.cause).toBeUndefined();
    },
  );

  test('a key with written line breaks is read', async () => {
    const host = github.host({ privateKey: github.privateKey.replaceAll('\n', '\\n') });

    expect((await host.fetchSource(REPOSITORY)).url).toContain('acme/shop');
  });

  test.each(['shop', 'acme/..', '../acme/shop', 'acme/shop/x', 'acme/sh?op'])(
    'the repository %j is refused before it reaches an address',
    async (repository) => {
      expect(await failureOf(github.host().fetchSource(repository))).toMatchObject({
        code: 'github.bad_repository_name',
      });
    },
  );

  test('a change without a number cannot be commented on', async () => {
    const change = { repository: REPOSITORY, branch: 'x', baseBranch: 'main', headSha: 'f' };

    expect(await failureOf(github.host().upsertComment(change, 'Hello'))).toMatchObject({
      code: 'github.no_number',
    });
  });
});

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof AppError) return failure;
  throw new Error('expected a refusal', { cause: failure });
}

/** All text an error holds, along its causes. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? '';
  const own = Object.getOwnPropertyNames(error).filter((name) => name !== 'cause');
  const texts = own.map((name) =>
    JSON.stringify((error as unknown as Record<string, unknown>)[name]),
  );
  return [error.message, ...texts, everythingIn(error.cause)].join('\n');
}
