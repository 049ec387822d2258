/**
 * `autofix`: formatters, linters and lock files put right what they can, and that is committed before
 * anybody judges the work. Its commands are the repository's, read at the base.
 */
import { z } from 'zod';
import type { GitRepository } from '#git';
import { checkValue, type JsonObject } from '#kernel';
import { runInBox } from '../devbox/index.ts';
import { maskSecrets } from '../steps/mask-secrets.ts';
import { forGood } from '../steps/subject.ts';
import type { StepHandler, StepResult } from '../steps.ts';
import type { AgentDeps } from './deps.ts';
import { makerOf, workOf } from './work.ts';

const Options = z.strictObject({
  /** Instead of those of `.loom/devbox.yaml`, else of those known by the files of the repository. */
  commands: z.array(z.string().min(1).max(4_000)).max(20).optional(),
  /** How long each may take. */
  minutes: z.int().min(1).max(120).default(10),
});

export function createAutofixStep(deps: AgentDeps): StepHandler {
  return {
    kind: 'autofix',
    async run(context): Promise<StepResult> {
      const options = checkValue(Options, context.step.with, 'steps.bad_options');
      const { run, step, signal } = context;
      const work = workOf(context);
      if (run.repository === null || work === undefined) {
        return forGood('This step needs the work of another, such as agent.run.');
      }
      const { branch, baseSha, headSha } = work;
      const devbox = await deps.devboxes.open({
        repository: run.repository,
        baseSha,
        headSha,
        branch,
        runId: run.id,
        stepName: step.name,
        correlationId: run.correlationId,
        signal,
      });
      const git = await deps.context.openMirror(run.repository);
      const commands =
        options.commands ?? devbox.plan.autofix ?? (await findAutofixes(git, baseSha, headSha));
      const done: JsonObject[] = [];
      for (const command of commands) {
        const result = await runInBox(devbox.box, {
          command,
          environment: devbox.environment,
          timeoutMs: options.minutes * 60_000,
          clock: deps.clock,
          signal,
          onStart: (pid) => void deps.devboxes.noteProcess(devbox, pid).catch(() => {}),
        });
        done.push({
          command,
          exitCode: result.exitCode,
          stopped: result.stopped,
          output: result.output.slice(-2_000),
        });
      }
      const message = `Apply automatic fixes\n\n${commands.map((one) => `- ${maskSecrets(one)}`).join('\n')}\n`;
      const closed = await deps.devboxes.close(devbox, {
        message,
        why: 'the fixes were applied',
        correlationId: run.correlationId,
      });
      if (signal.aborted)
        return { outcome: 'failed', message: 'The fixes were stopped before their end.' };
      if (closed.state === 'lost')
        return { outcome: 'failed', message: 'The work tree was deleted.' };
      const changed = await git.changedFiles(headSha, closed.headSha);
      const paths = changed.map(({ path }) => path);
      return {
        outcome: 'done',
        output: {
          ...makerOf(context),
          branch,
          baseSha,
          headSha: closed.headSha,
          isChanged: closed.headSha !== headSha,
          fixedFiles: paths.slice(0, 200),
          commands: done,
        },
        message:
          commands.length === 0
            ? 'Nothing is known that fixes by itself here.'
            : `${commands.length} ${commands.length === 1 ? 'command' : 'commands'} changed ${paths.length} files.`,
      };
    },
  };
}

const Scripts = z.object({ scripts: z.record(z.string(), z.string()).default({}) });
/** Scripts people use for fixing, in the order they should run. */
const FIXING_SCRIPTS = ['lint:fix', 'fix', 'format', 'fmt', 'prettier:write'] as const;

/** What fixes by itself, by the files at the base. A program that is not there is no failure. */
export async function findAutofixes(
  git: GitRepository,
  baseSha: string,
  headSha: string,
): Promise<string[]> {
  const read = (path: string) => git.readText(baseSha, path).catch(() => undefined);
  const found: string[] = [];
  const packageText = await read('package.json');
  if (packageText !== undefined) {
    const parsed = Scripts.safeParse(parse(packageText));
    const scripts = parsed.success ? parsed.data.scripts : {};
    const wanted = FIXING_SCRIPTS.filter((name) => scripts[name] !== undefined);
    found.push(...wanted.map((name) => `npm run --silent ${name}`));
    const changed = new Set((await git.changedFiles(baseSha, headSha)).map(({ path }) => path));
    const isLockBehind = changed.has('package.json') && !changed.has('package-lock.json');
    if (isLockBehind && (await read('package-lock.json')) !== undefined) {
      found.push('npm install --package-lock-only --ignore-scripts --no-audit --no-fund');
    }
  }
  if ((await read('Cargo.toml')) !== undefined) found.push('cargo fmt');
  if ((await read('go.mod')) !== undefined) found.push('gofmt -w .');
  const python = (await read('pyproject.toml')) ?? '';
  if (/^\[tool\.ruff/m.test(python))
    found.push('ruff check --fix --quiet . ; ruff format --quiet .');
  else if (/^\[tool\.black/m.test(python)) found.push('black --quiet .');
  return found;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
