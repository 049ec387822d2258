/**
 * `eval.gate`: a maker's work goes on only when a command or another agent finds it good enough. What
 * they say against it goes back to the maker, at most so many times. Every verdict and every rework is
 * a checkpoint, so a crash repeats neither.
 */
import { z } from 'zod';
import { checkValue, type JsonObject } from '#kernel';
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import { runInBox } from '../devbox/index.ts';
import type { WorkflowService } from '../service.ts';
import { forGood } from '../steps/subject.ts';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import type { AgentDeps } from './deps.ts';
import * as store from './evaluation-store.ts';
import { type AgentOutcome, runAgent } from './runner.ts';
import { AgentOptions } from './schema.ts';
import { JUDGE_PROMPT, readScore } from './score.ts';
import { makerOf, type Work, workOf } from './work.ts';
import { findPiece, Options as MakerOptions, reportOutcome, sleep, writeEnd } from './step.ts';

const Options = z
  .strictObject({
    /** Step whose agent made the work, and corrects it; the nearest `agent.run` before. */
    maker: z.string().optional(),
    /** Passes with exit code 0; a line of JSON with a `score` in its output counts where it passes. */
    command: z.union([z.string().min(1), z.array(z.string()).min(1)]).optional(),
    /** Another agent, in a session and a devbox of its own. */
    judge: AgentOptions.optional(),
    /** Scores below it fail. */
    threshold: z.number().min(0).max(1).default(0.7),
    /** How often the maker may correct its work. */
    rounds: z.int().min(0).max(10).default(2),
    /** `continue`: the step is done with `checks: failed`, and policy decides. */
    onFail: z.enum(['fail', 'continue']).default('fail'),
    /** How long the command may take. */
    minutes: z.int().min(1).max(240).default(20),
  })
  .refine(({ command, judge }) => (command === undefined) !== (judge === undefined), {
    error: 'takes a command or a judge, and not both',
  });
type Options = z.infer<typeof Options>;

interface Verdict {
  passed: boolean;
  score: number | null;
  output: string;
  judgeSessionId: `ses_${string}` | null;
}

export interface GateDeps extends AgentDeps {
  workflow: Pick<WorkflowService, 'find'>;
}

export function createGateStep(deps: GateDeps): StepHandler {
  async function run(context: StepContext): Promise<StepResult> {
    const options = checkValue(Options, context.step.with, 'steps.bad_options');
    const given = workOf(context);
    if (context.run.repository === null || given === undefined) {
      return forGood('This step needs the work of another, such as agent.run.');
    }
    const last = await store.lastEvaluation(deps.db, context.run.id, context.step.name);
    if (last !== undefined && !last.passed && last.rework_sha === null) {
      if (last.round > options.rounds) return giveUp(context, options, given, last);
      return rework(context, options, given, last);
    }
    if (last?.passed === true) return pass(context, given, last);
    const work = { ...given, headSha: last?.rework_sha ?? given.headSha };
    return judge(context, options, work, (last?.round ?? 0) + 1);
  }

  async function judge(
    context: StepContext,
    options: Options,
    work: Work,
    round: number,
  ): Promise<StepResult> {
    const verdict =
      options.judge === undefined
        ? await byCommand(context, options, work)
        : await byAgent(context, options.judge, options.threshold, work, round);
    if ('outcome' in verdict) return verdict;
    const row = {
      run_id: context.run.id,
      step_name: context.step.name,
      round,
      head_sha: work.headSha,
      passed: verdict.passed,
      score: verdict.score,
      output: verdict.output.slice(-20_000),
      judge_session_id: verdict.judgeSessionId,
    };
    const said = verdict.passed ? 'is good enough' : 'is not good enough yet';
    return {
      // At once: what comes next starts from what is written down here.
      ...sleep(`Round ${round}: the work ${said}.`, deps.clock.now()),
      events: [evaluated(context, row)],
      write: (tx) => store.insertEvaluation(tx, row),
    };
  }

  async function byCommand(
    context: StepContext,
    options: Options,
    work: Work,
  ): Promise<Verdict | StepResult> {
    const devbox = await openFor(context, work);
    const result = await runInBox(devbox.box, {
      command: options.command!,
      environment: devbox.environment,
      timeoutMs: options.minutes * 60_000,
      clock: deps.clock,
      signal: context.signal,
      onStart: (pid) => void deps.devboxes.noteProcess(devbox, pid).catch(() => {}),
    });
    await deps.devboxes.discard(devbox, 'the work was judged');
    if (context.signal.aborted)
      return { outcome: 'failed', message: 'The gate was stopped before its end.' };
    const score = readScore(result.output)?.score ?? null;
    const isGreen = result.exitCode === 0 && result.stopped === null;
    const how = result.stopped === null ? `exit code ${result.exitCode ?? 'none'}` : result.stopped;
    const name = typeof options.command === 'string' ? options.command : options.command!.join(' ');
    return {
      passed: isGreen && (score === null || score >= options.threshold),
      score,
      output: `$ ${name}\n${result.output}\n(${how})`,
      judgeSessionId: null,
    };
  }

  async function byAgent(
    context: StepContext,
    agent: AgentOptions,
    threshold: number,
    work: Work,
    round: number,
  ): Promise<Verdict | StepResult> {
    const piece = await findPiece(deps, context, { branch: work.branch });
    if ('outcome' in piece) return piece;
    const prompt = (agent.prompt ?? JUDGE_PROMPT).replaceAll('BASE', work.baseSha);
    const done = await runAgent(deps, context, {
      stepName: `${context.step.name}.judge-${round}`,
      task: { ...piece.task, branch: `${work.branch}-judged` },
      options: { ...agent, prompt },
      baseSha: work.baseSha,
      headSha: work.headSha,
      workItemId: null,
      keepsWork: false,
    });
    await ended(done, piece.task.repository);
    if (done.isAborted)
      return { outcome: 'failed', message: 'The judge was stopped before its end.' };
    const { failure } = done;
    if (failure?.retryAt !== undefined) return sleep(failure.message, failure.retryAt);
    if (failure !== undefined) {
      return { outcome: 'failed', message: `The judge: ${failure.message} (${failure.code})` };
    }
    const found = readScore(done.answer) ?? readScore(done.output);
    if (found === undefined) {
      return { outcome: 'failed', message: 'The judge gave no score; it is asked again.' };
    }
    const passed = found.score >= threshold;
    const output = [`Score ${found.score} of at least ${threshold}.`, ...found.reasons].join(
      '\n- ',
    );
    return { passed, score: found.score, output, judgeSessionId: done.sessionId };
  }

  async function rework(
    context: StepContext,
    options: Options,
    given: Work,
    last: store.EvaluationRow,
  ): Promise<StepResult> {
    const maker = await findMaker(context, options);
    if (maker === undefined) return giveUp(context, options, given, last);
    const piece = await findPiece(deps, context, { branch: given.branch });
    if ('outcome' in piece) return piece;
    const done = await runAgent(deps, context, {
      stepName: `${context.step.name}.rework-${last.round}`,
      task: { ...piece.task, branch: given.branch },
      options: maker,
      baseSha: given.baseSha,
      headSha: last.head_sha,
      feedback: last.output,
      workItemId: context.run.workItemId,
      keepsWork: true,
    });
    await ended(done, piece.task.repository);
    if (done.isAborted)
      return { outcome: 'failed', message: 'The rework was stopped before its end.' };
    const { failure } = done;
    if (failure?.retryAt !== undefined) return sleep(failure.message, failure.retryAt);
    if (failure !== undefined) {
      return { outcome: 'failed', message: `The rework: ${failure.message} (${failure.code})` };
    }
    return {
      ...sleep(`The maker corrected its work after round ${last.round}.`, deps.clock.now()),
      write: (tx) => store.recordRework(tx, last, done.headSha),
    };
  }

  /** The step goes on or sleeps by its own rows; how the agent did is written down for itself. */
  async function ended(done: AgentOutcome, repository: string): Promise<void> {
    const { failure } = done;
    const isAsleep = failure?.retryAt !== undefined;
    const state = failure === undefined ? 'done' : isAsleep ? 'asleep' : 'failed';
    await deps.db.transaction(writeEnd(done, state));
    await reportOutcome(deps, repository, done);
  }

  /** How the maker was started: by its step, as the run holds it. */
  async function findMaker(
    context: StepContext,
    options: Options,
  ): Promise<AgentOptions | undefined> {
    const steps = (await deps.workflow.find(context.run.id))?.steps ?? [];
    const step =
      options.maker === undefined
        ? steps.findLast(({ kind, state }) => kind === 'agent.run' && state === 'done')
        : steps.find(({ name, kind }) => name === options.maker && kind === 'agent.run');
    if (step === undefined) return undefined;
    const { mode, branch: _, ...agent } = checkValue(MakerOptions, step.with, 'steps.bad_options');
    return mode === 'run' ? agent : undefined;
  }

  function openFor({ run, step, signal }: StepContext, { baseSha, headSha, branch }: Work) {
    return deps.devboxes.open({
      repository: run.repository!,
      baseSha,
      headSha,
      branch: `${branch}-judged`,
      runId: run.id,
      stepName: step.name,
      correlationId: run.correlationId,
      signal,
    });
  }

  return { kind: 'eval.gate', run, onSignal: run };
}

function pass(context: StepContext, given: Work, last: store.EvaluationRow): StepResult {
  return {
    outcome: 'done',
    output: outputOf(context, given, last),
    message: `Good enough in round ${last.round}${last.score === null ? '' : ` (${last.score})`}.`,
  };
}

function giveUp(
  context: StepContext,
  { onFail, rounds }: Options,
  given: Work,
  last: store.EvaluationRow,
): StepResult {
  const said = last.output.trim().split('\n').slice(-3).join(' ').slice(0, 300);
  const message = `Not good enough after ${last.round} ${last.round === 1 ? 'round' : 'rounds'} (${rounds} corrections allowed): ${said}`;
  if (onFail === 'fail') return forGood(message);
  return { outcome: 'done', output: outputOf(context, given, last), message };
}

function outputOf(context: StepContext, given: Work, last: store.EvaluationRow): JsonObject {
  return {
    ...makerOf(context),
    checks: last.passed ? 'passed' : 'failed',
    branch: given.branch,
    baseSha: given.baseSha,
    headSha: last.head_sha,
    score: last.score,
    rounds: last.round,
    judgeSessionId: last.judge_session_id,
    said: last.output.slice(-4_000),
  };
}

function evaluated(
  { run, step, cause }: StepContext,
  row: Omit<store.EvaluationRow, 'rework_sha' | 'judged_at'>,
): NewEvent {
  const { round, passed, score, head_sha: headSha } = row;
  return {
    type: 'evaluation.completed',
    subject: step.id,
    actor: ORCHESTRATION,
    cause,
    correlationId: run.correlationId,
    refs: {
      run: run.id,
      step: step.id,
      commit: headSha,
      ...(run.repository === null ? {} : { repository: run.repository }),
      ...(run.workItemId === null ? {} : { workItem: run.workItemId }),
      ...(row.judge_session_id === null ? {} : { session: row.judge_session_id }),
    },
    data: { round, passed, score, headSha },
  };
}
