/** What LoomStack writes to an issue of Jira: one comment, its state by a transition, remote links. */
import { z } from 'zod';
import { AppError } from '#kernel';
import type { WorkItemMirror, WorkItemState } from '#connectors/contract';
import type { JiraClient } from './client.ts';
import { User } from './events.ts';
import { JIRA, MARK } from './signals.ts';
import { toWiki } from './wiki.ts';

const MAX_PAGES = 20;

const Standing = z.object({
  fields: z.object({
    status: z.object({ name: z.string(), statusCategory: z.object({ key: z.string() }) }),
    updated: z.string(),
  }),
});
const Transitions = z.object({
  transitions: z.array(
    z.object({
      id: z.string(),
      to: z.object({ name: z.string(), statusCategory: z.object({ key: z.string() }) }),
      fields: z.record(z.string(), z.object({ required: z.boolean() })).optional(),
    }),
  ),
});
const Comments = z.object({
  comments: z.array(z.object({ id: z.string(), body: z.string(), author: User })),
  total: z.int(),
});
const Comment = z.object({ id: z.string() });
const Nothing = z.unknown();

/** Categories of states there. */
const CATEGORIES: Record<WorkItemState, string> = {
  open: 'new',
  'in-progress': 'indeterminate',
  'in-review': 'indeterminate',
  done: 'done',
  dropped: 'done',
};
const REVIEW = /review/i;
const DROPPED = /cancel|won.?t|reject|declin|abandon|obsolete|duplicate/i;

export function createJiraMirror(jira: JiraClient): WorkItemMirror {
  let me: string | undefined;

  const pathOf = (externalKey: string, rest = '') => {
    if (!/^[A-Z][A-Z0-9_]{0,50}-\d{1,10}$/.test(externalKey)) {
      throw new AppError('not_found', 'connector.not_found', {
        message: 'This is no key of an issue of Jira.',
        hint: 'Keys look like SHOP-12.',
      });
    }
    return `issue/${externalKey}${rest}`;
  };
  const standing = async (externalKey: string) => {
    const query = { fields: 'status,updated' };
    return (await jira.call({ path: pathOf(externalKey), query }, Standing)).fields;
  };

  async function ourComment(externalKey: string) {
    if (me === undefined) {
      const { accountId, name } = (await jira.call({ path: 'myself' }, User)) ?? {};
      me = accountId ?? name ?? '';
    }
    let startAt = 0;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = { startAt, maxResults: 100 };
      const { comments, total } = await jira.call(
        { path: pathOf(externalKey, '/comment'), query },
        Comments,
      );
      const ours = comments.find(
        ({ author, body }) => (author?.accountId ?? author?.name) === me && body.startsWith(MARK),
      );
      startAt += comments.length;
      if (ours !== undefined || comments.length === 0 || startAt >= total) return ours;
    }
    return undefined;
  }

  return {
    name: JIRA,

    async upsertComment({ externalKey }, markdown) {
      const body = `${MARK}\n\n${toWiki(markdown)}`;
      const ours = await ourComment(externalKey);
      const path = pathOf(externalKey, '/comment');
      if (ours === undefined) {
        const made = await jira.call({ method: 'POST', path, json: { body } }, Comment);
        return { externalId: made.id };
      }
      if (ours.body !== body) {
        await jira.call({ method: 'PUT', path: `${path}/${ours.id}`, json: { body } }, Comment);
      }
      return { externalId: ours.id };
    },

    async setState({ externalKey }, state) {
      const { status } = await standing(externalKey);
      const category = CATEGORIES[state];
      const isThere =
        status.statusCategory.key === category &&
        (state !== 'in-review' || REVIEW.test(status.name));
      if (isThere) return { outcome: 'kept', reason: 'it is there already' };
      const isBegun = state === 'in-progress' || state === 'in-review';
      if (status.statusCategory.key === 'done' && isBegun) {
        return { outcome: 'kept', reason: 'it was closed there' };
      }
      const path = pathOf(externalKey, '/transitions');
      const query = { expand: 'transitions.fields' };
      const { transitions } = await jira.call({ path, query }, Transitions);
      const way = chooseTransition(transitions, state);
      if (way === undefined || way.to.name === status.name) {
        return { outcome: 'kept', reason: `its workflow has no way to ${state} from here` };
      }
      await jira.call({ method: 'POST', path, json: { transition: { id: way.id } } }, Nothing);
      const { updated } = await standing(externalKey);
      const revision = new Date(updated.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')).toISOString();
      return { outcome: 'changed', revision };
    },

    async link({ externalKey }, { url, title }) {
      // Jira keeps one remote link for each globalId of an issue, and updates it.
      await jira.call(
        {
          method: 'POST',
          path: pathOf(externalKey, '/remotelink'),
          json: {
            globalId: url.slice(0, 255),
            application: { type: 'com.loomstack', name: 'LoomStack' },
            object: { url, title: title.slice(0, 255) },
          },
        },
        Nothing,
      );
    },
  };
}

/** A way to a state of the right category that asks for nothing we do not know. Pure. */
export function chooseTransition(
  transitions: z.infer<typeof Transitions>['transitions'],
  state: WorkItemState,
): z.infer<typeof Transitions>['transitions'][number] | undefined {
  const open = transitions.filter(
    ({ to, fields }) =>
      to.statusCategory.key === CATEGORIES[state] &&
      !Object.values(fields ?? {}).some(({ required }) => required),
  );
  switch (state) {
    case 'in-review':
      return open.find(({ to }) => REVIEW.test(to.name)) ?? open[0];
    case 'in-progress':
      return open.find(({ to }) => !REVIEW.test(to.name)) ?? open[0];
    case 'done':
      return open.find(({ to }) => !DROPPED.test(to.name));
    case 'dropped':
      return open.find(({ to }) => DROPPED.test(to.name)) ?? open[0];
    case 'open':
      return open[0];
  }
}
