/** Makes the Context Layer; see service.ts for its verbs. */
import type { GitRepository } from '#git';
import {
  AppError,
  type Clock,
  type Db,
  decodeCursor,
  type Logger,
  type NewId,
  type PageRequest,
  toPage,
} from '#kernel';
import type { Actor, Ledger } from '#ledger';
import { z } from 'zod';
import { MAX_CODE_OWNERS_BYTES, ownersOfPath } from './code-owners.ts';
import { createCodeReader } from './code/index.ts';
import { repositoryRemoved } from './events.ts';
import { createGraphService, type Reader } from './graph/index.ts';
import { createImporter, unknownRepository } from './importer.ts';
import { foldOwnership, type FolderOwnership, readFolders, readFolderWork } from './ownership.ts';
import { createCommentService } from './comments/index.ts';
import { createKnowledgeIngest } from './ingest/knowledge.ts';
import { withdrawRepository } from './ingest/sync-repository.ts';
import { createRestrictionService } from './access/service.ts';
import { createLessonService } from './lessons/service.ts';
import { createCompliance } from './compliance/compliance.ts';
import type { DataClass } from './ingest/controls.ts';
import type { FindOpenWork } from './pack/open-work.ts';
import { createNameService } from './naming/name-service.ts';
import { createPackService } from './pack/service.ts';
import { findPackRow } from './pack-store.ts';
import { type CodeOwnersFile, dialectOf, readCodeOwnersText } from './code-owners-file.ts';
import { createRankingFits, createWeightsFollower } from './ranking/fits/service.ts';
import { createRankingService } from './ranking/ranking-service.ts';
import type { Repository } from './schema.ts';
import { searchRepositories } from './search.ts';
import type { ContextService } from './service.ts';
import { openSetsOf } from './sources/audience.ts';
import {
  findRepositoryCalled,
  listRepositoryRows,
  lockRepository,
  removeRepositoryRow,
} from './store.ts';

export interface ContextDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
  /** Where the mirrors of this machine are kept. */
  folder: string;
  /** Claims and changes of others, which another room knows; without it packs warn of none. */
  findOpenWork?: FindOpenWork;
  /** Teams of a person, for sources that only some may know of; without it nobody has any. */
  teamsOf?(personId: string): Promise<readonly string[]>;
  /** Data classes the policy of a repository names at a commit; without it none are known. */
  dataClassesOf?(
    repository: string,
    git: GitRepository,
    sha: string,
  ): Promise<readonly DataClass[]>;
  /** Identities of a person, for documents that their source opens to some only. */
  identitiesOf?(personId: string): Promise<readonly string[]>;
}

const CACHED_CODE_OWNERS = 200;
const RepositoryCursor = z.object({ createdAt: z.string(), id: z.string() });

export function createContextService(deps: ContextDeps): ContextService {
  const { db, ledger, clock } = deps;
  const log = deps.log.child({ room: 'context' });
  const importer = createImporter({ ...deps, log, reader: createCodeReader() });
  const ranking = createRankingService({ log });
  /** By repository and commit: what a commit says about owners never changes. */
  const codeOwners = new Map<string, CodeOwnersFile | undefined>();

  const graph = createGraphService(deps);

  async function need(nameOrId: string): Promise<Repository> {
    const repository = await findRepositoryCalled(db, nameOrId);
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
    const { places, parse } = dialectOf(repository);
    const file = await readCodeOwnersText(git, sha, MAX_CODE_OWNERS_BYTES, places);
    const read = file === undefined ? undefined : { path: file.path, rules: parse(file.text) };
    if (codeOwners.size >= CACHED_CODE_OWNERS) codeOwners.delete(codeOwners.keys().next().value!);
    codeOwners.set(key, read);
    return read;
  }

  const fits = createRankingFits({
    ...deps,
    log,
    dirOf: async (id) => (await importer.openMirror(await need(id))).dir,
  });

  const audience = {
    db,
    teamsOf: deps.teamsOf ?? (async () => []),
    identitiesOf: deps.identitiesOf ?? (async () => []),
  };
  const packs = createPackService({
    ...deps,
    ...audience,
    followWeights: createWeightsFollower({ db, useWeights: (own) => ranking.useWeights(own) }),
    findOpenWork: deps.findOpenWork ?? (async () => []),
    log,
    ranking,
    need,
    findRepository: (nameOrId) => findRepositoryCalled(db, nameOrId),
    openMirror: importer.openMirror,
    readCodeOwners,
  });

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

  async function ownershipMap(
    nameOrId: string,
    reader: Reader,
    depth = 2,
  ): Promise<FolderOwnership[]> {
    const repository = await need(nameOrId);
    const now = clock.now();
    const closed = (reader.closed ?? [])
      .filter(({ system }) => system === '*' || system === 'git')
      .filter(({ scope }) => scope === null || scope === repository.name)
      .map(({ prefix }) => prefix);
    const folders = await readFolders(db, repository.id, depth, closed);
    const work = await readFolderWork(db, repository.id, depth, now, closed);
    const owned = foldOwnership(work, await graph.identities(reader), now);
    // Any file of a folder that no rule names alone tells who owns the folder.
    const sample = (folder: string) => (folder === '' ? '_' : `${folder}/_`);
    const declared =
      repository.headSha === null
        ? new Map<string, string[]>()
        : await ownersOf(
            repository.name,
            repository.headSha,
            folders.map(({ folder }) => sample(folder)),
          );
    return folders.map(({ folder, files, component }) => ({
      folder,
      files,
      component,
      declared: declared.get(sample(folder)) ?? [],
      ...(owned.get(folder) ?? { changes: 0, busFactor: 0, people: [] }),
    }));
  }

  async function removeRepository(nameOrId: string, actor: Actor): Promise<void> {
    const repository = await need(nameOrId);
    await db.transaction(async (tx) => {
      const standing = await lockRepository(tx, repository.id);
      if (standing === undefined) throw unknownRepository(nameOrId);
      await removeRepositoryRow(tx, repository.id, clock.now());
      await withdrawRepository(tx, standing, clock.now());
      await repositoryRemoved(ledger, tx, standing, actor);
    });
    ranking.forget(repository.id);
    await importer.deleteMirror(repository);
  }

  /** Makes the ranking ready in the background: the first question need not wait for it. */
  function warm(repository: Repository): Repository {
    const { id: key, headSha: revision } = repository;
    if (revision !== null) {
      importer
        .openMirror(repository)
        .then(({ dir }) => ranking.warm({ key, dir, revision }))
        .catch((err: unknown) => log.warn({ err, repositoryId: key }, 'the ranking is not ready'));
    }
    return repository;
  }

  async function listRepositories({ limit, cursor }: PageRequest) {
    const after = cursor === undefined ? undefined : decodeCursor(RepositoryCursor, cursor);
    const rows = await listRepositoryRows(db, after, limit + 1);
    return toPage(rows, limit, ({ createdAt, id }) => ({ createdAt: createdAt.toISOString(), id }));
  }

  return {
    graph,
    compliance: createCompliance({ db, perspective: graph.perspective }),
    ownershipMap,
    knowledge: createKnowledgeIngest(deps),
    comments: createCommentService(deps),
    importRepository: async (source, actor, onProgress = () => {}) =>
      warm(await importer.importRepository(source, actor, onProgress)),
    refreshRepository: async (name, headers) =>
      warm(await importer.refresh(await need(name), headers)),
    listRepositories,
    findRepository: (nameOrId) => findRepositoryCalled(db, nameOrId),
    removeRepository,
    openMirror: async (nameOrId) => importer.openMirror(await need(nameOrId)),
    ownersOf,
    ...packs,
    findPack: async (id) => (await findPackRow(db, id))?.pack,
    ...createNameService({ ...deps, log }),
    openReaderSets: async (personId) =>
      new Set(await openSetsOf(audience, { kind: 'person', id: personId })),
    search: async (query, actor) =>
      searchRepositories(db, query, {
        accessTo: (id) => packs.accessTo(id, actor),
        openSets: await openSetsOf(audience, actor),
        now: clock.now(),
      }),
    ...createLessonService({ ...deps, need }),
    ...createRestrictionService({ ...deps, need }),
    ...fits,
    [Symbol.asyncDispose]: async () => {
      await fits[Symbol.asyncDispose]();
      await ranking[Symbol.asyncDispose]();
    },
  };
}
