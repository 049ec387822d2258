/** `context.pack`: what the organisation knows about the files of the change, for whoever looks at it. */
import { AppError } from '#kernel';
import type { StepHandler } from '../steps.ts';
import type { StepDeps } from './deps.ts';
import { findSubject } from './subject.ts';

const MAX_PATHS = 200;

export function createPackStep(deps: StepDeps): StepHandler {
  return {
    kind: 'context.pack',
    async run(context) {
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
        // Knowledge helps and decides nothing: without it the change goes on, and says so.
        if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
        return { outcome: 'done', output: { packId: null }, message: error.message };
      }
    },
  };
}
