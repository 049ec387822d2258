/** What the policy of a repository says of its data, for the context graph, which knows no policy. */
import type { DataClass } from '#context';
import type { GitRepository } from '#git';
import type { Logger } from '#kernel';
import { POLICY_PATH, type PolicyService } from '#policy';

/** A policy that cannot be read leaves the graph without controls, and the import whole. */
export function dataClassesIn(deps: {
  policy: Pick<PolicyService, 'leaderTerms'>;
  log: Logger;
}): (repository: string, git: GitRepository, sha: string) => Promise<DataClass[]> {
  return async (repository, git, sha) => {
    try {
      const { data, version } = await deps.policy.leaderTerms(repository, git, sha);
      return data.flatMap(({ name, paths, standard }) =>
        standard === null
          ? []
          : [
              {
                name,
                paths,
                controls: [standard],
                source: { path: POLICY_PATH, revision: version },
              },
            ],
      );
    } catch (err) {
      deps.log.warn({ err, repository }, 'data classes of a policy could not be read');
      return [];
    }
  };
}
