/** GitLab's webhooks in our words, one function each. Nothing past this folder knows GitLab's names. */
import { z } from 'zod';
import { parseCommands, type Signal } from '#connectors/contract';
import { parseJson } from '#kernel';
import { mergeRequest } from './merge-requests.ts';
import { GITLAB, keyOf, person, Sha, Time, UNREADABLE, User } from './naming.ts';

const Project = z.object({ path_with_namespace: z.string().max(300) });

/** Events we understand; all others give no signal. */
export const TRANSLATIONS: ReadonlyMap<string, (body: Uint8Array) => Signal[]> = new Map([
  ['Merge Request Hook', mergeRequest],
  ['Push Hook', push],
  ['Note Hook', note],
  ['Pipeline Hook', pipeline],
  ['Issue Hook', issue],
  ['Confidential Issue Hook', () => []],
  ['Deployment Hook', deployment],
]);

const PushEvent = z.object({
  ref: z.string(),
  before: Sha,
  after: Sha,
  user_id: z.number().nullish(),
  user_username: z.string().nullish(),
  user_email: z.string().nullish(),
  project: Project,
  commits: z.array(z.object({ timestamp: Time })).nullish(),
});

function push(body: Uint8Array): Signal[] {
  const event = parseJson(PushEvent, body, UNREADABLE);
  const prefix = 'refs/heads/';
  if (!event.ref.startsWith(prefix)) return [];
  const repository = event.project.path_with_namespace;
  const branch = event.ref.slice(prefix.length);
  const times = (event.commits ?? []).map(({ timestamp }) => timestamp.getTime());
  const pusher = event.user_username
    ? person({ username: event.user_username, email: event.user_email })
    : {};
  return [
    {
      type: 'branch.pushed',
      source: GITLAB,
      dedupeKey: keyOf('push', repository, [branch, event.before, event.after]),
      // A push says nothing of when; the newest of its commits is the best there is.
      occurredAt: new Date(Math.max(0, ...times)),
      repository,
      branch,
      beforeSha: unlessZero(event.before),
      afterSha: unlessZero(event.after),
      isForced: false,
      pusher,
    },
  ];
}

const NoteEvent = z.object({
  user: User,
  project: Project,
  object_attributes: z.object({
    id: z.number(),
    note: z.string(),
    noteable_type: z.string(),
    created_at: Time,
    action: z.string().nullish(),
    system: z.boolean().nullish(),
    url: z.string().nullish(),
  }),
  merge_request: z.object({ iid: z.int() }).nullish(),
  issue: z.object({ iid: z.int() }).nullish(),
});
/** Accounts of access tokens and of services: their words are no commands. */
const BOT = /^(?:(?:project|group)_\d+_bot|service_account_|ghost$|alert-bot|support-bot)/;

function note(body: Uint8Array): Signal[] {
  const event = parseJson(NoteEvent, body, UNREADABLE);
  const { object_attributes: written, user } = event;
  const repository = event.project.path_with_namespace;
  const number = event.merge_request?.iid ?? event.issue?.iid;
  const isNews = written.action !== 'update' && written.system !== true;
  if (number === undefined || !isNews || BOT.test(user?.username ?? '')) return [];
  return parseCommands(written.note).map(({ word, argument }, index) => ({
    type: 'command.given',
    source: GITLAB,
    dedupeKey: keyOf('note', repository, [written.id, index]),
    occurredAt: written.created_at,
    repository,
    number,
    isChange: event.merge_request?.iid !== undefined,
    word,
    argument,
    author: person(user),
    ...(written.url ? { url: written.url } : {}),
  }));
}

type Conclusion = Extract<Signal, { type: 'check.completed' }>['conclusion'];
const CONCLUSIONS: ReadonlyMap<string, Conclusion> = new Map<string, Conclusion>([
  ['success', 'success'],
  ['failed', 'failure'],
  ['canceled', 'cancelled'],
  ['skipped', 'skipped'],
]);

const PipelineEvent = z.object({
  project: Project,
  object_attributes: z.object({
    id: z.number(),
    sha: Sha,
    status: z.string(),
    source: z.string().nullish(),
    finished_at: Time.nullish(),
    created_at: Time,
    url: z.string().nullish(),
  }),
});

function pipeline(body: Uint8Array): Signal[] {
  const { project, object_attributes: run } = parseJson(PipelineEvent, body, UNREADABLE);
  const conclusion = CONCLUSIONS.get(run.status);
  // GitLab makes a pipeline of its own to hold statuses from outside, ours among them.
  if (conclusion === undefined || run.source === 'external') return [];
  const repository = project.path_with_namespace;
  return [
    {
      type: 'check.completed',
      source: GITLAB,
      dedupeKey: keyOf('pipeline', repository, [run.id, conclusion, run.finished_at]),
      occurredAt: run.finished_at ?? run.created_at,
      repository,
      headSha: run.sha,
      name: 'pipeline',
      conclusion,
      ...(run.url ? { url: run.url } : {}),
    },
  ];
}

const IssueEvent = z.object({
  user: User,
  project: Project,
  object_attributes: z.object({
    iid: z.int(),
    title: z.string(),
    description: z.string().nullish(),
    state: z.string(),
    action: z.string().nullish(),
    updated_at: Time,
    url: z.string().nullish(),
  }),
  labels: z.array(z.object({ title: z.string() })).nullish(),
});

function issue(body: Uint8Array): Signal[] {
  const event = parseJson(IssueEvent, body, UNREADABLE);
  const { object_attributes: item } = event;
  const repository = event.project.path_with_namespace;
  const workItem = {
    externalKey: `${repository}#${item.iid}`,
    repository,
    title: item.title,
    text: item.description ?? '',
    labels: (event.labels ?? []).map(({ title }) => title),
    state: item.state === 'closed' ? ('closed' as const) : ('open' as const),
    ...(item.url ? { url: item.url } : {}),
    // Who acts; only of a new issue is that who wrote it.
    author: item.action === 'open' ? person(event.user) : {},
  };
  return [
    {
      type: 'work-item.updated',
      source: GITLAB,
      dedupeKey: keyOf('issue', repository, [item.updated_at, workItem]),
      occurredAt: item.updated_at,
      workItem,
    },
  ];
}

type DeploymentStatus = Extract<Signal, { type: 'deployment.reported' }>['status'];
const STATUSES: ReadonlyMap<string, DeploymentStatus> = new Map<string, DeploymentStatus>([
  ['running', 'started'],
  ['success', 'succeeded'],
  ['failed', 'failed'],
]);

const DeploymentEvent = z.object({
  status: z.string(),
  status_changed_at: Time,
  deployment_id: z.number(),
  environment: z.string(),
  project: Project,
  user: User,
  commit_url: z.string(),
});

function deployment(body: Uint8Array): Signal[] {
  const event = parseJson(DeploymentEvent, body, UNREADABLE);
  const status = STATUSES.get(event.status);
  const sha = /\/commit\/([0-9a-f]{40,64})$/.exec(event.commit_url)?.[1];
  if (status === undefined || sha === undefined) return [];
  const repository = event.project.path_with_namespace;
  return [
    {
      type: 'deployment.reported',
      source: GITLAB,
      dedupeKey: keyOf('deployment', repository, [event.deployment_id, status]),
      occurredAt: event.status_changed_at,
      repository,
      environment: event.environment,
      sha,
      status,
      externalKey: `${repository}/deployments/${event.deployment_id}`,
      deployer: person(event.user),
    },
  ];
}

function unlessZero(sha: string): string | null {
  return /^0+$/.test(sha) ? null : sha;
}
