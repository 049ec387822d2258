/**
 * Wikis that are git repositories: those of GitHub, GitLab and Gitea (`….wiki.git`), or any repository that
 * holds nothing but pages. A page is as old as the last commit that touched it, and its author wrote that.
 */
import { existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { cloneMirror, type GitRepository, openRepository } from '#git';
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

export const WIKI = 'wiki';
const MAX_BYTES = 1_000_000;
const MAX_COMMITS = 20_000;
const MAX_PAGES = 20_000;
const PER_PAGE = 100;
const PREFIX = 'page/';

const Cursor = z.object({
  /** Commit that was read to the end; null before the first. */
  read: z.string().nullable(),
  /** Commit that is being read, so that a push meanwhile moves no page. */
  reading: z.string().nullable(),
  after: z.string().nullable(),
});

interface Touch {
  sha: string;
  at: Date;
  author: string;
}

export function createWikiSource(options: {
  urls: readonly string[];
  places: DocumentPlaces;
  /** Holds one mirror per wiki. */
  folder: string;
  headers?: Record<string, string> | undefined;
}): KnowledgeSource {
  const { urls, places, folder, headers } = options;

  async function open(url: string): Promise<GitRepository> {
    if (!urls.includes(url)) {
      throw new AppError('invalid', 'wiki.unknown_wiki', {
        message: `${hostOf(url)} is none of the wikis that are read.`,
        hint: 'connectors.wiki.urls names them.',
      });
    }
    const name = createHash('sha256').update(url).digest('hex').slice(0, 20);
    const dir = join(folder, `${name}.git`);
    try {
      if (!existsSync(dir)) return await cloneMirror({ url, dir, headers });
      const git = openRepository(dir);
      await git.fetch({ url, headers });
      return git;
    } catch (error) {
      throw toFailure(error, url);
    }
  }

  async function headOf(git: GitRepository): Promise<string | null> {
    const branch = await git.defaultBranch();
    return (branch === undefined ? undefined : await git.resolve(`refs/heads/${branch}`)) ?? null;
  }

  /** The last commit of each page that changed, newest first; all pages without a commit to start from. */
  async function readTouches(
    git: GitRepository,
    to: string,
    from: string | null,
  ): Promise<Map<string, Touch>> {
    const touches = new Map<string, Touch>();
    const isKnown = from !== null && (await git.commit(from)) !== undefined;
    const commits = git.logWithFiles({
      to,
      from: isKnown ? from : undefined,
      limit: MAX_COMMITS,
      order: 'newest',
      withLineCounts: false,
      renames: 'exact',
    });
    for await (const commit of commits) {
      for (const { path } of commit.files) {
        if (touches.has(path)) continue;
        touches.set(path, {
          sha: commit.sha,
          at: commit.committedAt,
          author: commit.author.name,
        });
      }
    }
    return touches;
  }

  async function listPages(git: GitRepository, sha: string) {
    const files = await git.listFiles(sha);
    return files
      .filter(
        ({ path, size, mode }) =>
          isDocumentFile(path) && size <= MAX_BYTES && mode !== '120000' && mode !== '160000',
      )
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .slice(0, MAX_PAGES);
  }

  async function toItem(
    git: GitRepository,
    url: string,
    revision: string,
    file: { path: string; sha: string },
    touch: Touch,
  ): Promise<KnowledgeItem | undefined> {
    const text = await git.readText(revision, file.path, MAX_BYTES);
    const read =
      text === undefined ? undefined : readDocumentFile(file.path, new TextEncoder().encode(text));
    if (read === undefined) return undefined;
    return {
      kind: 'document',
      object: `${PREFIX}${file.path}`,
      repository: url,
      updatedAt: touch.at,
      url: pageUrl(url, file.path),
      author: touch.author,
      path: file.path,
      title: read.title,
      text: read.text,
      revision: touch.sha.slice(0, 12),
      mark: file.sha,
      ...belongsTo(places, url),
      readers: readersOf(places, url),
    };
  }

  return {
    name: WIKI,
    listEveryMs: 0,
    listScopes: async () => [...urls],

    async sweep(url, cursor) {
      const git = await open(url);
      const at =
        cursor === null ? { read: null, reading: null, after: null } : decodeCursor(Cursor, cursor);
      const head = at.reading ?? (await headOf(git));
      if (head === null || head === at.read) {
        return { items: [], cursor: encode({ ...at, reading: null }), hasMore: false };
      }
      const touches = await readTouches(git, head, at.read);
      const pages = (await listPages(git, head)).filter(
        ({ path }) => touches.has(path) && (at.after === null || path > at.after),
      );
      const items: KnowledgeItem[] = [];
      for (const file of pages.slice(0, PER_PAGE)) {
        const item = await toItem(git, url, head, file, touches.get(file.path)!);
        if (item !== undefined) items.push(item);
      }
      const hasMore = pages.length > PER_PAGE;
      const next = hasMore
        ? { read: at.read, reading: head, after: pages[PER_PAGE - 1]!.path }
        : { read: head, reading: null, after: null };
      return { items, cursor: encode(next), hasMore };
    },

    async listObjects(url) {
      const git = await open(url);
      const head = await headOf(git);
      const pages = head === null ? [] : await listPages(git, head);
      return {
        prefixes: [PREFIX],
        objects: pages.map(({ path }) => `${PREFIX}${path}`),
        marks: new Map(pages.map(({ path, sha }) => [`${PREFIX}${path}`, sha])),
      };
    },

    async readObject(url, object) {
      const git = await open(url);
      const head = await headOf(git);
      const path = object.slice(PREFIX.length);
      const file =
        head === null ? undefined : (await listPages(git, head)).find((page) => page.path === path);
      if (head === null || file === undefined) return undefined;
      const commits = git.log({ to: head, paths: [path], limit: 1 });
      for await (const { sha, committedAt, author } of commits) {
        return toItem(git, url, head, file, { sha, at: committedAt, author: author.name });
      }
      return undefined;
    },
  };
}

/** Where people read a page: hosts show wikis at an address of their own. */
export function pageUrl(url: string, path: string): string | undefined {
  const base = /^(https?:\/\/.+)\.wiki\.git\/?$/.exec(url)?.[1];
  if (base === undefined) return undefined;
  const page = path
    .replace(/\.\w+$/, '')
    .split('/')
    .map(encodeURIComponent);
  return /^https?:\/\/[^/]*gitlab/.test(base)
    ? `${base}/-/wikis/${page.join('/')}`
    : `${base}/wiki/${page.at(-1)}`;
}

const encode = (cursor: z.infer<typeof Cursor>) =>
  Buffer.from(JSON.stringify(cursor)).toString('base64url');

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url.slice(0, 100));

/** Git's failures as those of a connection; what git says may quote the address with its password. */
function toFailure(error: unknown, url: string): AppError {
  const code = error instanceof AppError ? error.code : '';
  if (code === 'git.access_denied') {
    return new AppError('unauthenticated', 'connector.bad_credentials', {
      message: `The wiki at ${hostOf(url)} does not accept our credentials.`,
      hint: 'Set connectors.wiki.token to a token that may read it.',
    });
  }
  return new AppError('unavailable', 'connector.unreachable', {
    message: `The wiki at ${hostOf(url)} cannot be read.`,
    hint: 'Check its address; a wiki without a page is no repository yet.',
    cause: error,
  });
}
