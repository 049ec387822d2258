/** The local forge as a code host: carries verdicts, reviewers and merges back to the repositories. */
import type { CodeHost, HostChange } from '#connectors/contract';
import { openRepository } from '#git';
import type { Clock, Logger } from '#kernel';
import type { Deliverer } from './deliverer.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { mergeBranch } from './merge.ts';
import { type ChangeReports, MAX_VERDICTS, readReports, writeReports } from './reports.ts';
import { findRepository, guard } from './repository-folder.ts';
import { checkBranchName } from './repository-name.ts';
import { LOCAL } from './source.ts';

export interface LocalHost extends CodeHost {
  /** What was published about a change: verdicts, comment, reviewers asked. */
  describe(change: Pick<HostChange, 'repository' | 'branch'>): Promise<ChangeReports>;
}

export function createLocalHost(deps: {
  folder: string;
  lock: KeyedLock;
  deliverer: Deliverer;
  clock: Clock;
  log: Logger;
}): LocalHost {
  const { folder, lock, deliverer, clock, log } = deps;

  /** Changes the reports of one change; two at once wait for each other. */
  async function edit(
    { repository, branch }: HostChange,
    work: (reports: ChangeReports) => ChangeReports,
  ): Promise<void> {
    checkBranchName(branch);
    await lock.run(`${repository}:reports`, async () => {
      const dir = await findRepository(folder, repository);
      await writeReports(dir, work(await readReports(dir, branch)));
    });
  }

  return {
    name: LOCAL,

    async fetchSource(repository) {
      return { url: await findRepository(folder, repository) };
    },

    async publishVerdict({ change, lane, conclusion, title, summary, detailsUrl }) {
      const { headSha } = change;
      const publishedAt = clock.now().toISOString();
      const verdict = { headSha, lane, conclusion, title, summary, detailsUrl, publishedAt };
      await edit(change, (reports) => {
        const others = reports.verdicts.filter((other) => other.headSha !== headSha);
        return { ...reports, verdicts: [...others, verdict].slice(-MAX_VERDICTS) };
      });
      return { externalId: `${change.repository}:${change.branch}@${headSha}:verdict` };
    },

    async upsertComment(change, markdown) {
      await edit(change, (reports) => ({ ...reports, comment: markdown }));
      return { externalId: `${change.repository}:${change.branch}:comment` };
    },

    // Each branch is a change here; the news of it is all that is missing.
    async openChange({ repository, branch }) {
      checkBranchName(branch);
      await deliverer.deliver(repository);
      return { externalId: `${repository}:${branch}` };
    },

    async requestReviewers(change, logins) {
      await edit(change, (reports) => {
        const reviewers = [...new Set([...reports.reviewers, ...logins])].sort();
        return { ...reports, reviewers };
      });
    },

    async merge(request) {
      const { repository, branch, baseBranch } = request.change;
      checkBranchName(branch);
      checkBranchName(baseBranch);
      const dir = await findRepository(folder, repository);
      const git = openRepository(dir);
      const result = await lock.run(
        repository,
        async () => await mergeBranch(git, request, clock.now()),
      );
      if (result.outcome !== 'merged') return result;
      try {
        await deliverer.deliver(repository);
      } catch (error) {
        // The merge stands whatever becomes of the news; the next push or sweep brings it.
        log.warn({ err: error, repository }, 'a merge was made but not delivered');
      }
      return result;
    },

    async auditProtection(repository) {
      const dir = await findRepository(folder, repository);
      await guard(dir);
      const branch = (await openRepository(dir).defaultBranch()) ?? 'main';
      const text = `Only LoomStack's own merges move ${branch}: pushes to it, and its deletion, are refused.`;
      return { repository, branch, findings: [{ code: 'pushes-refused', level: 'ok', text }] };
    },

    async describe({ repository, branch }) {
      checkBranchName(branch);
      return await readReports(await findRepository(folder, repository), branch);
    },
  };
}
