/**
 * Weights of the organisation's own: fitted to its merged changes in a thread of their own, put into force
 * only where later changes say that they are better, and taken back by a word.
 */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import {
  AppError,
  type Clock,
  type Db,
  decodeCursor,
  type Logger,
  type NewId,
  type Page,
  type PageRequest,
  toPage,
} from '#kernel';
import type { Actor, Ledger } from '#ledger';
import { z } from 'zod';
import { rankingFitDecided, rankingFitted } from '../../events.ts';
import type { RankingWeights } from '../model.ts';
import { shippedWeights } from '../weights.ts';
import type { RankingFit } from './schema.ts';
import {
  beginFit,
  buryDeadFits,
  endFit,
  findFit,
  keepAlive,
  listFitRepositories,
  listFits,
  putIntoForce,
  readFitHistory,
  readFitWeights,
  takeFromForce,
  versionInForce,
} from './store.ts';
import type { FitMessage, FitOrder } from './thread.ts';

export interface RankingFits extends AsyncDisposable {
  listFits(page: PageRequest): Promise<Page<RankingFit>>;
  findFit(version: number): Promise<RankingFit | undefined>;
  /**
   * Begins in the background; what it found is in `findFit` once its state is no longer `running`.
   * @throws AppError `context.fit_running`, `context.nothing_to_fit`.
   */
  startFit(actor: Actor): Promise<RankingFit>;
  /** The same where the last one is long ago and enough has landed since. */
  startFitIfDue(): Promise<boolean>;
  /**
   * Takes a version from force, or puts one back that was in force before.
   * @throws AppError `context.unknown_fit`, `context.fit_not_in_force`, `context.fit_unusable`.
   */
  decideFit(
    version: number,
    decision: { decision: 'withdraw' | 'use'; reason?: string | undefined },
    actor: Actor,
  ): Promise<RankingFit>;
}

export interface FitDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
  /** The git directory of a repository, by its id. */
  dirOf(repositoryId: string): Promise<string>;
}

const MAX_REPOSITORIES = 40;
const BUDGET_MS = 15 * 60_000;
const MAX_HEAP_MB = 4_096;
const SIGN_OF_LIFE_MS = 20_000;
const SILENT_MS = 5 * 60_000;
const DUE_DAYS = 7;
/** Fewer new changes would judge little better than the last time. */
const DUE_COMMITS = 100;
const DAY_MS = 86_400_000;

const SYSTEM: Actor = { kind: 'system', id: 'context' };
const FitCursor = z.object({ version: z.int() });

/** What tells the shipped weights of one release from those of another. */
export function shippedDigest(): string {
  return createHash('sha256').update(JSON.stringify(shippedWeights())).digest('hex').slice(0, 16);
}

export function createRankingFits(deps: FitDeps): RankingFits {
  const { db, ledger, clock, newId, log } = deps;
  const basedOn = shippedDigest();
  let running: { worker: Worker; ended: Promise<void> } | undefined;

  async function begin(actor: Actor): Promise<RankingFit | undefined> {
    const now = clock.now();
    const { commits } = await readFitHistory(db);
    const version = await db.transaction(async (tx) => {
      await buryDeadFits(tx, new Date(now.getTime() - SILENT_MS), now);
      return beginFit(tx, { id: newId('evt'), startedBy: actor.id, at: now, commits, basedOn });
    });
    if (version === undefined) return undefined;
    void work(version, actor).catch((err: unknown) => {
      log.error({ err, version }, 'a fit of the ranking could not be ended');
    });
    return findFit(db, version);
  }

  async function work(version: number, actor: Actor): Promise<void> {
    const before = await versionInForce(db, basedOn);
    const standing = before === undefined ? undefined : await readFitWeights(db, before);
    const repositories: FitOrder['repositories'][number][] = [];
    for (const { id, name, headSha } of await listFitRepositories(db, MAX_REPOSITORIES)) {
      const dir = await deps.dirOf(id).catch(() => undefined);
      if (dir !== undefined) repositories.push({ name, dir, revision: headSha });
    }
    const order: FitOrder = { repositories, standing, budgetMs: BUDGET_MS };
    let result: Extract<FitMessage, { fit: unknown }> | undefined;
    let failure = 'The histories could not be read within the bounds of time and memory.';
    const progress = { done: 0, total: 0 };
    const worker = new Worker(new URL('thread.ts', import.meta.url), {
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.unref();
    const signOfLife = setInterval(() => {
      keepAlive(db, version, progress, clock.now())
        .then(async (isOurs) => {
          if (!isOurs) await worker.terminate();
        })
        .catch((err: unknown) => log.warn({ err, version }, 'a fit gave no sign of life'));
    }, SIGN_OF_LIFE_MS).unref();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    running = { worker, ended };
    worker.on('message', (message: FitMessage) => {
      if ('fit' in message) result = message;
      else Object.assign(progress, message);
    });
    worker.on('error', (err) => {
      log.warn({ err, version }, 'a fit of the ranking failed');
      failure = 'The fit failed; the log of the server says why.';
    });
    try {
      await new Promise<void>((resolve) => worker.on('exit', () => resolve()));
      clearInterval(signOfLife);
      await settle(version, before, result, failure, actor);
    } finally {
      running = undefined;
      end();
    }
  }

  async function settle(
    version: number,
    before: number | undefined,
    result: Extract<FitMessage, { fit: unknown }> | undefined,
    failure: string,
    actor: Actor,
  ): Promise<void> {
    await db.transaction(async (tx) => {
      const isBetter = result?.fit.measures.some(({ isTaken }) => isTaken) === true;
      // Somebody may have taken the weights from force that these were measured against.
      const isMeasured = (await versionInForce(tx, basedOn)) === before;
      const isTaken = isBetter && isMeasured;
      const state = result === undefined ? 'failed' : isTaken ? 'in-force' : 'not-better';
      if (isTaken) await takeFromForce(tx, 'replaced', null);
      const isOurs = await endFit(tx, version, {
        state,
        at: clock.now(),
        repositories: result?.repositories ?? [],
        measures: result?.fit.measures ?? [],
        weights: isTaken ? result!.fit.weights : null,
        reason:
          result === undefined
            ? failure
            : isBetter && !isMeasured
              ? 'Other weights came into force while it was measured.'
              : null,
      });
      const fit = isOurs ? await findFit(tx, version) : undefined;
      if (fit !== undefined) await rankingFitted(ledger, tx, fit, actor);
    });
  }

  async function decide(
    version: number,
    { decision, reason }: { decision: 'withdraw' | 'use'; reason?: string | undefined },
    actor: Actor,
  ): Promise<RankingFit> {
    return db.transaction(async (tx) => {
      await tx.query('lock table ranking_fits in share row exclusive mode');
      const fit = await findFit(tx, version);
      if (fit === undefined) {
        throw new AppError('not_found', 'context.unknown_fit', {
          message: `There is no version ${version} of the ranking.`,
          hint: 'GET /v1/ranking-fits lists them.',
        });
      }
      if (decision === 'withdraw') {
        if (fit.state !== 'in-force') {
          throw new AppError('conflict', 'context.fit_not_in_force', {
            message: `Version ${version} of the ranking is not in force.`,
            hint: 'GET /v1/ranking-fits says which one is.',
          });
        }
        await takeFromForce(tx, 'withdrawn', reason ?? null);
      } else {
        if (!fit.hasWeights || fit.basedOn !== basedOn) {
          throw new AppError('conflict', 'context.fit_unusable', {
            message: fit.hasWeights
              ? `Version ${version} was made for another release of LoomStack.`
              : `Version ${version} was not better, so its weights were not kept.`,
            hint: 'Fit the ranking anew: loom context retrain.',
          });
        }
        if (fit.state !== 'in-force') await takeFromForce(tx, 'replaced', null);
        await putIntoForce(tx, version);
      }
      const decided = (await findFit(tx, version))!;
      await rankingFitDecided(ledger, tx, decided, actor);
      return decided;
    });
  }

  return {
    async listFits({ limit, cursor }) {
      const before = cursor === undefined ? undefined : decodeCursor(FitCursor, cursor).version;
      return toPage(await listFits(db, before, limit + 1), limit, ({ version }) => ({ version }));
    },
    findFit: (version) => findFit(db, version),
    async startFit(actor) {
      const repositories = await listFitRepositories(db, 1);
      if (repositories.length === 0) {
        throw new AppError('conflict', 'context.nothing_to_fit', {
          message: 'No repository has been read yet, so there are no changes to learn from.',
          hint: 'Import one: loom import ../my-repo',
        });
      }
      const begun = await begin(actor);
      if (begun === undefined) {
        throw new AppError('conflict', 'context.fit_running', {
          message: 'The ranking is being fitted already.',
          hint: 'GET /v1/ranking-fits shows how far it is.',
        });
      }
      return begun;
    },
    async startFitIfDue() {
      const { lastAt, lastCommits, commits } = await readFitHistory(db);
      const days = lastAt === null ? DUE_DAYS : (clock.now().getTime() - lastAt.getTime()) / DAY_MS;
      if (days < DUE_DAYS || Math.abs(commits - lastCommits) < DUE_COMMITS) return false;
      return (await begin(SYSTEM)) !== undefined;
    },
    decideFit: decide,
    [Symbol.asyncDispose]: async () => {
      const standing = running;
      await standing?.worker.terminate();
      await standing?.ended;
    },
  };
}

/** Keeps the ranking at the version in force; asked before every pack, at the cost of one short query. */
export function createWeightsFollower(deps: {
  db: Db;
  useWeights(weights: RankingWeights | undefined): void;
}): () => Promise<void> {
  const basedOn = shippedDigest();
  let used: number | undefined;
  return async () => {
    const version = await versionInForce(deps.db, basedOn);
    if (version === used) return;
    deps.useWeights(version === undefined ? undefined : await readFitWeights(deps.db, version));
    used = version;
  };
}
