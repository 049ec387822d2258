/**
 * Breakers over many sessions. They hold back new starts and end nothing: an agent kind or repository
 * where most sessions fail, a provider that is away, reviewers who cannot keep up. After a while one
 * start is let through as a probe; its outcome closes the breaker or opens it for twice as long.
 */
import type { Principal } from '#governance';
import { AppError } from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import { fleetBreakerChanged } from './events.ts';
import {
  cooldownMinutes,
  type FleetLimits,
  opensForFailures,
  opensForProvider,
  PROBE_MINUTES,
  PROVIDER_WINDOW_MINUTES,
  REVIEW_WAIT_MINUTES,
  reviewCapacity,
} from './fleet.ts';
import * as store from './fleet-store.ts';
import { actorOf, refuseAgents } from './people-only.ts';
import { type HeldDelivery, holdDelivery, releaseHeld } from './held.ts';
import { type FleetBreaker, type Outcome, type StartAnswer } from './schema.ts';

const REVIEW_DAYS_BACK = 14;
const MAX_SHOWN = 200;

export interface FleetBreakers {
  /**
   * Whether a new session may start. To be asked before anything is made for it; a probe that was
   * let through and never reports is forgotten after a quarter of an hour.
   */
  mayStart(start: { agent: string; repository?: string | null | undefined }): Promise<StartAnswer>;
  /** How a session ended. Only the last word on a session counts. */
  reportOutcome(it: {
    sessionId: string;
    agent: string;
    repository: string | null;
    outcome: Outcome;
  }): Promise<void>;
  /**
   * One thing was changed, by us or by the system that mirrors it. Gives false once the two answer
   * each other: then whoever asks leaves it alone until a person has looked.
   */
  noteTurn(subject: string, by: 'us' | 'mirror'): Promise<boolean>;
  /** Keeps what was to be said of a subject whose breaker is open until a person closes that. */
  hold(subject: string, delivery: HeldDelivery): Promise<void>;
  listFleet(): Promise<FleetBreaker[]>;
  /**
   * What was held is then said.
   * @throws AppError `breakers.not_open`, `breakers.people_only`, `breakers.token_of_a_session`.
   */
  closeFleet(
    breaker: { scope: FleetBreaker['scope']; key: string },
    reason: string,
    by: Principal,
  ): Promise<FleetBreaker>;
}

export interface FleetSettings extends FleetLimits {
  isEnabled: boolean;
  /** Turns of one subject between us and its mirror, and the minutes they are counted in. */
  feedbackTurns: number;
  feedbackMinutes: number;
}

export function createFleetBreakers(
  deps: Pick<OrchestrationDeps, 'db' | 'ledger' | 'clock'> & { settings: FleetSettings },
): FleetBreakers {
  const { db, ledger, clock, settings } = deps;

  return {
    async mayStart({ agent, repository }) {
      if (!settings.isEnabled) return { allowed: true, isProbe: false };
      const scopes = ['agent', 'provider', ...(repository == null ? [] : ['repository'])];
      const keys = [agent, agent, ...(repository == null ? [] : [repository])];
      const full = repository == null ? undefined : await reviewersAreFull(repository);
      if (full !== undefined) return full;
      if ((await store.findOpen(db, scopes, keys)).length === 0) {
        return { allowed: true, isProbe: false };
      }
      return db.transaction(async (tx) => {
        const rows = await store.lockOpen(tx, scopes, keys);
        const shut = rows.find(({ is_due: isDue }) => !isDue);
        if (shut !== undefined) return held(shut);
        for (const row of rows) {
          const probing = await store.setState(tx, row, {
            state: 'half-open',
            reason: row.reason,
            openings: row.openings,
            minutes: PROBE_MINUTES,
          });
          await ledger.append(
            tx,
            fleetBreakerChanged(store.toFleetBreaker(probing), 'breaker.probed'),
          );
        }
        return { allowed: true, isProbe: rows.length > 0 };
      });
    },

    reportOutcome: (it) =>
      db.transaction(async (tx) => {
        if (!(await store.insertOutcome(tx, it))) return;
        const scopes: [FleetBreaker['scope'], string][] =
          it.outcome === 'provider-trouble'
            ? [['provider', it.agent]]
            : [
                ['agent', it.agent],
                ['provider', it.agent],
                ...(it.repository === null
                  ? []
                  : [['repository', it.repository] as [FleetBreaker['scope'], string]]),
              ];
        // Always in one order, so that two ends at once do not wait for each other.
        for (const [scope, key] of scopes.toSorted()) await judge(tx, scope, key, it.outcome);
      }),

    noteTurn: (subject, by) =>
      db.transaction(async (tx) => {
        const counted = await store.countTurn(tx, subject, by, settings.feedbackMinutes);
        const { turns, is_open: isOpen } = counted;
        if (isOpen || turns <= settings.feedbackTurns) return !isOpen;
        const row = await store.lock(tx, 'subject', subject);
        const opened = await store.setState(tx, row, {
          state: 'open',
          reason: `${subject} was changed by us and by its mirror in turn, ${turns} times within ${settings.feedbackMinutes} minutes.`,
          openings: row.openings + 1,
          minutes: null,
        });
        await ledger.append(
          tx,
          fleetBreakerChanged(store.toFleetBreaker(opened), 'breaker.opened'),
        );
        return false;
      }),

    hold: (subject, delivery) =>
      db.transaction(async (tx) => {
        const row = await store.lock(tx, 'subject', subject);
        // Closed since it was asked: then it may be said after all.
        await holdDelivery(tx, ledger, subject, delivery);
        if (row.state === 'closed') await releaseHeld(tx, ledger, subject);
      }),

    listFleet: async () => (await store.listOpen(db, MAX_SHOWN)).map(store.toFleetBreaker),

    async closeFleet({ scope, key }, reason, by) {
      await refuseAgents(db, by);
      return db.transaction(async (tx) => {
        const [row] = await store.lockOpen(tx, [scope], [key]);
        if (row === undefined) {
          throw new AppError('not_found', 'breakers.not_open', {
            message: `No breaker is open for the ${scope} ${key}.`,
            hint: '`loom breakers` lists those that are; it may have closed by itself.',
          });
        }
        const closed = await store.setState(tx, row, {
          state: 'closed',
          reason,
          openings: 0,
          minutes: null,
        });
        await store.forgetTurns(tx, key);
        if (scope === 'subject') await releaseHeld(tx, ledger, key);
        await ledger.append(
          tx,
          fleetBreakerChanged(store.toFleetBreaker(closed), 'breaker.closed', actorOf(by)),
        );
        return store.toFleetBreaker(closed);
      });
    },
  };

  async function judge(
    tx: Parameters<typeof store.lock>[0],
    scope: FleetBreaker['scope'],
    key: string,
    outcome: Outcome,
  ): Promise<void> {
    const row = await store.lock(tx, scope, key);
    const hasWorked = outcome === 'worked' || (scope === 'provider' && outcome === 'failed');
    if (hasWorked) {
      if (row.state !== 'half-open') return;
      const closed = await store.setState(tx, row, {
        state: 'closed',
        reason: 'A probe worked.',
        openings: 0,
        minutes: null,
      });
      await ledger.append(tx, fleetBreakerChanged(store.toFleetBreaker(closed), 'breaker.closed'));
      return;
    }
    if (row.state === 'open') return;
    const reason = row.state === 'half-open' ? 'The probe failed too.' : await whyOpen(tx, row);
    if (reason === undefined) return;
    const openings = row.openings + 1;
    const opened = await store.setState(tx, row, {
      state: 'open',
      reason,
      openings,
      minutes: cooldownMinutes(openings, settings),
    });
    await ledger.append(tx, fleetBreakerChanged(store.toFleetBreaker(opened), 'breaker.opened'));
  }

  async function whyOpen(
    tx: Parameters<typeof store.lock>[0],
    row: store.FleetRow,
  ): Promise<string | undefined> {
    if (row.scope === 'provider') {
      const { troubled } = await store.countOutcomes(tx, row, PROVIDER_WINDOW_MINUTES);
      return opensForProvider(troubled)
        ? `The model of ${row.key} was unavailable or limited in ${troubled} sessions within ${PROVIDER_WINDOW_MINUTES} minutes.`
        : undefined;
    }
    const counts = await store.countOutcomes(tx, row, settings.windowMinutes);
    return opensForFailures(counts, settings)
      ? `${counts.failed} of the last ${counts.total} sessions ${row.scope === 'agent' ? 'of' : 'in'} ${row.key} failed within ${settings.windowMinutes} minutes.`
      : undefined;
  }

  function held(row: store.FleetRow): StartAnswer {
    const what = row.state === 'half-open' ? 'A probe is under way.' : 'New sessions wait.';
    return {
      allowed: false,
      reason: `${row.reason} ${what}`.trim(),
      until: row.until ?? inMinutes(settings.cooldownMinutes),
    };
  }

  async function reviewersAreFull(repository: string): Promise<StartAnswer | undefined> {
    const { waiting, decided } = await store.countReviews(db, repository, REVIEW_DAYS_BACK);
    const capacity = reviewCapacity({ decided, days: REVIEW_DAYS_BACK }, settings);
    if (waiting < capacity) return undefined;
    return {
      allowed: false,
      reason: `${waiting} reviews wait for people in ${repository}, and they can take about ${capacity}. New sessions wait until some are done.`,
      until: inMinutes(REVIEW_WAIT_MINUTES),
    };
  }

  function inMinutes(minutes: number): Date {
    return new Date(clock.now().getTime() + minutes * 60_000);
  }
}
