/**
 * The parts of GitHub's deliveries that we use, and nothing more: GitHub may add or drop the rest at
 * will. Fields that differ between GitHub, its Enterprise versions and old recordings are lenient.
 */
import { z } from 'zod';

const Time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const Sha = z.string().regex(/^[0-9a-f]{40,64}$/);
/** Null where the account was deleted. */
const Account = z.object({ login: z.string() }).nullish();
const Repository = z.object({ full_name: z.string().max(200) });
const App = z.object({ id: z.number(), slug: z.string().nullish(), name: z.string() }).nullish();

export const PullRequest = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string().optional(),
  draft: z.boolean().nullish(),
  merged: z.boolean().nullish(),
  merge_commit_sha: z.string().nullish(),
  updated_at: Time,
  user: Account,
  head: z.object({
    ref: z.string(),
    sha: Sha,
    label: z.string().nullish(),
    /** Null when the fork was deleted. */
    repo: Repository.nullish(),
  }),
  base: z.object({ ref: z.string(), sha: Sha }),
});
export type PullRequest = z.infer<typeof PullRequest>;

export const PullRequestEvent = z.object({
  action: z.string(),
  repository: Repository,
  pull_request: PullRequest,
  sender: Account,
});

export const ReviewEvent = z.object({
  action: z.string(),
  repository: Repository,
  pull_request: PullRequest,
  review: z.object({
    id: z.number(),
    state: z.string(),
    body: z.string().nullish(),
    commit_id: Sha.nullish(),
    submitted_at: Time.nullish(),
    user: Account,
  }),
});

export const PushEvent = z.object({
  ref: z.string(),
  before: Sha,
  after: Sha,
  forced: z.boolean().nullish(),
  repository: Repository.extend({
    /** Seconds in push deliveries, text in all others. */
    pushed_at: z.union([z.number(), Time]).nullish(),
  }),
  pusher: z.object({ name: z.string().nullish(), email: z.string().nullish() }).nullish(),
  sender: Account,
  head_commit: z.object({ timestamp: Time }).nullish(),
});

export const CheckRunEvent = z.object({
  action: z.string(),
  repository: Repository,
  check_run: z.object({
    id: z.number(),
    name: z.string(),
    head_sha: Sha,
    status: z.string(),
    conclusion: z.string().nullish(),
    completed_at: Time.nullish(),
    html_url: z.string().nullish(),
    app: App,
  }),
});

export const CheckSuiteEvent = z.object({
  action: z.string(),
  repository: Repository,
  check_suite: z.object({
    id: z.number(),
    head_sha: Sha,
    conclusion: z.string().nullish(),
    updated_at: Time,
    app: App,
  }),
});

export const StatusEvent = z.object({
  id: z.number(),
  sha: Sha,
  context: z.string(),
  state: z.string(),
  target_url: z.string().nullish(),
  updated_at: Time,
  repository: Repository,
});

const Deployment = z.object({
  id: z.number(),
  sha: Sha,
  environment: z.string(),
  created_at: Time,
  creator: Account,
});

export const DeploymentEvent = z.object({
  action: z.string().nullish(),
  repository: Repository,
  deployment: Deployment,
});

export const DeploymentStatusEvent = z.object({
  repository: Repository,
  deployment: Deployment,
  deployment_status: z.object({
    id: z.number(),
    state: z.string(),
    created_at: Time,
    environment_url: z.string().nullish(),
    target_url: z.string().nullish(),
  }),
});

export const IssueEvent = z.object({
  action: z.string(),
  repository: Repository,
  issue: z.object({
    number: z.int(),
    title: z.string(),
    body: z.string().nullish(),
    state: z.string().nullish(),
    html_url: z.string().optional(),
    updated_at: Time,
    user: Account,
    labels: z.array(z.object({ name: z.string() })).nullish(),
    /** There when the issue is a pull request. */
    pull_request: z.object({}).nullish(),
  }),
  /** There when the news is a comment. */
  comment: z.object({}).nullish(),
});
