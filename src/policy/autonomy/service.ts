/** The verbs of autonomy control; see index.ts for what it promises. */
import { AppError, checkValue, type Clock, type Db, type Id, type Tx } from '#kernel';
import type { Ledger } from '#ledger';
import { z } from 'zod';
import { CHANGE_CLASSES, type ChangeClass } from '../change-class.ts';
import type { LeaderTerms } from '../leader-terms.ts';
import { AFTER_INCIDENT_BY_DEFAULT } from '../leader-terms.ts';
import { isRevert, revertsIn } from '../reverts.ts';
import { latestOf } from '../store.ts';
import * as store from './curb-store.ts';
import {
  type LandedOutcome,
  lockAudit,
  selectAudits,
  selectRecentOutcomes,
  selectTrackRecords,
} from './outcome-store.ts';
import {
  answerAudit,
  type AuditAnswer,
  noteHarm,
  noteTracedFixes,
  readSlips,
  recordOutcome,
} from './outcomes.ts';
import type { Audit, AutonomyCurb, AutonomyRecord, RealisedBound } from './schema.ts';
import { selectThresholds } from './threshold-store.ts';
import type { AutonomyThreshold } from './thresholds.ts';

const DAY_MS = 86_400_000;
/** How far back a revert can reach. */
const REVERT_DAYS = 365;
export const WINDOW_DAYS = 90;
const MAX_PREFIXES = 20;
const Reason = z.string().trim().min(10).max(2_000);

export interface Landing {
  changeId: Id<'chg'>;
  repository: string;
  headSha: string;
  mergeSha: string;
  title: string;
  text: string;
  /** Name of the agent; null where no agent wrote it. */
  agent: string | null;
  /** Landed through us; past us nothing was granted. */
  isOurs: boolean;
  at: Date;
}

export interface AutonomyService {
  /** Writes down what landed: alone or not, and whether it takes back something that landed before. */
  recordLanding(tx: Tx, landing: Landing): Promise<void>;
  /** Harm that the history tells of: commits that a later one mends. Counted once each. */
  noteTracedFixes(repository: string, shas: readonly string[]): Promise<void>;
  /** Where the thresholds of a repository stand, by kind of change and tier. */
  thresholdsOf(repository: string): Promise<AutonomyThreshold[]>;
  /** The landed change that was drawn to be looked at; undefined for any other. */
  findAudit(changeId: Id<'chg'>): Promise<Audit | undefined>;
  /**
   * What a person found who looked at a change that had shipped alone.
   * @throws AppError `policy.no_such_audit`, `policy.audit_answered`, `policy.short_reason`.
   */
  answerAudit(changeId: Id<'chg'>, answer: AuditAnswer): Promise<Audit>;
  /**
   * Curbs (newest first), budgets drawn on today, the track record of the last 90 days, the promise
   * against what happened within a year, and what was drawn to be looked at.
   */
  readAutonomy(filter: { repository?: string | undefined; agent?: string | undefined }): Promise<{
    windowDays: number;
    curbs: AutonomyCurb[];
    budgets: { repository: string; budget: string; used: number }[];
    records: AutonomyRecord[];
    bounds: RealisedBound[];
    thresholds: AutonomyThreshold[];
    audits: Audit[];
  }>;
  findCurb(number: number): Promise<AutonomyCurb | undefined>;
  /**
   * Ends a curb early. Only the owner of the service, with a reason; for all of a repository, anybody
   * whom `isOwner` says so of.
   * @throws AppError `policy.no_such_curb`, `policy.not_service_owner`, `policy.short_reason`.
   */
  restoreAutonomy(
    number: number,
    restoration: {
      by: { id: string; name: string };
      reason: string;
      isOwner: (curb: AutonomyCurb) => boolean;
    },
  ): Promise<AutonomyCurb>;
}

export function createAutonomyService(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  /** What a policy version that is kept says of autonomy; null where it is not kept. */
  termsOf(
    tx: Tx,
    repository: string,
    policyVersion: string,
  ): Promise<{
    afterIncident: LeaderTerms['afterIncident'] | null;
    boundPerMille: number | null;
  } | null>;
}): AutonomyService {
  const { db, ledger, clock } = deps;

  /** Which earlier changes this one takes back, by its title or by the commit it names. */
  async function findReverted(tx: Tx, landing: Landing): Promise<LandedOutcome[]> {
    // Reading a year of titles is for the few that take something back.
    if (!isRevert({ subject: landing.title, body: landing.text })) return [];
    const since = new Date(landing.at.getTime() - REVERT_DAYS * DAY_MS);
    const earlier = (await selectRecentOutcomes(tx, landing.repository, since)).filter(
      ({ changeId }) => changeId !== landing.changeId,
    );
    const landed = earlier.map((row) => ({
      sha: row.mergeSha,
      subject: row.title,
      body: '',
      committedAt: row.landedAt,
    }));
    const own = {
      sha: landing.mergeSha,
      subject: landing.title,
      body: landing.text,
      // Two that land in one moment are in the order in which we hear of them.
      committedAt: new Date(Math.max(landing.at.getTime(), ...landed.map(after))),
    };
    const reverted = revertsIn([...landed, own]);
    return earlier.filter(({ mergeSha }) => reverted.get(mergeSha)?.sha === own.sha);
  }

  return {
    async recordLanding(tx, landing) {
      const { changeId, repository, headSha } = landing;
      const revert = { cause: 'revert', ref: changeId, at: landing.at } as const;
      for (const outcome of await findReverted(tx, landing))
        await noteHarm(tx, deps, outcome, revert);
      // Past us nothing was promised, and nothing slipped.
      if (!landing.isOurs) return;
      const decision = await latestOf(tx, changeId);
      const terms =
        decision === undefined ? null : await deps.termsOf(tx, repository, decision.policyVersion);
      const isAlone =
        decision?.headSha === headSha &&
        decision.outcome === 'ship' &&
        (decision.lane === 'ship' || decision.lane === 'ship-and-watch');
      await recordOutcome(tx, deps, {
        changeId,
        repository,
        title: landing.title,
        mergeSha: landing.mergeSha,
        boundPerMille: terms?.boundPerMille ?? null,
        landedAt: landing.at,
        changeClass: classOf(decision?.facts['changeClass']),
        tiers: textsOf(decision?.facts['tiers']),
        score: decision?.score ?? null,
        alone: isAlone
          ? {
              agent: landing.agent ?? '-',
              services: textsOf(decision.facts['services']),
              prefixes: prefixesOf(textsOf(decision.facts['paths'])),
              policyVersion: decision.policyVersion,
              decisionId: decision.id,
              ...(terms?.afterIncident ?? AFTER_INCIDENT_BY_DEFAULT),
            }
          : null,
      });
    },

    async readAutonomy({ repository, agent }) {
      const now = clock.now();
      const since = new Date(now.getTime() - WINDOW_DAYS * DAY_MS);
      const filter = { repository: repository ?? null, agent: agent ?? null, since };
      const [curbs, budgets, records, bounds, thresholds, audits] = await Promise.all([
        store.selectCurbs(db, filter.repository, now),
        store.selectBudgets(db, { ...filter, day: now.toISOString().slice(0, 10) }),
        selectTrackRecords(db, filter),
        readSlips(db, filter.repository, now),
        selectThresholds(db, filter.repository),
        selectAudits(db, filter),
      ]);
      return { windowDays: WINDOW_DAYS, curbs, budgets, records, bounds, thresholds, audits };
    },

    noteTracedFixes: (repository, shas) => noteTracedFixes(deps, repository, shas),

    thresholdsOf: (repository) => selectThresholds(db, repository),

    async findAudit(changeId) {
      return db.transaction((tx) => lockAudit(tx, changeId));
    },

    answerAudit: (changeId, answer) => answerAudit(deps, changeId, answer),

    async findCurb(number) {
      return db.transaction((tx) => store.lockCurb(tx, number, clock.now()));
    },

    async restoreAutonomy(number, { by, reason, isOwner }) {
      const words = checkValue(Reason, reason, 'policy.short_reason');
      return db.transaction(async (tx) => {
        const now = clock.now();
        const curb = await store.lockCurb(tx, number, now);
        if (curb === undefined) {
          throw new AppError('not_found', 'policy.no_such_curb', {
            message: 'There is no such curb.',
            hint: 'GET /v1/autonomy lists them.',
          });
        }
        if (!isOwner(curb)) {
          throw new AppError('forbidden', 'policy.not_service_owner', {
            message: `Only whoever owns ${curb.service === '*' ? curb.repository : curb.service} restores its autonomy early.`,
            hint: `It is restored by itself at ${curb.until.toISOString()}.`,
          });
        }
        if (!curb.isActive) return curb;
        await store.restoreCurb(tx, number, { ...by, reason: words, now });
        await ledger.append(tx, {
          type: 'autonomy.restored',
          subject: curb.changeId,
          actor: { kind: 'person', id: by.id },
          refs: { change: curb.changeId, repository: curb.repository, person: by.id },
          data: { service: curb.service, reason: words, until: curb.until },
        });
        return (await store.lockCurb(tx, number, now))!;
      });
    },
  };
}

function after({ committedAt }: { committedAt: Date }): number {
  return committedAt.getTime() + 1;
}

/** Folders of the files, at most two names deep: what a track record is kept by. Pure. */
export function prefixesOf(paths: readonly string[]): string[] {
  const folders = paths.map((path) => {
    const names = path.split('/').slice(0, -1);
    return names.length === 0 ? '.' : `${names.slice(0, 2).join('/')}/`;
  });
  return [...new Set(folders)].sort().slice(0, MAX_PREFIXES);
}

/** A change that was never judged may have been anything. */
function classOf(value: unknown): ChangeClass {
  return CHANGE_CLASSES.find((name) => name === value) ?? 'code';
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : [];
}
