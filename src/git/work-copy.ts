/**
 * A work tree somebody else writes to, as a repository of its own: what runs inside can neither move a
 * ref of the mirror nor read another repository. Objects are shared by hard links. Whatever is in such a
 * copy may have been arranged by whoever worked there, so git runs in it as that user, and work comes
 * back as a pack that is checked, never by reading the copy ourselves.
 */
import { copyFile, link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#kernel';
import type { Person } from './schema.ts';
import { runGit, runGitText, startGit } from './run.ts';

export interface WorkCopyUser {
  uid: number;
  gid: number;
}

export interface WorkCopyPlace {
  /** The work tree; its repository is `.git` in it. */
  tree: string;
  /** Home of git's user there: ours must not be read by somebody else. */
  home: string;
  /** Null: our own user. */
  user: WorkCopyUser | null;
}

/** Work that comes back at once; more than this is no change anybody could review. */
const MAX_RETURNED_BYTES = 512 * 1024 * 1024;
const LINKS_AT_ONCE = 32;

/** Makes the copy at a commit, on a branch. Its owner still has to be given the files. */
export async function makeWorkCopy(
  mirrorDir: string,
  place: Pick<WorkCopyPlace, 'tree'>,
  at: { sha: string; branch: string; person: Person },
): Promise<void> {
  const target = resolve(place.tree);
  const format = `--object-format=${at.sha.length === 64 ? 'sha256' : 'sha1'}`;
  await runGit(undefined, ['init', '--quiet', '--template=', format, '--', target]);
  const gitDir = join(target, '.git');
  const objects = await runGitText(mirrorDir, ['rev-parse', '--git-path', 'objects']);
  await shareObjects(resolve(mirrorDir, objects), join(gitDir, 'objects'));
  const shallow = await readFile(join(mirrorDir, 'shallow')).catch(() => undefined);
  if (shallow !== undefined) await writeFile(join(gitDir, 'shallow'), shallow);
  await writeFile(join(gitDir, 'packed-refs'), await remoteRefs(mirrorDir));
  await runGit(gitDir, ['config', 'user.name', at.person.name]);
  await runGit(gitDir, ['config', 'user.email', at.person.email]);
  await runGit(gitDir, ['symbolic-ref', 'HEAD', `refs/heads/${at.branch}`]);
  await runGit(gitDir, ['update-ref', 'HEAD', at.sha]);
  await runGit(gitDir, [`--work-tree=${target}`, 'reset', '--quiet', '--hard']);
}

/**
 * Moves a copy to another commit and branch, writing only what differs; files git ignores stay, such as
 * installed dependencies. Commits the copy lacks are sent to it.
 */
export async function moveWorkCopy(
  mirrorDir: string,
  place: WorkCopyPlace,
  to: { sha: string; branch: string },
): Promise<void> {
  const has = await runInCopy(place, ['cat-file', '-e', `${to.sha}^{commit}`], [0, 1, 128]);
  if (has.exitCode !== 0) {
    const known = await headOfCopy(place);
    await sendPack(
      startGit(mirrorDir, ['pack-objects', '--revs', '--stdout', '--quiet', '--thin']),
      `${to.sha}\n^${known}\n`,
      startInCopy(place, ['index-pack', '--stdin', '--fix-thin']),
    );
  }
  // The branch the copy stood on goes: nobody has worked on it.
  await runInCopy(place, ['symbolic-ref', 'HEAD', `refs/heads/${to.branch}`]);
  await runInCopy(place, ['update-ref', 'HEAD', to.sha]);
  await runInCopy(place, ['-C', place.tree, 'reset', '--quiet', '--hard']);
  await runInCopy(place, ['-C', place.tree, 'clean', '-ffdq']);
}

export async function headOfCopy(place: WorkCopyPlace): Promise<string> {
  const { stdout } = await runInCopy(place, ['rev-parse', '--verify', 'HEAD^{commit}']);
  return stdout.toString('latin1').trim();
}

/** Commits whatever is not committed yet; gives the new head, or undefined where all was. */
export async function commitWork(
  place: WorkCopyPlace,
  commit: { message: string; author: Person },
): Promise<string | undefined> {
  const inTree = ['-C', place.tree];
  await runInCopy(place, [...inTree, 'add', '--all']);
  const staged = await runInCopy(place, [...inTree, 'diff', '--cached', '--quiet'], [0, 1]);
  if (staged.exitCode === 0) return undefined;
  const { name, email } = commit.author;
  const person = ['-c', `user.name=${name}`, '-c', `user.email=${email}`];
  await runInCopy(
    place,
    [...inTree, ...person, 'commit', '--quiet', '--no-verify', '-F', '-'],
    [0],
    {
      input: commit.message,
    },
  );
  return headOfCopy(place);
}

/**
 * Brings the commits of a copy into the mirror and lets `ref` there point to them. Gives the head, which
 * is the base where nothing was made. The objects are checked before anything names them.
 * @throws AppError `git.work_unreadable` where the copy holds no sound commit on top of known ones.
 */
export async function returnWork(
  mirrorDir: string,
  place: WorkCopyPlace,
  { ref, baseSha }: { ref: string; baseSha: string },
): Promise<string> {
  try {
    const head = await headOfCopy(place);
    if (!/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(head)) throw new Error('HEAD names no commit');
    if (head !== baseSha) {
      await sendPack(
        startInCopy(place, ['pack-objects', '--revs', '--stdout', '--quiet']),
        `${head}\n^${baseSha}\n`,
        startGit(mirrorDir, [
          'index-pack',
          '--stdin',
          '--strict',
          `--max-input-size=${MAX_RETURNED_BYTES}`,
        ]),
      );
      // A pack may leave out what it says it builds on.
      await runGit(mirrorDir, ['rev-list', '--objects', '--quiet', head, '--not', '--all']);
    }
    await runGit(mirrorDir, ['update-ref', ref, head]);
    return head;
  } catch (cause) {
    throw new AppError('conflict', 'git.work_unreadable', {
      message: 'The work in the copy could not be taken over: it holds no sound commits.',
      hint: 'The server log has what git said. The copy may have been deleted or damaged.',
      cause,
    });
  }
}

/** Git in a copy, as its user, with nothing of ours in its environment. */
export async function runInCopy(
  place: WorkCopyPlace,
  args: readonly string[],
  okCodes: readonly number[] = [0],
  options: { input?: string } = {},
) {
  return runGit(join(place.tree, '.git'), args, {
    okCodes,
    environment: copyEnvironment(place),
    ...(place.user === null ? {} : { user: place.user }),
    ...options,
  });
}

function startInCopy(place: WorkCopyPlace, args: readonly string[]) {
  const user = place.user ?? undefined;
  return startGit(join(place.tree, '.git'), args, copyEnvironment(place), user);
}

/** The user of the copy owns it and needs no leave to; our own configuration may be out of reach. */
function copyEnvironment({ home, user }: WorkCopyPlace): Record<string, string> {
  return user === null ? {} : { HOME: home, GIT_CONFIG_GLOBAL: '/dev/null', SSH_AUTH_SOCK: '' };
}

type Git = ReturnType<typeof startGit>;

async function sendPack(from: Git, wanted: string, to: Git): Promise<void> {
  const said: string[] = [];
  const ends = [from, to].map(
    (child) =>
      new Promise<number | null>((done) => {
        child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString().slice(0, 2_000)));
        child.once('error', () => done(null));
        child.once('close', (code) => done(code));
      }),
  );
  to.stdout.resume();
  from.stdin.end(wanted);
  await pipeline(from.stdout, to.stdin).catch(() => {});
  const codes = await Promise.all(ends);
  if (codes.some((code) => code !== 0)) throw new Error(said.join('').slice(-2_000));
}

/** What the branches of the mirror are called in the copy, as `packed-refs` holds them. */
async function remoteRefs(mirrorDir: string): Promise<string> {
  const format = '%(objectname) refs/remotes/origin/%(refname:lstrip=2)';
  const { stdout } = await runGit(mirrorDir, ['for-each-ref', `--format=${format}`, 'refs/heads']);
  const lines = stdout.toString('utf8').split('\n').filter(Boolean);
  // Git searches the file by halves, so the names must stand in byte order.
  lines.sort((a, b) => Buffer.compare(nameIn(a), nameIn(b)));
  return `# pack-refs with: sorted\n${lines.map((line) => `${line}\n`).join('')}`;
}

const nameIn = (line: string) => Buffer.from(line.slice(line.indexOf(' ') + 1));

/**
 * Links every object file into the copy: they never change once written. A repack may take files away
 * while we list them; then the list is made again.
 */
async function shareObjects(from: string, to: string): Promise<void> {
  for (let round = 1; ; round += 1) {
    try {
      const folders = (await readdir(from)).filter((name) => /^(?:[0-9a-f]{2}|pack)$/.test(name));
      for (const folder of folders) await shareFolder(join(from, folder), join(to, folder));
      const alternates = await readFile(join(from, 'info/alternates'), 'utf8').catch(() => '');
      const paths = alternates.split('\n').filter(Boolean);
      if (paths.length > 0) {
        const absolute = paths.map((path) => `${resolve(from, path)}\n`).join('');
        await writeFile(join(to, 'info/alternates'), absolute);
      }
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || round === 3) throw error;
    }
  }
}

async function shareFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const names = (await readdir(from)).filter(
    (name) => !/^tmp_|^multi-pack-index|\.keep$/.test(name),
  );
  for (let at = 0; at < names.length; at += LINKS_AT_ONCE) {
    await Promise.all(
      names.slice(at, at + LINKS_AT_ONCE).map(async (name) => {
        try {
          await link(join(from, name), join(to, name));
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          // Another file system, or one without links.
          if (code === 'EXDEV' || code === 'EPERM')
            await copyFile(join(from, name), join(to, name));
          else if (code !== 'EEXIST') throw error;
        }
      }),
    );
  }
}
