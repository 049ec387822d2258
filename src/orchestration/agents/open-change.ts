/**
 * `change.open`: brings the work of the steps before to its host and opens a change of it, which then has
 * its own verdict and its own workflow. Done again after a crash, there is one branch and one change.
 */
import { z } from 'zod';
import type { CodeHost } from '#connectors/contract';
import { pushBranch } from '#git';
import { AppError, checkValue } from '#kernel';
import { forGood } from '../steps/subject.ts';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import type { AgentDeps } from './deps.ts';
import { makerOf, workOf } from './work.ts';

const Options = z.strictObject({
  /** Base of the change; the default branch where it is left out. */
  base: z.string().min(1).max(200).optional(),
  title: z.string().min(1).max(200).optional(),
});

export interface OpenChangeDeps extends Pick<AgentDeps, 'context' | 'work' | 'clock'> {
  hostOf(name: string): CodeHost | undefined;
}

/** The work, or the line to the host, may be on another node: it is asked again soon. */
const ELSEWHERE_MS = 5_000;
const MAX_TEXT = 10_000;

export function createOpenChangeStep(deps: OpenChangeDeps): StepHandler {
  async function run(context: StepContext): Promise<StepResult> {
    const options = checkValue(Options, context.step.with, 'steps.bad_options');
    const work = workOf(context);
    // A person's own agent, as `agent.run` with `mode: wait` asks for, has pushed by itself.
    const isOpen = Object.values(context.inputs).some(
      ({ changeId }) => typeof changeId === 'string',
    );
    if (work === undefined || isOpen) {
      return { outcome: 'done', message: 'There is nothing to open: whoever worked has pushed.' };
    }
    const { repository: name, workItemId, title, input } = context.run;
    const known = name === null ? undefined : await deps.context.findRepository(name);
    if (known === undefined) return forGood('This step needs a repository that is imported.');
    if (work.headSha === work.baseSha)
      return { outcome: 'done', message: 'Nothing was changed, so there is nothing to open.' };
    const host = deps.hostOf(known.host);
    const git = await deps.context.openMirror(known.name);
    const head = await git.resolve(work.headSha);
    if (host?.openChange === undefined || head === undefined) {
      const what = head === undefined ? 'The work is' : `The line to ${known.host} is`;
      return waitElsewhere(deps, `${what} not on this node.`);
    }
    const defaultBranch = await git.defaultBranch();
    const baseBranch = options.base ?? defaultBranch;
    if (baseBranch === undefined) return forGood(`${known.name} has no default branch.`);
    if ([baseBranch, defaultBranch].includes(work.branch)) {
      return forGood(`Work on ${work.branch} would land without a verdict: name another branch.`);
    }
    const item = workItemId === null ? undefined : await deps.work.find(workItemId);
    const { sessionId } = makerOf(context);
    try {
      const source = await host.fetchSource(known.name);
      await pushBranch(git.dir, { ...source, branch: work.branch, sha: head });
      const opened = await host.openChange({
        repository: known.name,
        branch: work.branch,
        baseBranch,
        title: (options.title ?? item?.title ?? title).slice(0, 200),
        text: describe({
          text: item?.text ?? (typeof input['text'] === 'string' ? input['text'] : ''),
          workItemId,
          sessionId: typeof sessionId === 'string' ? sessionId : null,
        }),
      });
      return {
        outcome: 'done',
        output: { ...work, ...makerOf(context), url: opened.url ?? null },
        message: `${work.branch} is on ${known.host}, and a change is open.`,
      };
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      return forGood(`${error.message} (${error.code})`);
    }
  }
  return { kind: 'change.open', run, onSignal: run };
}

function waitElsewhere({ clock }: OpenChangeDeps, message: string): StepResult {
  const dueAt = new Date(clock.now().getTime() + ELSEWHERE_MS);
  return { outcome: 'waiting', on: 'change:elsewhere', message, dueAt };
}

/** Trailers tie the change to whoever wanted it and whoever made it. */
function describe(about: {
  text: string;
  workItemId: string | null;
  sessionId: string | null;
}): string {
  const trailers = [
    ...(about.workItemId === null ? [] : [`Loom-Work-Item: ${about.workItemId}`]),
    ...(about.sessionId === null ? [] : [`Loom-Session: ${about.sessionId}`]),
  ].join('\n');
  return [about.text.slice(0, MAX_TEXT), trailers].filter((part) => part !== '').join('\n\n');
}
