/**
 * Many merges at once, without touching the repository: merged trees and trial commits go to an object
 * folder of their own that borrows the repository's objects, and it is deleted afterwards.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { AppError } from '#kernel';
import { decodePath } from './path.ts';
import { splitBuffer } from './records.ts';
import { runGit, runGitText } from './run.ts';
import type { MergeOutcome } from './schema.ts';

export interface MergeScratch extends AsyncDisposable {
  /**
   * Merges each pair without a work tree, in their order. Undefined where git cannot merge the two: no
   * common history, or objects that are not here. One process for all of them (git 2.39 and newer).
   */
  mergeAll(
    pairs: readonly (readonly [ours: string, theirs: string])[],
  ): Promise<(MergeOutcome | undefined)[]>;
  /** A commit that only this scratch knows. */
  commit(treeSha: string, parents: readonly string[]): Promise<string>;
  /** Trees of commits, in their order; undefined for what is no commit here. */
  treesOf(shas: readonly string[]): Promise<(string | undefined)[]>;
  /** The text of a merged file, markers included; undefined when there is none, cut at `maxBytes`. */
  readText(treeSha: string, path: string, maxBytes: number): Promise<string | undefined>;
}

const TRIAL_AUTHOR = 'LoomStack <merge-test@localhost> 0 +0000';
const SHA = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** Bounds what one process answers with. */
const BATCH = 200;
const compress = promisify(deflate);

/** @param gitDir the git directory whose objects are borrowed; nothing is written there */
export async function openMergeScratch(gitDir: string): Promise<MergeScratch> {
  const folder = await mkdtemp(join(tmpdir(), 'loom-merge-'));
  const objects = join(folder, 'objects');
  await mkdir(objects);
  const environment = {
    GIT_OBJECT_DIRECTORY: objects,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: (await objectFolders(gitDir)).map(quote).join(':'),
  };
  const algorithm = await runGitText(gitDir, ['rev-parse', '--show-object-format']);

  async function mergeBatch(
    pairs: readonly (readonly [string, string])[],
  ): Promise<(MergeOutcome | undefined)[]> {
    if (pairs.length === 0) return [];
    try {
      const { stdout } = await runGit(
        gitDir,
        ['merge-tree', '--write-tree', '--stdin', '--name-only', '--no-messages'],
        {
          input: pairs.map((pair) => `${pair.join(' ')}\n`).join(''),
          environment,
          okCodes: [0, 1],
        },
      );
      const outcomes = readOutcomes(stdout);
      if (outcomes.length === pairs.length) return outcomes;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
    // One pair that cannot be merged ends the process for all: halves find it in few steps.
    if (pairs.length === 1) return [await mergeAlone(pairs[0]!)];
    const middle = pairs.length >>> 1;
    return [
      ...(await mergeBatch(pairs.slice(0, middle))),
      ...(await mergeBatch(pairs.slice(middle))),
    ];
  }

  /** Without `--stdin`, which git 2.38 lacks. */
  async function mergeAlone([ours, theirs]: readonly [string, string]): Promise<
    MergeOutcome | undefined
  > {
    try {
      const { stdout } = await runGit(
        gitDir,
        [
          'merge-tree',
          '--write-tree',
          '-z',
          '--name-only',
          '--no-messages',
          '--end-of-options',
          ours,
          theirs,
        ],
        { environment, okCodes: [0, 1] },
      );
      const [tree, ...paths] = splitBuffer(stdout);
      const treeSha = tree?.toString('latin1').trim() ?? '';
      // Git also ends with 1, and says nothing, where one of the two is not here.
      if (!SHA.test(treeSha)) return undefined;
      return {
        treeSha,
        conflicts: paths.filter(({ length }) => length > 0).map(decodePath),
      };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return undefined;
    }
  }

  return {
    async mergeAll(pairs) {
      for (const sha of pairs.flat()) assertSha(sha);
      const outcomes: (MergeOutcome | undefined)[] = [];
      for (let at = 0; at < pairs.length; at += BATCH) {
        outcomes.push(...(await mergeBatch(pairs.slice(at, at + BATCH))));
      }
      return outcomes;
    },

    async commit(treeSha, parents) {
      for (const sha of [treeSha, ...parents]) assertSha(sha);
      const text = [
        `tree ${treeSha}`,
        ...parents.map((parent) => `parent ${parent}`),
        `author ${TRIAL_AUTHOR}`,
        `committer ${TRIAL_AUTHOR}`,
        '',
        'merge test\n',
      ].join('\n');
      // Written as git writes a loose object; a process per commit would cost more than the merges.
      const object = Buffer.from(`commit ${Buffer.byteLength(text)}\0${text}`);
      const sha = createHash(algorithm).update(object).digest('hex');
      const place = join(objects, sha.slice(0, 2));
      await mkdir(place, { recursive: true });
      await writeFile(join(place, sha.slice(2)), await compress(object));
      return sha;
    },

    async treesOf(shas) {
      if (shas.length === 0) return [];
      for (const sha of shas) assertSha(sha);
      const { stdout } = await runGit(gitDir, ['cat-file', '--batch-check=%(objectname)'], {
        input: shas.map((sha) => `${sha}^{tree}\n`).join(''),
        environment,
      });
      return stdout
        .toString('latin1')
        .trimEnd()
        .split('\n')
        .map((line) => (SHA.test(line) ? line : undefined));
    },

    async readText(treeSha, path, maxBytes) {
      assertSha(treeSha);
      try {
        const { stdout } = await runGit(gitDir, ['cat-file', 'blob', `${treeSha}:${path}`], {
          environment,
          maxBytes,
          mayCut: true,
        });
        return stdout.toString('utf8');
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return undefined;
      }
    },

    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Records of status, tree, paths in conflict, and an empty field. */
function readOutcomes(output: Buffer): MergeOutcome[] {
  const outcomes: MergeOutcome[] = [];
  const fields = splitBuffer(output);
  for (let at = 0; at + 1 < fields.length; at += 1) {
    const treeSha = fields[at + 1]!.toString('latin1').trim();
    const conflicts: string[] = [];
    at += 2;
    while (at < fields.length && fields[at]!.length > 0) {
      conflicts.push(decodePath(fields[at]!));
      at += 1;
    }
    outcomes.push({ treeSha, conflicts });
  }
  return outcomes;
}

/** The repository's object folder and those it borrows from: alternates of alternates are not followed by git here. */
async function objectFolders(gitDir: string): Promise<string[]> {
  const common = await readFile(join(gitDir, 'commondir'), 'utf8').catch(() => '');
  const own = join(common === '' ? gitDir : resolve(gitDir, common.trim()), 'objects');
  const listed = await readFile(join(own, 'info', 'alternates'), 'utf8').catch(() => '');
  const borrowed = listed
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => (isAbsolute(line) ? line : resolve(own, line)));
  return [own, ...borrowed.filter((path) => existsSync(path))];
}

/** Git splits the list at colons unless an entry is quoted. */
function quote(path: string): string {
  return `"${path.replace(/[\\"]/g, (character) => `\\${character}`)}"`;
}

function assertSha(text: string): void {
  if (SHA.test(text)) return;
  throw new AppError('invalid', 'git.unknown_revision', {
    message: 'A merge test needs full commit names.',
    hint: 'Resolve the names first.',
  });
}
