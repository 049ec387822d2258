/** Whether consents to one head count for the next: only where policy says so and no line differs. */
import type { SignalChange } from '#connectors/contract';
import type { ChangeDeps } from './deps.ts';
import type { ChangeFacts } from './gather.ts';
import type { Ancestry } from './newer-head.ts';
import type { ChangeRow } from './store.ts';

export async function approvalsSurvive(
  deps: Pick<ChangeDeps, 'policy'>,
  known: Pick<ChangeRow, 'head_sha' | 'repository' | 'base_branch'>,
  news: {
    signal: { change: SignalChange };
    facts: Pick<ChangeFacts, 'git' | 'baseSha'>;
    ancestry: Ancestry;
  },
): Promise<boolean> {
  const { git, baseSha } = news.facts;
  const { headSha, baseBranch } = news.signal.change;
  if (baseSha === null || headSha === known.head_sha || baseBranch !== known.base_branch) {
    return false;
  }
  const { staleOn, keepOn } = await deps.policy.approvalTerms(known.repository, git, baseSha);
  // A head that holds the old one came by a merge or by more commits; any other was rebased.
  const how = news.ancestry === 'descendant' ? 'update-merge' : 'rebase-without-diff';
  if (staleOn !== 'code-change' || !keepOn.includes(how)) return false;
  const shas = await Promise.all([git.resolve(known.head_sha), git.resolve(headSha)]);
  if (shas.includes(undefined)) return false;
  const before = await git.diffIdentity(baseSha, known.head_sha);
  return before !== undefined && before === (await git.diffIdentity(baseSha, headSha));
}
