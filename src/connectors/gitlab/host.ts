/**
 * GitLab as a code host: the verdict as a commit status, one note with the run card, reviewers, and merges
 * bound to the head that was judged. Every verb looks first for what an earlier call left.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import {
  type CodeHost,
  type ConnectionTest,
  type HostChange,
  mergeMessage,
  type MergeRequest as MergeOrder,
  type MergeResult,
} from '#connectors/contract';
import { AppError, checkValue } from '#kernel';
import type { GitLabClient } from './client.ts';
import { judgeBefore, judgeRefusal } from './merge.ts';
import { GITLAB, STATUS_NAME } from './naming.ts';
import { auditProtection } from './protection.ts';
import * as shape from './shapes.ts';

const UNREADABLE = 'gitlab.unreadable_answer';
const CARD_MARKER = '<!-- loomstack:run-card -->';
/** `pending` keeps a project that asks for green pipelines from merging, and is not red. */
const STATES = { success: 'success', 'action-required': 'pending', failure: 'failed' } as const;
const PER_PAGE = 100;
const MAX_PAGES = 50;
/** GitLab takes a million characters; a card of more than this nobody reads. */
const MAX_NOTE = 65_000;

export function createGitLabHost(client: GitLabClient): CodeHost {
  let me: string | undefined;

  async function read<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    query: Record<string, string | number> = {},
  ): Promise<z.output<Schema>> {
    return checkValue(schema, (await client.json({ path, query })).body, UNREADABLE);
  }

  const requestPath = (change: Pick<HostChange, 'repository' | 'number'>) =>
    `${client.project(change.repository)}/merge_requests/${numberOf(change)}`;

  async function writeNote(
    at: { repository: string; number?: number | undefined },
    marker: string,
    markdown: string,
  ) {
    me ??= (await read(shape.Me, '/user')).username;
    const notes = `${requestPath(at)}/notes`;
    const body = `${marker}\n${markdown.slice(0, MAX_NOTE)}`;
    const known = await findNote(notes, marker);
    const answer = await client.json(
      known === undefined
        ? { method: 'POST', path: notes, json: { body } }
        : { method: 'PUT', path: `${notes}/${known}`, json: { body } },
    );
    const { id } = checkValue(shape.Note, answer.body, UNREADABLE);
    return { externalId: String(id) };
  }

  /** Ours is the one with the marker that we wrote; anyone may copy a marker. */
  async function findNote(notes: string, marker: string): Promise<number | undefined> {
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const query = { per_page: PER_PAGE, page, sort: 'asc' };
      const found = await read(z.array(shape.Note), notes, query);
      const ours = found.find(
        ({ body, author }) => author.username === me && body.startsWith(marker),
      );
      if (ours !== undefined || found.length < PER_PAGE) return ours?.id;
    }
    return undefined;
  }

  async function merge(order: MergeOrder): Promise<MergeResult> {
    const { change, expectedHeadSha } = order;
    const path = requestPath(change);
    const before = await read(shape.MergeRequest, path);
    const known = judgeBefore(before, expectedHeadSha);
    if (known !== undefined) return known;
    try {
      const { body } = await client.json({
        method: 'PUT',
        path: `${path}/merge`,
        json: {
          sha: expectedHeadSha,
          merge_commit_message: mergeMessage(order),
          should_remove_source_branch: false,
        },
      });
      const merged = judgeBefore(checkValue(shape.MergeRequest, body, UNREADABLE), expectedHeadSha);
      if (merged !== undefined) return merged;
      throw new AppError('unavailable', 'gitlab.not_mergeable_yet', {
        message: 'GitLab took the merge and has not made it yet.',
        hint: 'It is looked at again in a few seconds.',
      });
    } catch (error) {
      const isRefusal =
        error instanceof AppError &&
        (error.kind === 'invalid' || error.kind === 'forbidden') &&
        error.code.startsWith('connector.');
      if (!isRefusal) throw error;
      return judgeRefusal(await read(shape.MergeRequest, path), expectedHeadSha, error.message);
    }
  }

  return {
    name: GITLAB,

    async fetchSource(repository) {
      const { http_url_to_repo: url } = await read(shape.Project, client.project(repository));
      return { url, headers: { Authorization: client.gitAuthorization } };
    },

    async publishVerdict({ change, conclusion, title, detailsUrl }) {
      const project = client.project(change.repository);
      const { default_branch: main } = await read(shape.Project, project);
      // As on GitHub: a branch with rules of its own must not turn the status of main green.
      const name =
        main === change.baseBranch ? STATUS_NAME : `${STATUS_NAME} (${change.baseBranch})`;
      const wanted = { state: STATES[conclusion], description: title.slice(0, 255) };
      const [newest] = await read(
        z.array(shape.Status),
        `${project}/repository/commits/${change.headSha}/statuses`,
        { name, per_page: 1 },
      );
      const isTold = newest?.status === wanted.state && newest.description === wanted.description;
      if (!isTold) {
        await client.json({
          method: 'POST',
          path: `${project}/statuses/${change.headSha}`,
          json: { ...wanted, name, target_url: detailsUrl },
        });
      }
      // Each word of ours is a row of its own in GitLab; what it says is known by commit and name.
      return { externalId: `${change.headSha}:${name}` };
    },

    upsertComment: (change, markdown) => writeNote(change, CARD_MARKER, markdown),

    answer(at, markdown, idempotencyKey) {
      const digest = hash('sha256', idempotencyKey, 'hex').slice(0, 24);
      return writeNote(at, `<!-- loomstack:answer:${digest} -->`, markdown);
    },

    async openChange({ repository, branch, baseBranch, title, text }) {
      const path = `${client.project(repository)}/merge_requests`;
      const sides = { source_branch: branch, target_branch: baseBranch };
      const [own] = await read(z.array(shape.MergeRequest), path, { ...sides, state: 'opened' });
      const { iid } =
        own ??
        checkValue(
          shape.MergeRequest,
          (
            await client.json({
              method: 'POST',
              path,
              json: { ...sides, title, description: text },
            })
          ).body,
          UNREADABLE,
        );
      return { externalId: String(iid) };
    },

    async requestReviewers(change, logins) {
      const path = requestPath(change);
      if (logins.length === 0) return;
      const { reviewers, author } = await read(shape.MergeRequest, path);
      const asked = (reviewers ?? []).map(({ id }) => id);
      const wanted = new Set(asked);
      for (const login of logins.map((one) => one.replace(/^@/, ''))) {
        const [user] = await read(shape.Users, '/users', { username: login });
        // One who left is nobody; the author cannot be asked.
        if (user !== undefined && user.id !== author.id) wanted.add(user.id);
      }
      if (wanted.size === asked.length) return;
      await client.json({ method: 'PUT', path, json: { reviewer_ids: [...wanted] } });
    },

    merge,
    auditProtection: (repository) => auditProtection(client, repository),
  };
}

/** Who the token is, and whether it may write. */
export async function testGitLab(client: GitLabClient): Promise<ConnectionTest> {
  const { username } = checkValue(
    shape.Me,
    (await client.json({ path: '/user' })).body,
    UNREADABLE,
  );
  const Token = z.object({ scopes: z.array(z.string()) });
  const answer = await client.json({
    path: '/personal_access_tokens/self',
    accept: [401, 403, 404],
  });
  const scopes = Token.safeParse(answer.body).data?.scopes;
  const mayWrite = scopes === undefined || scopes.includes('api');
  return {
    account: username,
    findings: [
      mayWrite
        ? { level: 'ok', text: 'The token may read and write.' }
        : {
            level: 'problem',
            text: 'The token lacks the scope api.',
            hint: 'Make a project, group or personal access token with the scope api and the role Maintainer.',
          },
    ],
  };
}

function numberOf({ number }: Pick<HostChange, 'number'>): number {
  if (number !== undefined) return number;
  throw new AppError('invalid', 'gitlab.no_number', {
    message: 'The change has no merge request number.',
    hint: 'Only merge requests can be judged and merged on GitLab.',
  });
}
