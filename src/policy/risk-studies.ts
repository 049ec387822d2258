/**
 * Reads the histories of repositories in the background, one at a time, and judges changes by what they
 * taught. Nothing waits for a history: until it is read, a change has no learned score.
 */
import type { GitRepository } from '#git';
import { type Clock, type Db, describeError, type Logger } from '#kernel';
import type { Ledger } from '#ledger';
import { riskCalibrated } from './events.ts';
import { type AssessedRisk, createRepositoryRisk, type RepositoryRisk } from './repository-risk.ts';

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
  risk: RepositoryRisk;
  reading: Promise<void> | null;
}

/** While history is read, a fit now and then is enough to learn what would have slipped. */
const REFIT_EVERY = 250;
/** Histories kept in memory; the one longest unused is read again when it is asked for. */
const MAX_STUDIES = 16;
/** A longer history is not read: its lines would not fit beside everything else. */
const MAX_COMMITS = 60_000;

export function createRiskStudies(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  log: Logger;
  /** Hears of landed commits that a later one mended, newly found or read again. */
  onMended?: (repository: string, shas: readonly string[]) => Promise<void>;
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
    return { risk: createRepositoryRisk(repository, REFIT_EVERY), reading: null };
  }

  function read(repository: string, git: GitRepository, to: string): void {
    const study = studyOf(repository);
    if (study.reading !== null || study.risk.through() === to || stop.signal.aborted) return;
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
    study.reading = study.risk.isUsable() ? work() : queue.then(work);
    queue = Promise.all([queue, study.reading]).then(() => {});
  }

  async function catchUp(
    repository: string,
    study: Study,
    git: GitRepository,
    to: string,
  ): Promise<void> {
    const through = study.risk.through();
    const isFollowed = through !== undefined && (await git.isAncestor(through, to));
    if (through !== undefined && !isFollowed) study.risk = newStudy(repository).risk;
    if (!isFollowed && (await git.countCommits({ to, firstParent: true })) > MAX_COMMITS) return;
    const mended: string[] = [];
    const onDefect = ({ sha }: { sha: string }) => mended.push(sha);
    await study.risk.catchUp(git, to, { signal: stop.signal, onDefect });
    await deps.onMended?.(repository, mended);
    if (study.risk.isUsable()) await record(repository, to, study.risk);
  }

  /** Two nodes read the same history alike: the second finds its row there and tells nothing. */
  async function record(
    repository: string,
    throughSha: string,
    risk: RepositoryRisk,
  ): Promise<void> {
    const { modelVersion: model, changes, knownDefects, ...rest } = risk.calibration();
    const { intercept, slope, offsets, slip } = rest;
    const reliability = risk.reliability();
    const kept = { intercept, slope, offsets: Array.from(offsets), slip, reliability };
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
      if (study.risk.isUsable()) await study.reading;
      return study.risk.assess(git, baseSha, headSha);
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
