/** The verbs of autonomy control; see index.ts for what it promises. */
import { AppError, checkValue, type Clock, type Db, type Id, type Tx } from '#kernel';
import type { Ledger } from '#ledger';
import { z } from 'zod';
import type { LeaderTerms } from '../leader-terms.ts';
import { AFTER_INCIDENT_BY_DEFAULT } from '../leader-terms.ts';
import { revertsIn } from '../reverts.ts';
import { latestOf } from '../store.ts';
import { halve } from './halve.ts';
import type { AutonomyCurb, AutonomyRecord } from './schema.ts';
import * as store from './store.ts';

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
  /** Writes down what landed: alone or not, and whether it takes back something that did. */
  recordLanding(tx: Tx, landing: Landing): Promise<void>;
  /** Curbs (newest first), budgets drawn on today, and the track record of the last 90 days. */
  readAutonomy(filter: { repository?: string | undefined; agent?: string | undefined }): Promise<{
    windowDays: number;
    curbs: AutonomyCurb[];
    budgets: { repository: string; budget: string; used: number }[];
    records: AutonomyRecord[];
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
  /** After-incident terms of a policy version that is kept; null where it says nothing. */
  afterIncidentOf(
    tx: Tx,
    repository: string,
    policyVersion: string,
  ): Promise<LeaderTerms['afterIncident'] | null>;
}): AutonomyService {
  const { db, ledger, clock } = deps;

  /** Which earlier changes this one takes back, by its title or by the commit it names. */
  async function findReverted(tx: Tx, landing: Landing): Promise<store.RecordRow[]> {
    const since = new Date(landing.at.getTime() - REVERT_DAYS * DAY_MS);
    const earlier = (await store.selectRecent(tx, landing.repository, since)).filter(
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
      for (const record of await findReverted(tx, landing)) {
        await halve(tx, ledger, record, { cause: 'revert', ref: changeId, at: landing.at });
      }
      const decision = await latestOf(tx, changeId);
      const isAlone =
        landing.isOurs &&
        decision?.headSha === headSha &&
        decision.outcome === 'ship' &&
        (decision.lane === 'ship' || decision.lane === 'ship-and-watch');
      if (!isAlone) return;
      const terms =
        (await deps.afterIncidentOf(tx, repository, decision.policyVersion)) ??
        AFTER_INCIDENT_BY_DEFAULT;
      const { services, paths } = decision.facts;
      await store.insertRecord(tx, {
        changeId,
        repository,
        agent: landing.agent ?? '-',
        services: textsOf(services),
        prefixes: prefixesOf(textsOf(paths)),
        title: landing.title,
        mergeSha: landing.mergeSha,
        policyVersion: decision.policyVersion,
        decisionId: decision.id,
        halveForMs: terms.halveForMs,
        scope: terms.scope,
        landedAt: landing.at,
      });
    },

    async readAutonomy({ repository, agent }) {
      const now = clock.now();
      const since = new Date(now.getTime() - WINDOW_DAYS * DAY_MS);
      const filter = { repository: repository ?? null, agent: agent ?? null, since };
      const [curbs, budgets, records] = await Promise.all([
        store.selectCurbs(db, filter.repository, now),
        store.selectBudgets(db, { ...filter, day: now.toISOString().slice(0, 10) }),
        store.selectTrackRecords(db, filter),
      ]);
      return { windowDays: WINDOW_DAYS, curbs, budgets, records };
    },

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

function textsOf(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string')
    : [];
}
