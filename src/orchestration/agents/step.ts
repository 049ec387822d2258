/**
 * `agent.run`: an agent does a piece of work in a devbox, or a person's own agent takes it. What a
 * provider's limit interrupts sleeps without a worker and goes on when the limit ends; what is left to
 * do goes on from the notes and commits that are there.
 */
import { z } from 'zod';
import type { GitRepository } from '#git';
import { AppError, checkValue, type JsonObject, type Tx } from '#kernel';
import { forGood } from '../steps/subject.ts';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import type { AgentDeps } from './deps.ts';
import { agentEnded, type AgentFacts } from './events.ts';
import type { Task } from './prompt.ts';
import { type AgentOutcome, runAgent } from './runner.ts';
import { AgentOptions, type FailureCode } from './schema.ts';
import * as store from './store.ts';
import { waitForPerson } from './wait-for-person.ts';
import { workOf } from './work.ts';

export const Options = AgentOptions.extend({
  /** `run`: we start the agent. `wait`: a person's own agent takes the work item. */
  mode: z.enum(['run', 'wait']).default('run'),
  /** Branch of the work; one is made from the run and the step where it is left out. */
  branch: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
    .refine(
      (name) => !/\.\.|\/\/|@\{|\/$|\.lock(?:\/|$)|(?:^|\/)\./.test(name),
      'is no branch name',
    )
    .optional(),
}).refine(({ agent, command }) => (agent === 'command') === (command !== undefined), {
  path: ['command'],
  error: 'belongs to agent `command`, and to it alone',
});
export type RunOptions = z.infer<typeof Options>;

/** Trying again does not help; a person has to do something. */
const FOR_GOOD: ReadonlySet<FailureCode> = new Set([
  'agents.binary_missing',
  'agents.unauthenticated',
  'agents.over_budget',
  'agents.timed_out',
  'agents.stopped',
] as const);
/** Sleep is cheap, but a step that only sleeps gets nowhere. */
const MAX_STARTS = 50;
const NO_ROOM_MS = 10_000;
export const WAKE = 'agent:wake';

export function createAgentStep(deps: AgentDeps): StepHandler {
  let atWork = 0;

  async function run(context: StepContext): Promise<StepResult> {
    const options = checkValue(Options, context.step.with, 'steps.bad_options');
    if (options.mode === 'wait') return waitForPerson(deps, context);
    const piece = await findPiece(deps, context, options);
    if ('outcome' in piece) return piece;
    const { clock } = deps;
    const { agent } = options;
    const { repository } = piece.task;
    const answer = await deps.fleet?.mayStart({ agent, repository });
    if (answer?.allowed === false) return sleep(answer.reason, answer.until);
    if (atWork >= deps.concurrency) {
      const dueAt = new Date(clock.now().getTime() + NO_ROOM_MS);
      return sleep(`Waits for one of ${deps.concurrency} places for agents on this node.`, dueAt);
    }
    atWork += 1;
    try {
      const done = await runAgent(deps, context, {
        stepName: context.step.name,
        task: piece.task,
        options,
        baseSha: piece.baseSha,
        headSha: piece.headSha,
        workItemId: context.run.workItemId,
        keepsWork: true,
      });
      await reportOutcome(deps, piece.task.repository, done);
      return toResult(context, done);
    } finally {
      atWork -= 1;
    }
  }

  return { kind: 'agent.run', run, onSignal: run };
}

/** Only an agent that began says something of agents like it. */
export async function reportOutcome(
  { fleet }: Pick<AgentDeps, 'fleet'>,
  repository: string,
  { sessionId, row, failure, isAborted }: AgentOutcome,
): Promise<void> {
  if (sessionId === null || isAborted) return;
  const outcome =
    failure === undefined
      ? 'worked'
      : failure.code === 'agents.rate_limited'
        ? 'provider-trouble'
        : 'failed';
  await fleet?.reportOutcome({ sessionId, agent: row.agent, repository, outcome });
}

interface Piece {
  task: Task;
  baseSha: string;
  /** Work of an earlier step to go on from. */
  headSha: string | undefined;
}

/** What is to be done and where: of the run's change, else of its work item, else of the run itself. */
export async function findPiece(
  deps: Pick<AgentDeps, 'context' | 'work'>,
  context: StepContext,
  options: { branch?: string | undefined },
): Promise<Piece | StepResult> {
  const { run, step } = context;
  if (run.repository === null) return forGood('This step needs a repository to work in.');
  const git = await deps.context.openMirror(run.repository);
  const base = await findBase(git, run.repository);
  const earlier = workOf(context);
  const item = run.workItemId === null ? undefined : await deps.work.find(run.workItemId);
  const text = typeof run.input['text'] === 'string' ? run.input['text'] : '';
  return {
    task: {
      repository: run.repository,
      branch: options.branch ?? earlier?.branch ?? `loom/${run.id.slice(-12)}-${step.name}`,
      title: item?.title ?? run.title,
      text: item?.text ?? text,
    },
    baseSha: earlier?.baseSha ?? base,
    headSha: earlier?.headSha,
  };
}

async function findBase(git: GitRepository, repository: string): Promise<string> {
  const branch = await git.defaultBranch();
  const sha = branch === undefined ? undefined : await git.resolve(`refs/heads/${branch}`);
  if (sha !== undefined) return sha;
  throw new AppError('unavailable', 'agents.no_base', {
    message: `${repository} has no commit to begin from.`,
    hint: 'Push a first commit to its default branch.',
  });
}

function toResult(context: StepContext, done: AgentOutcome): StepResult {
  if (done.isAborted)
    return { outcome: 'failed', message: 'The agent was stopped before its end.' };
  const { failure, row } = done;
  const facts = factsOf(done);
  const endAs = (state: store.AgentRunRow['state']) => ({ write: writeEnd(done, state) });
  if (failure === undefined) {
    const message = describeWork(done);
    return {
      outcome: 'done',
      output: outputOf(done),
      message,
      events: [agentEnded(context, 'agent.finished', facts, { code: null, message })],
      ...endAs('done'),
    };
  }
  const code = failure.code;
  const { retryAt } = failure;
  if (retryAt !== undefined && row.starts < MAX_STARTS) {
    const why = { code, message: failure.message, wakeAt: retryAt };
    return {
      ...sleep(`${failure.message} Goes on at ${retryAt.toISOString()}.`, retryAt),
      events: [agentEnded(context, 'agent.slept', facts, why)],
      ...endAs('asleep'),
    };
  }
  const isPermanent = FOR_GOOD.has(failure.code);
  return {
    outcome: 'failed',
    message: `${failure.message} (${code})`.slice(0, 1_000),
    isPermanent,
    events: [agentEnded(context, 'agent.stopped', facts, { code, message: failure.message })],
    ...endAs(isPermanent ? 'stopped' : 'failed'),
  };
}

/** Writes down how a start ended, with whatever else the transaction writes. */
export function writeEnd(
  done: AgentOutcome,
  state: store.AgentRunRow['state'],
): (tx: Tx) => Promise<void> {
  const { row, failure } = done;
  return (tx) =>
    store.endAgentRun(
      tx,
      { run_id: row.run_id, step_name: row.step_name },
      {
        ...done.used,
        state,
        head_sha: done.headSha,
        exit_code: done.exitCode,
        error_code: failure?.code ?? null,
        output: done.output,
        answer: done.answer,
        handover: done.handover,
        wake_at: failure?.retryAt ?? null,
      },
    );
}

export function sleep(message: string, dueAt: Date): Extract<StepResult, { outcome: 'waiting' }> {
  return { outcome: 'waiting', on: WAKE, message, dueAt };
}

export function factsOf({ row, headSha, sessionId, used }: AgentOutcome): AgentFacts {
  const { agent, branch, base_sha: baseSha, starts } = row;
  return { agent, branch, baseSha, starts, headSha, sessionId, ...used };
}

export function outputOf(done: AgentOutcome): JsonObject {
  const { row, used } = done;
  return {
    agent: row.agent,
    sessionId: done.sessionId,
    branch: row.branch,
    baseSha: row.base_sha,
    headSha: done.headSha,
    changedFiles: done.changedFiles.slice(0, 200),
    changedFileCount: done.changedFiles.length,
    answer: done.answer.slice(-4_000),
    starts: row.starts,
    ...used,
  };
}

function describeWork({ changedFiles, used, row }: AgentOutcome): string {
  const tokens = used.inputTokens + used.outputTokens;
  const cost =
    used.costUsdMicros === null ? '' : `, $${(used.costUsdMicros / 1_000_000).toFixed(2)}`;
  const count = changedFiles.length;
  return `${row.agent} changed ${count} ${count === 1 ? 'file' : 'files'} on ${row.branch} (${tokens} tokens${cost}).`;
}
