/**
 * Reads what is new in a mirror and says what has to change in the database. All of git is read here,
 * before the transaction; nothing is written.
 */
import type { CommitWithFiles, GitRepository } from '#git';
import { AppError, createBreather } from '#kernel';
import { type CatalogEntity, isCatalogFile, readCatalog } from './catalog.ts';
import { type CodeReader } from './code/index.ts';
import { documentKind, type ReadDocument, readDocument } from './documents.ts';
import { classifyFile, looksBinary } from './file-class.ts';
import { type CommitFileRecord, type FileRecord, foldHistory } from './history.ts';
import type { IndexChange } from './index-store.ts';
import { maskSecrets } from './masking.ts';
import { outlineOf } from './outline.ts';
import { isRobot } from './people.ts';
import { neutralise } from './quoting.ts';
import { shorten } from './tokens.ts';
import { readTexts } from './ingest/read-texts.ts';
import { countTerms, countTermsOf } from './words.ts';

/** What the database knew when the survey began. */
export interface KnownState {
  headSha: string | null;
  /** Commits kept: those up to where old and new history part. */
  forkPosition: number;
  forkSha: string | undefined;
  /** Commits that history has lost by a forced push. */
  lostPositions: number[];
  /** Alive files as of the fork, with what was last indexed of them. */
  files: (FileRecord & { blobSha: string | null; indexedPath: string | null })[];
  /** After a forced push: the state at the fork of every file that lost history. */
  rewound: FileRecord[];
  /** Files that only the lost history knew. */
  lostFiles: number[];
  /** Files that are alive in the database as it stands. */
  aliveBefore: number[];
  nextFileNumber: number;
  documents: { path: string; blobSha: string; sectionNumbers: number[] }[];
  nextSectionNumber: number;
}

export interface CommitRecord {
  position: number;
  sha: string;
  authorName: string;
  authorEmail: string;
  isRobot: boolean;
  committedAt: Date;
  subject: string;
  body: string;
  fileCount: number;
}

export interface IndexedFile {
  number: number;
  blobSha: string;
  size: number;
  class: string;
  outline: string;
}

export interface SurveyedDocument extends ReadDocument {
  path: string;
  blobSha: string;
  firstSectionNumber: number;
}

export interface Survey {
  headSha: string;
  defaultBranch: string;
  commits: CommitRecord[];
  touches: CommitFileRecord[];
  files: FileRecord[];
  lostFiles: number[];
  /** After a forced push the first position that goes. */
  keepUpTo: number;
  indexedFiles: IndexedFile[];
  fileCount: number;
  /** Changed or new; with `goneDocuments` the whole difference. */
  documents: SurveyedDocument[];
  goneDocuments: string[];
  catalog: CatalogEntity[];
  index: IndexChange[];
  problems: string[];
}

/** Larger files are known by name only. */
export const MAX_TEXT_BYTES = 200_000;
/** Older history adds little to ranking and much to the first import. */
const MAX_COMMITS = 50_000;
const MAX_BODY = 4_000;
const MAX_PROBLEMS = 50;
const REPORT_EVERY = 500;
/** Reading a longer one would keep everybody waiting: that is the thread's. */
const LONG_DOCUMENT = 8_000;

export async function surveyRepository(
  git: GitRepository,
  head: { sha: string; branch: string },
  known: KnownState,
  onProgress: (phase: 'history' | 'documents', done: number, total: number | null) => void,
  reader: Pick<CodeReader, 'readDocument'>,
): Promise<Survey> {
  const problems: string[] = [];
  const readText = async (path: string, text: string): Promise<ReadDocument> => {
    if (text.length <= LONG_DOCUMENT) return readDocument(path, text);
    const reading = await reader.readDocument(path, text);
    if ('document' in reading) return reading.document;
    problems.push(`${path}: ${reading.problem}`);
    return readDocument(path, text.slice(0, LONG_DOCUMENT));
  };
  const history = await readHistory(git, head.sha, known, problems, (done, total) =>
    onProgress('history', done, total),
  );
  const tree = await git.listFiles(head.sha);
  const fileTree = tree.filter(({ mode }) => mode !== '160000');
  const missing = fileTree.filter(({ isMissing }) => isMissing === true);
  if (missing.length > 0) {
    const such =
      missing.length === 1
        ? '1 file, which is known by its name only: '
        : `${missing.length} files, which are known by their names only, such as `;
    problems.push(`the clone lacks the contents of ${such}${missing[0]!.path.slice(0, 200)}`);
  }
  const { files, numberOf } = reconcile(
    history.files,
    known,
    fileTree,
    history.lastPosition,
    history.nextNumber,
  );

  const before = new Map(known.files.map((file) => [file.number, file]));
  const changedEntries = fileTree.filter((entry) => {
    const file = before.get(numberOf.get(entry.path)!);
    // A new name may mean another class of file, so a rename counts as a change.
    return file?.blobSha !== entry.sha || file.indexedPath !== entry.path;
  });
  const documentsBefore = new Map(known.documents.map((entry) => [entry.path, entry]));
  const documentEntries = fileTree.filter(
    ({ path, size, mode, sha }) =>
      documentKind(path) !== undefined &&
      size <= MAX_TEXT_BYTES &&
      mode !== '120000' &&
      documentsBefore.get(path)?.blobSha !== sha,
  );
  const catalogEntries = fileTree.filter(
    ({ path, size }) => isCatalogFile(path) && size <= MAX_TEXT_BYTES,
  );

  const content = new Map<number, ReadonlyMap<string, number>>();
  const indexedFiles: IndexedFile[] = [];
  const documents: SurveyedDocument[] = [];
  const catalog: CatalogEntity[] = [];
  const sections = new Map<number, ReadonlyMap<string, number>>();
  let nextSection = known.nextSectionNumber;

  const isReadable = (entry: (typeof fileTree)[number]) =>
    entry.size <= MAX_TEXT_BYTES &&
    entry.mode !== '120000' &&
    !looksBinary(entry.path) &&
    classifyFile(entry.path) !== 'generated';
  const changed = new Set(changedEntries);
  const asDocuments = new Set(documentEntries);
  const asCatalog = new Set(catalogEntries);
  const wanted = fileTree.filter(
    (entry) =>
      (changed.has(entry) && isReadable(entry)) || asDocuments.has(entry) || asCatalog.has(entry),
  );
  let done = 0;
  const breathe = createBreather();
  // Left as soon as the last text is there, which ends the git process behind it.
  await using texts = readTexts(
    git,
    wanted.map(({ sha }) => sha),
  );
  for (const entry of wanted) {
    const text = (await texts.next()).value;
    await breathe();
    done += 1;
    if (done % REPORT_EVERY === 0) onProgress('documents', done, wanted.length);
    if (typeof text !== 'string') continue;
    const number = numberOf.get(entry.path)!;
    if (changed.has(entry) && isReadable(entry)) {
      content.set(number, await countTermsOf(text, breathe));
      const outline = shorten(maskSecrets(neutralise(outlineOf(text))), 900);
      indexedFiles.push({
        number,
        blobSha: entry.sha,
        size: entry.size,
        class: classifyFile(entry.path),
        outline,
      });
    }
    if (asDocuments.has(entry)) {
      const document = await readText(entry.path, neutralise(text));
      documents.push({
        ...document,
        path: entry.path,
        blobSha: entry.sha,
        firstSectionNumber: nextSection,
      });
      for (const section of document.sections) {
        sections.set(
          nextSection,
          countTerms(`${section.heading} ${section.heading} ${section.text}`),
        );
        nextSection += 1;
        await breathe();
      }
    }
    if (asCatalog.has(entry)) {
      const read = readCatalog(entry.path, text);
      catalog.push(...read.entities);
      problems.push(...read.problems);
    }
  }
  const wasRead = new Set(indexedFiles.map(({ number }) => number));
  for (const entry of changedEntries) {
    const number = numberOf.get(entry.path)!;
    if (wasRead.has(number)) continue;
    indexedFiles.push({
      number,
      blobSha: entry.sha,
      size: entry.size,
      class: classifyFile(entry.path),
      outline: '',
    });
  }

  const paths = new Set(fileTree.map(({ path }) => path));
  const goneDocuments = known.documents
    .filter(({ path }) => !paths.has(path))
    .map(({ path }) => path);
  const replacedDocuments = new Set([...goneDocuments, ...documents.map(({ path }) => path)]);
  const wasAlive = new Set(known.aliveBefore);
  const replacedFiles = indexedFiles
    .map(({ number }) => number)
    .filter((number) => wasAlive.has(number));
  const aliveNow = new Set(numberOf.values());
  const goneFiles = known.aliveBefore.filter((number) => !aliveNow.has(number));
  const renamed = [...numberOf].filter(
    ([path, number]) => before.get(number)?.indexedPath !== path,
  );

  const messages = new Map<number, ReadonlyMap<string, number>>();
  for (const { isRobot: byRobot, position, subject, body } of history.commits) {
    await breathe();
    if (!byRobot) messages.set(position, countTerms(`${subject} ${subject} ${body}`));
  }
  const pathTerms = new Map<number, ReadonlyMap<string, number>>();
  for (const [path, number] of renamed) {
    await breathe();
    pathTerms.set(number, countTerms(path));
  }

  return {
    headSha: head.sha,
    defaultBranch: head.branch,
    commits: history.commits,
    touches: history.touches,
    files,
    lostFiles: known.lostFiles,
    keepUpTo: known.forkPosition,
    indexedFiles,
    fileCount: fileTree.length,
    documents,
    goneDocuments,
    catalog: uniqueEntities(catalog, problems),
    index: [
      {
        field: 'content',
        items: content,
        buried: [...goneFiles, ...replacedFiles],
      },
      {
        field: 'path',
        items: pathTerms,
        buried: [
          ...goneFiles,
          ...renamed.map(([, number]) => number).filter((number) => wasAlive.has(number)),
        ],
      },
      {
        field: 'message',
        items: messages,
        buried: known.lostPositions,
      },
      {
        field: 'section',
        items: sections,
        buried: known.documents
          .filter(({ path }) => replacedDocuments.has(path))
          .flatMap(({ sectionNumbers }) => sectionNumbers),
      },
    ],
    problems: problems.slice(0, MAX_PROBLEMS),
  };
}

async function readHistory(
  git: GitRepository,
  headSha: string,
  known: KnownState,
  problems: string[],
  onProgress: (done: number, total: number) => void,
): Promise<{
  commits: CommitRecord[];
  touches: CommitFileRecord[];
  files: FileRecord[];
  lastPosition: number;
  nextNumber: number;
}> {
  const range = { to: headSha, from: known.forkSha, firstParent: true };
  const total =
    (await git.countCommits({ to: headSha, firstParent: true })) - (known.forkPosition + 1);
  if (total > MAX_COMMITS)
    problems.push(`history before the last ${MAX_COMMITS} commits was not read`);
  const authors = await readMergedAuthors(git, range);
  const walk = async (renames: 'similar' | 'exact') => {
    const fold = foldHistory(known.files, known.nextFileNumber);
    const commits: CommitRecord[] = [];
    const breathe = createBreather();
    for await (const commit of git.logWithFiles({
      ...range,
      limit: MAX_COMMITS,
      order: 'oldest',
      withLineCounts: false,
      renames,
    })) {
      const position = known.forkPosition + 1 + commits.length;
      fold.add(commit, position);
      commits.push(toCommit(commit, position, authors));
      await breathe();
      if (commits.length % REPORT_EVERY === 0) onProgress(commits.length, total);
    }
    return { commits, fold };
  };
  const { commits, fold } = await walk('similar').catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== 'git.failed') throw error;
    // A partial clone lacks contents, without which a rename with edits looks like two files.
    problems.push('some contents are missing from the clone: renames with edits were not followed');
    return walk('exact');
  });
  onProgress(commits.length, total);
  return {
    commits,
    touches: fold.touches(),
    files: fold.changed(),
    lastPosition: known.forkPosition + commits.length,
    nextNumber: fold.nextNumber(),
  };
}

function toCommit(
  commit: CommitWithFiles,
  position: number,
  authors: ReadonlyMap<string, CommitWithFiles['author']>,
): CommitRecord {
  const author = authors.get(commit.parents[1] ?? '') ?? commit.author;
  return {
    position,
    sha: commit.sha,
    authorName: neutralise(author.name),
    authorEmail: neutralise(author.email),
    isRobot: isRobot(author),
    committedAt: commit.committedAt,
    subject: shorten(neutralise(commit.subject), 500),
    body: shorten(neutralise(commit.body), MAX_BODY),
    fileCount: commit.files.length,
  };
}

/** A merge is the work of whoever wrote the branch, not of whoever pressed the button. */
async function readMergedAuthors(
  git: GitRepository,
  range: { to: string; from: string | undefined },
): Promise<Map<string, CommitWithFiles['author']>> {
  const authors = new Map<string, CommitWithFiles['author']>();
  const wanted = new Set<string>();
  for await (const commit of git.log({ ...range, limit: MAX_COMMITS * 4 })) {
    for (const parent of commit.parents.slice(1)) wanted.add(parent);
    if (wanted.delete(commit.sha)) authors.set(commit.sha, commit.author);
  }
  return authors;
}

/** Makes the folded files agree with the tree, which is the truth where history was cut short. */
function reconcile(
  folded: readonly FileRecord[],
  known: KnownState,
  tree: readonly { path: string }[],
  position: number,
  nextNumber: number,
): { files: FileRecord[]; numberOf: Map<string, number> } {
  const changed = new Map([...known.rewound, ...folded].map((file) => [file.number, file]));
  const numberOf = new Map<string, number>();
  const inTree = new Set(tree.map(({ path }) => path));
  for (const file of [...known.files, ...folded]) {
    const now = changed.get(file.number) ?? file;
    if (!now.isAlive) continue;
    if (inTree.has(now.path)) numberOf.set(now.path, now.number);
    else changed.set(now.number, { ...toRecord(now), isAlive: false });
  }
  let next = nextNumber;
  for (const { path } of tree) {
    if (numberOf.has(path)) continue;
    changed.set(next, {
      number: next,
      path,
      firstPosition: Math.max(0, position),
      lastPosition: Math.max(0, position),
      changeCount: 0,
      isAlive: true,
    });
    numberOf.set(path, next);
    next += 1;
  }
  return { files: [...changed.values()], numberOf };
}

function toRecord(file: FileRecord): FileRecord {
  const { number, path, firstPosition, lastPosition, changeCount, isAlive } = file;
  return { number, path, firstPosition, lastPosition, changeCount, isAlive };
}

function uniqueEntities(entities: readonly CatalogEntity[], problems: string[]): CatalogEntity[] {
  const byKey = new Map<string, CatalogEntity>();
  for (const entity of entities) {
    const key = `${entity.kind}:${entity.namespace}/${entity.name}`.toLowerCase();
    const first = byKey.get(key);
    if (first === undefined) byKey.set(key, entity);
    else problems.push(`${entity.path}: ${key} is already declared in ${first.path}`);
  }
  return [...byKey.values()];
}
