/** `context.pack`: what the organisation knows about the files of the change, for whoever looks at it. */
import { AppError } from '#kernel';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import { findWorkItem } from '../work/index.ts';
import type { StepDeps } from './deps.ts';
import { findSubject, forGood } from './subject.ts';

const MAX_PATHS = 200;

export function createPackStep(deps: StepDeps): StepHandler {
  return {
    kind: 'context.pack',
    async run(context) {
      if (context.run.changeId === null) return packForWork(deps, context);
      const subject = await findSubject(deps, context);
      if ('failure' in subject) return subject.failure;
      const { change } = subject;
      try {
        const git = await deps.changes.openMirror(change);
        const base = await git.resolve(`refs/heads/${change.baseBranch}`);
        const files = base === undefined ? [] : await git.changedFiles(base, change.headSha);
        const pack = await deps.context.buildPack(
          {
            repository: change.repository,
            title: change.title.slice(0, 2_000) || change.branch,
            text: change.text.slice(0, 50_000),
            paths: files.slice(0, MAX_PATHS).map(({ path }) => path),
            budgetTokens: 4_000,
            ...(change.sessionId === null ? {} : { sessionId: change.sessionId }),
            ...(change.workItemId === null ? {} : { workItemId: change.workItemId }),
          },
          { kind: 'system', id: 'workflow' },
          change.correlationId,
        );
        return {
          outcome: 'done',
          output: { packId: pack.id, items: pack.items.length, tokens: pack.tokens },
        };
      } catch (error) {
        return goOnWithout(error);
      }
    },
  };
}

/** Before there is a change: what bears on the work item. */
async function packForWork(deps: StepDeps, { run }: StepContext): Promise<StepResult> {
  if (run.repository === null) return forGood('This step needs a repository to know about.');
  const item = run.workItemId === null ? undefined : await findWorkItem(deps.db, run.workItemId);
  try {
    const pack = await deps.context.buildPack(
      {
        repository: run.repository,
        title: run.title.slice(0, 2_000) || run.workflow,
        text: (item?.body ?? '').slice(0, 50_000),
        paths: [],
        budgetTokens: 4_000,
        ...(run.workItemId === null ? {} : { workItemId: run.workItemId }),
      },
      { kind: 'system', id: 'workflow' },
      run.correlationId,
    );
    const output = { packId: pack.id, items: pack.items.length, tokens: pack.tokens };
    return { outcome: 'done', output };
  } catch (error) {
    return goOnWithout(error);
  }
}

/** Knowledge helps and decides nothing: without it the run goes on, and says so. */
function goOnWithout(error: unknown): StepResult {
  if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
  return { outcome: 'done', output: { packId: null }, message: error.message };
}
