/** For tests: deliveries in the shapes GitLab documents (docs.gitlab.com, Webhook events). */
import type { Delivery } from '#connectors/contract';
import { signDelivery } from './signature.ts';
import { PROJECT } from './test-gitlab.ts';

export const NOW = new Date('2026-01-05T09:00:00.000Z');
const project = {
  id: 7,
  name: 'shop',
  path_with_namespace: PROJECT,
  default_branch: 'main',
  web_url: `https://gitlab.test/${PROJECT}`,
};
const user = { id: 2, name: 'Ada', username: 'ada', email: 'ada@example.com' };

export function delivery(event: string, payload: unknown, id = 'delivery-1'): Delivery {
  return {
    headers: { 'x-gitlab-event': event, 'webhook-id': id, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(payload)),
  };
}

/** As GitLab signs with a signing token. */
export function sign(unsigned: Delivery, secret: string, at = NOW): Delivery {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const id = unsigned.headers['webhook-id'] ?? 'delivery-1';
  const signature = signDelivery(secret, { id, at: timestamp, body: unsigned.body });
  const headers = {
    ...unsigned.headers,
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
  };
  return { headers, body: unsigned.body };
}

export function mergeRequest(fields: Record<string, unknown> = {}, by: object = user) {
  return {
    object_kind: 'merge_request',
    event_type: 'merge_request',
    user: by,
    project,
    object_attributes: {
      id: 99,
      iid: 1,
      author_id: 2,
      action: 'open',
      state: 'opened',
      title: 'Refuse empty orders',
      description: 'Because.',
      draft: false,
      source_branch: 'change-1',
      target_branch: 'main',
      source_project_id: 7,
      target_project_id: 7,
      last_commit: { id: 'a'.repeat(40), message: 'Refuse', timestamp: '2026-01-05T08:59:00Z' },
      merge_commit_sha: null,
      created_at: '2026-01-05 08:59:00 UTC',
      updated_at: '2026-01-05 09:00:00 UTC',
      url: `https://gitlab.test/${PROJECT}/-/merge_requests/1`,
      ...fields,
    },
    labels: [],
    changes: {},
  };
}

export const OTHERS: readonly [event: string, payload: object, signal: string | undefined][] = [
  [
    'Push Hook',
    {
      object_kind: 'push',
      before: 'b'.repeat(40),
      after: 'c'.repeat(40),
      ref: 'refs/heads/change-1',
      user_id: 2,
      user_username: 'ada',
      user_email: '',
      project,
      commits: [{ id: 'c'.repeat(40), timestamp: '2026-01-05T10:00:00+01:00' }],
      total_commits_count: 1,
    },
    'branch.pushed',
  ],
  ['Tag Push Hook', { object_kind: 'tag_push', ref: 'refs/tags/v1' }, undefined],
  [
    'Note Hook',
    {
      object_kind: 'note',
      user,
      project,
      object_attributes: {
        id: 5,
        note: 'Well.\n/loom hold until Monday',
        noteable_type: 'MergeRequest',
        created_at: '2026-01-05 09:00:00 UTC',
        action: 'create',
        system: false,
        url: 'https://gitlab.test/note/5',
      },
      merge_request: { iid: 1 },
    },
    'command.given',
  ],
  [
    'Pipeline Hook',
    {
      object_kind: 'pipeline',
      user,
      project,
      object_attributes: {
        id: 31,
        ref: 'change-1',
        sha: 'a'.repeat(40),
        source: 'merge_request_event',
        status: 'success',
        created_at: '2026-01-05 08:59:00 UTC',
        finished_at: '2026-01-05 09:00:00 UTC',
        url: 'https://gitlab.test/pipelines/31',
      },
    },
    'check.completed',
  ],
  [
    'Issue Hook',
    {
      object_kind: 'issue',
      user,
      project,
      object_attributes: {
        iid: 23,
        title: 'Empty orders',
        description: '',
        state: 'opened',
        action: 'open',
        updated_at: '2026-01-05 09:00:00 UTC',
        url: 'https://gitlab.test/issues/23',
      },
      labels: [{ id: 1, title: 'bug' }],
    },
    'work-item.updated',
  ],
  [
    'Deployment Hook',
    {
      object_kind: 'deployment',
      status: 'success',
      status_changed_at: '2026-01-05 10:00:00 +0100',
      deployment_id: 15,
      environment: 'production',
      project,
      short_sha: '279484c0',
      user,
      commit_url: `https://gitlab.test/${PROJECT}/-/commit/${'d'.repeat(40)}`,
    },
    'deployment.reported',
  ],
  ['Job Hook', { object_kind: 'build', build_name: 'test' }, undefined],
  ['Wiki Page Hook', { object_kind: 'wiki_page' }, undefined],
  ['Release Hook', { object_kind: 'release' }, undefined],
  ['Member Hook', { event_name: 'user_add_to_group' }, undefined],
  ['Confidential Issue Hook', { object_kind: 'issue' }, undefined],
];
