/** What the repository and our own tables know of a told change. Reads only, outside transactions. */
import type { SignalChange } from '#connectors/contract';
import type { Commit, GitRepository } from '#git';
import type { Id, Queryable } from '#kernel';
import type { WorkflowGraph } from '../service.ts';
import {
  findByBranch,
  findSession,
  sessionInTrailers,
  type SessionRow,
} from '../sessions/index.ts';
import {
  findByExternalKey,
  findHeldBy,
  findWorkItem,
  identitiesOf,
  type WorkItemRow,
} from '../work/index.ts';
import { classifyAuthor, commitIdentities, workItemKeys } from './authorship.ts';
import type { ChangeDeps } from './deps.ts';
import type { ChangeRow } from './store.ts';

const MAX_COMMITS = 1_000;

export interface ChangeFacts {
  git: GitRepository;
  /** Tip of the base branch now; null in a repository without it. */
  baseSha: string | null;
  session: SessionRow | undefined;
  workItem: WorkItemRow | undefined;
  authorName: string;
  authorKind: ChangeRow['author_kind'];
  authorIdentities: string[];
  custody: string[];
  workflow: WorkflowGraph | undefined;
}

/** Undefined when nobody has imported the repository: then its changes are none of our business. */
export async function gatherFacts(
  deps: ChangeDeps,
  source: string,
  change: SignalChange,
): Promise<ChangeFacts | undefined> {
  const git = await freshMirror(deps, change.repository, change.headSha);
  if (git === undefined) return undefined;
  const baseSha = (await git.resolve(`refs/heads/${change.baseBranch}`)) ?? null;
  const commits = await ownCommits(git, baseSha, change.headSha);
  const session = await findWriter(deps.db, change, commits);
  const workItem = await findAskedFor(deps.db, change, commits, session);
  const authorIdentities = identitiesOf(source, change.author);
  return {
    git,
    baseSha,
    session,
    workItem,
    authorName:
      change.author.name ?? change.author.login ?? commits[0]?.author.name ?? 'unknown author',
    authorKind: classifyAuthor(commits, { hasSession: session !== undefined }),
    authorIdentities,
    custody: [
      ...new Set([
        ...authorIdentities,
        ...commitIdentities(commits),
        ...(session === undefined ? [] : sessionIdentities(session)),
        ...(workItem?.requesters ?? []),
      ]),
    ].sort(),
    workflow:
      baseSha === null
        ? undefined
        : await deps.loadWorkflow({ git, baseSha, repository: change.repository }),
  };
}

/** The mirror with this commit in it, fetched if it was not there. */
export async function freshMirror(
  deps: ChangeDeps,
  name: string,
  wantedSha: string | null,
): Promise<GitRepository | undefined> {
  const { context } = deps;
  const repository = await context.findRepository(name);
  if (repository === undefined) return undefined;
  const known = await context.openMirror(name);
  if (wantedSha !== null && (await known.resolve(wantedSha)) !== undefined) return known;
  await refreshMirror(deps, repository);
  return context.openMirror(name);
}

/** Fetches with the credentials of the host's connector. */
export async function refreshMirror(
  { context, hostOf }: ChangeDeps,
  repository: { name: string; host: string },
): Promise<void> {
  const source = await hostOf(repository.host)?.fetchSource(repository.name);
  await context.refreshRepository(repository.name, source?.headers);
}

/** Commits of the change alone, newest first. A head that is gone again has none we could read. */
async function ownCommits(
  git: GitRepository,
  baseSha: string | null,
  headSha: string,
): Promise<Commit[]> {
  if ((await git.resolve(headSha)) === undefined) return [];
  const from = baseSha ?? undefined;
  return Array.fromAsync(git.log({ to: headSha, from, limit: MAX_COMMITS }));
}

/** The session a commit names, or the one that last worked on the branch. */
async function findWriter(
  db: Queryable,
  change: SignalChange,
  commits: readonly Commit[],
): Promise<SessionRow | undefined> {
  for (const { trailers } of commits) {
    const id = sessionInTrailers(trailers);
    const session = id === undefined ? undefined : await findSession(db, id);
    if (session !== undefined) return session;
  }
  return findByBranch(db, change.repository, change.branch);
}

async function findAskedFor(
  db: Queryable,
  change: SignalChange,
  commits: readonly Commit[],
  session: SessionRow | undefined,
): Promise<WorkItemRow | undefined> {
  const named = commits
    .flatMap(({ trailers }) => trailers)
    .find(({ name }) => name === 'loom-work-item')?.value;
  const ids = [named?.trim(), session?.work_item_id].filter((id) => id != null);
  for (const id of ids) {
    const item = await findWorkItem(db, id as Id<'wrk'>);
    if (item !== undefined) return item;
  }
  for (const key of workItemKeys(change.repository, change)) {
    const item = await findByExternalKey(db, key, null);
    if (item !== undefined) return item;
  }
  return session === undefined ? undefined : findHeldBy(db, session.id, change.repository);
}

function sessionIdentities(session: SessionRow): string[] {
  return [
    `session:${session.id}`,
    ...(session.operator_id?.startsWith('usr_') === true ? [`person:${session.operator_id}`] : []),
  ];
}
