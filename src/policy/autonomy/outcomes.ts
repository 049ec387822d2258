/**
 * What became of landed changes: harm is traced to each once, counted against the declared bound, and an
 * alarm is raised where more slips than was promised. A sample of what shipped alone is looked at by a
 * person, for harm that nobody notices is counted by nothing else.
 */
import { createHash } from 'node:crypto';
import {
  AppError,
  checkValue,
  type Clock,
  type Db,
  type Id,
  type Queryable,
  type Tx,
} from '#kernel';
import type { Ledger } from '#ledger';
import { z } from 'zod';
import { halve } from './halve.ts';
import * as outcomes from './outcome-store.ts';
import type { Audit, DefectCause, RealisedBound } from './schema.ts';
import { isBoundPassed, tighteningFor } from './slip.ts';
import { lockThresholds, moveThresholds, SLIP_MS } from './threshold-store.ts';

/** One in so many of what ships alone is looked at afterwards. */
const AUDIT_ONE_IN = 50;
const AUTONOMY = { kind: 'system', id: 'autonomy' } as const;
const Reason = z.string().trim().min(10).max(2_000);

export interface OutcomeDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
}

export interface AuditAnswer {
  finding: 'fine' | 'risky';
  reason: string;
  by: { id: string; name: string };
}

/** Drawn by the id of the change, which whoever makes it does not choose. Pure. */
export function isDrawnForAudit(changeId: string): boolean {
  return createHash('sha256').update(changeId).digest().readUInt32BE(0) % AUDIT_ONE_IN === 0;
}

/** Written in the transaction that lands the change. */
export async function recordOutcome(
  tx: Tx,
  { ledger }: Pick<OutcomeDeps, 'ledger'>,
  outcome: outcomes.LandedOutcome,
): Promise<void> {
  const isAudited = outcome.alone !== null && isDrawnForAudit(outcome.changeId);
  await lockThresholds(tx, outcome.repository, outcome.landedAt);
  await outcomes.insertOutcome(tx, outcome, isAudited);
  await moveThresholds(tx, { ledger }, outcome, outcome.landedAt);
  if (!isAudited) return;
  await ledger.append(tx, {
    type: 'autonomy.audit-drawn',
    subject: outcome.changeId,
    actor: AUTONOMY,
    refs: refsOf(outcome),
    data: { oneIn: AUDIT_ONE_IN },
  });
}

/**
 * Counts harm traced to a landed change, the first time only, and raises or clears the alarm. What shipped
 * alone and was taken back or part of an incident halves what may ship alone there.
 */
export async function noteHarm(
  tx: Tx,
  { ledger }: Pick<OutcomeDeps, 'ledger'>,
  outcome: outcomes.LandedOutcome,
  harm: { cause: DefectCause; ref: string; at: Date },
): Promise<void> {
  await countDefect(tx, ledger, outcome, harm);
  const { cause } = harm;
  if (outcome.alone === null || cause === 'fix' || cause === 'audit') return;
  await halve(tx, ledger, outcome, outcome.alone, { ...harm, cause });
}

async function countDefect(
  tx: Tx,
  ledger: Ledger,
  outcome: outcomes.LandedOutcome,
  defect: { cause: DefectCause; ref: string; at: Date },
): Promise<void> {
  await lockThresholds(tx, outcome.repository, defect.at);
  if (!(await outcomes.markDefective(tx, outcome.changeId, defect))) return;
  await moveThresholds(tx, { ledger }, outcome, defect.at);
  const slip = await readSlip(tx, outcome.repository, defect.at);
  if (slip === undefined || slip.boundPerMille === null) return;
  const isPassed = isBoundPassed(slip.boundPerMille / 1000, slip);
  const isNews = isPassed
    ? await outcomes.raiseAlarm(tx, outcome.repository, defect.at)
    : await outcomes.clearAlarm(tx, outcome.repository, defect.at);
  if (!isNews) return;
  const { boundPerMille, defects, slipped, tightening } = slip;
  await ledger.append(tx, {
    type: isPassed ? 'autonomy.bound-passed' : 'autonomy.bound-kept',
    subject: outcome.repository,
    actor: AUTONOMY,
    refs: refsOf(outcome),
    data: { boundPerMille, defects, slipped, tightening },
  });
}

/** Harm found in the history: fixes traced back to the commits they mend. */
export async function noteTracedFixes(
  deps: OutcomeDeps,
  repository: string,
  shas: readonly string[],
): Promise<void> {
  if (shas.length === 0) return;
  // Most commits that a fix points at landed before us.
  if ((await outcomes.selectOutcomesOfCommits(deps.db, repository, shas)).length === 0) return;
  await deps.db.transaction(async (tx) => {
    for (const outcome of await outcomes.selectOutcomesOfCommits(tx, repository, shas)) {
      const at = deps.clock.now();
      await noteHarm(tx, deps, outcome, { cause: 'fix', ref: outcome.mergeSha, at });
    }
  });
}

/** Undefined where nothing has landed yet. */
export async function readSlip(
  queryable: Queryable,
  repository: string,
  now: Date,
): Promise<RealisedBound | undefined> {
  return (await readSlips(queryable, repository, now))[0];
}

export async function readSlips(
  queryable: Queryable,
  repository: string | null,
  now: Date,
): Promise<RealisedBound[]> {
  const since = new Date(now.getTime() - SLIP_MS);
  const rows = await outcomes.selectSlips(queryable, { repository, since });
  return rows.map((row) => ({
    ...row,
    realised: row.defects === 0 ? null : row.slipped / row.defects,
    tightening: row.boundPerMille === null ? 1 : tighteningFor(row.boundPerMille / 1000, row),
  }));
}

/**
 * The answer of a person who looked; a risky change counts as harm that slipped. A second answer is
 * refused, the same one again changes nothing.
 * @throws AppError `policy.no_such_audit`, `policy.audit_answered`, `policy.short_reason`.
 */
export async function answerAudit(
  deps: OutcomeDeps,
  changeId: Id<'chg'>,
  { finding, reason, by }: AuditAnswer,
): Promise<Audit> {
  const words = checkValue(Reason, reason, 'policy.short_reason');
  return deps.db.transaction(async (tx) => {
    const audit = await outcomes.lockAudit(tx, changeId);
    if (audit === undefined) throw unknownAudit();
    if (audit.state === finding) return audit;
    if (audit.state !== 'open') {
      throw new AppError('conflict', 'policy.audit_answered', {
        message: `${audit.auditedName ?? 'Somebody'} found it ${audit.state}.`,
        hint: 'Talk to them; what was found is on record.',
      });
    }
    const at = deps.clock.now();
    await outcomes.answerAudit(tx, changeId, { finding, by, reason: words, at });
    const outcome = (await outcomes.selectOutcome(tx, changeId))!;
    await deps.ledger.append(tx, {
      type: 'autonomy.audited',
      subject: changeId,
      actor: { kind: 'person', id: by.id },
      refs: { ...refsOf(outcome), person: by.id },
      data: { finding, reason: words },
    });
    if (finding === 'risky')
      await noteHarm(tx, deps, outcome, { cause: 'audit', ref: changeId, at });
    return (await outcomes.lockAudit(tx, changeId))!;
  });
}

export function unknownAudit(): AppError {
  return new AppError('not_found', 'policy.no_such_audit', {
    message: 'This change was not drawn to be looked at.',
    hint: 'GET /v1/autonomy lists those that were.',
  });
}

function refsOf({ changeId, repository, mergeSha }: outcomes.LandedOutcome) {
  return { change: changeId, repository, mergeCommit: mergeSha };
}
