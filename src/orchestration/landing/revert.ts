/** Proposes to take back what made a branch red, as a change like any other. */
import { pushBranch } from '#git';
import { AppError } from '#kernel';
import type { LandingQueueDeps } from './deps.ts';
import { revertProposed } from './events.ts';
import type { Lane, Red } from './lane.ts';
import * as lanes from './lane-store.ts';
import { openLaneMirror } from './look.ts';
import { revertOf } from './trees.ts';

type Revert = NonNullable<Red['revert']>;

/** Gives whether it did something. Twice, there is still one branch and one change. */
export async function proposeRevert(deps: LandingQueueDeps, lane: Lane): Promise<boolean> {
  const { red } = lane;
  if (red?.culprit === undefined || red.revert !== undefined) return false;
  const revert = await propose(deps, lane, { ...red, culprit: red.culprit });
  if (revert === undefined) return false;
  const { db, ledger } = deps;
  return db.transaction(async (tx) => {
    const { culprit: sha, culpritChangeId: changeId } = red;
    if (!(await lanes.saveLane(tx, { ...lane, red: { ...red, revert } }))) return false;
    if (revert.state === 'proposed') {
      const { branch } = revert;
      await ledger.append(tx, revertProposed(lane, { sha: sha!, changeId, branch }));
    }
    return true;
  });
}

/** Undefined where this node cannot, and another may. */
async function propose(
  deps: LandingQueueDeps,
  lane: Lane,
  red: Red & { culprit: string },
): Promise<Revert | undefined> {
  const { repository, baseBranch } = lane;
  const known = await deps.context.findRepository(repository);
  const git = await openLaneMirror(deps, lane, [{ headSha: red.culprit }]);
  const mainSha = await git?.resolve(`refs/heads/${baseBranch}`);
  const commit = await git?.commit(red.culprit);
  if (known === undefined || git === undefined || mainSha === undefined) return undefined;
  if (commit === undefined) return undefined;
  const host = deps.hostOf(known.host);
  if (host === undefined) return undefined;
  if (host.openChange === undefined) {
    return { state: 'unsupported', why: `Nobody opens changes on ${known.host} for us.` };
  }
  const title = commit.subject;
  const reason = `Since it landed, ${red.check} fails on ${baseBranch}.`;
  const made = await revertOf(git, mainSha, {
    sha: red.culprit,
    title,
    reason,
    at: commit.committedAt,
  });
  if ('conflicts' in made) {
    const paths = made.conflicts.slice(0, 10).join(', ');
    return { state: 'conflicts', why: `What landed later touches ${paths}.` };
  }
  const branch = `loom/revert-${red.culprit.slice(0, 12)}`;
  try {
    const source = await host.fetchSource(repository);
    await pushBranch(git.dir, { ...source, branch, sha: made.sha });
    await host.openChange({
      repository,
      branch,
      baseBranch,
      title: `Revert "${title}"`.slice(0, 200),
      text: `${reason}\n\n${red.output === '' ? '' : `\`\`\`\n${red.output.replaceAll('```', "'''")}\n\`\`\``}`,
    });
    return { state: 'proposed', branch };
  } catch (error) {
    if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
    return { state: 'failed', why: `${error.message} (${error.code})` };
  }
}
