/**
 * Asks, before a push is taken, whether its branches may move: the pre-receive hook speaks with this
 * process over an open file (descriptor 3), because what is pushed is seen by its own children alone
 * until the hook has said yes. What is refused is kept as a branch that opens no change.
 *
 * The hook writes `objects FOLDER`, one `move OLD NEW REF` for each branch, and `end`; it is answered
 * with lines `say WORDS` and, last, `yes` or `no`.
 */
import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { forcedSettings, gitEnvironment, GitFailure, runGit } from './git-process.ts';
import { readDefaultBranch } from './refs.ts';

/** Branches below it are stored and nothing more: they open no change, and nobody is asked about them. */
export const KEPT_PREFIX = 'loom/kept/';

export interface PushedBranch {
  repository: string;
  branch: string;
  headSha: string;
  /** Values of the trailers `Loom-Session` of its own commits, the newest first. */
  sessions: readonly string[];
  /** Files that the push changes and that the change itself changes, so without what it took in. */
  paths: readonly string[];
}

export interface Refusal {
  /** For whoever pushes. */
  message: string;
  /** Whose work it is: a word that fits into the name of a branch. */
  keptFor: string;
}

export type AskGate = (push: PushedBranch) => Promise<Refusal | undefined>;

interface Move {
  before: string;
  after: string;
  ref: string;
}

const BRANCHES = 'refs/heads/';
const MAX_COMMITS = 1_000;
const MAX_MOVES = 1_000;
const MAX_KEPT_NAME = 200;
const QUARANTINE = /^(?:tmp_objdir-)?incoming-\w+$/;
const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Answers one hook. Ends when the hook has its answer, or went away. */
export async function answerHook(
  line: Duplex,
  of: { repository: string; dir: string; ask: AskGate },
): Promise<void> {
  line.on('error', () => undefined);
  let objects: string | undefined;
  const moves: Move[] = [];
  for await (const text of createInterface({ input: line })) {
    const [word, ...rest] = text.split(' ');
    if (word === 'objects') objects = rest.join(' ');
    if (word === 'move') moves.push(moveOf(rest));
    if (word !== 'end') continue;
    const words = await judge(moves, { ...of, objects }).catch((error: unknown) => {
      line.end('say Nobody could tell who holds these files now. Push again in a moment.\nno\n');
      throw error;
    });
    // Names of files and of others are in it: they change no line and no colour.
    const said = words
      .flatMap((one) => one.split('\n'))
      .map((one) => `say ${one.replaceAll(/\p{Cc}/gu, ' ')}\n`);
    line.end(`${said.join('')}${words.length === 0 ? 'yes' : 'no'}\n`);
  }
}

function moveOf([before = '', after = '', ...ref]: readonly string[]): Move {
  return { before, after, ref: ref.join(' ') };
}

async function judge(
  moves: readonly Move[],
  of: { repository: string; dir: string; ask: AskGate; objects: string | undefined },
): Promise<string[]> {
  const { repository, dir, ask } = of;
  const environment = quarantine(dir, of.objects);
  const base = await shaOf(dir, `refs/heads/${await readDefaultBranch(dir)}`);
  // The first commits of an empty repository are in nobody's way.
  if (base === undefined) return [];
  const words: string[] = [];
  for (const move of moves.slice(0, MAX_MOVES)) {
    const { ref, after } = move;
    if (!ref.startsWith(BRANCHES) || !SHA.test(after) || /^0+$/.test(after)) continue;
    const branch = ref.slice(BRANCHES.length);
    if (branch.startsWith(KEPT_PREFIX)) continue;
    const told = await describe(dir, base, move, environment);
    const refusal = await ask({ repository, branch, headSha: after, ...told });
    if (refusal === undefined) continue;
    const kept = await keep(dir, base, { after, branch, keptFor: refusal.keptFor }, environment);
    words.push(
      `${refusal.message}\nWhat you pushed is kept as the branch ${kept}, which opens no change: git fetch origin ${kept}`,
    );
  }
  return words;
}

/** What is pushed lies apart until it is taken, in a folder of git's beside the objects. */
function quarantine(dir: string, objects = ''): Record<string, string> {
  const own = join(dir, 'objects');
  const name = basename(objects);
  if (!QUARANTINE.test(name)) return {};
  return { GIT_OBJECT_DIRECTORY: join(own, name), GIT_ALTERNATE_OBJECT_DIRECTORIES: own };
}

async function describe(
  dir: string,
  base: string,
  { before, after }: Move,
  environment: Record<string, string>,
): Promise<Pick<PushedBranch, 'sessions' | 'paths'>> {
  const git = (...args: string[]) => runGit(args, { dir, environment });
  const trailers = await git(
    'log',
    `--max-count=${MAX_COMMITS}`,
    '--format=%(trailers:key=Loom-Session,valueonly)',
    `${base}..${after}`,
    '--',
  );
  const changed = async (range: string[]) =>
    (await git('diff', '--name-only', '--no-renames', '-z', ...range, '--'))
      .split('\0')
      .filter((path) => path !== '');
  const own = await changed([`${base}...${after}`]).catch(noCommonHistory);
  const isOnTop =
    SHA.test(before) && !/^0+$/.test(before) && (await isAncestor(git, before, after));
  const pushed = new Set(isOnTop ? await changed([before, after]) : own);
  return {
    sessions: trailers.split('\n').flatMap((value) => (value.trim() === '' ? [] : [value.trim()])),
    // What it only took in from its base was judged when it landed there.
    paths: own.filter((path) => pushed.has(path)),
  };
}

/** Nothing in common with the base: it will not land as it is. */
function noCommonHistory(error: unknown): string[] {
  if (error instanceof GitFailure) return [];
  throw error;
}

async function isAncestor(
  git: (...args: string[]) => Promise<string>,
  before: string,
  after: string,
): Promise<boolean> {
  try {
    await git('merge-base', '--is-ancestor', before, after);
    return true;
  } catch (error) {
    if (error instanceof GitFailure) return false;
    throw error;
  }
}

async function shaOf(dir: string, ref: string): Promise<string | undefined> {
  const answer = await runGit(['for-each-ref', '--format=%(objectname)', ref], { dir });
  return answer.trim() === '' ? undefined : answer.trim();
}

/** Takes the commits over from what git is about to throw away. Gives the name of the branch. */
async function keep(
  dir: string,
  base: string,
  { after, branch, keptFor }: { after: string; branch: string; keptFor: string },
  environment: Record<string, string>,
): Promise<string> {
  const name = branch.length <= MAX_KEPT_NAME ? branch : after.slice(0, 12);
  const kept = `${KEPT_PREFIX}${keptFor}/${name}`;
  await takeOver(dir, [after, `^${base}`], environment);
  await runGit(['update-ref', '-m', 'kept: refused at the push', `refs/heads/${kept}`, after], {
    dir,
  });
  return kept;
}

/** @throws GitFailure */
async function takeOver(
  dir: string,
  revisions: readonly string[],
  environment: Record<string, string>,
): Promise<void> {
  const start = (args: string[], extra: Record<string, string>, input: 'pipe', output: 'pipe') =>
    spawn('git', ['--git-dir', dir, ...args], {
      env: gitEnvironment({ ...forcedSettings(dir), ...extra }),
      stdio: [input, output, 'ignore'],
    });
  const pack = start(['pack-objects', '--revs', '--stdout', '-q'], environment, 'pipe', 'pipe');
  const index = start(['index-pack', '--stdin', '--fix-thin'], {}, 'pipe', 'pipe');
  const ends = [pack, index].map(
    (program, place) =>
      new Promise<void>((resolve, reject) => {
        program.once('error', reject);
        program.once('close', (code) => {
          if (code === 0) resolve();
          else reject(new GitFailure(place === 0 ? 'pack-objects' : 'index-pack', code, ''));
        });
      }),
  );
  index.stdout.resume();
  pack.stdin.end(`${revisions.join('\n')}\n`);
  await Promise.all([...ends, pipeline(pack.stdout, index.stdin)]);
}
