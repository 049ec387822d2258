/**
 * Landing, from the side of a change: it queues up, and is told when the exact tree that its base would
 * have has passed. Red goes back to its author with the output and the commands that show it.
 */
import { toHostChange } from '../host-change.ts';
import type { Change } from '../schema.ts';
import type { StepContext, StepResult } from '../steps.ts';
import { landingReturned } from './events.ts';
import { LANDING } from './look.ts';
import type { LandingQueue } from './queue.ts';
import { leaveNote, type LandingKey } from './store.ts';

type Waiting = Extract<StepResult, { outcome: 'waiting' }>;

/** Everything that matters wakes the step; this is for a word that was lost. */
const LOOK_AGAIN_MS = 60_000;
const MAX_NOTE = 8_000;

export async function land(
  queue: LandingQueue,
  context: StepContext,
  change: Change,
  by: {
    now: Date;
    /** Asks the host to land it on this base and no other. */
    ask(baseSha: string): Waiting;
  },
): Promise<StepResult> {
  const key = keyOf(context);
  const { id: changeId, repository, baseBranch, headSha } = change;
  const lane = { repository, baseBranch };
  const wait = (message: string): Waiting => ({
    outcome: 'waiting',
    on: LANDING,
    message,
    dueAt: new Date(by.now.getTime() + LOOK_AGAIN_MS),
  });

  const landing = await queue.arrive(key, { ...lane, changeId, headSha });
  if (landing.state === 'rejected') return giveBack(queue, context, change, landing.output);
  if (landing.state === 'cleared' || landing.state === 'landing') {
    const may = await queue.mayLand(landing, lane);
    if ('waits' in may) return wait(may.waits);
    const { baseSha } = may;
    return {
      ...by.ask(baseSha),
      write: (tx) => queue.leave(tx, key, { state: 'landing', baseSha }),
    };
  }
  const words = landing.state === 'testing' ? 'Is tested on' : 'Waits for its turn to be tested on';
  return wait(`${words} what ${baseBranch} will be when it lands.`);
}

/** Writes down what the host has answered, so that the next one may go. */
export function leaveQueue(
  queue: LandingQueue,
  context: StepContext,
  to: { state: 'landed' | 'left'; mergeSha?: string | undefined },
): NonNullable<StepResult['write']> {
  return (tx) => queue.leave(tx, keyOf(context), to);
}

function keyOf({ run, step }: StepContext): LandingKey {
  return { runId: run.id, stepName: step.name };
}

function giveBack(
  queue: LandingQueue,
  context: StepContext,
  change: Change,
  note: string,
): StepResult {
  const text = note.slice(0, MAX_NOTE);
  return {
    outcome: 'failed',
    isPermanent: true,
    message: text.slice(0, 1_000),
    events: [landingReturned(context, change, text)],
    async write(tx) {
      await queue.leave(tx, keyOf(context), { state: 'returned', output: text });
      const { id: changeId, headSha, sessionId } = change;
      await leaveNote(tx, { changeId, headSha, sessionId, note: text });
    },
    outbox: [
      {
        target: 'host.comment',
        payload: commentOf(change, text),
        idempotencyKey: `${context.idempotencyKey}:returned:${change.headSha}`,
        cause: context.cause,
        correlationId: change.correlationId,
      },
    ],
  };
}

function commentOf(change: Change, text: string) {
  return {
    host: change.host,
    changeId: change.id,
    change: toHostChange(change),
    markdown: `Not landed on \`${change.baseBranch}\`.\n\n\`\`\`\n${text.replaceAll('```', "'''")}\n\`\`\``,
  };
}
