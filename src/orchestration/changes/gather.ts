/** What the repository and our own tables know of a told change. Reads only, outside transactions. */
import type { SignalChange } from '#connectors/contract';
import type { Repository } from '#context';
import type { Commit, GitRepository } from '#git';
import { AppError, type Id, type Queryable } from '#kernel';
import type { WorkflowGraph } from '../service.ts';
import {
  findByBranch,
  findSessions,
  sessionsInTrailers,
  type SessionRow,
} from '../sessions/index.ts';
import {
  findByExternalKey,
  findHeldBy,
  findWorkItem,
  identitiesOf,
  type WorkItemRow,
} from '../work/index.ts';
import { classifyAuthor, commitIdentities, commitsThatCount, workItemKeys } from './authorship.ts';
import type { ChangeDeps } from './deps.ts';
import type { ChangeRow } from './store.ts';

/** Of so many all is read; of older ones, who had a hand in them. */
const NEWEST_COMMITS = 1_000;

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
  const sessions = await findSessionsBehind(deps.db, change, commits);
  const session = sessions.find((one) => mayHaveWritten(one, change.pushers ?? []));
  const workItems = await findAskedFor(deps.db, change, commits, session);
  const authorIdentities = identitiesOf(source, change.author);
  const pushers = (change.pushers ?? []).flatMap(({ id, ...named }) =>
    // An id of ours says it all; names on a host are for those we cannot tell otherwise.
    identitiesOf(source, id === undefined ? named : { id }),
  );
  return {
    git,
    baseSha,
    session,
    workItem: workItems[0],
    authorName:
      change.author.name ?? change.author.login ?? commits[0]?.author.name ?? 'unknown author',
    authorKind: classifyAuthor(commits, { hasSession: sessions.length > 0 }),
    authorIdentities,
    custody: [
      ...new Set([
        ...authorIdentities,
        ...pushers,
        ...commitIdentities(commits),
        ...sessions.flatMap(sessionIdentities),
        ...workItems.flatMap(({ requesters }) => requesters),
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
  const repository = await deps.context.findRepository(name);
  if (repository === undefined) return undefined;
  return mirrorWhere(deps, repository, async (git) =>
    wantedSha === null ? false : (await git.resolve(wantedSha)) !== undefined,
  );
}

/**
 * The mirror in which a change can be judged, whichever node judges: with its head, and with its base
 * where any node has seen it stand. Where nobody keeps count of the base, the host is asked.
 */
export async function mirrorToJudgeIn(
  deps: ChangeDeps,
  change: { repository: string; headSha: string; baseBranch: string },
): Promise<GitRepository> {
  const repository = await deps.context.findRepository(change.repository);
  // Its error says what is missing.
  if (repository === undefined) return deps.context.openMirror(change.repository);
  const baseSha = repository.defaultBranch === change.baseBranch ? repository.headSha : null;
  return mirrorWhere(
    deps,
    repository,
    async (git) =>
      baseSha !== null &&
      (await git.resolve(`refs/heads/${change.baseBranch}`)) === baseSha &&
      (await git.resolve(change.headSha)) !== undefined,
  );
}

/** The mirror with a branch where the host just said it is; a forced push may lead to a commit we had. */
export async function mirrorWithBranchAt(
  deps: ChangeDeps,
  repository: Repository,
  branch: string,
  sha: string | null,
): Promise<void> {
  await mirrorWhere(
    deps,
    repository,
    async (git) => ((await git.resolve(`refs/heads/${branch}`)) ?? null) === sha,
  );
}

async function mirrorWhere(
  deps: ChangeDeps,
  repository: Repository,
  isFresh: (git: GitRepository) => Promise<boolean>,
): Promise<GitRepository> {
  // A node that has no mirror yet may need the host's credentials to make one; fetching has them.
  const known = await deps.context.openMirror(repository.name).catch((error: unknown) => {
    if (error instanceof AppError) return undefined;
    throw error;
  });
  if (known !== undefined && (await isFresh(known))) return known;
  await refreshMirror(deps, repository);
  return deps.context.openMirror(repository.name);
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
  return commitsThatCount(git.log({ to: headSha, from }), NEWEST_COMMITS);
}

/**
 * Every session the commits name, then the one that last worked on the branch. All of them count for
 * custody: naming another session must not hide one's own.
 */
async function findSessionsBehind(
  db: Queryable,
  change: SignalChange,
  commits: readonly Commit[],
): Promise<SessionRow[]> {
  const ids = commits.flatMap(({ trailers }) => sessionsInTrailers(trailers));
  const named = await findSessions(db, ids);
  const onBranch = await findByBranch(db, change.repository, change.branch);
  const isKnown = named.some(({ id }) => id === onBranch?.id);
  return onBranch === undefined || isKnown ? named : [...named, onBranch];
}

/**
 * Whether the session can be behind the change. A trailer is a claim of whoever wrote the commit, so
 * where the host knows the people who pushed, one of them must be its operator: what the session
 * holds is released by the merge, and its name is what the change is shown under. Pure.
 */
export function mayHaveWritten(
  { operator_id: operator }: Pick<SessionRow, 'operator_id'>,
  pushers: readonly { id?: string | undefined }[],
): boolean {
  const people = pushers.flatMap(({ id }) => (id === undefined ? [] : [id]));
  return people.length === 0 || operator?.startsWith('usr_') !== true || people.includes(operator);
}

/** What the change was asked for by: the first is the one it completes, all tell who wanted it. */
async function findAskedFor(
  db: Queryable,
  change: SignalChange,
  commits: readonly Commit[],
  session: SessionRow | undefined,
): Promise<WorkItemRow[]> {
  const named = commits
    .slice(0, NEWEST_COMMITS)
    .flatMap(({ trailers }) => trailers)
    .filter(({ name }) => name === 'loom-work-item')
    .map(({ value }) => value.trim());
  const ids = [...new Set([...named, session?.work_item_id])].filter((id) => id != null);
  const found: (WorkItemRow | undefined)[] = [];
  for (const id of ids) found.push(await findWorkItem(db, id as Id<'wrk'>));
  for (const key of workItemKeys(change.repository, change)) {
    found.push(await findByExternalKey(db, key, null));
  }
  if (session !== undefined) found.push(await findHeldBy(db, session.id, change.repository));
  return found.filter((item) => item !== undefined);
}

function sessionIdentities(session: SessionRow): string[] {
  return [
    `session:${session.id}`,
    ...(session.operator_id?.startsWith('usr_') === true ? [`person:${session.operator_id}`] : []),
  ];
}
