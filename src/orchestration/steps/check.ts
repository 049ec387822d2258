/**
 * `check.command`: runs a command on what would land, in a checkout that is thrown away. The command
 * is the workflow's, read at the base; the change cannot pick another. What is tested is the merge of
 * head and base, because two changes that pass alone may fail together; with conflicts there is
 * nothing to test, and the check says so.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { GitRepository } from '#git';
import { AppError, checkValue } from '#kernel';
import { joinHeads, type LandingQueueDeps } from '../landing/index.ts';
import type { Change } from '../schema.ts';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import { forgetCheck, noteCheck } from './abandoned-checks.ts';
import { openCheckRoom } from './check-user.ts';
import { findDefaultCommand } from './default-command.ts';
import type { StepDeps } from './deps.ts';
import { commandEnvironment, type CommandResult, runCommand } from './run-command.ts';
import { findSubject, stepRefs } from './subject.ts';

const Options = z.strictObject({
  command: z.union([z.string().min(1), z.array(z.string()).min(1)]).optional(),
  /** Added to the clean environment. Not for secrets: the file is in the repository. */
  environment: z.record(z.string(), z.string()).default({}),
});

type CheckoutDeps = Pick<StepDeps, 'folder' | 'clock' | 'newId' | 'commandTimeoutMs'>;

export function createCheckStep(deps: StepDeps): StepHandler {
  return {
    kind: 'check.command',
    async run(context) {
      const options = checkValue(Options, context.step.with, 'steps.bad_options');
      const subject = await findSubject(deps, context);
      if ('failure' in subject) return subject.failure;
      const { change } = subject;
      const git = await deps.changes.openMirror(change);
      const baseSha = await git.resolve(`refs/heads/${change.baseBranch}`);
      if (baseSha === undefined || (await git.resolve(change.headSha)) === undefined) {
        throw new AppError('unavailable', 'changes.commit_missing', {
          message: `Commit ${change.headSha.slice(0, 12)} is not in the mirror of ${change.repository} yet.`,
          hint: 'The repository is fetched again soon; if this stays, refresh it by hand.',
        });
      }
      const command = options.command ?? (await findDefaultCommand(git, baseSha));
      if (command === undefined) {
        const words = 'The workflow names no command and the base has none we know.';
        return { outcome: 'done', output: { checks: 'unknown' }, message: words };
      }
      const tested = await testedCommit(git, baseSha, change.headSha);
      if ('conflicts' in tested) {
        const shown = tested.conflicts.slice(0, 10).join(', ');
        return {
          outcome: 'done',
          output: { checks: 'failed', baseSha, conflicts: tested.conflicts.slice(0, 100) },
          message: `Conflicts with ${change.baseBranch} in ${shown}.`,
        };
      }
      const result = await runInCheckout(deps, context, git, tested.sha, command, options);
      if (result.stopped === 'aborted') {
        return { outcome: 'failed', message: 'The check was stopped before its end.' };
      }
      return toResult(context, change, { command, baseSha, ...tested, result });
    },
  };
}

/** Runs one check on a commit, as a step would; for whoever lands it. */
export function createTreeTest(deps: CheckoutDeps): LandingQueueDeps['test'] {
  return async (git, { sha, baseSha, check }, signal) => {
    const options = checkValue(Options, check, 'steps.bad_options');
    const command = options.command ?? (await findDefaultCommand(git, baseSha));
    if (command === undefined) return { outcome: 'passed' };
    const result = await runInCheckout(deps, { signal }, git, sha, command, options);
    if (result.stopped === 'aborted') return { outcome: 'stopped' };
    if (result.exitCode === 0 && result.stopped === null) return { outcome: 'passed' };
    const words = typeof command === 'string' ? command : command.join(' ');
    const output = `${describeResult(words, result)}\n${result.output}`;
    return { outcome: 'failed', command: words, output };
  };
}

/** The head where the base is part of it; else the merge of both. The same pair gives the same commit. */
async function testedCommit(
  git: GitRepository,
  baseSha: string,
  headSha: string,
): Promise<{ sha: string; isMerge: boolean } | { conflicts: string[] }> {
  const joined = await joinHeads(git, baseSha, [headSha]);
  if ('conflicts' in joined) return { conflicts: joined.conflicts };
  return { sha: joined.sha, isMerge: joined.sha !== headSha };
}

async function runInCheckout(
  { folder, clock, newId, commandTimeoutMs }: CheckoutDeps,
  { signal }: Pick<StepContext, 'signal'>,
  git: GitRepository,
  sha: string,
  command: string | readonly string[],
  options: z.infer<typeof Options>,
): Promise<CommandResult> {
  // A name of its own for each attempt: a killed one may have left its folder behind.
  const name = newId('stp');
  await using stack = new AsyncDisposableStack();
  const room = stack.use(await openCheckRoom(folder, name));
  stack.defer(() => forgetCheck(folder, name));
  const home = join(room.folder, 'home');
  const temporary = join(room.folder, 'tmp');
  const tree = join(room.folder, 'tree');
  await mkdir(home);
  await mkdir(temporary);
  // Deleted with its room, after whatever still runs in it.
  await git.checkout(sha, tree);
  await room.handOver();
  return await runCommand({
    command,
    folder: tree,
    environment: { ...commandEnvironment({ home, temporary }), ...options.environment },
    user: room.user,
    timeoutMs: commandTimeoutMs,
    signal,
    nowMs: () => clock.now().getTime(),
    onStart: (pid) => noteCheck(folder, name, { ...room, pid }),
  });
}

function toResult(
  context: StepContext,
  change: Change,
  check: {
    command: string | readonly string[];
    baseSha: string;
    sha: string;
    isMerge: boolean;
    result: CommandResult;
  },
): StepResult {
  const { result, baseSha } = check;
  const checks = result.exitCode === 0 && result.stopped === null ? 'passed' : 'failed';
  const command = typeof check.command === 'string' ? check.command : check.command.join(' ');
  const facts = {
    checks,
    command,
    exitCode: result.exitCode,
    stopped: result.stopped,
    durationMs: result.durationMs,
    testedSha: check.sha,
    isMergeResult: check.isMerge,
    baseSha,
  };
  return {
    outcome: 'done',
    output: { ...facts, output: result.output, isCut: result.isCut },
    message: describeResult(command, result),
    events: [
      {
        type: 'check.completed',
        subject: change.id,
        actor: { kind: 'system', id: 'workflow' },
        cause: context.cause,
        correlationId: change.correlationId,
        refs: stepRefs(context, change),
        data: facts,
      },
    ],
  };
}

function describeResult(command: string, { exitCode, stopped, durationMs }: CommandResult): string {
  const name = command.slice(0, 200);
  if (stopped === 'timeout')
    return `${name} was stopped after ${Math.round(durationMs / 1_000)} s.`;
  if (stopped === 'not-started') return `${name} could not be started.`;
  if (exitCode === 0) return `${name} passed.`;
  return `${name} failed with exit code ${exitCode ?? 'none (killed)'}.`;
}
