/** Brings repositories in and keeps them up to date: mirror, survey, one transaction. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { cloneMirror, type GitRepository, openRepository } from '#git';
import {
  AppError,
  type Clock,
  type Db,
  type Logger,
  type NewId,
  toAppError,
  type Tx,
} from '#kernel';
import type { Actor, Ledger } from '#ledger';
import type { CodeReader } from './code/index.ts';
import { repositoryImported, repositoryUpdated } from './events.ts';
import { type SyncDeps, syncRepository, withdrawHistory } from './ingest/sync-repository.ts';
import { mergeSegments } from './index-store.ts';
import { renamedUrl } from './naming/who-is-meant.ts';
import type { Repository } from './schema.ts';
import type { ImportProgress } from './service.ts';
import {
  findPositions,
  findRepositoryCalled,
  findRepositoryRow,
  insertRepositoryOnce,
  lockRepository,
  readKnownState,
  updateRepositoryState,
  updateRepositoryUrl,
  writeSurvey,
} from './store.ts';
import { surveyRepository } from './survey.ts';

export interface ImporterDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
  /** Reads code in a thread of its own. */
  reader: CodeReader;
  dataClassesOf?: SyncDeps['dataClassesOf'];
  /** Holds one bare mirror per repository. */
  folder: string;
}

export interface ImportSource {
  url: string;
  name?: string | undefined;
  host?: string | undefined;
  headers?: Record<string, string> | undefined;
}

type Progress = (progress: ImportProgress) => void;

export interface Importer {
  importRepository(source: ImportSource, actor: Actor, onProgress: Progress): Promise<Repository>;
  refresh(repository: Repository, headers?: Record<string, string>): Promise<Repository>;
  /** The mirror; cloned again where this machine has none. */
  openMirror(repository: Repository, headers?: Record<string, string>): Promise<GitRepository>;
  deleteMirror(repository: Repository): Promise<void>;
}

/** How many commits are looked at together on the way back to one we know. */
const FORK_BATCH = 200;

export function createImporter(deps: ImporterDeps): Importer {
  const { db, ledger, clock, newId, log, folder } = deps;
  /** One piece of work on a mirror at a time in this process; the database settles the rest. */
  const queues = new Map<string, Promise<unknown>>();
  const mirrors = new Map<string, GitRepository>();

  function inTurn<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const turn = (queues.get(id) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => {});
    queues.set(id, settled);
    void settled.then(() => {
      if (queues.get(id) === settled) queues.delete(id);
    });
    return turn;
  }

  const mirrorFolder = (id: string) => join(folder, `${id}.git`);

  async function mirrorOf(
    repository: Pick<Repository, 'id' | 'url'>,
    headers: Record<string, string> | undefined,
    onProgress: Progress = () => {},
  ): Promise<{ git: GitRepository; isFresh: boolean }> {
    const dir = mirrorFolder(repository.id);
    const known = mirrors.get(repository.id);
    if (known !== undefined && existsSync(dir)) return { git: known, isFresh: false };
    const isFresh = !existsSync(dir);
    const git = isFresh
      ? await cloneMirror({
          url: repository.url,
          dir,
          headers,
          onProgress: ({ phase, done, total }) => {
            if (phase === 'Receiving objects') onProgress({ phase: 'clone', done, total });
          },
        }).catch((error: unknown) => {
          throw asContextError(error);
        })
      : openRepository(dir);
    mirrors.set(repository.id, git);
    return { git, isFresh };
  }

  async function importRepository(
    source: ImportSource,
    actor: Actor,
    onProgress: Progress,
  ): Promise<Repository> {
    const { url, headers } = readUrl(source);
    const known = await findKnown(url, source);
    if (known !== undefined) {
      if (known.url !== url) {
        await db.transaction((tx) => updateRepositoryUrl(tx, known.id, url));
        await inTurn(known.id, () => deleteMirrorFolder(known.id));
      }
      return bringUpToDate({ ...known, url }, headers, actor, onProgress);
    }

    await refuseFormerAddress(url, source);
    const draft = {
      id: newId('repo'),
      name: source.name ?? (await freeName(nameOf(url))),
      host: source.host ?? 'git',
      url,
      createdAt: clock.now(),
    };
    onProgress({ phase: 'clone', done: 0, total: null });
    // Cloned before it is listed: a wrong address leaves nothing behind.
    await mirrorOf(draft, headers, onProgress);
    const standing = await db.transaction((tx) => insertRepositoryOnce(tx, draft));
    if (standing.id !== draft.id) {
      await deleteMirrorFolder(draft.id);
      if (standing.url !== url) throw nameTaken(standing);
    }
    return bringUpToDate(standing, headers, actor, onProgress);
  }

  async function findKnown(url: string, source: ImportSource): Promise<Repository | undefined> {
    if (source.name === undefined) return findRepositoryRow(db, { url });
    const named = await findRepositoryRow(db, { nameOrId: source.name });
    if (named === undefined) return undefined;
    // A host may move to another address; another host with the same name is another repository.
    if (named.url !== url && named.host !== (source.host ?? 'git')) throw nameTaken(named);
    return named;
  }

  /**
   * The old address of a renamed repository leads to it on most hosts, so reading it would give one
   * repository two identities. Whoever names it says that another one is meant.
   */
  async function refuseFormerAddress(url: string, source: ImportSource): Promise<void> {
    if (source.name !== undefined) return;
    const name = nameOf(url);
    const moved = await findRepositoryCalled(db, name);
    if (moved === undefined || moved.name === name) return;
    if (renamedUrl(url, name, moved.name) !== moved.url) return;
    throw new AppError('conflict', 'context.name_moved', {
      message: `${name} is called ${moved.name} now, and is imported already.`,
      hint: `If another repository took the old name, import it with --name ${name}.`,
    });
  }

  async function freeName(name: string): Promise<string> {
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? name : `${name}-${number}`;
      if ((await findRepositoryRow(db, { nameOrId: candidate })) === undefined) return candidate;
    }
  }

  function bringUpToDate(
    repository: Repository,
    headers: Record<string, string> | undefined,
    actor: Actor | undefined,
    onProgress: Progress,
  ): Promise<Repository> {
    return inTurn(repository.id, async () => {
      try {
        const { git, isFresh } = await mirrorOf(repository, headers, onProgress);
        if (!isFresh) {
          await git.fetch({ url: repository.url, headers }).catch((error: unknown) => {
            throw asContextError(error);
          });
        }
        const updated = await readNew(git, repository.id, actor, onProgress);
        onProgress({ phase: 'graph', done: 0, total: null });
        await syncRepository(deps, git, repository.id, (done, total) =>
          onProgress({ phase: 'graph', done, total }),
        );
        const whole = (await findRepositoryRow(db, { nameOrId: repository.id })) ?? updated;
        onProgress({ phase: 'done', done: updated.commitCount, total: updated.commitCount });
        return whole;
      } catch (error) {
        const failure = toAppError(error);
        if (repository.headSha === null && failure.kind !== 'unavailable') {
          await updateRepositoryState(db, repository.id, 'failed', { problems: [failure.message] });
        }
        throw error;
      }
    });
  }

  /** Surveys and writes until the database stands where the mirror stands. */
  async function readNew(
    git: GitRepository,
    id: string,
    actor: Actor | undefined,
    onProgress: Progress,
  ): Promise<Repository> {
    for (;;) {
      const repository = await findRepositoryRow(db, { nameOrId: id });
      if (repository === undefined) throw unknownRepository(id);
      const branch = (await git.defaultBranch()) ?? 'main';
      const sha = await git.resolve(`refs/heads/${branch}`);
      if (sha === undefined) {
        if (repository.state === 'empty') return repository;
        await markEmpty(repository, branch, actor);
        continue;
      }
      if (repository.headSha === sha && repository.state === 'ready') return repository;
      const fork = await findFork(git, repository.id, sha);
      const known = await readKnownState(db, repository, fork);
      const survey = await surveyRepository(
        git,
        { sha, branch },
        known,
        (phase, done, total) => onProgress({ phase, done, total }),
        deps.reader,
      );
      const written = await db.transaction(async (tx) => {
        const standing = await lockRepository(tx, id);
        if (standing === undefined) throw unknownRepository(id);
        // Another node was faster: what we read no longer fits, so look again.
        if (standing.headSha !== repository.headSha) return undefined;
        await writeSurvey(tx, id, survey, clock.now());
        if (known.lostPositions.length > 0) {
          await withdrawHistory(tx, standing, known.forkPosition, clock.now());
        }
        const updated = await lockRepository(tx, id);
        await announce(tx, repository, updated!, actor, survey.commits.length, known.lostPositions);
        await mergeSegments(tx, id);
        return updated;
      });
      if (written !== undefined) {
        log.info(
          { repositoryId: id, commits: survey.commits.length, files: survey.indexedFiles.length },
          'repository read',
        );
        return written;
      }
    }
  }

  async function announce(
    tx: Tx,
    before: Repository,
    after: Repository,
    actor: Actor | undefined,
    newCommits: number,
    lostPositions: readonly number[],
  ): Promise<void> {
    if (before.headSha === null) {
      await repositoryImported(ledger, tx, after, actor ?? { kind: 'system', id: 'context' });
    } else {
      await repositoryUpdated(ledger, tx, after, {
        fromSha: before.headSha,
        newCommits,
        wasForced: lostPositions.length > 0,
      });
    }
  }

  async function markEmpty(
    repository: Repository,
    branch: string,
    actor: Actor | undefined,
  ): Promise<void> {
    await db.transaction(async (tx) => {
      const standing = await lockRepository(tx, repository.id);
      if (standing === undefined || standing.state === 'empty') return;
      await updateRepositoryState(tx, repository.id, 'empty', {
        defaultBranch: branch,
        problems: standing.headSha === null ? [] : ['the default branch is gone'],
        importedAt: clock.now(),
      });
      if (standing.importedAt === null && actor !== undefined) {
        await repositoryImported(ledger, tx, { ...standing, defaultBranch: branch }, actor);
      }
    });
  }

  /** Walks back from a commit to the newest one we have read. */
  async function findFork(
    git: GitRepository,
    id: string,
    sha: string,
  ): Promise<{ position: number; sha: string | undefined }> {
    let batch: string[] = [];
    const check = async () => {
      const positions = await findPositions(db, id, batch);
      const found = batch.find((candidate) => positions.has(candidate));
      batch = [];
      return found === undefined ? undefined : { position: positions.get(found)!, sha: found };
    };
    const [any] = await db.query('select 1 from commits where repository_id = $1 limit 1', [id]);
    if (any !== undefined) {
      for await (const commit of git.log({ to: sha, firstParent: true })) {
        batch.push(commit.sha);
        if (batch.length < FORK_BATCH) continue;
        const found = await check();
        if (found !== undefined) return found;
      }
    }
    return (await check()) ?? { position: -1, sha: undefined };
  }

  async function deleteMirrorFolder(id: string): Promise<void> {
    mirrors.delete(id);
    await rm(mirrorFolder(id), { recursive: true, force: true, maxRetries: 3 });
  }

  return {
    importRepository,
    refresh: (repository, headers) => bringUpToDate(repository, headers, undefined, () => {}),
    openMirror: (repository, headers) => {
      const known = mirrors.get(repository.id);
      if (known !== undefined && existsSync(mirrorFolder(repository.id)))
        return Promise.resolve(known);
      return inTurn(repository.id, async () => (await mirrorOf(repository, headers)).git);
    },
    deleteMirror: (repository) => inTurn(repository.id, () => deleteMirrorFolder(repository.id)),
  };
}

/** The address as we store it: absolute, and without credentials, which become a header. */
function readUrl(source: ImportSource): {
  url: string;
  headers: Record<string, string> | undefined;
} {
  const given = source.url.trim();
  if (/^https?:\/\//i.test(given) && URL.canParse(given)) {
    const url = new URL(given);
    if (url.username === '' && url.password === '') return { url: given, headers: source.headers };
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    url.username = '';
    url.password = '';
    const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
    return { url: url.href, headers: { Authorization: authorization, ...source.headers } };
  }
  const isRemote =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(given) || (/^[^/]+:/.test(given) && !existsSync(given));
  return { url: isRemote ? given : resolve(given), headers: source.headers };
}

/** `owner/name` of a URL, `local/<folder>` of a path. */
function nameOf(url: string): string {
  if (isAbsolute(url)) {
    const name = basename(url) === '.git' ? basename(resolve(url, '..')) : basename(url);
    return `local/${cleanName(name.replace(/\.git$/, ''))}`;
  }
  const path = url
    .replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*\/?|^[^/]*:/i, '')
    .replace(/\/+$|\.git\/*$/g, '');
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .slice(-2)
    .map(cleanName);
  if (parts.length === 2) return parts.join('/');
  return `git/${parts[0] ?? createHash('sha256').update(url).digest('hex').slice(0, 8)}`;
}

function cleanName(text: string): string {
  return text.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '') || 'repository';
}

function nameTaken(standing: Repository): AppError {
  return new AppError('conflict', 'context.name_taken', {
    message: `The name ${standing.name} belongs to another repository.`,
    hint: 'Give another name, or remove the other repository first.',
  });
}

/** The error for a name or id nobody knows. */
export function unknownRepository(nameOrId: string): AppError {
  return new AppError('not_found', 'context.unknown_repository', {
    message: `There is no repository ${nameOrId.slice(0, 200)}.`,
    hint: 'See `GET /v1/repositories`; import it with `loom import`.',
  });
}

/** Git's failures in this room's words. */
function asContextError(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const codes: Record<string, string> = {
    'git.not_a_repository': 'context.not_a_repository',
    'git.unreachable': 'context.unreachable',
    'git.timed_out': 'context.unreachable',
    'git.access_denied': 'context.access_denied',
  };
  const code = codes[error.code];
  if (code === undefined) return error;
  return new AppError(error.kind, code, {
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
