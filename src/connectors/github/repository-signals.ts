/** News of repositories as such: their runs and queues, what they are called, and whether we may see them. */
import { parseJson } from '#kernel';
import type { Signal } from '#connectors/contract';
import * as events from './events.ts';
import { CONCLUSIONS, GITHUB, keyOf, UNREADABLE } from './naming.ts';

export function workflowRun(body: Uint8Array): Signal[] {
  const event = parseJson(events.WorkflowRunEvent, body, UNREADABLE);
  const { workflow_run: run, repository } = event;
  const conclusion = CONCLUSIONS.get(run.conclusion ?? '');
  if (event.action !== 'completed' || conclusion === undefined) return [];
  return [
    {
      type: 'check.completed',
      source: GITHUB,
      dedupeKey: keyOf('workflow-run', repository.full_name, [run.id, run.run_attempt, conclusion]),
      occurredAt: run.updated_at,
      repository: repository.full_name,
      headSha: run.head_sha,
      name: `workflow: ${run.name ?? 'unnamed'}`,
      conclusion,
      ...(run.html_url ? { url: run.html_url } : {}),
    },
  ];
}

const QUEUE_REF = /\/pr-(\d{1,9})-[0-9a-f]+$/;

/** GitHub's queue waits for our check on a commit of its own making, or gives up after an hour. */
export function mergeGroup(body: Uint8Array): Signal[] {
  const {
    action,
    repository,
    merge_group: group,
  } = parseJson(events.MergeGroupEvent, body, UNREADABLE);
  if (action !== 'checks_requested') return [];
  const number = QUEUE_REF.exec(group.head_ref)?.[1];
  return [
    {
      type: 'merge-group.requested',
      source: GITHUB,
      dedupeKey: keyOf('merge-group', repository.full_name, [group.head_sha, group.head_ref]),
      occurredAt: group.head_commit?.timestamp ?? new Date(0),
      repository: repository.full_name,
      headSha: group.head_sha,
      baseBranch: group.base_ref.replace(/^refs\/heads\//, ''),
      numbers: number === undefined ? [] : [Number(number)],
    },
  ];
}

const GIVEN: ReadonlySet<string> = new Set(['created', 'unsuspend']);
const TAKEN: ReadonlySet<string> = new Set(['deleted', 'suspend']);

export function installation(body: Uint8Array): Signal[] {
  const event = parseJson(events.InstallationEvent, body, UNREADABLE);
  const { action, installation: made } = event;
  const all = namesOf(event.repositories);
  const granted = [...(GIVEN.has(action) ? all : []), ...namesOf(event.repositories_added)];
  const revoked = [...(TAKEN.has(action) ? all : []), ...namesOf(event.repositories_removed)];
  if (granted.length + revoked.length === 0) return [];
  const account = made.account?.login ?? made.account?.slug ?? 'unknown';
  const at =
    typeof made.updated_at === 'number' ? new Date(made.updated_at * 1_000) : made.updated_at;
  return [
    {
      type: 'repository.access-changed',
      source: GITHUB,
      dedupeKey: keyOf('installation', account, [made.id, action, at, granted, revoked]),
      occurredAt: at ?? new Date(0),
      account,
      granted,
      revoked,
    },
  ];
}

export function repositoryName(body: Uint8Array): Signal[] {
  const { action, repository, changes } = parseJson(events.RepositoryEvent, body, UNREADABLE);
  const to = repository.full_name;
  const owner = changes?.owner?.from.user?.login ?? changes?.owner?.from.organization?.login;
  const name = changes?.repository?.name?.from;
  const isNews = action === 'renamed' || action === 'transferred';
  if (!isNews || (owner === undefined && name === undefined)) return [];
  const from = `${owner ?? repository.owner.login}/${name ?? repository.name}`;
  if (from === to) return [];
  return [
    {
      type: 'repository.renamed',
      source: GITHUB,
      dedupeKey: keyOf('repository', to, [action, from, repository.updated_at]),
      occurredAt: repository.updated_at ?? new Date(0),
      from,
      to,
    },
  ];
}

function namesOf(repositories: readonly { full_name: string }[] | null | undefined): string[] {
  return (repositories ?? []).map(({ full_name: name }) => name);
}
