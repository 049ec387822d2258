/** GitLab's answers, as far as we use them. */
import { z } from 'zod';
import { Sha, Time } from './naming.ts';

const Account = z.object({ id: z.number(), username: z.string() });

export const Project = z.object({
  id: z.number(),
  path_with_namespace: z.string(),
  default_branch: z.string().nullish(),
  http_url_to_repo: z.string(),
  only_allow_merge_if_pipeline_succeeds: z.boolean().nullish(),
});

export const MergeRequest = z.object({
  iid: z.int(),
  state: z.string(),
  title: z.string(),
  description: z.string().nullish(),
  draft: z.boolean().nullish(),
  sha: Sha,
  source_branch: z.string(),
  target_branch: z.string(),
  source_project_id: z.number().nullish(),
  target_project_id: z.number(),
  author: Account,
  reviewers: z.array(Account).nullish(),
  merge_commit_sha: z.string().nullish(),
  squash_commit_sha: z.string().nullish(),
  has_conflicts: z.boolean().nullish(),
  detailed_merge_status: z.string().nullish(),
  updated_at: Time,
  web_url: z.string().nullish(),
});
export type MergeRequest = z.infer<typeof MergeRequest>;

export const Status = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
});
export const Note = z.object({ id: z.number(), body: z.string(), author: Account });
export const Users = z.array(Account);
export const Me = Account.extend({ name: z.string().nullish() });
export const ProtectedBranch = z.object({
  name: z.string(),
  allow_force_push: z.boolean().nullish(),
  push_access_levels: z.array(z.object({ access_level: z.int().nullish() })).nullish(),
});
