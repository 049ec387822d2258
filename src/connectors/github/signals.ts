/**
 * GitHub's events in our words, one function each. Nothing past this folder knows GitHub's names. The
 * keys name the fact and not the delivery: GitHub redelivers, and a repository's own webhook may tell
 * of what the App's webhook told already.
 */
import { parseJson } from '#kernel';
import type { Signal, SignalChange } from '#connectors/contract';
import { codeScanningAlert, dependabotAlert, repositoryAdvisory } from './advisory-signals.ts';
import { issueCommands, reviewCommands } from './command-signals.ts';
import {
  CHECK_NAME,
  CONCLUSIONS,
  GITHUB,
  keyOf,
  person,
  revisionOf,
  type Translate,
  type TranslateOptions,
  UNREADABLE,
} from './naming.ts';
import * as events from './events.ts';
import { installation, mergeGroup, repositoryName, workflowRun } from './repository-signals.ts';

/** Events we understand; all others give no signal. */
export const TRANSLATIONS: ReadonlyMap<string, Translate> = new Map<string, Translate>([
  ['pull_request', pullRequest],
  ['pull_request_review', review],
  ['push', push],
  ['check_run', checkRun],
  ['check_suite', checkSuite],
  ['status', status],
  ['deployment', deployment],
  ['deployment_status', deploymentStatus],
  ['issues', issue],
  ['issue_comment', (body, options) => [...issue(body), ...issueCommands(body, options)]],
  ['pull_request_review_comment', reviewCommands],
  ['workflow_run', workflowRun],
  ['merge_group', mergeGroup],
  ['installation', installation],
  ['installation_repositories', installation],
  ['repository', repositoryName],
  ['dependabot_alert', dependabotAlert],
  ['code_scanning_alert', codeScanningAlert],
  ['repository_advisory', repositoryAdvisory],
]);

function pullRequest(body: Uint8Array): Signal[] {
  const event = parseJson(events.PullRequestEvent, body, UNREADABLE);
  const { action, pull_request: pull } = event;
  const repository = event.repository.full_name;
  const common = {
    source: GITHUB,
    dedupeKey: keyOf('pull', repository, [pull.number, action, pull.head.sha, pull.updated_at]),
    occurredAt: pull.updated_at,
    change: toChange(repository, pull),
  };
  switch (action) {
    case 'opened':
    case 'reopened':
      return [{ type: 'change.opened', ...common }];
    case 'synchronize': {
      // Who caused it is who pushed, whatever the commits say of their authors.
      const pusher = person(event.sender);
      const pushers = pusher.login === undefined ? {} : { pushers: [pusher] };
      return [{ type: 'change.updated', ...common, change: { ...common.change, ...pushers } }];
    }
    case 'edited':
    case 'ready_for_review':
    case 'converted_to_draft':
      return [{ type: 'change.updated', ...common }];
    case 'closed': {
      const isMerged = pull.merged === true;
      const mergeSha = isMerged ? pull.merge_commit_sha : undefined;
      return [{ type: 'change.closed', ...common, isMerged, ...(mergeSha ? { mergeSha } : {}) }];
    }
    default:
      return [];
  }
}

const VERDICTS: ReadonlyMap<string, 'approved' | 'changes-requested' | 'commented' | 'dismissed'> =
  new Map([
    ['approved', 'approved'],
    ['changes_requested', 'changes-requested'],
    ['commented', 'commented'],
    ['dismissed', 'dismissed'],
  ]);

function review(body: Uint8Array): Signal[] {
  const event = parseJson(events.ReviewEvent, body, UNREADABLE);
  const { action, pull_request: pull } = event;
  // The API writes states in upper case, webhooks in lower case; Enterprise has done both.
  const verdict = VERDICTS.get(event.review.state.toLowerCase());
  if (verdict === undefined || (action !== 'submitted' && action !== 'dismissed')) return [];
  const repository = event.repository.full_name;
  const headSha = event.review.commit_id ?? pull.head.sha;
  return [
    {
      type: 'review.submitted',
      source: GITHUB,
      dedupeKey: keyOf('review', repository, [event.review.id, action, verdict]),
      occurredAt:
        action === 'dismissed' ? pull.updated_at : (event.review.submitted_at ?? pull.updated_at),
      change: toChange(repository, pull),
      reviewer: person(event.review.user),
      headSha,
      verdict,
      text: event.review.body ?? '',
    },
  ];
}

function push(body: Uint8Array): Signal[] {
  const event = parseJson(events.PushEvent, body, UNREADABLE);
  const prefix = 'refs/heads/';
  if (!event.ref.startsWith(prefix)) return [];
  const repository = event.repository.full_name;
  const branch = event.ref.slice(prefix.length);
  const occurredAt = pushedAt(event);
  return [
    {
      type: 'branch.pushed',
      source: GITHUB,
      dedupeKey: keyOf('push', repository, [branch, event.before, event.after, occurredAt]),
      occurredAt,
      repository,
      branch,
      beforeSha: unlessZero(event.before),
      afterSha: unlessZero(event.after),
      isForced: event.forced === true,
      pusher: {
        ...person(event.sender),
        ...(event.pusher?.email ? { email: event.pusher.email } : {}),
      },
    },
  ];
}

/** The time GitHub gives; a delivery without any is dated to the epoch rather than guessed. */
function pushedAt({
  repository: { pushed_at: time },
  head_commit: commit,
}: ReturnType<typeof events.PushEvent.parse>): Date {
  if (typeof time === 'number') return new Date(time * 1_000);
  return time ?? commit?.timestamp ?? new Date(0);
}

function checkRun(body: Uint8Array, { appId }: TranslateOptions): Signal[] {
  const { action, check_run: run, repository } = parseJson(events.CheckRunEvent, body, UNREADABLE);
  // A run that is asked to go again still shows how it ended the last time.
  if (action !== 'completed' && action !== 'created') return [];
  const conclusion = CONCLUSIONS.get(run.conclusion ?? '');
  const isOurs =
    run.name === CHECK_NAME ||
    run.name.startsWith(`${CHECK_NAME} (`) ||
    (appId !== undefined && String(run.app?.id) === appId);
  const occurredAt = run.completed_at;
  if (conclusion === undefined || run.status !== 'completed' || isOurs || !occurredAt) return [];
  return [
    {
      type: 'check.completed',
      source: GITHUB,
      // A run made already complete is told twice, as created and as completed: one key for both.
      dedupeKey: keyOf('check', repository.full_name, [run.id, conclusion, occurredAt]),
      occurredAt,
      repository: repository.full_name,
      headSha: run.head_sha,
      name: run.name,
      conclusion,
      ...(run.html_url ? { url: run.html_url } : {}),
    },
  ];
}

function checkSuite(body: Uint8Array, { appId }: TranslateOptions): Signal[] {
  const event = parseJson(events.CheckSuiteEvent, body, UNREADABLE);
  const { check_suite: suite, repository } = event;
  const conclusion = CONCLUSIONS.get(suite.conclusion ?? '');
  const isOurs = appId !== undefined && String(suite.app?.id) === appId;
  if (event.action !== 'completed' || conclusion === undefined || isOurs) return [];
  return [
    {
      type: 'check.completed',
      source: GITHUB,
      dedupeKey: keyOf('suite', repository.full_name, [suite.id, conclusion, suite.updated_at]),
      occurredAt: suite.updated_at,
      repository: repository.full_name,
      headSha: suite.head_sha,
      name: `suite: ${suite.app?.slug ?? suite.app?.name ?? 'unknown'}`,
      conclusion,
    },
  ];
}

function status(body: Uint8Array): Signal[] {
  const event = parseJson(events.StatusEvent, body, UNREADABLE);
  const conclusion = CONCLUSIONS.get(event.state);
  if (conclusion === undefined) return [];
  return [
    {
      type: 'check.completed',
      source: GITHUB,
      dedupeKey: keyOf('status', event.repository.full_name, [event.id, event.state]),
      occurredAt: event.updated_at,
      repository: event.repository.full_name,
      headSha: event.sha,
      name: event.context,
      conclusion,
      ...(event.target_url ? { url: event.target_url } : {}),
    },
  ];
}

function deployment(body: Uint8Array): Signal[] {
  const { repository, deployment: made } = parseJson(events.DeploymentEvent, body, UNREADABLE);
  return [
    {
      type: 'deployment.reported',
      source: GITHUB,
      dedupeKey: keyOf('deployment', repository.full_name, [made.id]),
      occurredAt: made.created_at,
      repository: repository.full_name,
      environment: made.environment,
      sha: made.sha,
      status: 'started',
      externalKey: `${repository.full_name}/deployments/${made.id}`,
      ...(made.creator ? { deployer: person(made.creator) } : {}),
    },
  ];
}

type DeploymentState = 'started' | 'succeeded' | 'failed';
/** `inactive` is missing: it says that a later deployment took over, which that one tells itself. */
const DEPLOYMENT_STATES: ReadonlyMap<string, DeploymentState> = new Map<string, DeploymentState>([
  ['queued', 'started'],
  ['pending', 'started'],
  ['waiting', 'started'],
  ['in_progress', 'started'],
  ['success', 'succeeded'],
  ['failure', 'failed'],
  ['error', 'failed'],
]);

function deploymentStatus(body: Uint8Array): Signal[] {
  const event = parseJson(events.DeploymentStatusEvent, body, UNREADABLE);
  const { repository, deployment: made, deployment_status: report } = event;
  const state = DEPLOYMENT_STATES.get(report.state);
  if (state === undefined) return [];
  const url = report.environment_url || report.target_url;
  return [
    {
      type: 'deployment.reported',
      source: GITHUB,
      dedupeKey: keyOf('deployment-status', repository.full_name, [report.id, report.state]),
      occurredAt: report.created_at,
      repository: repository.full_name,
      environment: made.environment,
      sha: made.sha,
      status: state,
      externalKey: `${repository.full_name}/deployments/${made.id}`,
      ...(made.creator ? { deployer: person(made.creator) } : {}),
      ...(url ? { url } : {}),
    },
  ];
}

/** What leaves an issue as it was for us: who is to do it, whether it is pinned, and the like. */
/** Only these may be moves of ours that come back; an edit within the same second is somebody's. */
const MOVES: ReadonlySet<string> = new Set(['closed', 'reopened']);
const ISSUE_ACTIONS: ReadonlySet<string> = new Set([
  'opened',
  'edited',
  'closed',
  'reopened',
  'deleted',
  'transferred',
  'labeled',
  'unlabeled',
  'created',
]);

function issue(body: Uint8Array): Signal[] {
  const event = parseJson(events.IssueEvent, body, UNREADABLE);
  const { action, issue: item } = event;
  // A comment on a pull request says nothing about a head; reviews do.
  if (item.pull_request || !ISSUE_ACTIONS.has(action)) return [];
  const repository = event.repository.full_name;
  const isGone = !event.comment && (action === 'deleted' || action === 'transferred');
  const workItem = {
    externalKey: `${repository}#${item.number}`,
    repository,
    title: item.title,
    text: item.body ?? '',
    labels: (item.labels ?? []).map(({ name }) => name),
    state: isGone || item.state === 'closed' ? ('closed' as const) : ('open' as const),
    ...(item.html_url === undefined ? {} : { url: item.html_url }),
    author: person(item.user),
  };
  return [
    {
      type: 'work-item.updated',
      source: GITHUB,
      // Two labels within a second share the time but not the content.
      dedupeKey: keyOf('issue', repository, [item.updated_at, workItem]),
      occurredAt: item.updated_at,
      workItem: MOVES.has(action)
        ? { ...workItem, revision: revisionOf(item.updated_at, workItem.state) }
        : workItem,
    },
  ];
}

/** A branch of a fork is named `owner:branch`, which no branch of the repository itself can be. */
function toChange(repository: string, pull: events.PullRequest): SignalChange {
  const { head, base, user } = pull;
  const isFork = head.repo?.full_name !== repository;
  return {
    repository,
    number: pull.number,
    branch: isFork ? (head.label ?? `unknown:${head.ref}`) : head.ref,
    baseBranch: base.ref,
    baseSha: base.sha,
    headSha: head.sha,
    title: pull.title,
    text: pull.body ?? '',
    ...(pull.html_url === undefined ? {} : { url: pull.html_url }),
    author: person(user),
    isDraft: pull.draft === true,
  };
}

function unlessZero(sha: string): string | null {
  return /^0+$/.test(sha) ? null : sha;
}
