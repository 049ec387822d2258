/** `agent.run` with `mode: wait`: the work item lies open until somebody's own agent has made a change of it. */
import type { Id, Queryable } from '#kernel';
import { forGood } from '../steps/subject.ts';
import type { StepContext, StepResult } from '../steps.ts';
import type { AgentDeps } from './deps.ts';

/** News of a change comes by its own way; this is how long the step may be behind. */
const LOOK_AGAIN_MS = 20_000;
export const WORK_DONE = 'work-done';

export async function waitForPerson(deps: AgentDeps, { run }: StepContext): Promise<StepResult> {
  if (run.workItemId === null) {
    return forGood('A step that waits for a person needs a work item somebody can take.');
  }
  const item = await deps.work.find(run.workItemId);
  if (item === undefined || item.state === 'cancelled')
    return forGood('The work item was given up.');
  const change = await findChange(deps.db, run.workItemId);
  if (change !== undefined) {
    const { branch, headSha, baseSha, changeId, sessionId } = change;
    return {
      outcome: 'done',
      output: { agent: 'person', branch, headSha, baseSha, changeId, sessionId },
      message: `Taken and done on ${branch}.`,
    };
  }
  const holder =
    item.sessionId === null ? 'Open for whoever asks for work' : `With session ${item.sessionId}`;
  return {
    outcome: 'waiting',
    on: WORK_DONE,
    message: `${holder}: ${item.title.slice(0, 200)}`,
    dueAt: new Date(deps.clock.now().getTime() + LOOK_AGAIN_MS),
  };
}

interface Found {
  changeId: Id<'chg'>;
  branch: string;
  headSha: string;
  baseSha: string | null;
  sessionId: Id<'ses'> | null;
}

async function findChange(queryable: Queryable, workItemId: string): Promise<Found | undefined> {
  const rows = await queryable.query<Found>(
    `select id as "changeId", branch, head_sha as "headSha", base_sha as "baseSha",
       session_id as "sessionId"
     from loom.changes where work_item_id = $1 and state in ('open', 'merged')
     order by opened_at desc, id desc limit 1`,
    [workItemId],
  );
  return rows[0];
}
