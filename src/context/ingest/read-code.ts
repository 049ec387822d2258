/** Reads the code of a repository: from the cache by blob where it was read before, else in its thread. */
import type { GitRepository } from '#git';
import type { Queryable } from '#kernel';
import {
  type CodeReader,
  type Language,
  languageOf,
  MAX_CODE_BYTES,
  readOutlines,
  saveOutlines,
} from '../code/index.ts';
import type { OutlinedFile } from './code-facts.ts';
import { readTexts } from './read-texts.ts';
import type { RepositoryView, ViewedFile } from './repository-view.ts';
import type { Skipped } from './skipped.ts';

/** More files than this in one repository are known by their text only. */
const MAX_CODE_FILES = 40_000;
/** Blobs read and saved together. */
const BATCH = 200;

export async function readCode(
  db: Queryable,
  git: GitRepository,
  reader: CodeReader,
  view: RepositoryView,
  skipped: Skipped,
  onProgress: (done: number, total: number) => void,
): Promise<OutlinedFile[]> {
  const wanted: { file: ViewedFile; language: Language }[] = [];
  for (const file of view.files.values()) {
    const language = languageOf(file.path);
    if (language === undefined || file.class === 'generated' || file.blobSha === '') continue;
    if (file.size > MAX_CODE_BYTES) {
      skipped.add('code over 400 kB is known by its text only', file.path);
    } else if (wanted.length >= MAX_CODE_FILES) {
      skipped.add('code beyond 40,000 files is known by its text only', file.path);
    } else wanted.push({ file, language });
  }

  const keyOf = ({ file, language }: (typeof wanted)[number]) => `${file.blobSha} ${language}`;
  const known: Awaited<ReturnType<typeof readOutlines>> = new Map();
  for (let start = 0; start < wanted.length; start += BATCH) {
    const batch = wanted.slice(start, start + BATCH);
    const rows = await readOutlines(
      db,
      batch.map(({ file, language }) => ({ blobSha: file.blobSha, language })),
    );
    for (const [key, row] of rows) known.set(key, row);
  }
  const missing = [...new Map(wanted.map((one) => [keyOf(one), one])).values()].filter(
    (one) => !known.has(keyOf(one)),
  );
  let done = 0;
  for (let start = 0; start < missing.length; start += BATCH) {
    const batch = missing.slice(start, start + BATCH);
    const readings = await readBatch(git, reader, batch);
    await saveOutlines(db, readings);
    for (const row of readings) known.set(`${row.blobSha} ${row.language}`, row);
    done += batch.length;
    onProgress(done, missing.length);
  }

  return wanted.flatMap((one) => {
    const row = known.get(keyOf(one));
    if (row?.problem !== undefined && row.problem !== null) skipped.add(row.problem, one.file.path);
    return row === undefined || row.outline === null ? [] : [{ ...one, outline: row.outline }];
  });
}

async function readBatch(
  git: GitRepository,
  reader: CodeReader,
  batch: readonly { file: ViewedFile; language: Language }[],
) {
  await using texts = readTexts(
    git,
    batch.map(({ file }) => file.blobSha),
  );
  const readings: Promise<SavedReading>[] = [];
  for (const { file, language } of batch) {
    const text = (await texts.next()).value;
    readings.push(readOne(reader, { blobSha: file.blobSha, language }, text));
  }
  return Promise.all(readings);
}

type SavedReading = Parameters<typeof saveOutlines>[1][number];

async function readOne(
  reader: CodeReader,
  about: { blobSha: string; language: Language },
  text: string | undefined,
): Promise<SavedReading> {
  if (text === undefined) return { ...about, outline: null, problem: 'code that is no text' };
  const reading = await reader.read(about.language, text);
  return 'outline' in reading
    ? { ...about, outline: reading.outline, problem: null }
    : { ...about, outline: null, problem: reading.problem };
}
