/**
 * What is being worked on right now that touches some files: claims that are held, changes not merged, what
 * was found to collide with the asking session's own work, and work that seems to be the same.
 */
import type { ContextService, FindOpenWork, OpenWork } from '#context';
import { AppError, type Id, isId } from '#kernel';
import type { Change } from './schema.ts';
import type { CollisionService } from './overlap/index.ts';
import type { ChangeService, ClaimService, SessionService } from './service.ts';

const MAX_CLAIMS = 200;
/** Files of changes are read from git, so only the newest are looked at. */
const MAX_CHANGES = 20;
const MAX_CACHED = 500;
const MAX_COLLISIONS = 10;

/** Makes the look-up; it remembers the files of each head it has read, for these never change. */
export function createOpenWorkFinder(deps: {
  claims: Pick<ClaimService, 'list'>;
  sessions: Pick<SessionService, 'find'>;
  changes: Pick<ChangeService, 'list'>;
  collisions: Pick<CollisionService, 'list' | 'findSameWork'>;
  context: Pick<ContextService, 'openMirror'>;
}): FindOpenWork {
  const files = new Map<string, readonly string[]>();

  async function filesOf(change: Change): Promise<readonly string[]> {
    const known = files.get(change.headSha);
    if (known !== undefined) return known;
    try {
      const git = await deps.context.openMirror(change.repository);
      const base = await git.resolve(`refs/heads/${change.baseBranch}`);
      if (base === undefined) return [];
      const paths = (await git.changedFiles(base, change.headSha)).map(({ path }) => path);
      if (files.size >= MAX_CACHED) files.delete(files.keys().next().value!);
      files.set(change.headSha, paths);
      return paths;
    } catch (error) {
      // Its commits may not have been fetched yet; the next pack will know.
      if (!(error instanceof AppError)) throw error;
      return [];
    }
  }

  /** Collisions of a session or change that stand, seen from it. */
  async function collisionsOf(repository: string, side: string): Promise<OpenWork[]> {
    const { items } = await deps.collisions.list({
      repository,
      state: 'open',
      side,
      limit: MAX_COLLISIONS,
    });
    return items.flatMap(({ sides, paths, why, foundAt }): OpenWork[] => {
      const other = sides.find(({ id }) => id !== side);
      if (other === undefined) return [];
      return [
        {
          kind: 'collision',
          id: other.id,
          title: other.title,
          by: other.by,
          paths,
          since: foundAt,
          until: null,
          finding: why,
          branch: other.branch,
          url: other.url,
        },
      ];
    });
  }

  async function sameWork(query: Parameters<FindOpenWork>[0]): Promise<OpenWork[]> {
    const { repository, title, text, exceptSession } = query;
    const found = await deps.collisions.findSameWork({
      repository,
      title,
      text,
      ...(exceptSession !== undefined && isId('ses', exceptSession)
        ? { exceptSessionId: exceptSession }
        : {}),
    });
    // An item nobody works on is no collision; it may be the very task.
    return found
      .filter(({ kind }) => kind !== 'work-item')
      .map(({ id, title: theirs, by, since, url, why }) => ({
        kind: 'same-work',
        id,
        title: theirs,
        by,
        paths: [],
        since,
        until: null,
        finding: why,
        branch: null,
        url,
      }));
  }

  return async (query) => {
    const { repository, paths, exceptSession } = query;
    const [claims, changes, same] = await Promise.all([
      deps.claims.list({ repository, state: 'held', limit: MAX_CLAIMS }),
      deps.changes.list({ repository, state: 'open', limit: MAX_CHANGES }),
      sameWork(query),
    ]);
    const own = changes.items.filter(
      ({ sessionId }) => sessionId !== null && sessionId === exceptSession,
    );
    const sides = exceptSession === undefined ? [] : [exceptSession, ...own.map(({ id }) => id)];
    const collisions = (
      await Promise.all(sides.map((side) => collisionsOf(repository, side)))
    ).flat();
    const wanted = new Set(paths);
    const held = claims.items
      .filter(({ sessionId }) => sessionId !== exceptSession)
      .filter(({ path }) => paths.some((one) => one === path || one.startsWith(folderOf(path))))
      .map((claim): OpenWork => ({
        kind: 'claim',
        id: claim.id,
        title: claim.intent,
        by: claim.agent,
        paths: paths.filter((one) => one === claim.path || one.startsWith(folderOf(claim.path))),
        since: claim.grantedAt,
        until: claim.leaseUntil,
        finding: null,
        branch: null,
        url: null,
      }));
    const open: OpenWork[] = [];
    for (const change of changes.items) {
      if (change.sessionId !== null && change.sessionId === exceptSession) continue;
      const touched = (await filesOf(change)).filter((path) => wanted.has(path));
      if (touched.length === 0) continue;
      open.push({
        kind: 'change',
        id: change.id,
        title: change.title,
        by: await authorOf(change),
        paths: touched,
        since: change.openedAt,
        until: null,
        finding: null,
        branch: change.branch,
        url: change.url,
      });
    }
    // Of one piece of work the surest is told: a collision before a likeness, both before a shared path.
    const told = new Map<string, OpenWork>();
    for (const work of [...collisions, ...held, ...same, ...open])
      if (!told.has(work.id)) told.set(work.id, work);
    return [...told.values()];
  };

  async function authorOf(change: Change): Promise<string> {
    const id: Id<'ses'> | null = change.sessionId;
    const session = id === null ? undefined : await deps.sessions.find(id);
    return session === undefined ? change.authorName : `${session.agent} for ${change.authorName}`;
  }
}

/** A claim of a folder ends in a slash; that of a file holds nothing below it. */
function folderOf(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
