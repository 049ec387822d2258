/**
 * Reads the histories of repositories in the background, one at a time, and judges changes by what they
 * taught. Nothing waits for a history: until it is read, a change has no learned score.
 */
import type { GitRepository } from '#git';
import { type Clock, type Db, describeError, type Logger } from '#kernel';
import type { Ledger } from '#ledger';
import { riskCalibrated } from './events.ts';
import type { LearnedRisk } from './facts.ts';
import {
  createHistoryStudy,
  createRiskLearner,
  FACTORS,
  type HistoryStudy,
  loadRiskModel,
  MIN_KNOWN_DEFECTS,
  type RiskLearner,
  type RiskScore,
} from './risk/index.ts';

export interface AssessedRisk {
  risk: LearnedRisk;
  /** Most points that ship alone under a bound, 0 to 1; negative where nothing does. */
  ceiling(bound: number): number;
}

export interface RiskStudies extends AsyncDisposable {
  /**
   * The learned risk of a change. Null while the repository is still read or has told too little, and
   * for changes without production code. Starts reading what landed since.
   */
  assess(change: {
    repository: string;
    git: GitRepository;
    baseSha: string;
    headSha: string;
  }): Promise<AssessedRisk | null>;
  /** Resolves when no history is being read. */
  idle(): Promise<void>;
}

interface Study {
  history: HistoryStudy;
  learner: RiskLearner;
  reading: Promise<void> | null;
  isUsable: boolean;
}

/** Fewer landed code changes say too little about what is usual in a repository. */
const MIN_CHANGES = 100;
/** While history is read, a fit now and then is enough to learn what would have slipped. */
const REFIT_EVERY = 250;
const BOUNDS = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5];
/** Histories kept in memory; the one longest unused is read again when it is asked for. */
const MAX_STUDIES = 16;
/** A longer history is not read: its lines would not fit beside everything else. */
const MAX_COMMITS = 60_000;
const MAX_FILES = 300;
/** Events are handed back so often that requests never wait for a history. */
const YIELD_EVERY = 50;

export function createRiskStudies(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  log: Logger;
}): RiskStudies {
  const { db, ledger, clock } = deps;
  const log = deps.log.child({ room: 'policy' });
  const studies = new Map<string, Study>();
  const stop = new AbortController();
  let queue: Promise<void> = Promise.resolve();

  function studyOf(repository: string): Study {
    const study = studies.get(repository) ?? newStudy(repository);
    // Last used last, so that the first is the one to let go.
    studies.delete(repository);
    studies.set(repository, study);
    const [oldest] = studies.keys();
    if (studies.size > MAX_STUDIES && oldest !== undefined) studies.delete(oldest);
    return study;
  }

  function newStudy(repository: string): Study {
    const model = loadRiskModel(repository);
    return {
      history: createHistoryStudy(),
      learner: createRiskLearner({ model, bounds: BOUNDS, refitEvery: REFIT_EVERY }),
      reading: null,
      isUsable: false,
    };
  }

  function read(repository: string, git: GitRepository, to: string): void {
    const study = studyOf(repository);
    if (study.reading !== null || study.history.through === to || stop.signal.aborted) return;
    const work = async () => {
      try {
        await catchUp(repository, study, git, to);
      } catch (error) {
        // The change is judged by counting; the next one tries again from the start.
        studies.delete(repository);
        if (!stop.signal.aborted)
          log.warn(
            { repository, reason: describeError(error) },
            'history could not be read for risk',
          );
      } finally {
        study.reading = null;
      }
    };
    // The few commits since the last time are read at once; a whole history waits for its turn.
    study.reading = study.isUsable ? work() : queue.then(work);
    queue = Promise.all([queue, study.reading]).then(() => {});
  }

  async function catchUp(
    repository: string,
    study: Study,
    git: GitRepository,
    to: string,
  ): Promise<void> {
    const { through } = study.history;
    const isFollowed = through !== undefined && (await git.isAncestor(through, to));
    if (through !== undefined && !isFollowed) Object.assign(study, newStudy(repository));
    if (!isFollowed && (await git.countCommits({ to, firstParent: true })) > MAX_COMMITS) return;
    const { history, learner } = study;
    study.isUsable = isFollowed && study.isUsable;
    let count = 0;
    for await (const { change, defects } of history.readTo(git, to)) {
      stop.signal.throwIfAborted();
      if (change.isCode) {
        learner.recalibrate(change.landedAt);
        learner.declare(change, learner.score(change));
      }
      learner.land(change);
      for (const { index, foundAt } of defects) learner.defect(index, foundAt);
      count += 1;
      if (count % YIELD_EVERY === 0) await new Promise(setImmediate);
    }
    learner.settle();
    study.isUsable = learner.calibration().changes >= MIN_CHANGES;
    if (study.isUsable) await record(repository, to, learner);
  }

  /** Two nodes read the same history alike: the second finds its row there and tells nothing. */
  async function record(
    repository: string,
    throughSha: string,
    learner: RiskLearner,
  ): Promise<void> {
    const { modelVersion: model, changes, knownDefects, ...rest } = learner.calibration();
    const { intercept, slope, offsets, slip } = rest;
    const kept = { intercept, slope, offsets: Array.from(offsets), slip };
    const at = clock.now();
    await db.transaction(async (tx) => {
      const rows = await tx.query(
        `insert into loom.risk_calibrations
           (repository, model, through_sha, changes, known_defects, calibration, fitted_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (repository) do update
           set model = excluded.model, through_sha = excluded.through_sha,
             changes = excluded.changes, known_defects = excluded.known_defects,
             calibration = excluded.calibration, fitted_at = excluded.fitted_at
           where (risk_calibrations.model, risk_calibrations.through_sha)
             is distinct from (excluded.model, excluded.through_sha)
         returning repository`,
        [repository, model, throughSha, changes, knownDefects, JSON.stringify(kept), at],
      );
      if (rows.length === 0) return;
      const fit = { model, throughSha, changes, knownDefects, at };
      await ledger.append(tx, riskCalibrated(repository, fit));
    });
    log.info({ repository, changes, knownDefects }, 'risk fitted to a repository');
  }

  return {
    async assess({ repository, git, baseSha, headSha }) {
      const study = studyOf(repository);
      read(repository, git, baseSha);
      if (study.isUsable) await study.reading;
      if (!study.isUsable) return null;
      const files = await git.changedFiles(baseSha, headSha);
      if (files.length > MAX_FILES) return null;
      const [hunks, commit] = await Promise.all([
        git.hunks(baseSha, headSha, undefined, { withLines: true }),
        git.commit(headSha),
      ]);
      const change = study.history.propose(commit?.subject ?? '', files, hunks);
      if (!change.isCode) return null;
      const { learner } = study;
      const score = learner.score(change);
      const { modelVersion, changes, knownDefects } = learner.calibration();
      // With too few defects of its own the curve of all repositories stands in: half of it is safe.
      const share = knownDefects < MIN_KNOWN_DEFECTS ? 0.5 : 1;
      return {
        risk: describe(score, modelVersion, changes),
        ceiling: (bound) => learner.ceiling(bound * share),
      };
    },
    async idle() {
      await queue;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await queue;
    },
  };
}

/** The score in the words of a verdict: the typical change first, then every factor that counts. */
function describe(score: RiskScore, model: string, changes: number): LearnedRisk {
  const typical = {
    name: 'typical-change',
    value: changes,
    points: score.typicalPoints,
    explanation: `What a typical change of this repository has, by ${changes} that landed.`,
  };
  const meaningOf = new Map(FACTORS.map(({ name, meaning }) => [name, meaning] as const));
  const factors = score.factors
    .filter(({ points }) => points !== 0)
    .sort((a, b) => Math.abs(b.points) - Math.abs(a.points) || (a.name < b.name ? -1 : 1))
    .map(({ name, value, percentile, points }) => ({
      name,
      value: Math.round(value * 1000) / 1000,
      points,
      explanation: `${capitalised(meaningOf.get(name) ?? name)}: more than in ${Math.round(percentile * 100)} % of the changes here.`,
    }));
  const { probability, percentile } = score;
  return {
    model,
    changes,
    score: score.score,
    probability,
    percentile,
    factors: [typical, ...factors],
  };
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
