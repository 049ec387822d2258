/**
 * Devboxes: where agents work. Each is a room of its own, taken from a warm pool where one is ready;
 * when it is closed its work is on its branch in the mirror and the folder is gone. Folders and notes
 * are the truth of this node; the table is what everybody sees.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ContextService } from '#context';
import { commitWork, type GitRepository, moveWorkCopy, returnWork, type WorkCopyUser } from '#git';
import {
  AppError,
  decodeCursor,
  findProcess,
  type Id,
  type Page,
  type PageRequest,
  toPage,
} from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import { endAllOf } from '../steps/check-user.ts';
import { type Box, findBox, isThere, LOOMSTACK, makeBox } from './box.ts';
import { type CacheStore, createCacheStore } from './caches.ts';
import { devboxClosed, devboxOpened } from './events.ts';
import { type DevboxPlan, readDevboxPlan } from './file.ts';
import { type DevboxNote, forgetNote, listNames, readNotes, writeNote } from './notes.ts';
import { diskUse } from './disk.ts';
import { portVariables, returnPorts, takePorts } from './ports.ts';
import * as store from './store.ts';

export interface DevboxDeps extends OrchestrationDeps {
  context: Pick<ContextService, 'openMirror'>;
  /** Where devboxes are made; nothing else is in it. */
  folder: string;
  /** Names this data folder among all nodes. */
  node: string;
  /** Devboxes kept ready for each repository that used one. */
  warm: number;
  /** Of our own environment, what every devbox gets: addresses of registries and the like. */
  environment: Readonly<Record<string, string>>;
}

export interface Devbox {
  readonly id: Id<'box'>;
  readonly repository: string;
  readonly branch: string;
  readonly baseSha: string;
  readonly box: Box;
  readonly user: WorkCopyUser | null;
  /** Ports and what the repository's file asks for, over the node's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly plan: DevboxPlan;
  readonly wasWarm: boolean;
  readonly readyMs: number;
}

export interface DevboxView {
  id: Id<'box'>;
  repository: string;
  branch: string;
  baseSha: string;
  headSha: string;
  state: store.DevboxRow['state'];
  runId: Id<'run'> | null;
  step: string | null;
  sessionId: Id<'ses'> | null;
  node: string;
  wasWarm: boolean;
  readyMs: number;
  createdAt: Date;
  endedAt: Date | null;
}

export interface DevboxService extends AsyncDisposable {
  /**
   * A devbox at `headSha` (else the base) on a branch of its own, ready to work in.
   * @throws AppError `devbox.bad_file`, `devbox.setup_failed`, `devbox.unknown_commit`.
   */
  open(request: {
    repository: string;
    baseSha: string;
    headSha?: string | undefined;
    branch: string;
    runId?: Id<'run'> | undefined;
    stepName?: string | undefined;
    correlationId?: string | undefined;
    signal: AbortSignal;
  }): Promise<Devbox>;
  /** Notes who leads the work in it, so that a later start can end it. */
  noteProcess(devbox: Devbox, pid: number): Promise<void>;
  bind(devbox: Devbox, sessionId: Id<'ses'>): Promise<void>;
  /** Commits what lies about, brings all commits to the mirror; the devbox stays. Gives the head. */
  save(devbox: Devbox, message: string): Promise<string>;
  /**
   * Saves and removes it. A work tree that was deleted under the session is noticed: what was saved
   * before stays on the branch, and the devbox counts as lost.
   */
  close(
    devbox: Devbox,
    end: { message: string; why: string; correlationId?: string | undefined },
  ): Promise<{ headSha: string; state: 'kept' | 'empty' | 'lost' }>;
  /** Removes it and whatever was done in it: for judges, who only look. */
  discard(devbox: Devbox, why: string): Promise<void>;
  /** Makes the pool of a repository full at its default branch; resolves when it is. */
  warm(repository: string): Promise<void>;
  /** What a killed node left: ends its processes, keeps its work, removes its folders. Call it first. */
  reconcile(): Promise<{ kept: number; removed: number; warm: number }>;
  list(
    filter: { state?: string | undefined; repository?: string | undefined } & PageRequest,
  ): Promise<Page<DevboxView>>;
}

const Cursor = z.tuple([z.iso.datetime(), z.string()]);
const CACHES = '.caches';
const WARM_BRANCH = 'loom-warm';

/** Where the mirror keeps the work of a branch: beside the branches, which a fetch prunes. */
export const workRef = (branch: string) => `refs/loom/work/${branch}`;

export function createDevboxService(deps: DevboxDeps): DevboxService {
  const { db, ledger, clock, newId, log, context, folder, node } = deps;
  const pool = new Map<string, DevboxNote[]>();
  const refills = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  const mayLink = process.getuid?.() !== 0;
  const takenPorts = new Map<string, number[]>();

  const cachesOf = (repository: string): CacheStore =>
    createCacheStore(join(folder, CACHES, encodeURIComponent(repository)), mayLink);

  async function makeFresh(
    repository: string,
    git: GitRepository,
    at: { sha: string; branch: string },
    plan: DevboxPlan,
    signal: AbortSignal,
  ): Promise<Box> {
    const id = newId('box');
    const caches = cachesOf(repository);
    const { environment } = deps;
    return makeBox({ parent: folder, id, git, at, plan, caches, environment, clock, signal });
  }

  /** A warm one of equal set-up, or undefined. */
  async function takeWarm(
    repository: string,
    git: GitRepository,
    plan: DevboxPlan,
    at: { sha: string; branch: string },
  ): Promise<Box | undefined> {
    const waiting = pool.get(repository) ?? [];
    for (;;) {
      const index = waiting.findIndex(({ key }) => key === plan.key);
      if (index === -1) return undefined;
      const [note] = waiting.splice(index, 1);
      const box = findBox(note!);
      try {
        await moveWorkCopy(git.dir, box.place, at);
        return box;
      } catch (error) {
        log.warn({ err: error, devbox: note!.id }, 'a warm devbox could not be used');
        await remove(box);
      }
    }
  }

  async function remove(box: Box): Promise<void> {
    try {
      await box.room[Symbol.asyncDispose]();
    } catch (error) {
      log.warn({ err: error, devbox: box.id }, 'a devbox could not be removed');
    }
    await forgetNote(folder, box.id);
    returnPorts(takenPorts.get(box.id) ?? []);
    takenPorts.delete(box.id);
  }

  async function fillPool(repository: string): Promise<void> {
    const git = await context.openMirror(repository);
    const branch = await git.defaultBranch();
    const sha = branch === undefined ? undefined : await git.resolve(`refs/heads/${branch}`);
    if (sha === undefined) return;
    const plan = await readDevboxPlan(git, sha);
    const waiting = pool.get(repository) ?? [];
    pool.set(repository, waiting);
    for (const stale of waiting.filter(({ key }) => key !== plan.key)) {
      waiting.splice(waiting.indexOf(stale), 1);
      await remove(findBox(stale));
    }
    while (waiting.length < deps.warm && !stopping.signal.aborted) {
      const at = { sha, branch: WARM_BRANCH };
      const box = await makeFresh(repository, git, at, plan, stopping.signal);
      const note = noteOf(box, {
        repository,
        state: 'warm',
        sha,
        branch: WARM_BRANCH,
        key: plan.key,
      });
      await writeNote(folder, note);
      waiting.push(note);
    }
  }

  /** One at a time for each repository. */
  function warm(repository: string): Promise<void> {
    const turn = (refills.get(repository) ?? Promise.resolve()).then(() => fillPool(repository));
    const settled = turn.catch(() => {});
    refills.set(repository, settled);
    return turn;
  }

  async function saveWork(
    repository: string,
    box: Box,
    work: { branch: string; baseSha: string; message: string },
  ): Promise<string> {
    if (!isThere(box)) throw treeGone(box.id);
    await commitWork(box.place, { message: work.message, author: LOOMSTACK });
    const git = await context.openMirror(repository);
    return returnWork(git.dir, box.place, { ref: workRef(work.branch), baseSha: work.baseSha });
  }

  async function closeRow(
    id: string,
    end: { state: 'kept' | 'empty' | 'lost'; headSha: string | null; why: string },
    correlationId?: string,
  ): Promise<void> {
    await db.transaction(async (tx) => {
      const row = await store.closeDevbox(tx, id, end);
      if (row !== undefined) await ledger.append(tx, devboxClosed(row, correlationId, end.why));
    });
  }

  return {
    async open(request) {
      const startedAt = clock.now().getTime();
      const { repository, baseSha, headSha = baseSha, branch, signal } = request;
      const git = await context.openMirror(repository);
      if ((await git.resolve(headSha)) === undefined) {
        throw new AppError('unavailable', 'devbox.unknown_commit', {
          message: `Commit ${headSha.slice(0, 12)} is not in the mirror of ${repository} yet.`,
          hint: 'The repository is fetched again soon; if this stays, refresh it by hand.',
        });
      }
      const plan = await readDevboxPlan(git, baseSha);
      const at = { sha: headSha, branch };
      const found = await takeWarm(repository, git, plan, at);
      const box = found ?? (await makeFresh(repository, git, at, plan, signal));
      const id = box.id as Id<'box'>;
      const ports = await takePorts(plan.ports.length);
      takenPorts.set(id, ports);
      await writeNote(
        folder,
        noteOf(box, { repository, state: 'open', sha: baseSha, branch, key: plan.key }),
      );
      const wasWarm = found !== undefined;
      const readyMs = clock.now().getTime() - startedAt;
      await db.transaction(async (tx) => {
        const row = await store.insertDevbox(tx, {
          id,
          repository,
          branch,
          base_sha: baseSha,
          head_sha: headSha,
          run_id: request.runId ?? null,
          step_name: request.stepName ?? null,
          node,
          was_warm: wasWarm,
          ready_ms: readyMs,
          ports: Object.fromEntries(plan.ports.map((name, place) => [name, ports[place]!])),
        });
        await ledger.append(tx, devboxOpened(row, request.correlationId));
      });
      if (deps.warm > 0) {
        warm(repository).catch((error: unknown) =>
          log.warn({ err: error, repository }, 'the pool of devboxes could not be filled'),
        );
      }
      const environment = {
        ...deps.environment,
        ...plan.environment,
        ...portVariables(plan.ports, ports),
        LOOM_DEVBOX: id,
      };
      return {
        id,
        repository,
        branch,
        baseSha,
        box,
        user: box.room.user,
        environment,
        plan,
        wasWarm,
        readyMs,
      };
    },

    async noteProcess({ box, repository, branch, baseSha, plan }, pid) {
      const startedAt = findProcess(pid)?.startedAt ?? '';
      const note = noteOf(box, { repository, state: 'open', sha: baseSha, branch, key: plan.key });
      await writeNote(folder, { ...note, process: { pid, startedAt } });
    },

    bind: (devbox, sessionId) => db.transaction((tx) => store.bindDevbox(tx, devbox.id, sessionId)),

    async save({ id, repository, box, branch, baseSha }, message) {
      const headSha = await saveWork(repository, box, { branch, baseSha, message });
      await store.noteDisk(db, id, await diskUse(box.room.folder));
      return headSha;
    },

    async close({ id, repository, box, branch, baseSha }, { message, why, correlationId }) {
      // Whoever still runs in it is ended first, so that nothing is written after the last commit.
      if (box.room.user !== null) await endAllOf(box.room.user);
      await store.noteDisk(db, id, await diskUse(box.room.folder));
      try {
        const headSha = await saveWork(repository, box, { branch, baseSha, message });
        const state = headSha === baseSha ? 'empty' : 'kept';
        await closeRow(id, { state, headSha, why }, correlationId);
        return { headSha, state };
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'git.not_installed') throw error;
        log.warn({ err: error, devbox: id }, 'the work of a devbox could not be taken over');
        const git = await context.openMirror(repository);
        const headSha = (await git.resolve(workRef(branch))) ?? baseSha;
        await closeRow(id, { state: 'lost', headSha, why: error.message }, correlationId);
        return { headSha, state: 'lost' };
      } finally {
        await remove(box);
      }
    },

    async discard({ id, box }, why) {
      await remove(box);
      await closeRow(id, { state: 'empty', headSha: null, why });
    },

    warm,

    async reconcile() {
      const found = { kept: 0, removed: 0, warm: 0 };
      const notes = readNotes(folder);
      for (const note of notes) {
        const box = findBox(note);
        await endLeftOver(note);
        if (note.state === 'warm' && isThere(box)) {
          pool.set(note.repository, [...(pool.get(note.repository) ?? []), note]);
          found.warm += 1;
          continue;
        }
        try {
          const { repository, branch, sha: baseSha } = note;
          const message = 'Keep the work of a devbox whose server stopped';
          const headSha = await saveWork(repository, box, { branch, baseSha, message });
          const state = headSha === baseSha ? 'empty' : 'kept';
          await closeRow(note.id, { state, headSha, why: 'the server stopped' });
          found.kept += 1;
        } catch (error) {
          log.warn({ err: error, devbox: note.id }, 'the work of an abandoned devbox is lost');
          await closeRow(note.id, { state: 'lost', headSha: null, why: 'its folder was damaged' });
          found.removed += 1;
        }
        await remove(box);
      }
      const known = new Set([CACHES, ...notes.map(({ id }) => id)]);
      for (const name of listNames(folder)) {
        if (known.has(name.replace(/\.json(?:\.new)?$/, '')) && !name.endsWith('.new')) continue;
        await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
        found.removed += 1;
      }
      const lost = await db.transaction(async (tx) => {
        const rows = await store.closeForgotten(tx, node, []);
        for (const row of rows) {
          await ledger.append(tx, devboxClosed(row, undefined, 'its folder is gone'));
        }
        return rows;
      });
      if (lost.length > 0) log.warn({ lost: lost.length }, 'devboxes are gone without their work');
      return found;
    },

    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(Cursor, cursor);
      const rows = await store.listDevboxes(db, filter, after, limit + 1);
      return toPage(rows.map(toView), limit, ({ createdAt, id }) => [createdAt.toISOString(), id]);
    },

    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(refills.values());
    },
  };
}

function noteOf(
  { id, room }: Box,
  about: Pick<DevboxNote, 'repository' | 'state' | 'sha' | 'branch' | 'key'>,
): DevboxNote {
  return { id, folder: room.folder, user: room.user, process: null, ...about };
}

/** Ends what a killed node left running in a devbox. Its number alone may be another program's by now. */
async function endLeftOver({ user, process: leader }: DevboxNote): Promise<void> {
  if (user !== null) await endAllOf(user);
  if (leader === null) return;
  const found = findProcess(leader.pid);
  if (found === undefined || found.startedAt !== leader.startedAt || found.state === 'Z') return;
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

function toView(row: store.DevboxRow): DevboxView {
  return {
    id: row.id,
    repository: row.repository,
    branch: row.branch,
    baseSha: row.base_sha,
    headSha: row.head_sha,
    state: row.state,
    runId: row.run_id,
    step: row.step_name,
    sessionId: row.session_id,
    node: row.node,
    wasWarm: row.was_warm,
    readyMs: row.ready_ms,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

function treeGone(id: string): AppError {
  return new AppError('conflict', 'devbox.tree_gone', {
    message: `The work tree of devbox ${id} was deleted while it was in use.`,
    hint: 'What was saved before is on its branch; start the step again to go on from there.',
  });
}
