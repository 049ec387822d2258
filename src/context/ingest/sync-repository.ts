/**
 * Brings the graph up to what an import left of a repository. Every fact of the repository is drafted
 * from caches by blob; only what differs from the last word of its source is written down.
 */
import type { GitRepository } from '#git';
import { canonicalJson, type Clock, createBreather, type Db, type Logger, type Tx } from '#kernel';
import type { Ledger } from '#ledger';
import { type CodeOwnersDialect, dialectOf } from '../code-owners-file.ts';
import { MAX_CODE_OWNERS_BYTES } from '../code-owners.ts';
import type { CodeReader } from '../code/index.ts';
import { findReplacements } from '../decisions.ts';
import { graphUpdated } from '../events.ts';
import { payloadHash, stateFacts, withdrawStatements } from '../graph/assert.ts';
import type { Statement } from '../graph/schema.ts';
import { readNewest } from '../graph/write-store.ts';
import type { Repository } from '../schema.ts';
import { findRepositoryRow, lockRepository } from '../store.ts';
import { catalogDrafts } from './catalog-facts.ts';
import {
  coChangeDrafts,
  coChangeObject,
  hasCompanions,
  standingCoChanges,
} from './co-change-facts.ts';
import { readAllChanges, readChangesOf, readWhoNames } from './co-change-store.ts';
import { codeOwnerDrafts } from './code-owner-facts.ts';
import type { DataClass } from './controls.ts';
import { documentDrafts } from './document-facts.ts';
import { draftSources, type SourceDeps } from './draft-sources.ts';
import { fileDrafts, repositoryDraft } from './file-facts.ts';
import { linkLanded, unlinkLanded } from './landed.ts';
import { type MailmapEntry, parseMailmap, peopleDrafts } from './people-facts.ts';
import type { Draft, RepositoryView, ViewedFile } from './repository-view.ts';
import { createSkipped, type Skipped } from './skipped.ts';
import { stateDataClasses, withdrawDataClasses } from './state-data-classes.ts';
import {
  analyseTables,
  readAuthors,
  readCatalogRows,
  readCursor,
  readRecords,
  saveCursor,
  deleteCursor,
} from './sync-store.ts';
import { viewRepository } from './view-repository.ts';

export interface SyncDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  log: Logger;
  reader: CodeReader;
  /** Data classes the policy of a repository names at a commit; absent where no policy is known. */
  dataClassesOf?:
    | ((repository: string, git: GitRepository, sha: string) => Promise<readonly DataClass[]>)
    | undefined;
}

export const GIT = 'git';
/** Raised when an extractor reads more than before: everything is drafted again. */
const SYNC_VERSION = 3;
/** The largest integer of the database. */
const MAX_POSITION = 2_147_483_647;
/** So many new facts make the planner's knowledge of the tables worthless. */
const MANY_FACTS = 5_000;
const MAX_MAILMAP_BYTES = 1024 * 1024;

interface RepositoryCursor {
  headSha: string;
  position: number;
  version: number;
  /** Data classes as the policy had them then, as JSON; absent for none. */
  classes?: string;
}

export interface SyncResult {
  statements: number;
  opened: number;
  closed: number;
}

/** Nothing happens where the graph already stands at the head. */
export async function syncRepository(
  deps: SyncDeps,
  git: GitRepository,
  id: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<SyncResult> {
  const { db, ledger, clock, log } = deps;
  for (;;) {
    const repository = await findRepositoryRow(db, { nameOrId: id });
    if (repository?.headSha === undefined || repository.headSha === null) return NOTHING;
    const source = `${GIT}:${repository.name}`;
    const known = (await readCursor(db, source))?.cursor as RepositoryCursor | undefined;
    const { headSha } = repository;
    const dataClasses = (await deps.dataClassesOf?.(repository.name, git, headSha)) ?? [];
    // A policy of the whole organisation changes without a push.
    const classes = canonicalJson(dataClasses);
    const isKnown = known?.headSha === headSha && known.version === SYNC_VERSION;
    if (isKnown && (known.classes ?? '[]') === classes) return NOTHING;

    const skipped = createSkipped();
    const { view, drafts, isStanding, isWhole } = await draftRepository(
      { db, git, reader: deps.reader, skipped, onProgress },
      repository,
      known,
    );
    const written = await db.transaction(async (tx) => {
      const standing = await lockRepository(tx, id);
      if (standing === undefined) return NOTHING;
      // Somebody imported more meanwhile: what was drafted is of yesterday.
      if (standing.headSha !== repository.headSha) return undefined;
      const newest = await readNewest(tx, { system: GIT, scope: repository.name });
      const statements = await toStatements(view, drafts, newest, { isStanding, isWhole });
      const change = await stateFacts(tx, statements, clock.now());
      const classed = await stateDataClasses(tx, repository.name, dataClasses, clock.now());
      change.statements += classed.statements;
      change.opened += classed.opened;
      change.closed += classed.closed;
      // Of tables that were all but empty a moment ago the planner believes that they still are.
      if (change.opened > MANY_FACTS) await analyseTables(tx);
      if (repository.host !== GIT) {
        const linked = await linkLanded(tx, repository.host, repository.name, clock.now());
        change.opened += linked.opened;
        change.closed += linked.closed;
      }
      const cursor: RepositoryCursor = {
        headSha: view.head.sha,
        position: view.head.position,
        version: SYNC_VERSION,
        ...(dataClasses.length === 0 ? {} : { classes }),
      };
      await saveCursor(tx, source, cursor, skipped.list(), clock.now());
      if (change.statements > 0) await graphUpdated(ledger, tx, repository, change);
      return change;
    });
    if (written === undefined) continue;
    log.info({ repositoryId: id, ...written }, 'graph of a repository brought up to date');
    return written;
  }
}

/** Takes back all that a repository said; it may say it again when it is imported again. */
export async function withdrawRepository(
  tx: Tx,
  { name, host }: Pick<Repository, 'name' | 'host'>,
  now: Date,
): Promise<void> {
  await withdrawHistory(tx, { name, host }, undefined, now);
  await withdrawDataClasses(tx, name, now);
  await deleteCursor(tx, `${GIT}:${name}`);
}

/** Takes back what was read from commits after a place, or from all of them. */
export async function withdrawHistory(
  tx: Tx,
  { name, host }: Pick<Repository, 'name' | 'host'>,
  afterOrdinal: number | undefined,
  now: Date,
): Promise<void> {
  await withdrawStatements(tx, { system: GIT, scope: name, afterOrdinal }, now);
  if (host !== GIT) await unlinkLanded(tx, { system: host, scope: name, afterOrdinal }, now);
}

const NOTHING: SyncResult = { statements: 0, opened: 0, closed: 0 };

async function draftRepository(
  deps: SourceDeps,
  repository: Repository,
  known: RepositoryCursor | undefined,
): Promise<{ view: RepositoryView; drafts: Draft[] } & Settled> {
  const { db, git, skipped } = deps;
  const records = await readRecords(db, repository.id);
  const catalog = await readCatalogRows(db, repository.id);
  const authors = await readAuthors(db, repository.id);
  const { view, names, dead } = await viewRepository(db, repository, {
    deadPaths: [...new Set(records.flatMap(({ mentions }) => mentions.map(({ path }) => path)))],
    // A first reading has nobody to tell of deaths.
    diedAfter: known?.position ?? MAX_POSITION,
  });
  // After another version of the readers or a rewritten history nothing is taken for settled.
  const isWhole = known?.version !== SYNC_VERSION || view.shaAt(known.position) !== known.headSha;
  const living = [...view.files.values()];
  const breathe = createBreather();
  const drafts: Draft[] = [];
  for (const file of [...living, ...dead]) {
    drafts.push(...fileDrafts(view, file, names.get(file.ref.key) ?? []));
    await breathe();
  }
  const replacements = findReplacements(records.filter(({ kind }) => kind === 'decision'));
  drafts.push(
    repositoryDraft(view),
    ...(await documentDrafts(view, records, replacements)),
    ...catalogDrafts(view, catalog),
    ...(await draftOwners(view, git, skipped, dialectOf(repository))),
    ...peopleDrafts(view, authors, await readMailmap(view, git, skipped)),
    ...(await draftSources(deps, view, catalog)),
  );
  const { together, isStanding } = await draftCoChanges(
    db,
    repository,
    view,
    dead,
    isWhole ? undefined : known.position,
  );
  drafts.push(...together);
  return { view, drafts, isStanding, isWhole };
}

/**
 * What changes together is drafted for the files that changed, and for those that went with a file that is
 * no more; of all others the last word stands.
 * @param after Position up to which it was said; undefined when all of it is to be said.
 */
async function draftCoChanges(
  db: SourceDeps['db'],
  repository: Repository,
  view: RepositoryView,
  dead: readonly ViewedFile[],
  after: number | undefined,
): Promise<{ together: Draft[]; isStanding: Settled['isStanding'] }> {
  const files = [...view.files.values()].filter(hasCompanions);
  if (after === undefined) {
    const changes = await readAllChanges(db, repository.id, view.head.position);
    const together = await coChangeDrafts(view, files, changes);
    return { together, isStanding: () => false };
  }
  const died = dead.filter(({ position }) => position > after).map(({ ref }) => ref.key);
  const bereft = await readWhoNames(db, repository.name, died);
  const wanted = files.filter(({ position, ref }) => position > after || bereft.has(ref.key));
  const changes = await readChangesOf(
    db,
    repository.id,
    wanted.map(({ number }) => number),
  );
  return {
    together: await coChangeDrafts(view, wanted, changes),
    isStanding: standingCoChanges(view, new Set(wanted.map(coChangeObject))),
  };
}

async function draftOwners(
  view: RepositoryView,
  git: GitRepository,
  skipped: Skipped,
  { places, parse }: CodeOwnersDialect,
): Promise<Draft[]> {
  const path = places.find((place) => view.files.has(place));
  if (path === undefined) return [];
  if (view.files.get(path)!.size > MAX_CODE_OWNERS_BYTES) {
    skipped.add('CODEOWNERS over the 3 MB that GitHub reads', path);
    return [];
  }
  const text = await git.readText(view.head.sha, path, MAX_CODE_OWNERS_BYTES);
  return codeOwnerDrafts(view, path, parse(text ?? ''));
}

async function readMailmap(
  view: RepositoryView,
  git: GitRepository,
  skipped: Skipped,
): Promise<MailmapEntry[]> {
  const file = view.files.get('.mailmap');
  if (file === undefined) return [];
  if (file.size > MAX_MAILMAP_BYTES) {
    skipped.add('mailmap over 1 MB', file.path);
    return [];
  }
  return parseMailmap((await git.readText(view.head.sha, file.path, MAX_MAILMAP_BYTES)) ?? '');
}

/** What need not be looked at again. */
interface Settled {
  /** Whether an object nobody drafted still says what it said. */
  isStanding(object: string): boolean;
  /** Everything is compared with what was said, whatever seems untouched. */
  isWhole: boolean;
}

/** Gives drafts their place, leaves out what was the last word anyway, and buries what is gone. */
export async function toStatements(
  view: RepositoryView,
  drafts: readonly Draft[],
  newest: Awaited<ReturnType<typeof readNewest>>,
  { isStanding, isWhole }: Settled,
): Promise<Statement[]> {
  const breathe = createBreather();
  const place = (draft: Omit<Draft, 'position'>, ordinal: number): Statement => ({
    system: GIT,
    object: draft.object,
    scope: view.name,
    acl: `repository:${view.name}`,
    revision: draft.revision,
    ordinal,
    statedAt: view.timeAt(ordinal),
    extractor: draft.extractor,
    extractorVersion: draft.extractorVersion,
    facts: draft.facts,
  });

  const byObject = Map.groupBy(drafts, ({ object }) => object);
  const statements: Statement[] = [];
  for (const [object, ofObject] of byObject) {
    await breathe();
    const last = ofObject.at(-1)!;
    const word = newest.get(object);
    const isUntouched =
      !isWhole && last.isOfBlob === true && (word?.ordinal ?? -1) >= last.position;
    const isKnown =
      word?.revision === last.revision &&
      (isUntouched || word.payloadHash === payloadHash(last.facts));
    if (isKnown) continue;
    // Something else changed what this blob means, such as a file it names: that is of the head.
    const isLate = word !== undefined && word.ordinal >= last.position;
    for (const draft of ofObject) {
      statements.push(place(draft, draft === last && isLate ? view.head.position : draft.position));
    }
  }
  for (const [object, word] of newest) {
    if (word.isGone || byObject.has(object) || isStanding(object)) continue;
    const gone = {
      object,
      revision: `gone@${view.head.sha}`,
      extractor: 'gone',
      extractorVersion: 1,
      facts: [],
    };
    statements.push(place(gone, view.head.position));
  }
  return statements;
}
