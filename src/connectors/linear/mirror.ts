/** What LoomStack writes to an issue of Linear: one comment, its state, links. */
import { z } from 'zod';
import { AppError } from '#kernel';
import type { ExternalWorkItem, WorkItemMirror, WorkItemState } from '#connectors/contract';
import type { LinearClient } from './client.ts';
import { LINEAR, MARK } from './signals.ts';

const Standing = z.object({
  issue: z
    .object({
      id: z.string(),
      updatedAt: z.string(),
      state: z.object({ id: z.string(), name: z.string(), type: z.string() }),
      team: z.object({ id: z.string() }),
    })
    .nullable(),
});
const States = z.object({
  workflowStates: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        type: z.string(),
        position: z.number(),
        team: z.object({ id: z.string() }),
      }),
    ),
  }),
});
const Comments = z.object({
  issue: z
    .object({
      id: z.string(),
      comments: z.object({
        nodes: z.array(
          z.object({
            id: z.string(),
            body: z.string(),
            user: z.object({ id: z.string() }).nullish(),
          }),
        ),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
      }),
    })
    .nullable(),
});
const Viewer = z.object({ viewer: z.object({ id: z.string() }) });
const Updated = z.object({ issueUpdate: z.object({ issue: z.object({ updatedAt: z.string() }) }) });
const Done = z.looseObject({});
const Created = z.object({
  commentCreate: z.object({ comment: z.object({ id: z.string(), url: z.string().optional() }) }),
});

/** Types of states there, best first. */
const TYPES: Record<WorkItemState, readonly string[]> = {
  open: ['unstarted', 'backlog'],
  'in-progress': ['started'],
  'in-review': ['started'],
  done: ['completed'],
  dropped: ['canceled'],
};
const OVER = new Set(['completed', 'canceled', 'duplicate']);

export function createLinearMirror(linear: LinearClient): WorkItemMirror {
  let me: string | undefined;

  async function standing(externalKey: string) {
    const { issue } = await linear.query(
      'query Standing($id: String!) { issue(id: $id) { id updatedAt state { id name type } team { id } } }',
      { id: externalKey },
      Standing,
    );
    if (issue === null) throw gone(externalKey);
    return issue;
  }

  async function ourComment(externalKey: string) {
    me ??= (await linear.query('query Me { viewer { id } }', {}, Viewer)).viewer.id;
    let after: string | null = null;
    for (let page = 0; page < 20; page += 1) {
      const found: z.infer<typeof Comments> = await linear.query(
        `query Comments($id: String!, $after: String) { issue(id: $id) { id comments(first: 50, after: $after) {
          nodes { id body user { id } } pageInfo { hasNextPage endCursor } } } }`,
        { id: externalKey, after },
        Comments,
      );
      const { issue } = found;
      if (issue === null) throw gone(externalKey);
      const { nodes, pageInfo } = issue.comments;
      const ours = nodes.find(({ body, user }) => user?.id === me && body.startsWith(MARK));
      if (ours !== undefined) return { issueId: issue.id, comment: ours };
      if (!pageInfo.hasNextPage || pageInfo.endCursor == null) {
        return { issueId: issue.id, comment: undefined };
      }
      after = pageInfo.endCursor;
    }
    return { issueId: (await standing(externalKey)).id, comment: undefined };
  }

  return {
    name: LINEAR,

    async upsertComment({ externalKey, thread }: ExternalWorkItem, markdown) {
      if (thread !== undefined) return tellSession(linear, thread, markdown);
      const body = `${MARK}\n\n${markdown}`;
      const { issueId, comment } = await ourComment(externalKey);
      if (comment === undefined) {
        const made = await linear.query(
          'mutation Comment($input: CommentCreateInput!) { commentCreate(input: $input) { comment { id } } }',
          { input: { issueId, body } },
          Created,
        );
        return { externalId: made.commentCreate.comment.id };
      }
      if (comment.body !== body) {
        await linear.query(
          'mutation Edit($id: String!, $input: CommentUpdateInput!) { commentUpdate(id: $id, input: $input) { success } }',
          { id: comment.id, input: { body } },
          Done,
        );
      }
      return { externalId: comment.id };
    },

    async setState({ externalKey }, state) {
      const issue = await standing(externalKey);
      const wanted = TYPES[state];
      const isThere =
        wanted.includes(issue.state.type) &&
        (state !== 'in-review' || /review/i.test(issue.state.name));
      if (isThere) return { outcome: 'kept', reason: 'it is there already' };
      if (OVER.has(issue.state.type) && (state === 'in-progress' || state === 'in-review')) {
        return { outcome: 'kept', reason: 'it was closed there' };
      }
      const target = await findState(linear, issue.team.id, state);
      if (target === undefined || target === issue.state.id) {
        return { outcome: 'kept', reason: `its team has no state for ${state}` };
      }
      const { issueUpdate } = await linear.query(
        'mutation Move($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { issue { updatedAt } } }',
        { id: issue.id, input: { stateId: target } },
        Updated,
      );
      const revision = new Date(issueUpdate.issue.updatedAt).toISOString();
      return { outcome: 'changed', revision };
    },

    async link({ externalKey }, { url, title }) {
      const { id: issueId } = await standing(externalKey);
      // Linear keeps one attachment for each address of an issue.
      await linear.query(
        'mutation Link($input: AttachmentCreateInput!) { attachmentCreate(input: $input) { success } }',
        { input: { issueId, url, title: title.slice(0, 200), subtitle: 'LoomStack' } },
        Done,
      );
    },
  };
}

/** The first state of the right type in the team's order; for a review one that is called so. */
async function findState(
  linear: LinearClient,
  teamId: string,
  state: WorkItemState,
): Promise<string | undefined> {
  const { workflowStates } = await linear.query(
    'query States { workflowStates(first: 250) { nodes { id name type position team { id } } } }',
    {},
    States,
  );
  const types = TYPES[state];
  const fitting = workflowStates.nodes
    .filter(({ team, type }) => team.id === teamId && types.includes(type))
    .sort((a, b) => types.indexOf(a.type) - types.indexOf(b.type) || a.position - b.position);
  const review = fitting.find(({ name }) => /review/i.test(name));
  const isForReview = state === 'in-review';
  return (isForReview ? (review ?? fitting[0]) : (fitting.find((one) => one !== review) ?? review))
    ?.id;
}

/** An agent session shows each word of ours; the last one ends it where there is nothing left to do. */
async function tellSession(linear: LinearClient, agentSessionId: string, body: string) {
  const isLast = /^(Done|Dropped)\b/m.test(body);
  await linear.query(
    'mutation Say($input: AgentActivityCreateInput!) { agentActivityCreate(input: $input) { success } }',
    { input: { agentSessionId, content: { type: isLast ? 'response' : 'thought', body } } },
    Done,
  );
  return { externalId: agentSessionId };
}

function gone(externalKey: string): AppError {
  return new AppError('not_found', 'connector.not_found', {
    message: `Linear has no issue ${externalKey}, or does not show it to us.`,
    hint: 'Check what the key of the connector may see.',
  });
}
