/**
 * `loom commit-gate FILE`: called by git before each commit. It refuses what another session holds, and
 * lets everything else pass: while the server is away people commit as ever, with one line.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError, isId, type Id, type Page } from '#kernel';
import { type Claim, type GateAnswer, type Session, sessionsInTrailers } from '#orchestration';
import { type ApiClient, createApiClient } from '../client.ts';
import { findCredentials } from '../credentials.ts';
import { findRepositoryHere, findRoot } from '../here.ts';
import { EXIT_CODES, printableLines } from '../output.ts';
import type { GlobalFlags, RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerCommitGate: RegisterCommands = (program, context) => {
  program
    .command('commit-gate [file]')
    .description('called by git before each commit; `loom attach` arranges that')
    .addHelpText(
      'after',
      '\nExit code: 0 it may be committed, 5 another session holds a file of it.\nThe session is the one of the trailer Loom-Session, of LOOM_SESSION, or the one that works in this folder.\n\nExample:\n  $ loom commit-gate .git/COMMIT_EDITMSG\n',
    )
    .action(async (file: string | undefined) => {
      const paths = stagedPaths();
      if (paths.length === 0) return;
      const flags = program.opts<GlobalFlags>();
      let refusal: string | undefined;
      try {
        const client = createApiClient({ ...findCredentials(flags), timeoutMs: PATIENCE_MS });
        refusal = await judge(client, file, paths);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { failClosed } = findCredentials(flags).hooks;
        // What the server does not know is none of its business; what it cannot say may be.
        const isAway = error.kind === 'unavailable' || error.kind === 'unauthenticated';
        if (!isAway) return;
        const line = `LoomStack could not be asked about this commit: ${error.message}`;
        if (!failClosed) {
          context.output().note(line);
          return;
        }
        refusal = `${line} Commits are refused meanwhile (hooks.failClosed is set).`;
      }
      if (refusal === undefined) return;
      context.setExitCode(EXIT_CODES.conflict);
      const hint = 'A person who knows better commits with `git commit --no-verify`.';
      context
        .output()
        .result({ outcome: 'refused', message: refusal }, () =>
          printableLines(`${refusal}\n${hint}`),
        );
    });
};

/** Why the commit is refused; undefined when it may be made. */
async function judge(
  client: ApiClient,
  file: string | undefined,
  paths: string[],
): Promise<string | undefined> {
  const root = realpathSync(findRoot());
  const named = sessionOf(file);
  const here =
    named === undefined
      ? await sessionsHere(client, root)
      : [await client.get<Wire<Session>>(`/v1/sessions/${named}`)];
  // A work tree need not be named like its repository; who works in it knows.
  const repository =
    here.find((session) => session.repository !== null)?.repository ??
    (await findRepositoryHere(client)).repository;
  if (here.length === 1) {
    const sessionId = here[0]!.id;
    const answer = await client.send<Wire<GateAnswer>>('POST', '/v1/claims/gate', {
      sessionId,
      repository,
      gate: 'commit',
      paths: paths.slice(0, MAX_PATHS),
      dirty: changedNames().slice(0, MAX_PATHS),
    });
    return answer.outcome === 'open' ? undefined : answer.message;
  }
  // A person's own commit, or one of several sessions in one folder: what none of these holds is refused.
  const own = new Set<string>(here.map(({ id }) => id));
  const held = await heldBy(client, repository);
  const lines = paths.flatMap((path) => {
    const claim = held.find(
      (it) => !own.has(it.sessionId) && it.strength === 'exclusive' && isOver(it, path),
    );
    return claim === undefined
      ? []
      : [
          `${path}: held by ${claim.agent} (session ${claim.sessionId}) for ${claim.intent || 'work of its own'}.`,
        ];
  });
  if (lines.length === 0) return undefined;
  const more = lines.length - SHOWN;
  return [
    'This commit changes what another session holds.',
    ...lines.slice(0, SHOWN),
    ...(more > 0 ? [`… and ${more} more.`] : []),
    'Leave these files out of it (`git restore --staged`), or wait until the session ends: `loom claims` shows who holds what.',
  ].join('\n');
}

/** A commit waits for us no longer than this. */
const PATIENCE_MS = 10_000;
const MAX_PATHS = 5_000;
const SHOWN = 10;
const PAGE = 200;
const MAX_PAGES = 20;

/** By the trailer of the message, else by what the agent's environment says. */
function sessionOf(file: string | undefined): Id<'ses'> | undefined {
  const named = file === undefined || !existsSync(file) ? [] : trailersOf(file);
  const own = process.env['LOOM_SESSION'] ?? '';
  return sessionsInTrailers(named)[0] ?? (isId('ses', own) ? own : undefined);
}

function trailersOf(file: string): { name: string; value: string }[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^([\w-]+):\s*(\S+)\s*$/.exec(line);
      return match === null ? [] : [{ name: match[1]!.toLowerCase(), value: match[2]! }];
    });
}

/** Live sessions of the caller that work in this very work tree. */
async function sessionsHere(client: ApiClient, root: string): Promise<Wire<Session>[]> {
  const { id } = (await client.get<{ principal: { id: string } }>('/v1/me')).principal;
  const live = await Promise.all(
    ['active', 'idle'].map((state) =>
      client.get<Page<Wire<Session>>>('/v1/sessions', {
        state,
        operatorId: id,
        limit: PAGE,
      }),
    ),
  );
  return live
    .flatMap(({ items }) => items)
    .filter(({ cwd }) => cwd !== null && (cwd === root || cwd.startsWith(`${root}/`)));
}

async function heldBy(client: ApiClient, repository: string): Promise<Wire<Claim>[]> {
  const claims: Wire<Claim>[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { items, nextCursor } = await client.get<Page<Wire<Claim>>>('/v1/claims', {
      repository,
      state: 'held',
      kind: 'path',
      limit: PAGE,
      cursor,
    });
    claims.push(...items);
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  return claims;
}

/** A claim on a folder ends with a slash. */
function isOver({ target }: { target: string }, path: string): boolean {
  return target === path || (target.endsWith('/') && path.startsWith(target));
}

/** What the commit changes itself: of a merge, only what is as in neither side. */
function stagedPaths(): string[] {
  const staged = changedNames('--cached');
  const merge = resolve(git('rev-parse', '--git-path', 'MERGE_HEAD').trim());
  if (!existsSync(merge)) return staged;
  const other = new Set(changedNames('--cached', 'MERGE_HEAD'));
  return staged.filter((path) => other.has(path));
}

function changedNames(...flags: string[]): string[] {
  return git('diff', '--name-only', '-z', '--no-renames', ...flags)
    .split('\0')
    .filter((name) => name !== '');
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', maxBuffer: 64_000_000 });
}
