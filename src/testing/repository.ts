/** A real git repository in a temporary folder, with history at known times. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TestPerson {
  name: string;
  email: string;
}

export interface TestCommit {
  /** Content by path; null deletes, `{ symlink }` links, `{ executable }` is a script. */
  files?: Record<string, string | Uint8Array | null | { symlink: string } | { executable: string }>;
  message?: string;
  author?: TestPerson;
  /** One minute after the previous commit unless given. */
  at?: Date;
}

export interface TestRepository extends AsyncDisposable {
  /** The work tree. */
  readonly dir: string;
  /** Commits on the current branch and gives the sha. */
  commit(commit?: TestCommit): Promise<string>;
  /** Makes a branch at `from` (default: where we are) and switches to it. */
  branch(name: string, from?: string): Promise<void>;
  /** Switches to a branch that exists. */
  switchTo(name: string): Promise<void>;
  /** Merges a branch into the current one by a merge commit and gives its sha. */
  merge(name: string, options?: { message?: string; at?: Date }): Promise<string>;
  /** Sha of a revision. */
  sha(revision?: string): Promise<string>;
  /** Anything else; gives the trimmed output. */
  git(...args: string[]): Promise<string>;
}

const AUTHOR: TestPerson = { name: 'Ada Lovelace', email: 'ada@example.org' };

export async function testRepository(
  options: { branch?: string; start?: Date } = {},
): Promise<TestRepository> {
  const dir = await mkdtemp(join(tmpdir(), 'loom-repository-'));
  let next = options.start ?? new Date('2026-01-05T09:00:00.000Z');

  async function call(args: string[], environment: Record<string, string> = {}): Promise<string> {
    const { stdout } = await run('git', ['-c', 'protocol.file.allow=always', ...args], {
      cwd: dir,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: process.env['PATH'],
        HOME: dir,
        LC_ALL: 'C',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: AUTHOR.name,
        GIT_AUTHOR_EMAIL: AUTHOR.email,
        GIT_COMMITTER_NAME: AUTHOR.name,
        GIT_COMMITTER_EMAIL: AUTHOR.email,
        ...environment,
      },
    });
    return stdout.trimEnd();
  }

  function identity(author: TestPerson, at: Date): Record<string, string> {
    const date = `@${Math.floor(at.getTime() / 1000)} +0000`;
    return {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
      GIT_COMMITTER_DATE: date,
    };
  }

  function takeTime(at: Date | undefined): Date {
    const time = at ?? next;
    next = new Date(time.getTime() + 60_000);
    return time;
  }

  const sha = (revision = 'HEAD') => call(['rev-parse', '--verify', `${revision}^{commit}`]);

  await call(['init', '--quiet', '--template=', `--initial-branch=${options.branch ?? 'main'}`]);

  return {
    dir,
    sha,
    git: (...args) => call(args),
    async commit({ files = {}, message = 'change', author = AUTHOR, at } = {}) {
      for (const [path, content] of Object.entries(files)) {
        const target = join(dir, path);
        await rm(target, { recursive: true, force: true });
        if (content === null) continue;
        await mkdir(dirname(target), { recursive: true });
        if (typeof content === 'string' || content instanceof Uint8Array) {
          await writeFile(target, content);
        } else if ('symlink' in content) {
          await symlink(content.symlink, target);
        } else {
          await writeFile(target, content.executable);
          await chmod(target, 0o755);
        }
      }
      await call(['add', '--all', '--force']);
      const time = takeTime(at);
      await call(
        ['commit', '--quiet', '--allow-empty', '--allow-empty-message', '-m', message],
        identity(author, time),
      );
      return sha();
    },
    async branch(name, from) {
      await call(['switch', '--quiet', '-c', name, ...(from === undefined ? [] : [from])]);
    },
    async switchTo(name) {
      await call(['switch', '--quiet', name]);
    },
    async merge(name, { message = `Merge ${name}`, at } = {}) {
      const time = takeTime(at);
      await call(['merge', '--quiet', '--no-ff', '-m', message, name], identity(AUTHOR, time));
      return sha();
    },
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
