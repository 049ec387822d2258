/**
 * Merge requests that changed since the last look, for when webhooks were lost. GitLab keeps no list of
 * deliveries that a token of ours may read; the merge requests themselves say the same.
 */
import { z } from 'zod';
import type { SignalPage, SignalSweep } from '#connectors/contract';
import { checkValue, type Clock } from '#kernel';
import type { GitLabClient } from './client.ts';
import { forkOf, nameChange, toChangeSignal } from './merge-requests.ts';
import type { MergeRequestFact } from './naming.ts';
import * as shape from './shapes.ts';

const UNREADABLE = 'gitlab.unreadable_answer';
const PER_PAGE = 100;
const MAX_PROJECTS = 2_000;
/** A first look goes back so far. */
const FIRST_MS = 3 * 24 * 3_600_000;
/** What was updated in the second of the cursor comes again: better twice than never. */
const Cursor = z.object({ until: z.iso.datetime(), page: z.int() });

export function createGitLabSweep({
  client,
  clock,
}: {
  client: GitLabClient;
  clock: Clock;
}): SignalSweep {
  return {
    async listScopes() {
      const names: string[] = [];
      for (let page = 1; names.length < MAX_PROJECTS; page += 1) {
        const query = {
          membership: true,
          simple: false,
          per_page: PER_PAGE,
          page,
          archived: false,
        };
        const { body } = await client.json({ path: '/projects', query });
        const projects = checkValue(z.array(shape.Project), body, UNREADABLE);
        names.push(...projects.map(({ path_with_namespace: name }) => name));
        if (projects.length < PER_PAGE) break;
      }
      return names;
    },

    async sweep(project, cursor): Promise<SignalPage> {
      const since = new Date(clock.now().getTime() - FIRST_MS).toISOString();
      const at = cursor === null ? { until: since, page: 1 } : Cursor.parse(JSON.parse(cursor));
      const { body } = await client.json({
        path: `${client.project(project)}/merge_requests`,
        query: {
          state: 'all',
          scope: 'all',
          order_by: 'updated_at',
          sort: 'asc',
          updated_after: at.until,
          per_page: PER_PAGE,
          page: at.page,
        },
      });
      const requests = checkValue(z.array(shape.MergeRequest), body, UNREADABLE);
      const hasMore = requests.length === PER_PAGE;
      const newest = requests.at(-1)?.updated_at.toISOString() ?? at.until;
      return {
        deliveries: requests.map((request) => {
          const signal = toChangeSignal(factOf(project, request), true);
          return { deliveryId: `sweep:${signal.dedupeKey}`, signals: [signal] };
        }),
        // Pages are counted from one moment; the next reading begins at the newest of this one.
        cursor: JSON.stringify(
          hasMore ? { until: at.until, page: at.page + 1 } : { until: newest, page: 1 },
        ),
        hasMore,
      };
    },
  };
}

function factOf(project: string, request: shape.MergeRequest): MergeRequestFact {
  return {
    project,
    iid: request.iid,
    state: request.state,
    updatedAt: request.updated_at,
    mergeSha: request.merge_commit_sha ?? request.squash_commit_sha ?? undefined,
    change: {
      ...nameChange(project, {
        iid: request.iid,
        fork: forkOf(request),
        sourceBranch: request.source_branch,
        targetBranch: request.target_branch,
        headSha: request.sha,
      }),
      title: request.title,
      text: request.description ?? '',
      ...(request.web_url ? { url: request.web_url } : {}),
      author: { login: request.author.username },
      isDraft: request.draft ?? false,
    },
  };
}
