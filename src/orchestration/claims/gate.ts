/** The gates a session's work passes: commit, push, merge. What stops there is kept, and said plainly. */
import type { Id, Queryable, Tx } from '#kernel';
import { ORCHESTRATION } from '../deps.ts';
import { leaveNotes } from '../notes/index.ts';
import type { ClaimService, GateAnswer } from '../service.ts';
import type { ClaimDeps } from './deps.ts';
import { claimFenced } from './events.ts';
import * as fences from './fence-store.ts';
import { explainFencing, judgeWrites, pushChoices, type Stopped } from './fencing.ts';
import { narrow } from './narrow.ts';
import { holdersOf } from './path.ts';
import { unknownSession } from './problems.ts';
import * as store from './store.ts';

/** Of so many files of one commit each is looked up; a larger change is stopped by nothing here. */
const MAX_PATHS = 5_000;

export async function passGate(
  deps: ClaimDeps,
  request: Parameters<ClaimService['gate']>[0],
): Promise<GateAnswer> {
  const { sessionId, repository, gate, paths } = request;
  const stopped = await findStopped(deps.db, deps, { sessionId, repository, paths });
  return deps.db.transaction(async (tx) => {
    const session = await store.lockSession(tx, sessionId);
    if (session === undefined) throw unknownSession(sessionId);
    if (stopped.length > 0) {
      const found = { repository, headSha: request.headSha ?? null, gate };
      await record(tx, deps, session, found, stopped);
      return toAnswer(stopped, gate, sessionId);
    }
    if (gate === 'commit') {
      await narrow(tx, deps, session, {
        repository,
        changed: [...paths, ...(request.dirty ?? [])],
      });
    }
    return { outcome: 'open' };
  });
}

/**
 * At a merge only what was stopped at the push of this very commit is looked at again: work that was
 * finished under a good lease stays good when the lease ends afterwards.
 */
export async function passMerge(
  deps: ClaimDeps,
  change: { repository: string; headSha: string },
): Promise<GateAnswer> {
  const written = await fences.findFencedWrites(deps.db, change.repository, change.headSha);
  if (written.length === 0) return { outcome: 'open' };
  const sessionId = written[0]!.session_id;
  const paths = written.map(({ path }) => path);
  const { repository } = change;
  const stopped = await findStopped(deps.db, deps, { sessionId, repository, paths });
  return stopped.length === 0 ? { outcome: 'open' } : toAnswer(stopped, 'merge', sessionId);
}

/** Keeps in the intake's transaction what a push changed without the right to. */
export async function recordPush(
  tx: Tx,
  deps: ClaimDeps,
  push: {
    sessionId: Id<'ses'>;
    repository: string;
    headSha: string;
    previousHeadSha: string | null;
    paths: readonly string[];
  },
): Promise<void> {
  const before =
    push.previousHeadSha === null
      ? []
      : await fences.findFencedWrites(tx, push.repository, push.previousHeadSha);
  const paths = [...push.paths, ...before.map(({ path }) => path)];
  const stopped = await findStopped(tx, deps, { ...push, paths });
  if (stopped.length === 0) return;
  const session = await store.lockSession(tx, push.sessionId);
  if (session === undefined) return;
  const { repository, headSha } = push;
  await record(tx, deps, session, { repository, headSha, gate: 'push' }, stopped);
}

async function findStopped(
  queryable: Queryable,
  { leaseMs }: ClaimDeps,
  written: { sessionId: string; repository: string; paths: readonly string[] },
): Promise<Stopped[]> {
  const paths = [...new Set(written.paths)].slice(0, MAX_PATHS);
  if (paths.length === 0) return [];
  const family = await fences.findFamily(queryable, written.sessionId);
  const names = [...new Set(paths.flatMap(holdersOf))];
  const history = await fences.findLast(queryable, written.repository, family, names, leaseMs);
  return judgeWrites(paths, history);
}

async function record(
  tx: Tx,
  { ledger }: ClaimDeps,
  session: store.HolderSession,
  found: { repository: string; headSha: string | null; gate: string },
  stopped: readonly Stopped[],
): Promise<void> {
  const { headSha } = found;
  const writes = stopped.map(({ path, fence, holderSessionId, holderFence }) => ({
    path,
    fence,
    holderSessionId,
    holderFence,
  }));
  if (headSha !== null) {
    const kept = { ...found, headSha, sessionId: session.id };
    if (!(await fences.insertFencedWrites(tx, kept, writes))) return;
  }
  await ledger.append(tx, claimFenced(session, { ...found, writes }, ORCHESTRATION));
  // Whoever asked before it was taken has been told by the answer.
  if (found.gate === 'commit' || headSha === null) return;
  await leaveNotes(tx, [
    {
      sessionId: session.id,
      kind: 'fenced',
      fromSessionId: writes[0]!.holderSessionId,
      text: explainFencing(stopped, found.gate),
      dedupeKey: `fenced:${found.repository}:${headSha ?? ''}`,
    },
  ]);
}

function toAnswer(stopped: readonly Stopped[], gate: string, sessionId: string): GateAnswer {
  const words = explainFencing(stopped, gate);
  return {
    outcome: 'fenced',
    message: gate === 'push' ? [words, ...pushChoices(stopped, sessionId)].join('\n') : words,
    writes: stopped.map(({ path, fence, holderSessionId, holderFence }) => ({
      path,
      fence,
      holderSessionId,
      holderFence,
    })),
  };
}
