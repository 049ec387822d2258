/** Everyone who has something open in a repository: changes with their diffs, sessions with their claims. */
import type { ContextService } from '#context';
import type { GitRepository } from '#git';
import type { Db, Id } from '#kernel';
import type { ClaimService } from '../service.ts';
import type { CollisionSide } from './collision.ts';
import type { FactReader } from './change-facts.ts';
import { liveSessions, openChanges } from './collision-store.ts';

export interface Party {
  side: CollisionSide;
  /** The session behind it: a session does not collide with its own change. */
  sessionId: Id<'ses'> | null;
  /** What it was asked for, and when it began: for guesses. */
  text: { title: string; body: string };
  since: Date;
  /** Moves when it must be looked at again. */
  mark: string;
  baseRef: string | null;
}

export interface KnownParty extends Party {
  /** Null for a session: what it has not pushed is not here. */
  baseSha: string | null;
  paths: readonly string[];
  changedSymbols: readonly string[];
  usedNames: ReadonlySet<string>;
}

/** More open changes than any repository we know of has; the oldest beyond it are left out. */
const MAX_CHANGES = 10_000;
const MAX_SESSIONS = 1_000;
const CLAIMS_PAGE = 200;
const MAX_CLAIM_PAGES = 25;
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * Lists the parties without reading diffs. `editsPerCheck`: a session is due again after so many calls.
 */
export async function listParties(
  db: Db,
  claims: Pick<ClaimService, 'list'>,
  git: GitRepository,
  repository: string,
  editsPerCheck: number,
): Promise<{ parties: Party[]; claimed: Map<string, string[]> }> {
  const [changes, sessions, claimed] = await Promise.all([
    openChanges(db, repository, MAX_CHANGES),
    liveSessions(db, repository, MAX_SESSIONS),
    claimedPaths(claims, repository),
  ]);
  const tips = new Map<string, string>();
  for (const name of new Set(changes.map((change) => change.base_branch)))
    tips.set(name, (await git.resolve(`refs/heads/${name}`)) ?? '');
  const parties = changes.map((change): Party => ({
    side: {
      kind: 'change',
      id: change.id,
      title: change.title,
      by: change.author_name,
      branch: change.branch,
      headSha: change.head_sha,
      url: change.url,
    },
    sessionId: change.session_id,
    text: { title: change.title, body: change.body },
    since: change.opened_at,
    mark: `${change.head_sha} ${tips.get(change.base_branch)}`,
    baseRef: `refs/heads/${change.base_branch}`,
  }));
  const published = new Set(changes.map(({ session_id: id }) => id));
  for (const session of sessions) {
    const paths = claimed.get(session.id) ?? [];
    // What it has pushed speaks for it; until then its claims do.
    if (published.has(session.id) && paths.length === 0) continue;
    const { operator_name: operator } = session;
    parties.push({
      side: {
        kind: 'session',
        id: session.id,
        title: session.intent,
        by: operator === null ? session.agent : `${session.agent} for ${operator}`,
        branch: session.branch,
        headSha: null,
        url: null,
      },
      sessionId: session.id,
      text: { title: session.intent, body: '' },
      since: session.started_at,
      mark: `${Math.floor(session.tool_calls / editsPerCheck)} ${paths.length} ${paths.join(' ').length} ${session.intent.length}`,
      baseRef: null,
    });
  }
  return { parties, claimed };
}

async function claimedPaths(
  claims: Pick<ClaimService, 'list'>,
  repository: string,
): Promise<Map<string, string[]>> {
  const held = new Map<string, string[]>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_CLAIM_PAGES; page += 1) {
    const { items, nextCursor } = await claims.list({
      repository,
      state: 'held',
      limit: CLAIMS_PAGE,
      cursor,
    });
    for (const { sessionId, kind, path } of items) {
      // Issues, ports and intents name no file.
      if (kind !== 'path' && kind !== 'glob' && kind !== 'symbol') continue;
      const paths = held.get(sessionId);
      if (paths === undefined) held.set(sessionId, [path]);
      else paths.push(path);
    }
    if (nextCursor === null || nextCursor === undefined) break;
    cursor = nextCursor;
  }
  for (const paths of held.values()) paths.sort();
  return held;
}

/** Undefined while the commits of a change are not in the mirror. */
export async function knowParty(
  party: Party,
  facts: FactReader,
  git: Awaited<ReturnType<ContextService['openMirror']>>,
  claimed: ReadonlyMap<string, readonly string[]>,
): Promise<KnownParty | undefined> {
  if (party.side.headSha === null || party.baseRef === null) {
    const paths = claimed.get(party.side.id) ?? [];
    return { ...party, baseSha: null, paths, changedSymbols: [], usedNames: NO_NAMES };
  }
  const read = await facts.read(git, party.baseRef, party.side.headSha);
  return read === undefined ? undefined : { ...party, ...read };
}
