/** What is being worked on right now that touches some files: claims that are held, changes not merged. */
import type { ContextService, OpenWork } from '#context';
import type { Id } from '#kernel';
import { AppError } from '#kernel';
import type { Change } from './schema.ts';
import type { ChangeService, ClaimService, SessionService } from './service.ts';

const MAX_CLAIMS = 200;
/** Files of changes are read from git, so only the newest are looked at. */
const MAX_CHANGES = 20;
const MAX_CACHED = 500;

/** Makes the look-up; it remembers the files of each head it has read, for these never change. */
export function createOpenWorkFinder(deps: {
  claims: Pick<ClaimService, 'list'>;
  sessions: Pick<SessionService, 'find'>;
  changes: Pick<ChangeService, 'list'>;
  context: Pick<ContextService, 'openMirror'>;
}): (query: {
  repository: string;
  paths: readonly string[];
  exceptSession: string | undefined;
}) => Promise<OpenWork[]> {
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

  return async ({ repository, paths, exceptSession }) => {
    const [claims, changes] = await Promise.all([
      deps.claims.list({ repository, state: 'held', limit: MAX_CLAIMS }),
      deps.changes.list({ repository, state: 'open', limit: MAX_CHANGES }),
    ]);
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
        branch: change.branch,
        url: change.url,
      });
    }
    return [...held, ...open];
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
