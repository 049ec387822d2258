/**
 * Goal: every delivery GitHub can send is either understood or left alone, and never a reason to fall.
 * Method: the suite all sources share; GitHub's own recorded deliveries, all of them; then variations
 * of those for the cases the recordings lack.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { describeSignalSource } from '../contract/conformance.ts';
import { type Delivery, Signal, signBody } from '#connectors/contract';
import { createGitHubSource } from './source.ts';

interface Recording {
  action?: string;
  [key: string]: unknown;
}

const path = createRequire(import.meta.url).resolve(
  '@octokit/webhooks-examples/api.github.com/index.json',
);
const RECORDINGS = JSON.parse(readFileSync(path, 'utf8')) as {
  name: string;
  examples: Recording[];
}[];

const source = createGitHubSource({ webhookSecret: 'secret' });

function recorded(event: string, action?: string, index = 0): Recording {
  const examples = RECORDINGS.find(({ name }) => name === event)!.examples;
  const found = examples.filter((example) => action === undefined || example.action === action);
  return structuredClone(found[index]!);
}

function delivery(event: string, payload: unknown, id = '72d3162e-cc78-11e3-81ab-4c9367dc0958') {
  const headers = { 'x-github-event': event, 'x-github-delivery': id };
  return { headers, body: Buffer.from(JSON.stringify(payload)) } satisfies Delivery;
}

/** Without GitHub's number of the repository, which is on all of them; a test of its own looks at it. */
function signalsOf(event: string, payload: unknown): Signal[] {
  return source
    .toSignals(delivery(event, payload))
    .map(({ repositoryKey: _key, ...signal }) => signal as Signal);
}

/** The recording with some fields of it replaced, in depth. */
function changed(recording: Recording, patch: Record<string, unknown>): Recording {
  return Object.fromEntries([
    ...Object.entries(recording),
    ...Object.entries(patch).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? changed((recording[key] ?? {}) as Recording, value as Record<string, unknown>)
        : value,
    ]),
  ]) as Recording;
}

const opened = recorded('pull_request', 'opened');
const pushedAgain = changed(opened, {
  action: 'synchronize',
  pull_request: { head: { sha: 'b'.repeat(40) }, updated_at: '2019-05-15T16:00:00Z' },
});

describeSignalSource({
  name: 'the GitHub App',
  create: createGitHubSource,
  sign: ({ headers, body }, secret) => ({
    headers: { ...headers, 'x-hub-signature-256': signBody(secret, body) },
    body,
  }),
  signatureHeader: 'x-hub-signature-256',
  eventHeader: 'x-github-event',
  firstPush: delivery('pull_request', opened),
  secondPush: delivery('pull_request', pushedAgain, 'another'),
  // The repository's own webhook tells the same under another delivery id.
  redelivered: delivery('pull_request', opened, 'a third'),
  withTitle: (title) => delivery('pull_request', changed(opened, { pull_request: { title } })),
});

describe('recorded deliveries', () => {
  const all = RECORDINGS.flatMap(({ name, examples }) =>
    examples.map((example, index) => [name, example.action ?? '-', index, example] as const),
  );

  test('there are hundreds of them', () => {
    expect(all.length).toBeGreaterThan(300);
  });

  test.each(all)('%s %s (%i) is understood or left alone', (event, _action, _index, example) => {
    for (const signal of signalsOf(event, example)) expect(Signal.parse(signal)).toEqual(signal);
  });

  test('these events and actions give these signals, and no others give any', () => {
    const seen = new Set(
      all.flatMap(([event, action, , example]) =>
        signalsOf(event, example).map(({ type }) => `${event} ${action} -> ${type}`),
      ),
    );

    expect([...seen].sort()).toEqual([
      'check_run completed -> check.completed',
      'check_suite completed -> check.completed',
      'dependabot_alert created -> advisory.published',
      'deployment created -> deployment.reported',
      'deployment_status created -> deployment.reported',
      'installation created -> repository.access-changed',
      'installation deleted -> repository.access-changed',
      'installation_repositories added -> repository.access-changed',
      'installation_repositories removed -> repository.access-changed',
      'issue_comment created -> comment.told',
      'issue_comment created -> work-item.updated',
      'issue_comment deleted -> comment.told',
      'issue_comment deleted -> work-item.updated',
      'issue_comment edited -> comment.told',
      'issue_comment edited -> work-item.updated',
      'issues deleted -> work-item.updated',
      'issues edited -> work-item.updated',
      'issues labeled -> work-item.updated',
      'issues opened -> work-item.updated',
      'issues reopened -> work-item.updated',
      'issues transferred -> work-item.updated',
      'issues unlabeled -> work-item.updated',
      'merge_group checks_requested -> merge-group.requested',
      'pull_request closed -> change.closed',
      'pull_request converted_to_draft -> change.updated',
      'pull_request opened -> change.opened',
      'pull_request ready_for_review -> change.updated',
      'pull_request reopened -> change.opened',
      'pull_request synchronize -> change.updated',
      'pull_request_review dismissed -> review.submitted',
      'pull_request_review submitted -> review.submitted',
      'pull_request_review_comment created -> comment.told',
      'pull_request_review_comment deleted -> comment.told',
      'pull_request_review_comment edited -> comment.told',
      'push - -> branch.pushed',
      'repository transferred -> repository.renamed',
      'status - -> check.completed',
      'workflow_run completed -> check.completed',
    ]);
  });
});

describe('pull requests', () => {
  test('one that got commits says who pushed them', () => {
    const pushed = changed(pushedAgain, { sender: { login: 'mallory' } });

    expect(signalsOf('pull_request', pushed)).toMatchObject([
      { change: { author: { login: 'Codertocat' }, pushers: [{ login: 'mallory' }] } },
    ]);
  });

  test('an opened one is an opened change with all we know of it', () => {
    expect(signalsOf('pull_request', opened)).toEqual([
      {
        type: 'change.opened',
        source: 'github',
        dedupeKey: expect.stringMatching(
          /^github:Codertocat\/Hello-World:pull:[0-9a-f]{32}$/,
        ) as string,
        occurredAt: new Date('2019-05-15T15:20:33Z'),
        change: {
          repository: 'Codertocat/Hello-World',
          number: 2,
          branch: 'changes',
          baseBranch: 'master',
          baseSha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e',
          headSha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
          title: 'Update the README with new information.',
          text: 'This is a pretty simple change that we need to pull into master.',
          url: 'https://github.com/Codertocat/Hello-World/pull/2',
          author: { login: 'Codertocat' },
          isDraft: false,
        },
      },
    ]);
  });

  test('a merged one is closed with its merge commit, a closed one without', () => {
    const closed = recorded('pull_request', 'closed');
    const merged = changed(closed, {
      pull_request: { merged: true, merge_commit_sha: 'c'.repeat(40) },
    });

    expect(signalsOf('pull_request', closed)).toMatchObject([{ isMerged: false }]);
    expect(signalsOf('pull_request', closed)[0]).not.toHaveProperty('mergeSha');
    expect(signalsOf('pull_request', merged)).toMatchObject([
      { isMerged: true, mergeSha: 'c'.repeat(40) },
    ]);
  });

  test.each([
    ['a fork', { repo: { full_name: 'mallory/Hello-World' }, label: 'mallory:changes' }],
    ['a fork that is gone', { repo: null, label: 'mallory:changes' }],
  ])('the branch of %s is named with its owner', (_what, head) => {
    const fork = changed(opened, { pull_request: { head } });

    expect(signalsOf('pull_request', fork)).toMatchObject([
      { change: { repository: 'Codertocat/Hello-World', branch: 'mallory:changes' } },
    ]);
  });

  test('a draft says that it is one', () => {
    const draft = recorded('pull_request', 'converted_to_draft');

    expect(signalsOf('pull_request', draft)).toMatchObject([{ change: { isDraft: true } }]);
  });

  test('a deleted account has no name, and the change stands', () => {
    const ghost = changed(opened, { pull_request: { user: null } });

    expect(signalsOf('pull_request', ghost)).toMatchObject([{ change: { author: {} } }]);
  });

  test('a renamed repository goes by its new name', () => {
    const renamed = changed(opened, {
      repository: { full_name: 'Codertocat/New' },
      pull_request: { head: { repo: { full_name: 'Codertocat/New' } } },
    });

    expect(signalsOf('pull_request', renamed)).toMatchObject([
      { change: { repository: 'Codertocat/New', branch: 'changes' } },
    ]);
  });

  test('two pushes that lead back to the same commit are two signals', () => {
    const later = changed(pushedAgain, {
      pull_request: { updated_at: '2019-05-15T17:00:00Z' },
    });

    expect(signalsOf('pull_request', later)[0]!.dedupeKey).not.toBe(
      signalsOf('pull_request', pushedAgain)[0]!.dedupeKey,
    );
  });
});

describe('reviews', () => {
  test.each([
    ['APPROVED', 'approved'],
    ['approved', 'approved'],
    ['changes_requested', 'changes-requested'],
    ['commented', 'commented'],
  ])('%s is understood, for the commit that was looked at', (state, verdict) => {
    const review = changed(recorded('pull_request_review', 'submitted'), {
      review: { state, commit_id: 'd'.repeat(40) },
    });

    expect(signalsOf('pull_request_review', review)).toMatchObject([
      {
        type: 'review.submitted',
        verdict,
        headSha: 'd'.repeat(40),
        reviewer: { login: 'Codertocat' },
        change: { number: 2 },
      },
    ]);
  });

  test('a review that is still being written is no signal', () => {
    const pending = changed(recorded('pull_request_review', 'submitted'), {
      review: { state: 'pending' },
    });

    expect(signalsOf('pull_request_review', pending)).toEqual([]);
  });
});

describe('pushes', () => {
  const zero = '0'.repeat(40);
  const push = RECORDINGS.find(({ name }) => name === 'push')!.examples.find(({ ref }) =>
    String(ref).startsWith('refs/heads/'),
  )!;

  test('a new branch has no before, a deleted one no after', () => {
    const deleted = changed(push, { before: 'e'.repeat(40), after: zero, head_commit: null });

    expect(signalsOf('push', push)).toMatchObject([
      {
        branch: 'master',
        beforeSha: null,
        afterSha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        isForced: false,
        occurredAt: new Date(1_557_933_657_000),
        pusher: { login: 'Codertocat', email: '21031067+Codertocat@users.noreply.github.com' },
      },
    ]);
    expect(signalsOf('push', deleted)).toMatchObject([
      { beforeSha: 'e'.repeat(40), afterSha: null },
    ]);
  });

  test('a forced one says so', () => {
    expect(signalsOf('push', changed(push, { forced: true }))).toMatchObject([{ isForced: true }]);
  });

  test.each(['refs/tags/v1', 'refs/notes/x', 'refs/heads'])('%s is not ours', (ref) => {
    expect(signalsOf('push', changed(push, { ref }))).toEqual([]);
  });
});

describe('checks', () => {
  const run = recorded('check_run', 'completed');

  test('a failed run is told with its commit and name', () => {
    expect(signalsOf('check_run', run)).toMatchObject([
      {
        type: 'check.completed',
        name: 'Octocoders-linter',
        conclusion: 'failure',
        headSha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
        occurredAt: new Date('2019-05-15T15:21:12Z'),
      },
    ]);
  });

  test.each([
    ['timed_out', 'failure'],
    ['action_required', 'failure'],
    ['startup_failure', 'failure'],
    ['stale', 'cancelled'],
    ['skipped', 'skipped'],
  ])('the conclusion %s is understood as %s', (conclusion, ours) => {
    const payload = changed(run, { check_run: { conclusion } });

    expect(signalsOf('check_run', payload)).toMatchObject([{ conclusion: ours }]);
  });

  test('a run that was made complete and told twice is one signal', () => {
    const created = changed(run, { action: 'created' });

    expect(signalsOf('check_run', created)).toEqual(signalsOf('check_run', run));
  });

  test('our own verdict is no news to us', () => {
    const ours = createGitHubSource({ webhookSecret: 'secret', appId: '29310' });
    const byName = changed(run, { check_run: { name: 'LoomStack' } });
    const byApp = changed(run, { check_run: { app: { id: 29_310 } } });
    const suite = changed(recorded('check_suite', 'completed'), {
      check_suite: { app: { id: 29_310 } },
    });

    expect(source.toSignals(delivery('check_run', byName))).toEqual([]);
    expect(ours.toSignals(delivery('check_run', byApp))).toEqual([]);
    expect(ours.toSignals(delivery('check_suite', suite))).toEqual([]);
  });

  test('a status that is pending is no signal yet', () => {
    const status = recorded('status');

    expect(signalsOf('status', changed(status, { state: 'pending' }))).toEqual([]);
    expect(signalsOf('status', changed(status, { state: 'error' }))).toMatchObject([
      { conclusion: 'failure' },
    ]);
  });
});

describe('deployments', () => {
  test('a deployment begins, succeeds or fails under one key', () => {
    const begun = signalsOf('deployment', recorded('deployment'));
    const report = recorded('deployment_status');
    const failed = changed(report, { deployment_status: { state: 'error' } });

    expect(begun).toMatchObject([{ status: 'started', environment: 'production' }]);
    expect(signalsOf('deployment_status', report)).toMatchObject([
      { status: 'succeeded', sha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e' },
    ]);
    expect(signalsOf('deployment_status', failed)).toMatchObject([
      { status: 'failed', externalKey: (begun[0] as { externalKey: string }).externalKey },
    ]);
  });

  test('one that a later one replaced is no news', () => {
    const inactive = changed(recorded('deployment_status'), {
      deployment_status: { state: 'inactive' },
    });

    expect(signalsOf('deployment_status', inactive)).toEqual([]);
  });
});

describe('issues', () => {
  test('an issue is a work item under its key on the host', () => {
    expect(signalsOf('issues', recorded('issues', 'opened'))).toMatchObject([
      {
        type: 'work-item.updated',
        workItem: {
          externalKey: 'Codertocat/Hello-World#1',
          repository: 'Codertocat/Hello-World',
          title: 'Spelling error in the README file',
          state: 'open',
          labels: ['bug'],
          author: { login: 'Codertocat' },
        },
      },
    ]);
  });

  test('a deleted issue is closed, an issue whose comment was deleted is not', () => {
    expect(signalsOf('issues', recorded('issues', 'deleted'))).toMatchObject([
      { workItem: { state: 'closed' } },
    ]);
    expect(signalsOf('issue_comment', recorded('issue_comment', 'deleted'))).toMatchObject([
      { workItem: { state: 'open' } },
      { type: 'comment.told' },
    ]);
  });

  test('a comment on a pull request makes no work item', () => {
    const comment = changed(recorded('issue_comment', 'created'), {
      issue: { pull_request: { url: 'https://api.github.com/repos/a/b/pulls/1' } },
    });

    expect(signalsOf('issue_comment', comment).map(({ type }) => type)).toEqual(['comment.told']);
  });
});

describe('commands in comments', () => {
  const comment = recorded('issue_comment', 'created');
  const saying = (body: string, patch: Record<string, unknown> = {}) =>
    signalsOf('issue_comment', changed(comment, { comment: { body }, ...patch })).filter(
      ({ type }) => type === 'command.given',
    );

  test('each line that begins with /loom is one, with what follows it', () => {
    expect(saying('Thanks!\n/loom hold  until Monday\r\n  /LOOM Status\n/loom')).toMatchObject([
      { word: 'hold', argument: 'until Monday', isChange: false, author: { login: 'Codertocat' } },
      { word: 'Status', argument: '' },
      { word: 'help', argument: '' },
    ]);
  });

  test.each([
    ['quoted', '> /loom hold'],
    ['code', '```\n/loom hold\n```'],
    ['within a sentence', 'please /loom hold'],
    ['another word', '/loomstack hold'],
    ['indented as code', '    /loom hold'],
  ])('%s words are no command', (_what, body) => {
    expect(saying(body)).toEqual([]);
  });

  test('a program gives no commands, and an edit gives none again', () => {
    const byBot = changed(comment, { comment: { body: '/loom hold', user: { type: 'Bot' } } });

    expect(signalsOf('issue_comment', byBot).map(({ type }) => type)).toEqual([
      'work-item.updated',
      'comment.told',
    ]);
    expect(saying('/loom hold', { action: 'edited' })).toEqual([]);
  });

  test('comments on a pull request and on its lines name the change', () => {
    const onPull = saying('/loom rerun', { issue: { number: 7, pull_request: { url: '' } } });
    const line = recorded('pull_request_review_comment', 'created');
    const onLine = signalsOf(
      'pull_request_review_comment',
      changed(line, { comment: { body: '/loom rerun' } }),
    ).filter(({ type }) => type === 'command.given');

    expect(onPull).toMatchObject([{ number: 7, isChange: true }]);
    expect(onLine).toMatchObject([{ type: 'command.given', word: 'rerun', isChange: true }]);
  });
});

test('a renamed and a transferred repository name both names', () => {
  const renamed = changed(recorded('repository', 'renamed'), {
    changes: { repository: { name: { from: 'Old-World' } } },
    repository: { full_name: 'Codertocat/Hello-World', owner: { login: 'Codertocat' } },
  });
  const transferred = changed(recorded('repository', 'transferred'), {
    changes: { owner: { from: { user: { login: 'old-owner' } } } },
    repository: { full_name: 'acme/Hello-World', name: 'Hello-World' },
  });

  expect(signalsOf('repository', renamed)).toMatchObject([
    { from: 'Codertocat/Old-World', to: 'Codertocat/Hello-World' },
  ]);
  expect(signalsOf('repository', transferred)).toMatchObject([
    { from: 'old-owner/Hello-World', to: 'acme/Hello-World' },
  ]);
});

test('a queue that asks names the change it holds', () => {
  const asked = changed(recorded('merge_group', 'checks_requested'), {
    merge_group: {
      head_ref: 'refs/heads/gh-readonly-queue/main/pr-12-2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d',
      base_ref: 'refs/heads/main',
    },
  });

  expect(signalsOf('merge_group', asked)).toMatchObject([{ numbers: [12], baseBranch: 'main' }]);
});

describe('vulnerabilities', () => {
  test('a rule of style is none, one of security has its severity, and one nobody weighed is grave', () => {
    const told = recorded('code_scanning_alert', 'created');
    const scanned = (security_severity_level: string | null) =>
      signalsOf(
        'code_scanning_alert',
        changed(told, { alert: { rule: { security_severity_level } } }),
      );

    expect(scanned(null)).toEqual([]);
    expect(scanned('critical')).toMatchObject([{ severity: 'critical' }]);
    expect(scanned('unheard-of')).toMatchObject([{ severity: 'high' }]);
  });

  test('reported and then published, an advisory of the repository is one', () => {
    const advisory = { ghsa_id: 'GHSA-1', summary: 'A hole', severity: null, html_url: null };
    const told = (action: string, updated_at: string) =>
      signalsOf('repository_advisory', {
        action,
        repository: { full_name: 'acme/shop' },
        repository_advisory: { ...advisory, updated_at },
      }).map(({ dedupeKey }) => dedupeKey);

    expect(told('reported', '2026-01-01T00:00:00Z')).toHaveLength(1);
    expect(told('published', '2026-01-02T00:00:00Z')).toEqual(
      told('reported', '2026-01-01T00:00:00Z'),
    );
    expect(told('withdrawn', '2026-01-03T00:00:00Z')).toEqual([]);
  });
});

test('a delivery carries the number of its repository, which a rename leaves alone', () => {
  const [signal] = source.toSignals(delivery('pull_request', opened));

  const { id } = opened['repository'] as { id: number };
  expect(signal).toMatchObject({ repositoryKey: String(id) });
});

describe('comments', () => {
  const told = (action: string, more: Record<string, unknown> = {}) =>
    signalsOf(
      'issue_comment',
      changed({ ...recorded('issue_comment', 'created'), action }, { comment: more }),
    ).filter(({ type }) => type === 'comment.told');

  test('one is told with who wrote it and what it is on, edits and deletions too', () => {
    expect(told('created', { body: 'Look here.' })).toMatchObject([
      {
        type: 'comment.told',
        comment: {
          id: expect.stringMatching(/^comment\/\d+$/),
          on: expect.stringMatching(/#\d+$/),
          isChange: false,
          author: { login: expect.any(String) },
          text: 'Look here.',
          isDeleted: false,
        },
      },
    ]);
    expect(told('edited', { body: 'Better.' })).toMatchObject([{ comment: { text: 'Better.' } }]);
    expect(told('deleted')).toMatchObject([{ comment: { isDeleted: true, text: '' } }]);
    const keys = ['created', 'edited', 'deleted'].map((action) => told(action)[0]?.dedupeKey);
    // The same wording told twice is one; its end is another.
    expect(new Set(keys).size).toBe(2);
  });

  test('one on code says on which line; one of ours is never told', () => {
    const onCode = recorded('pull_request_review_comment', 'created');
    expect(signalsOf('pull_request_review_comment', onCode)).toMatchObject([
      { comment: { isChange: true, path: expect.any(String) } },
    ]);
    expect(told('created', { body: '<!-- loomstack:work-item -->\nWaiting.' })).toEqual([]);
  });
});
