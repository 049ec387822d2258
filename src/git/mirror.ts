/** Copies of other repositories: bare mirrors that are fetched, and throw-away checkouts. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '#kernel';
import { GitFailure, notARepository, runGit, runGitText } from './run.ts';

/** Every branch and tag of the source, nothing else: stashes and pull request refs stay there. */
const REFSPECS = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
const TRANSFER_MS = 60 * 60_000;

export interface CloneProgress {
  /** In git's words: `Receiving objects`, `Resolving deltas`. */
  phase: string;
  done: number;
  total: number;
}

/** Clones into `dir`, which appears only when it is complete. */
export async function cloneBare(options: {
  url: string;
  dir: string;
  headers?: Record<string, string> | undefined;
  onProgress?: ((progress: CloneProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const dir = resolve(options.dir);
  if (existsSync(dir)) {
    throw new AppError('conflict', 'git.folder_exists', {
      message: 'The folder for the mirror already exists.',
      hint: 'Open it instead, or remove it first.',
    });
  }
  const { url, headers } = await readSource(options.url, options.headers);
  await mkdir(dirname(dir), { recursive: true });
  const partial = `${dir}.partial-${randomBytes(4).toString('hex')}`;
  try {
    await runGit(undefined, ['clone', '--bare', '--progress', '--template=', '--', url, partial], {
      timeoutMs: TRANSFER_MS,
      environment: headerEnvironment(headers),
      signal: options.signal,
      onStderr: progressReader(options.onProgress),
    });
    await rename(partial, dir);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw transferError(error, url);
  }
}

/** Brings branches and tags up to date; those that are gone at the source go here too. */
export async function fetchMirror(
  dir: string,
  options: {
    headers?: Record<string, string> | undefined;
    url?: string | undefined;
    refs?: readonly string[] | undefined;
  },
): Promise<void> {
  const given = options.url ?? (await readRemote(dir));
  const { url, headers } = await readSource(given, options.headers);
  const environment = headerEnvironment(headers);
  const extra = (options.refs ?? []).map((ref) => `+${ref}:${ref}`);
  try {
    await runGit(
      dir,
      [
        'fetch',
        '--quiet',
        '--no-tags',
        '--prune',
        '--force',
        '--no-write-fetch-head',
        // A shallow source may have been deepened or cut anew; its own boundary is taken over.
        '--update-shallow',
        '--end-of-options',
        url,
        ...REFSPECS,
        ...extra,
      ],
      { timeoutMs: TRANSFER_MS, environment },
    );
    // A fetch leaves HEAD alone, but the source's default branch may have been renamed.
    const answer = await runGitText(
      dir,
      ['ls-remote', '--symref', '--end-of-options', url, 'HEAD'],
      {
        environment,
      },
    );
    const head = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(answer)?.[1];
    if (head !== undefined) await runGit(dir, ['symbolic-ref', 'HEAD', head]);
  } catch (error) {
    throw transferError(error, url);
  }
}

/**
 * A work tree of one commit in `folder`, made as a repository of its own that borrows the objects: what
 * runs inside cannot move a ref of the mirror.
 */
export async function checkoutCommit(
  dir: string,
  sha: string,
  folder: string,
): Promise<AsyncDisposable> {
  const target = resolve(folder);
  if (existsSync(target)) {
    throw new AppError('conflict', 'git.folder_exists', {
      message: 'The folder for the checkout already exists.',
      hint: 'Give the path of a folder that does not exist yet.',
    });
  }
  const dispose = () => rm(target, { recursive: true, force: true, maxRetries: 3 });
  try {
    await runGit(undefined, [
      'init',
      '--quiet',
      '--template=',
      `--object-format=${sha.length === 64 ? 'sha256' : 'sha1'}`,
      '--',
      target,
    ]);
    const gitDir = join(target, '.git');
    const objects = await runGitText(dir, ['rev-parse', '--git-path', 'objects']);
    await mkdir(join(gitDir, 'objects/info'), { recursive: true });
    await writeFile(join(gitDir, 'objects/info/alternates'), `${resolve(dir, objects)}\n`);
    const shallow = await readFile(join(dir, 'shallow')).catch(() => undefined);
    if (shallow !== undefined) await writeFile(join(gitDir, 'shallow'), shallow);
    await runGit(gitDir, ['update-ref', '--no-deref', 'HEAD', sha]);
    await runGit(gitDir, [`--work-tree=${target}`, 'reset', '--quiet', '--hard']);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { [Symbol.asyncDispose]: dispose };
}

async function readRemote(dir: string): Promise<string> {
  const { stdout, exitCode } = await runGit(dir, ['config', '--get', 'remote.origin.url'], {
    okCodes: [0, 1],
  });
  if (exitCode === 0) return stdout.toString('utf8').trimEnd();
  throw new AppError('invalid', 'git.no_remote', {
    message: 'The repository does not know where it was cloned from.',
    hint: 'Pass the URL to fetch from.',
  });
}

/** A local path is checked and made absolute; a user and password in a URL become a header. */
export async function readSource(
  source: string,
  headers: Record<string, string> = {},
): Promise<{ url: string; headers: Record<string, string> }> {
  if (/^https?:\/\//i.test(source)) {
    const url = parseUrl(source);
    if (url.username === '' && url.password === '') return { url: source, headers };
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    url.username = '';
    url.password = '';
    const basic = `Basic ${Buffer.from(user).toString('base64')}`;
    return { url: url.href, headers: { Authorization: basic, ...headers } };
  }
  if (/^(?:ssh|git):\/\//i.test(source)) return { url: source, headers };
  if (/^file:\/\//i.test(source)) return { url: await checkLocal(filePath(source)), headers };
  const isScp = /^[^/]*:/.test(source) && !existsSync(source) && !isAbsolute(source);
  return { url: isScp ? source : await checkLocal(source), headers };
}

function parseUrl(source: string): URL {
  try {
    return new URL(source);
  } catch (cause) {
    throw badUrl(cause);
  }
}

function filePath(source: string): string {
  try {
    return fileURLToPath(source);
  } catch (cause) {
    throw badUrl(cause);
  }
}

function badUrl(cause: unknown): AppError {
  return new AppError('invalid', 'git.bad_url', {
    message: 'The URL cannot be read.',
    hint: 'Give a path, or a URL as you would pass it to git clone.',
    cause,
  });
}

async function checkLocal(path: string): Promise<string> {
  const folder = resolve(path);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw notARepository(folder);
  // Without a ceiling git would climb and quietly take a repository further up.
  await runGit(undefined, ['-C', folder, 'rev-parse', '--git-dir'], {
    environment: { GIT_CEILING_DIRECTORIES: dirname(folder) },
  }).catch((error: unknown) => {
    throw notARepository(folder, error);
  });
  return folder;
}

/** Headers travel in the environment: arguments are visible to every user of the machine. */
export function headerEnvironment(headers: Record<string, string>): Record<string, string> {
  const entries = Object.entries(headers);
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(entries.length) };
  entries.forEach(([name, value], index) => {
    if (/[\r\n]/.test(name + value)) {
      throw new AppError('invalid', 'git.bad_header', {
        message: 'A header for the git host holds a line break.',
        hint: 'Check the token for a stray line end.',
      });
    }
    environment[`GIT_CONFIG_KEY_${index}`] = 'http.extraHeader';
    environment[`GIT_CONFIG_VALUE_${index}`] = `${name}: ${value}`;
  });
  return environment;
}

/** Git redraws one line with carriage returns: `Receiving objects:  45% (450/1000)`. */
function progressReader(
  onProgress: ((progress: CloneProgress) => void) | undefined,
): ((text: string) => void) | undefined {
  if (onProgress === undefined) return undefined;
  let rest = '';
  return (text) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const match =
        /^(?:remote: )?(?<phase>[A-Z][a-z ]+):\s+\d+% \((?<done>\d+)\/(?<total>\d+)\)/.exec(line);
      if (match?.groups === undefined) continue;
      const { phase = '', done, total } = match.groups;
      onProgress({ phase, done: Number(done), total: Number(total) });
    }
  };
}

export function transferError(error: unknown, url: string): unknown {
  const cause = error instanceof AppError ? error.cause : undefined;
  if (!(cause instanceof GitFailure)) return error;
  const said = cause.stderr;
  if (
    /transport '.*' not allowed|unable to find remote helper|strange (?:host|path)name/.test(said)
  )
    return badUrl(cause);
  if (
    /authentication failed|could not read (?:username|password)|permission denied|error: 40[13]|host key verification/i.test(
      said,
    )
  ) {
    return new AppError('forbidden', 'git.access_denied', {
      message: `${url} refuses access.`,
      hint: 'Check the token or key of the connector, and that it may read this repository.',
      cause,
    });
  }
  if (
    /repository .*not found|not appear to be a git repository|not valid: is this a git/i.test(said)
  ) {
    return notARepository(url, cause);
  }
  if (
    /could not resolve|unable to (?:access|connect|look up)|connection (?:refused|reset|timed out|closed)|timed out|early eof|hung up|could not read from remote|no route|error: 5\d\d/i.test(
      said,
    )
  ) {
    return new AppError('unavailable', 'git.unreachable', {
      message: `${url} cannot be reached.`,
      hint: 'Check the address and the network, then try again.',
      cause,
    });
  }
  return error;
}
