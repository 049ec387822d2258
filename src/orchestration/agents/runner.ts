/**
 * One start of an agent: a devbox, the program in it, its stream read as it comes, its work brought
 * back. What was used is added to what earlier starts of the same step used, so that a budget holds
 * over sleep, crashes and rework.
 */
import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { passPrincipal, type Principal } from '#governance';
import type { GitRepository } from '#git';
import type { Id } from '#kernel';
import type { Devbox } from '../devbox/index.ts';
import { isThere, workRef } from '../devbox/index.ts';
import type { StepContext } from '../steps.ts';
import { maskSecrets } from '../steps/mask-secrets.ts';
import { commandEnvironment } from '../steps/run-command.ts';
import { ADAPTERS } from './adapters/index.ts';
import type { AgentDeps, Wired } from './deps.ts';
import { diagnose, isStuck } from './diagnose.ts';
import { prepareHome } from './home.ts';
import { chooseBudget } from './budget.ts';
import { createMeter, overBudget, sum } from './meter.ts';
import { type AgentProcess, type ProcessEnd, startAgentProcess } from './process.ts';
import { type Progress, renderHandover, renderPrompt, type Task } from './prompt.ts';
import type { AgentOptions, Failure } from './schema.ts';
import * as store from './store.ts';

export interface AgentRequest {
  /** Names the row it is kept under; a judge has one beside that of its step. */
  stepName: string;
  task: Task;
  options: AgentOptions;
  baseSha: string;
  /** Where to go on from; the base unless given. */
  headSha?: string | undefined;
  feedback?: string | null | undefined;
  workItemId: Id<'wrk'> | null;
  /** A judge's devbox is thrown away. */
  keepsWork: boolean;
}

export interface AgentOutcome {
  /** Undefined: it did what it was asked. */
  failure: Failure | undefined;
  /** True where the step itself was told to stop: nothing of it may be taken for the agent's doing. */
  isAborted: boolean;
  row: store.AgentRunRow;
  headSha: string;
  sessionId: Id<'ses'> | null;
  used: store.Used;
  /** The last thing the agent said. */
  answer: string;
  output: string;
  exitCode: number | null;
  handover: string | null;
  changedFiles: string[];
}

const HEARTBEAT_MS = 30_000;
const RECORD_MS = 5_000;
/** A node that stops waits less for an agent than one that has time. */
const HURRY_MS = 2_000;
/** Past the end of its budget an agent still has to be stopped, and its work brought back. */
/** Read by every OpenTelemetry SDK (Resource SDK specification). */
const RESOURCE = 'OTEL_RESOURCE_ATTRIBUTES';
const PASS_GRACE_MS = 10 * 60_000;
/** Seen ended so often in a row, a session was stopped: an agent that ends by itself is gone by then. */
const ENDED_LOOKS = 2;

export async function runAgent(
  deps: AgentDeps,
  context: StepContext,
  wanted: AgentRequest,
): Promise<AgentOutcome> {
  const { db, log } = deps;
  const { task, baseSha, workItemId } = wanted;
  const item = workItemId === null ? undefined : await deps.work.find(workItemId);
  const options = { ...wanted.options, budget: chooseBudget(wanted.options, item) };
  const request = { ...wanted, options };
  const key = { run_id: context.run.id, step_name: request.stepName };
  const row = await store.beginAgentRun(db, {
    ...key,
    agent: options.agent,
    model: options.model ?? null,
    branch: task.branch,
    base_sha: baseSha,
    head_sha: request.headSha ?? baseSha,
    budget: options.budget,
  });
  const before = store.usedOf(row);
  const start = new Start(deps, context, request, row);
  const missing = start.findMissingProgram();
  if (missing !== undefined) return start.withoutProcess(missing);
  const spent = overBudget(
    { tokens: tokensOf(before), costUsd: dollars(before), workMs: before.workMs },
    options.budget,
  );
  if (spent !== undefined) {
    return start.withoutProcess({
      code: 'agents.over_budget',
      message: `The budget is used up: ${spent}.`,
    });
  }
  const git = await deps.context.openMirror(task.repository);
  const earlier = await git.resolve(workRef(task.branch));
  const headSha = request.headSha ?? earlier ?? baseSha;
  const devbox = await deps.devboxes.open({
    repository: task.repository,
    baseSha,
    headSha,
    branch: task.branch,
    runId: context.run.id,
    stepName: request.stepName,
    correlationId: context.run.correlationId,
    signal: context.signal,
  });
  try {
    return await start.work(devbox, git, headSha);
  } catch (error) {
    await start.unwire();
    log.warn({ err: error, devbox: devbox.id }, 'an agent could not be run to its end');
    await deps.devboxes
      .close(devbox, {
        message: 'Keep what was there when the step failed',
        why: 'the step failed',
      })
      .catch((failure: unknown) => log.error({ err: failure }, 'a devbox could not be closed'));
    throw error;
  }
}

class Start {
  readonly #deps: AgentDeps;
  readonly #context: StepContext;
  readonly #request: AgentRequest;
  readonly #row: store.AgentRunRow;
  /** Whom the sessions belong to: the step, over all its starts, and nobody else. */
  readonly #operator: Principal;
  #wired: Wired | undefined;
  #sessionId: Id<'ses'> | null = null;

  constructor(
    deps: AgentDeps,
    context: StepContext,
    request: AgentRequest,
    row: store.AgentRunRow,
  ) {
    this.#deps = deps;
    this.#context = context;
    this.#request = request;
    this.#row = row;
    const { task, workItemId } = request;
    this.#operator = passPrincipal(`${context.run.id}/${request.stepName}`, {
      repository: task.repository,
      title: task.title,
      workItemId,
    });
  }

  get #program(): string {
    const { agent, command } = this.#request.options;
    if (agent !== 'command') return ADAPTERS[agent].program;
    return typeof command === 'string' ? '/bin/sh' : (command?.[0] ?? '');
  }

  findMissingProgram(): Failure | undefined {
    const program = this.#program;
    const { agent } = this.#request.options;
    if (program !== '' && isOnPath(program, this.#deps.environment['PATH'] ?? '')) return undefined;
    const what = agent === 'command' ? program || 'a command' : `${agent} (${program})`;
    return { code: 'agents.binary_missing', message: `This node has no ${what}.` };
  }

  withoutProcess(failure: Failure): AgentOutcome {
    const row = this.#row;
    return {
      failure,
      isAborted: false,
      row,
      headSha: row.head_sha,
      sessionId: row.session_id,
      used: store.usedOf(row),
      answer: row.answer,
      output: '',
      exitCode: null,
      handover: row.handover,
      changedFiles: [],
    };
  }

  async work(devbox: Devbox, git: GitRepository, headSha: string): Promise<AgentOutcome> {
    const { clock } = this.#deps;
    const { options, baseSha, task } = this.#request;
    const before = store.usedOf(this.#row);
    const commits = await subjects(git, baseSha, headSha);
    const progress: Progress = {
      commits,
      handover: this.#row.handover,
      feedback: this.#request.feedback ?? null,
    };
    const prompt = renderPrompt(options.prompt, task, progress);
    const externalId = randomUUID();
    const isKnown = options.agent === 'command' || ADAPTERS[options.agent].takesExternalId;
    // Before its first hook, which then finds the work item and gives the pack of it.
    if (isKnown) await this.#meet(devbox, externalId, options.model);
    const command = await this.#prepare(devbox, prompt, externalId, before);
    // Not the wall clock: a laptop that slept, or a corrected clock, is no work of the agent.
    const startedAt = performance.now();
    const meter = createMeter(options.prices);
    const usedNow = (): store.Used => {
      const { tokens, costUsd, toolCalls } = meter.read();
      const all = sum(tokensOf(before), tokens);
      const micros = costUsd === undefined ? null : Math.round(costUsd * 1_000_000);
      return {
        inputTokens: all.input,
        cachedTokens: all.cached,
        outputTokens: all.output,
        costUsdMicros:
          micros === null ? before.costUsdMicros : micros + (before.costUsdMicros ?? 0),
        toolCalls: before.toolCalls + toolCalls,
        workMs: before.workMs + Math.round(performance.now() - startedAt),
      };
    };

    let failure: Failure | undefined;
    const stopFor = (why: Failure) => {
      failure ??= why;
      child.stop();
    };
    const checkBudget = () => {
      const used = usedNow();
      const passed = overBudget(
        { tokens: tokensOf(used), costUsd: dollars(used), workMs: used.workMs },
        options.budget,
      );
      if (passed === undefined) return;
      const isTime = used.workMs > options.budget.minutes * 60_000;
      const code = isTime ? 'agents.timed_out' : 'agents.over_budget';
      stopFor({ code, message: `The budget is used up: ${passed}.` });
    };
    let isStuckNow = false;
    const child = startAgentProcess({
      ...command,
      folder: devbox.box.place.tree,
      user: devbox.user,
      termGraceMs: this.#deps.termGraceMs,
      onLine: (line) => {
        for (const signal of this.#read(line)) {
          meter.add(signal);
          if (signal.type === 'session') void this.#meet(devbox, signal.externalId, signal.model);
        }
        checkBudget();
        if (!isStuckNow && isStuck(meter.read())) {
          isStuckNow = true;
          child.stop();
        }
      },
    });
    if (child.pid !== undefined) await this.#deps.devboxes.noteProcess(devbox, child.pid);
    const end = await this.#watch(devbox, child, { checkBudget, usedNow, stopFor });
    const reading = meter.read();
    if (reading.externalId !== undefined)
      await this.#meet(devbox, reading.externalId, reading.model);
    await this.#meeting;
    const now = clock.now();
    const isAborted = this.#context.signal.aborted;
    const found = diagnose(end, reading, {
      program: options.agent === 'command' ? 'the command' : this.#program,
      isStopped: isStuckNow,
      now,
      sleeps: this.#row.starts - 1,
    });
    // Its words are shown to everybody who sees the run.
    if (found !== undefined) failure ??= { ...found, message: maskSecrets(found.message) };
    const said = reading.answer === '' ? end.output.trim().slice(-4_000) : reading.answer;
    const answer = maskSecrets(said);
    return this.#finish(devbox, git, {
      end,
      failure,
      isAborted,
      used: usedNow(),
      answer,
      toolCalls: reading.toolCalls,
    });
  }

  #read(line: string) {
    const { agent } = this.#request.options;
    if (agent === 'command' || !line.startsWith('{')) return [];
    try {
      return ADAPTERS[agent].read(JSON.parse(line) as Record<string, unknown>);
    } catch {
      // Half a line, or words between the events.
      return [];
    }
  }

  async #prepare(devbox: Devbox, prompt: string, externalId: string, before: store.Used) {
    const { environment, home, wire } = this.#deps;
    const { options } = this.#request;
    const { tree } = devbox.box.place;
    const adapter = options.agent === 'command' ? undefined : ADAPTERS[options.agent];
    const { costUsd, minutes } = options.budget;
    const wired = await wire?.({
      agent: options.agent,
      box: devbox.box,
      holder: this.#operator.id,
      assignment: this.#operator.assignment!,
      lifeMs: Math.max(0, minutes * 60_000 - before.workMs) + PASS_GRACE_MS,
    });
    this.#wired = wired;
    await prepareHome(devbox.box, [...(adapter?.home(tree) ?? []), ...(wired?.home ?? [])], home);
    const costUsdLeft =
      costUsd === undefined ? undefined : Math.max(0.0001, costUsd - (dollars(before) ?? 0));
    const words =
      adapter === undefined
        ? typeof options.command === 'string'
          ? ['-c', options.command]
          : (options.command ?? []).slice(1)
        : adapter.arguments({ prompt, options, externalId, costUsdLeft });
    const keys = (adapter?.credentials ?? []).flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      program: this.#program,
      arguments: words,
      environment: {
        ...commandEnvironment({ home: devbox.box.place.home, temporary: devbox.box.temporary }),
        ...devbox.environment,
        ...adapter?.environment,
        ...Object.fromEntries(keys),
        ...wired?.environment,
        ...(wired === undefined || this.#sessionId === null
          ? {}
          : { LOOM_SESSION: this.#sessionId }),
        ...this.#telemetry(devbox.environment[RESOURCE]),
        ...options.environment,
        ...(adapter === undefined ? { LOOM_PROMPT: prompt } : {}),
      },
    };
  }

  /** Whatever the agent reports by OpenTelemetry says whose it is, beside what the operator has it say. */
  #telemetry(given: string | undefined): Record<string, string> {
    const { workItemId } = this.#request;
    const said = [
      ...(given === undefined || given === '' ? [] : [given]),
      ...(this.#sessionId === null ? [] : [`loom.session=${this.#sessionId}`]),
      ...(workItemId === null ? [] : [`loom.work_item=${workItemId}`]),
    ];
    return said.length === 0 ? {} : { [RESOURCE]: said.join(',') };
  }

  #meeting: Promise<void> = Promise.resolve();

  /** Registers the session as ours under the agent's own id, so that its hooks speak of the same one. */
  #meet(devbox: Devbox, externalId: string, model: string | undefined): Promise<void> {
    this.#meeting = this.#meeting.then(async () => {
      if (this.#sessionId !== null) return;
      const { options, task, workItemId, baseSha } = this.#request;
      const { id } = await this.#deps.sessions.start(
        {
          agent: options.agent,
          externalId,
          model: model ?? options.model,
          repository: task.repository,
          branch: task.branch,
          baseSha,
          cwd: devbox.box.place.tree,
          intent: task.title,
          workItemId: workItemId ?? undefined,
          parentId: this.#row.session_id ?? undefined,
        },
        this.#operator,
      );
      this.#sessionId = id;
      const key = { run_id: this.#row.run_id, step_name: this.#row.step_name };
      await store.bindSession(this.#deps.db, key, { id, externalId, model: model ?? null });
      await this.#deps.devboxes.bind(devbox, id);
    });
    this.#meeting.catch(() => {});
    return this.#meeting;
  }

  /** Until the program has ended: signs of life, use so far, the clock of the budget, a deleted tree. */
  async #watch(
    devbox: Devbox,
    child: AgentProcess,
    with_: { checkBudget(): void; usedNow(): store.Used; stopFor(why: Failure): void },
  ): Promise<ProcessEnd> {
    const { db, log, sessions } = this.#deps;
    const { signal } = this.#context;
    const report = (error: unknown) => log.warn({ err: error }, 'an agent could not be recorded');
    const key = { run_id: this.#row.run_id, step_name: this.#row.step_name };
    let endedLooks = 0;
    /** A breaker or a person ended the session; an agent without hooks would not hear of it. */
    const stopIfEnded = async () => {
      if (this.#sessionId === null) return;
      const session = await sessions.find(this.#sessionId);
      endedLooks = session?.state === 'ended' ? endedLooks + 1 : 0;
      if (endedLooks < ENDED_LOOKS) return;
      const why = maskSecrets(session?.endReason ?? '').slice(0, 300);
      with_.stopFor({ code: 'agents.stopped', message: `Its session was ended: ${why}.` });
    };
    const recorder = setInterval(() => {
      with_.checkBudget();
      if (!isThere(devbox.box)) {
        with_.stopFor({
          code: 'agents.tree_gone',
          message: 'The work tree was deleted under the session.',
        });
      }
      store.recordUse(db, key, with_.usedNow()).catch(report);
      stopIfEnded().catch(report);
    }, this.#deps.recordEveryMs ?? RECORD_MS);
    const heart = setInterval(() => {
      if (this.#sessionId !== null) sessions.touch(this.#sessionId).catch(report);
    }, HEARTBEAT_MS);
    let hurry: NodeJS.Timeout | undefined;
    const onAbort = () => {
      child.stop();
      hurry = setTimeout(() => child.kill(), HURRY_MS);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await child.ended;
    } finally {
      clearInterval(recorder);
      clearInterval(heart);
      clearTimeout(hurry);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes from the agent what it proved itself with. Again, it changes nothing. */
  async unwire(): Promise<void> {
    const wired = this.#wired;
    this.#wired = undefined;
    await wired?.[Symbol.asyncDispose]();
  }

  async #finish(
    devbox: Devbox,
    git: GitRepository,
    done: {
      end: ProcessEnd;
      failure: Failure | undefined;
      isAborted: boolean;
      used: store.Used;
      answer: string;
      toolCalls: number;
    },
  ): Promise<AgentOutcome> {
    const { clock, devboxes, sessions } = this.#deps;
    const { task, options, baseSha, keepsWork } = this.#request;
    const { end, isAborted, used, answer } = done;
    let { failure } = done;
    const why = failure?.message ?? 'it has ended';
    let headSha = this.#request.headSha ?? baseSha;
    // First of all: whatever the agent left in files or commits opens nothing any more.
    await this.unwire();
    if (keepsWork) {
      const trailer = this.#sessionId === null ? '' : `\n\nLoom-Session: ${this.#sessionId}\n`;
      const message = `${task.title.slice(0, 200) || 'Work of an agent'}${trailer}`;
      const { correlationId } = this.#context.run;
      const closed = await devboxes.close(devbox, { message, why, correlationId });
      ({ headSha } = closed);
      if (closed.state === 'lost') {
        failure ??= {
          code: 'agents.tree_gone',
          message: 'The work tree was deleted under the session.',
        };
      }
    } else {
      await devboxes.discard(devbox, why);
    }
    if (this.#sessionId !== null) await sessions.end(this.#sessionId, why.slice(0, 400));
    const changedFiles = (await git.changedFiles(baseSha, headSha)).map(({ path }) => path);
    const handover =
      failure === undefined
        ? null
        : renderHandover({
            agent: options.agent,
            why: failure.message,
            toolCalls: done.toolCalls,
            commits: await subjects(git, baseSha, headSha),
            changedFiles,
            answer,
            at: clock.now(),
          });
    return {
      failure,
      isAborted,
      row: this.#row,
      headSha,
      sessionId: this.#sessionId,
      used,
      answer,
      output: end.output,
      exitCode: end.exitCode,
      handover,
      changedFiles,
    };
  }
}

async function subjects(git: GitRepository, baseSha: string, headSha: string): Promise<string[]> {
  if (baseSha === headSha) return [];
  const found: string[] = [];
  for await (const { subject } of git.log({ to: headSha, from: baseSha, limit: 20 }))
    found.push(subject);
  return found;
}

function isOnPath(program: string, path: string): boolean {
  const places = program.includes('/')
    ? [program]
    : path.split(delimiter).map((folder) => join(folder, program));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const tokensOf = (used: store.Used) => ({
  input: used.inputTokens,
  cached: used.cachedTokens,
  output: used.outputTokens,
});
const dollars = ({ costUsdMicros }: store.Used) =>
  costUsdMicros === null ? undefined : costUsdMicros / 1_000_000;
