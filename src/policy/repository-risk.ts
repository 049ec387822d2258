/**
 * The learned risk of one repository: its history read up to some commit, and changes judged by what
 * that taught. Used by the server in the background, and at once where only a clone is at hand.
 */
import type { GitRepository } from '#git';
import type { LearnedRisk } from './facts.ts';
import {
  createHistoryStudy,
  createRiskLearner,
  FACTORS,
  fitOf,
  loadRiskModel,
  MIN_KNOWN_DEFECTS,
  type ReliabilityBin,
  type RiskCalibration,
  type RiskLearner,
  type RiskScore,
} from './risk/index.ts';

export interface AssessedRisk {
  risk: LearnedRisk;
  /** Defects of the repository it was fitted to. */
  knownDefects: number;
  /** Most points that ship alone under a bound, 0 to 1; negative where nothing does. */
  ceiling(bound: number): number;
}

/** A code change as it was judged when it landed, by what was known then. */
export interface LandedRisk extends AssessedRisk {
  sha: string;
}

export interface RepositoryRisk {
  /**
   * Reads what landed since the last time, along first parents.
   * @throws AppError as `#git` does, or the reason of `signal`.
   */
  catchUp(git: GitRepository, to: string, options?: CatchUpOptions): Promise<void>;
  /** Null for a change without production code or over too many files, and where too little is known. */
  assess(git: GitRepository, baseSha: string, headSha: string): Promise<AssessedRisk | null>;
  calibration(): RiskCalibration;
  /** What was declared of changes whose year is over when the last one landed, against what was found. */
  reliability(): ReliabilityBin[];
  /** True once enough code changes have landed to say what is usual. */
  isUsable(): boolean;
  /** The last commit read. */
  through(): string | undefined;
}

export interface CatchUpOptions {
  signal?: AbortSignal | undefined;
  /** Leave all but this many of the newest commits unread; for a first reading. */
  newest?: number | undefined;
  onLanded?: ((landed: LandedRisk) => void) | undefined;
  /** A landed commit was found to be defective. */
  onDefect?: ((defect: { sha: string; foundAt: number }) => void) | undefined;
  onRead?: ((commits: number) => void) | undefined;
}

/** Fewer landed code changes say too little about what is usual in a repository. */
const MIN_CHANGES = 100;
const BOUNDS = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5];
const MAX_FILES = 300;
/** Others are served in between. */
const YIELD_EVERY = 50;

/** @param refitEvery code changes between two fits while history is read. */
export function createRepositoryRisk(repository: string, refitEvery: number): RepositoryRisk {
  const history = createHistoryStudy();
  const model = loadRiskModel(repository);
  const learner = createRiskLearner({ model, bounds: BOUNDS, refitEvery });
  const shaOf = new Map<number, string>();
  let isUsable = false;
  let newestAt = 0;

  return {
    through: () => history.through,
    isUsable: () => isUsable,
    calibration: () => learner.calibration(),
    reliability: () => learner.reliability(newestAt),
    async catchUp(git, to, { signal, newest, onLanded, onDefect, onRead } = {}) {
      if (newest !== undefined && history.through === undefined) {
        const start = await firstParentBefore(git, to, newest);
        if (start !== undefined) await history.startAfter(git, start);
      }
      let count = 0;
      for await (const { sha, change, defects } of history.readTo(git, to)) {
        signal?.throwIfAborted();
        if (change.isCode) {
          learner.recalibrate(change.landedAt);
          const score = learner.score(change);
          learner.declare(change, score);
          if (onLanded !== undefined && learner.calibration().changes >= MIN_CHANGES)
            onLanded({ sha, ...assessed(learner, score) });
        }
        learner.land(change);
        newestAt = change.landedAt;
        if (onDefect !== undefined) shaOf.set(change.index, sha);
        for (const { index, foundAt } of defects) {
          learner.defect(index, foundAt);
          const defective = shaOf.get(index);
          if (defective !== undefined) onDefect?.({ sha: defective, foundAt });
        }
        count += 1;
        if (count % YIELD_EVERY !== 0) continue;
        onRead?.(count);
        await new Promise(setImmediate);
      }
      if (count > 0) learner.settle();
      isUsable = learner.calibration().changes >= MIN_CHANGES;
    },
    async assess(git, baseSha, headSha) {
      if (!isUsable) return null;
      const files = await git.changedFiles(baseSha, headSha);
      if (files.length > MAX_FILES) return null;
      const [hunks, commit] = await Promise.all([
        git.hunks(baseSha, headSha, undefined, { withLines: true }),
        git.commit(headSha),
      ]);
      const change = history.propose(commit?.subject ?? '', files, hunks);
      return change.isCode ? assessed(learner, learner.score(change)) : null;
    },
  };
}

async function firstParentBefore(
  git: GitRepository,
  to: string,
  count: number,
): Promise<string | undefined> {
  let place = 0;
  for await (const { sha } of git.log({ to, firstParent: true, limit: count + 1 })) {
    if (place === count) return sha;
    place += 1;
  }
  return undefined;
}

function assessed(learner: RiskLearner, score: RiskScore): AssessedRisk {
  const calibration = learner.calibration();
  const { modelVersion, changes, knownDefects } = calibration;
  // With too few defects of its own the curve of all repositories stands in: half of it is safe.
  const share = knownDefects < MIN_KNOWN_DEFECTS ? 0.5 : 1;
  const ceiling = learner.ceilingNow();
  return {
    risk: { ...describe(score, modelVersion, changes), fit: fitOf(score, calibration) },
    knownDefects,
    ceiling: (bound) => ceiling(bound * share),
  };
}

/** Newest first-parent commits read where nobody wants to wait for a whole history. */
const NEWEST_COMMITS = 1_000;
const REFIT_HERE = 50;

/** Judges a change on top of `baseSha` by the newest part of its history alone, read here and now. */
export async function assessHere(
  git: GitRepository,
  change: { repository: string; baseSha: string; headSha: string },
): Promise<AssessedRisk | null> {
  const risk = createRepositoryRisk(change.repository, REFIT_HERE);
  await risk.catchUp(git, change.baseSha, { newest: NEWEST_COMMITS });
  return risk.assess(git, change.baseSha, change.headSha);
}

/**
 * The newest `count` first-parent commits, each judged by what was known when it landed; changes without
 * production code are not among them. `defects` are those found since, up to `to`.
 */
export async function assessLanded(
  git: GitRepository,
  landed: { repository: string; to: string; count: number; onRead?: (done: number) => void },
): Promise<{ risks: Map<string, AssessedRisk>; defects: Set<string> }> {
  const risks = new Map<string, AssessedRisk>();
  const defects = new Set<string>();
  const newest = NEWEST_COMMITS + landed.count;
  await createRepositoryRisk(landed.repository, REFIT_HERE).catchUp(git, landed.to, {
    newest,
    onLanded: ({ sha, ...assessment }) => risks.set(sha, assessment),
    onDefect: ({ sha }) => defects.add(sha),
    onRead: landed.onRead,
  });
  return { risks, defects };
}

/** Most points within a policy's bound; undefined where neither names one. */
export function ceilingOf(
  boundPerMille: number | null,
  assessed: AssessedRisk | null,
): number | undefined {
  if (boundPerMille === null || assessed === null) return undefined;
  return assessed.ceiling(boundPerMille / 1000);
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
