/** Asking people and teams for their review. */
import type { Logger } from '#kernel';
import type { RepositoryClient } from './client.ts';
import { statusOf } from './failures.ts';

export async function requestReviews(
  { octokit, owner, repo }: RepositoryClient,
  pull_number: number,
  logins: readonly string[],
  log: Logger,
): Promise<void> {
  const { data: pull } = await octokit.rest.pulls.get({ owner, repo, pull_number });
  const asked = new Set([
    // GitHub refuses the whole request when the author is among the reviewers.
    pull.user?.login.toLowerCase(),
    ...(pull.requested_reviewers ?? []).map(({ login }) => login.toLowerCase()),
    ...(pull.requested_teams ?? []).map(({ slug }) => `${owner}/${slug}`.toLowerCase()),
  ]);
  const wanted = [...new Set(logins.map((login) => login.replace(/^@/, '')))].filter(
    (login) => login !== '' && !asked.has(login.toLowerCase()),
  );
  if (wanted.length === 0) return;

  const ask = async (names: readonly string[]): Promise<void> => {
    await octokit.rest.pulls.requestReviewers({
      owner,
      repo,
      pull_number,
      reviewers: names.filter((name) => !name.includes('/')),
      team_reviewers: names
        .filter((name) => name.includes('/'))
        .map((name) => name.slice(name.indexOf('/') + 1)),
    });
  };
  try {
    await ask(wanted);
  } catch (error) {
    if (statusOf(error) !== 422) throw error;
    // One who cannot be asked, such as somebody who left, takes all others down; so one by one.
    for (const name of wanted) {
      try {
        await ask([name]);
      } catch (refusal) {
        if (statusOf(refusal) !== 422) throw refusal;
        log.info({ repository: `${owner}/${repo}`, reviewer: name }, 'a reviewer cannot be asked');
      }
    }
  }
}
