/** What is read across the rooms about a repository: its X-ray, its context study, the work board. */
import type { ContextService } from '#context';
import { buildXray, type createContextStudies, readBoard } from '#insights';
import { AppError, type Clock } from '#kernel';
import type { Services } from '#surfaces';

export function createInsights(deps: {
  db: Services['db'];
  clock: Clock;
  context: ContextService;
  studies: ReturnType<typeof createContextStudies>;
}): Services['insights'] {
  const { db, clock, context, studies } = deps;
  return {
    async xray(repositoryId, since) {
      const repository = await context.findRepository(repositoryId);
      if (repository === undefined) {
        throw new AppError('not_found', 'context.unknown_repository', {
          message: 'There is no such repository.',
          hint: 'GET /v1/repositories lists them.',
        });
      }
      const git = await context.openMirror(repository.id);
      return buildXray(git, { repository: repository.name, since, now: clock.now() });
    },
    async contextStudy(repositoryId) {
      const repository = await context.findRepository(repositoryId);
      if (repository === undefined || repository.headSha === null) return { state: 'empty' };
      const { dir } = await context.openMirror(repository.id);
      return studies.read({ key: repository.id, dir, head: repository.headSha });
    },
    board: (filter) => readBoard(db, clock.now(), filter),
  };
}
