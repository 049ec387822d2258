/**
 * The parts of GitHub's deliveries that we use, and nothing more: GitHub may add or drop the rest at
 * will. Fields that differ between GitHub, its Enterprise versions and old recordings are lenient.
 */
import { z } from 'zod';

const Time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const Sha = z.string().regex(/^[0-9a-f]{40,64}$/);
/** Null where the account was deleted. */
const Account = z.object({ login: z.string(), type: z.string().nullish() }).nullish();
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

const Comment = z.object({
  id: z.number(),
  body: z.string().nullish(),
  html_url: z.string().nullish(),
  created_at: Time,
  updated_at: Time.nullish(),
  user: Account,
});

/** A comment on an issue or in the conversation of a pull request. */
export const IssueCommentEvent = z.object({
  action: z.string(),
  repository: Repository,
  issue: z.object({ number: z.int(), pull_request: z.object({}).nullish() }),
  comment: Comment,
});

/** A comment on lines of a pull request. */
export const ReviewCommentEvent = z.object({
  action: z.string(),
  repository: Repository,
  pull_request: z.object({ number: z.int() }),
  comment: Comment.extend({ path: z.string().nullish(), line: z.int().nullish() }),
});

export const WorkflowRunEvent = z.object({
  action: z.string(),
  repository: Repository,
  workflow_run: z.object({
    id: z.number(),
    run_attempt: z.number().nullish(),
    name: z.string().nullish(),
    head_sha: Sha,
    conclusion: z.string().nullish(),
    updated_at: Time,
    html_url: z.string().nullish(),
  }),
});

export const MergeGroupEvent = z.object({
  action: z.string(),
  repository: Repository,
  merge_group: z.object({
    head_sha: Sha,
    head_ref: z.string(),
    base_ref: z.string(),
    head_commit: z.object({ timestamp: Time }).nullish(),
  }),
});

const Named = z.object({ full_name: z.string() });

export const InstallationEvent = z.object({
  action: z.string(),
  installation: z.object({
    id: z.number(),
    account: z.object({ login: z.string().nullish(), slug: z.string().nullish() }).nullish(),
    updated_at: z.union([Time, z.number()]).nullish(),
  }),
  /** Of an installation that was made or removed. */
  repositories: z.array(Named).nullish(),
  /** Of one whose choice of repositories changed. */
  repositories_added: z.array(Named).nullish(),
  repositories_removed: z.array(Named).nullish(),
});

export const RepositoryEvent = z.object({
  action: z.string(),
  repository: Repository.extend({
    name: z.string(),
    owner: z.object({ login: z.string() }),
    updated_at: Time.nullish(),
  }),
  changes: z
    .object({
      repository: z.object({ name: z.object({ from: z.string() }).nullish() }).nullish(),
      owner: z
        .object({
          from: z.object({
            user: z.object({ login: z.string() }).nullish(),
            organization: z.object({ login: z.string() }).nullish(),
          }),
        })
        .nullish(),
    })
    .nullish(),
});
