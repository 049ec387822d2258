/** Makes the Context Layer; see service.ts for its verbs. */
import { createHash } from 'node:crypto';
import type { GitRepository } from '#git';
import {
  AppError,
  type Clock,
  type Db,
  decodeCursor,
  type Id,
  type Logger,
  type NewId,
  type PageRequest,
  toPage,
} from '#kernel';
import type { Actor, Ledger } from '#ledger';
import { z } from 'zod';
import { MAX_CODE_OWNERS_BYTES, ownersOfPath, parseCodeOwners } from './code-owners.ts';
import { contextPackServed, lessonRecorded, repositoryRemoved } from './events.ts';
import { expandItem } from './expand.ts';
import { createImporter, unknownRepository } from './importer.ts';
import { maskSecrets } from './masking.ts';
import { insertLesson } from './lesson-store.ts';
import { findPackRow, insertPack } from './pack-store.ts';
import { type CodeOwnersFile, readCodeOwnersText } from './code-owners-file.ts';
import { findForPack } from './pack/find-for-pack.ts';
import { neutralise } from './quoting.ts';
import { composePack } from './render.ts';
import type { ContextPack, ContextRequest, Repository } from './schema.ts';
import { searchRepositories } from './search.ts';
import type { ContextService } from './service.ts';
import {
  findRepositoryRow,
  listRepositoryRows,
  lockRepository,
  removeRepositoryRow,
} from './store.ts';
import { shorten } from './tokens.ts';

export interface ContextDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
  /** Where the mirrors of this machine are kept. */
  folder: string;
}

const MAX_LESSON = 2_000;
const CACHED_CODE_OWNERS = 200;
const RepositoryCursor = z.object({ createdAt: z.string(), id: z.string() });

export function createContextService(deps: ContextDeps): ContextService {
  const { db, ledger, clock, newId } = deps;
  const log = deps.log.child({ room: 'context' });
  const importer = createImporter({ ...deps, log });
  /** By repository and commit: what a commit says about owners never changes. */
  const codeOwners = new Map<string, CodeOwnersFile | undefined>();

  async function need(nameOrId: string): Promise<Repository> {
    const repository = await findRepositoryRow(db, { nameOrId });
    if (repository === undefined) throw unknownRepository(nameOrId);
    return repository;
  }

  async function readCodeOwners(
    repository: Repository,
    git: GitRepository,
    sha: string,
  ): Promise<CodeOwnersFile | undefined> {
    const key = `${repository.id}@${sha}`;
    if (codeOwners.has(key)) return codeOwners.get(key);
    const file = await readCodeOwnersText(git, sha, MAX_CODE_OWNERS_BYTES);
    const read =
      file === undefined ? undefined : { path: file.path, rules: parseCodeOwners(file.text) };
    if (codeOwners.size >= CACHED_CODE_OWNERS) codeOwners.delete(codeOwners.keys().next().value!);
    codeOwners.set(key, read);
    return read;
  }

  async function buildPack(
    request: ContextRequest,
    actor: Actor,
    correlationId?: string,
  ): Promise<ContextPack> {
    const repository = await need(request.repository);
    const now = clock.now();
    const { drafts, unknowns } =
      repository.headSha === null
        ? { drafts: [], unknowns: [emptyReason(repository)] }
        : await findAt(repository, repository.headSha, request, now);
    const header = {
      title: maskSecrets(neutralise(request.title)),
      repository: repository.name,
      revision: repository.headSha,
      branch: repository.defaultBranch,
      now,
    };
    const composed = composePack(header, drafts, unknowns, request.budgetTokens);
    const pack: ContextPack = {
      id: newId('ctx'),
      repository: repository.name,
      revision: repository.headSha,
      sessionId: request.sessionId ?? null,
      workItemId: request.workItemId ?? null,
      title: header.title,
      items: composed.items,
      unknowns: composed.unknowns,
      budgetTokens: request.budgetTokens,
      tokens: composed.tokens,
      text: composed.text,
      contentHash: createHash('sha256').update(composed.text).digest('hex'),
      createdAt: now,
    };
    await db.transaction(async (tx) => {
      await insertPack(tx, repository.id, pack);
      await contextPackServed(ledger, tx, pack, actor, correlationId);
    });
    return pack;
  }

  async function findAt(
    repository: Repository,
    sha: string,
    request: ContextRequest,
    now: Date,
  ): ReturnType<typeof findForPack> {
    let owners: CodeOwnersFile | undefined;
    let problem: string | undefined;
    try {
      owners = await readCodeOwners(repository, await importer.openMirror(repository), sha);
    } catch (error) {
      // A pack without owners is better than none; it says what is missing.
      log.warn({ err: error, repositoryId: repository.id }, 'owners could not be read');
      problem = 'The owners of the files could not be read: the mirror is not available.';
    }
    const finds = await findForPack(db, repository, request, owners, now);
    return problem === undefined ? finds : { ...finds, unknowns: [problem, ...finds.unknowns] };
  }

  async function ownersOf(
    name: string,
    revision: string,
    paths: readonly string[],
  ): Promise<Map<string, string[]>> {
    const repository = await need(name);
    const git = await importer.openMirror(repository);
    const sha = await git.resolve(revision);
    if (sha === undefined) {
      throw new AppError('not_found', 'context.unknown_revision', {
        message: `${repository.name} has no commit ${revision.slice(0, 100)}.`,
        hint: 'Refresh the repository if it was pushed just now.',
      });
    }
    const rules = (await readCodeOwners(repository, git, sha))?.rules ?? [];
    return new Map(paths.map((path) => [path, ownersOfPath(rules, path)]));
  }

  async function removeRepository(nameOrId: string, actor: Actor): Promise<void> {
    const repository = await need(nameOrId);
    await db.transaction(async (tx) => {
      const standing = await lockRepository(tx, repository.id);
      if (standing === undefined) throw unknownRepository(nameOrId);
      await removeRepositoryRow(tx, repository.id, clock.now());
      await repositoryRemoved(ledger, tx, standing, actor);
    });
    await importer.deleteMirror(repository);
  }

  async function listRepositories({ limit, cursor }: PageRequest) {
    const after = cursor === undefined ? undefined : decodeCursor(RepositoryCursor, cursor);
    const rows = await listRepositoryRows(db, after, limit + 1);
    return toPage(rows, limit, ({ createdAt, id }) => ({ createdAt: createdAt.toISOString(), id }));
  }

  async function findPack(id: Id<'ctx'>): Promise<ContextPack | undefined> {
    return (await findPackRow(db, id))?.pack;
  }

  return {
    importRepository: (source, actor, onProgress = () => {}) =>
      importer.importRepository(source, actor, onProgress),
    refreshRepository: async (name, headers) => importer.refresh(await need(name), headers),
    listRepositories,
    findRepository: (nameOrId) => findRepositoryRow(db, { nameOrId }),
    removeRepository,
    openMirror: async (nameOrId) => importer.openMirror(await need(nameOrId)),
    ownersOf,
    buildPack,
    findPack,
    async expand(packId, itemId) {
      const row = await findPackRow(db, packId);
      const item = row?.pack.items.find(({ id }) => id === itemId);
      if (row === undefined || item === undefined) {
        throw new AppError('not_found', 'context.unknown_item', {
          message: `There is no item ${itemId.slice(0, 50)} in this context pack.`,
          hint: 'Use an id in square brackets from the text of the pack.',
        });
      }
      const repository = await findRepositoryRow(db, { nameOrId: row.repositoryId });
      return expandItem({ db, openMirror: importer.openMirror }, repository, row.pack, item);
    },
    search: (query) => searchRepositories(db, query),
    async recordLesson({ repository: name, text, paths = [], sessionId }, actor) {
      const repository = await need(name);
      const kept = shorten(maskSecrets(neutralise(text)).trim(), MAX_LESSON);
      if (kept === '') {
        throw new AppError('invalid', 'context.empty_lesson', {
          message: 'The lesson has no text.',
          hint: 'Say in a sentence or two what the next session should know.',
        });
      }
      const lesson = {
        id: newId('evt'),
        repositoryId: repository.id,
        repository: repository.name,
        text: kept,
        paths: paths.slice(0, 50),
        sessionId,
        actorId: actor.id,
        createdAt: clock.now(),
      };
      await db.transaction(async (tx) => {
        await insertLesson(tx, lesson);
        await lessonRecorded(ledger, tx, lesson, actor);
      });
      return { id: lesson.id };
    },
  };
}

function emptyReason(repository: Repository): string {
  switch (repository.state) {
    case 'importing':
      return 'The repository is still being read for the first time; ask again in a moment.';
    case 'failed':
      return 'The repository could not be read; see its problems.';
    case 'empty':
    case 'ready':
      return 'The repository is empty: it has no commit yet, so there is nothing to know.';
  }
}
