/**
 * Folders of documents on this machine: a handbook that is checked out or synchronised here. Nothing is
 * followed out of the folder, and what is too large, hidden or no text is left out.
 */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { AppError, decodeCursor } from '#kernel';
import {
  belongsTo,
  type DocumentPlaces,
  isDocumentFile,
  type KnowledgeItem,
  type KnowledgeSource,
  readDocumentFile,
  readersOf,
} from '#connectors/contract';

export const FOLDERS = 'folders';
const MAX_FILES = 20_000;
const MAX_DEPTH = 20;
const MAX_BYTES = 1_000_000;
const PER_PAGE = 100;
/** Clocks of file systems count in steps. */
const OVERLAP_MS = 2_000;
const PREFIX = 'file/';

const Cursor = z.object({
  since: z.number(),
  began: z.number(),
  /** Last path of the page before; null when a reading is over. */
  after: z.string().nullable(),
});

interface Found {
  /** With `/`, relative to the folder. */
  path: string;
  size: number;
  changedAt: Date;
}

export function createFoldersSource(options: {
  folders: readonly string[];
  places: DocumentPlaces;
}): KnowledgeSource {
  const { folders, places } = options;

  function need(folder: string): string {
    if (folders.includes(folder) && isAbsolute(folder)) return folder;
    throw new AppError('invalid', 'folders.unknown_folder', {
      message: `${folder.slice(0, 200)} is none of the folders that are read.`,
      hint: 'connectors.folders.paths names them, each with its whole path.',
    });
  }

  async function toItem(folder: string, file: Found): Promise<KnowledgeItem | undefined> {
    const bytes = await readFile(join(folder, file.path)).catch(() => undefined);
    const read = bytes === undefined ? undefined : readDocumentFile(file.path, bytes);
    if (bytes === undefined || read === undefined) return undefined;
    return {
      kind: 'document',
      object: `${PREFIX}${file.path}`,
      repository: folder,
      updatedAt: file.changedAt,
      url: pathToFileURL(join(folder, file.path)).href,
      author: read.author,
      path: file.path,
      title: read.title,
      text: read.text,
      revision: createHash('sha256').update(bytes).digest('hex').slice(0, 12),
      mark: markOf(file),
      ...belongsTo(places, folder),
      readers: readersOf(places, folder),
    };
  }

  return {
    name: FOLDERS,
    listEveryMs: 0,
    listScopes: async () => [...folders],

    async sweep(folder, cursor) {
      const root = need(folder);
      const last = cursor === null ? undefined : decodeCursor(Cursor, cursor);
      const at =
        last?.after != null
          ? last
          : {
              since: last === undefined ? 0 : last.began - OVERLAP_MS,
              began: Date.now(),
              after: null,
            };
      const files = (await listDocuments(root)).filter(
        ({ path, changedAt }) =>
          changedAt.getTime() >= at.since && (at.after === null || path > at.after),
      );
      const page = files.slice(0, PER_PAGE);
      const items: KnowledgeItem[] = [];
      for (const file of page) {
        const item = await toItem(root, file);
        if (item !== undefined) items.push(item);
      }
      const hasMore = files.length > page.length;
      const next = { ...at, after: hasMore ? page.at(-1)!.path : null };
      return {
        items,
        cursor: Buffer.from(JSON.stringify(next)).toString('base64url'),
        hasMore,
      };
    },

    async listObjects(folder) {
      const files = await listDocuments(need(folder));
      return {
        prefixes: [PREFIX],
        objects: files.map(({ path }) => `${PREFIX}${path}`),
        marks: new Map(files.map((file) => [`${PREFIX}${file.path}`, markOf(file)])),
      };
    },

    async readObject(folder, object) {
      const path = object.slice(PREFIX.length);
      const file = (await listDocuments(need(folder))).find((one) => one.path === path);
      return file === undefined ? undefined : toItem(folder, file);
    },
  };
}

/** @throws AppError `folders.unreadable`: a folder that is away is no empty folder. */
export async function listDocuments(folder: string): Promise<Found[]> {
  const found: Found[] = [];
  try {
    const root = await realpath(folder);
    await walk(root, 0);
  } catch (cause) {
    throw new AppError('unavailable', 'folders.unreadable', {
      message: `The folder ${folder.slice(0, 200)} cannot be read.`,
      hint: 'Check that it is there and that the user of this server may read it.',
      cause,
    });
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));

  async function walk(at: string, depth: number): Promise<void> {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (found.length >= MAX_FILES) return;
      const path = join(at, entry.name);
      const name = relative(folder, path).split(sep).join('/');
      // Links are not followed: they may lead out of the folder, or in circles.
      if (entry.isDirectory()) {
        if (depth < MAX_DEPTH && isDocumentFile(`${name}/x.md`)) await walk(path, depth + 1);
      } else if (entry.isFile() && isDocumentFile(name)) {
        const { size, mtime } = await lstat(path);
        if (size <= MAX_BYTES) found.push({ path: name, size, changedAt: mtime });
      }
    }
  }
}

const markOf = ({ size, changedAt }: Found): string => `${size} ${changedAt.getTime()}`;
