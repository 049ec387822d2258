/**
 * What LoomStack writes to an issue of GitHub: one comment, and whether it is open. An issue has two
 * states, so what is under way is said in the comment alone.
 */
import { AppError } from '#kernel';
import type { ExternalWorkItem, WorkItemMirror, WorkItemState } from '#connectors/contract';
import type { GitHubClient } from './client.ts';
import { writeComment } from './comments.ts';
import { GITHUB, revisionOf } from './naming.ts';

const MARKER = '<!-- loomstack:work-item -->';

const REASONS: Partial<Record<WorkItemState, 'completed' | 'not_planned'>> = {
  done: 'completed',
  dropped: 'not_planned',
};

export function createGitHubMirror(client: GitHubClient): WorkItemMirror {
  return {
    name: GITHUB,

    async upsertComment({ externalKey }, markdown) {
      const { repository, number } = read(externalKey);
      const botLogin = await client.botLogin();
      return client.call(repository, (at) =>
        writeComment(at, { number, marker: MARKER, markdown, botLogin }),
      );
    },

    async setState({ externalKey }, state) {
      const { repository, number } = read(externalKey);
      return client.call(repository, async ({ octokit, owner, repo }) => {
        const at = { owner, repo, issue_number: number };
        const { data: issue } = await octokit.rest.issues.get(at);
        const reason = REASONS[state];
        const wanted = reason === undefined ? 'open' : 'closed';
        if (issue.state === wanted) {
          return { outcome: 'kept', reason: `it is ${wanted} there, and has no other state` };
        }
        const { data } = await octokit.rest.issues.update({
          ...at,
          state: wanted,
          ...(reason === undefined ? {} : { state_reason: reason }),
        });
        const revision = revisionOf(new Date(data.updated_at), wanted);
        return { outcome: 'changed', revision };
      });
    },

    // Our comment names each change with its address, and GitHub shows the reference on both.
    async link() {},
  };
}

function read(externalKey: ExternalWorkItem['externalKey']): {
  repository: string;
  number: number;
} {
  const groups = /^(?<repository>[^#\s]+\/[^#\s]+)#(?<number>\d{1,9})$/.exec(externalKey)?.groups;
  if (groups === undefined) {
    throw new AppError('invalid', 'github.bad_issue_key', {
      message: `${externalKey.slice(0, 200)} names no issue of GitHub.`,
      hint: 'An issue is named owner/name#12.',
    });
  }
  return { repository: groups['repository']!, number: Number(groups['number']) };
}
