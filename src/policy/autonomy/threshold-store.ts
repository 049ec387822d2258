/** Where the thresholds stand: counted anew when something lands or harms, kept, and each move told once. */
import type { Queryable, Tx } from '#kernel';
import type { Ledger } from '#ledger';
import { MIN_KNOWN_DEFECTS } from '../risk/index.ts';
import { selectPlaceCounts } from './outcome-store.ts';
import { ALL, type AutonomyThreshold, placesOf, thresholdBy } from './thresholds.ts';

/** Harm this old says little about what ships now. */
export const SLIP_MS = 365 * 86_400_000;

const THRESHOLD = `repository, change_class as "changeClass", tier,
  bound_per_mille as "boundPerMille", landed, shipped_alone as "shippedAlone", defects, slipped,
  tightening, ceiling, alarm_since as "alarmSince", changed_at as "changedAt",
  case when defects < ${MIN_KNOWN_DEFECTS} then 'cold' else 'warm' end as phase`;

/** Of every repository or of one, the widest first; at most 500. */
export async function selectThresholds(
  queryable: Queryable,
  repository: string | null,
): Promise<AutonomyThreshold[]> {
  return queryable.query<AutonomyThreshold>(
    `select ${THRESHOLD} from loom.autonomy_thresholds
     where $1::text is null or repository = $1
     order by repository, change_class <> '*', change_class, tier <> '*', tier limit 500`,
    [repository],
  );
}

/** Moves every threshold that an outcome counts for to where the figures put it. */
export async function moveThresholds(
  tx: Tx,
  { ledger }: { ledger: Ledger },
  outcome: {
    changeId: string;
    repository: string;
    mergeSha: string;
    changeClass: string;
    tiers: readonly string[];
  },
  now: Date,
): Promise<void> {
  for (const place of placesOf(outcome)) {
    const before = await lockThreshold(tx, { ...place, repository: outcome.repository }, now);
    const since = new Date(now.getTime() - SLIP_MS);
    const counts = await selectPlaceCounts(tx, { ...before, since });
    const { harmfulScores: _scores, ...figures } = counts;
    const moved = thresholdBy(counts, before.alarmSince, now);
    const phase = counts.defects < MIN_KNOWN_DEFECTS ? 'cold' : 'warm';
    const isNews =
      moved.tightening !== before.tightening ||
      moved.ceiling !== before.ceiling ||
      (moved.alarmSince === null) !== (before.alarmSince === null) ||
      phase !== before.phase;
    await updateThreshold(tx, {
      ...before,
      ...figures,
      ...moved,
      changedAt: isNews ? now : before.changedAt,
    });
    if (!isNews) continue;
    await ledger.append(tx, {
      type: 'autonomy.threshold-moved',
      subject: outcome.repository,
      actor: { kind: 'system', id: 'autonomy' },
      refs: {
        repository: outcome.repository,
        change: outcome.changeId,
        mergeCommit: outcome.mergeSha,
      },
      data: {
        ...place,
        ...figures,
        phase,
        from: { tightening: before.tightening, ceiling: before.ceiling },
        to: { tightening: moved.tightening, ceiling: moved.ceiling },
        isAlarmed: moved.alarmSince !== null,
      },
    });
  }
}

/**
 * Whoever counts in a repository waits here for the others first: days are counted in any order, and two
 * that waited for each other's day would wait for ever.
 */
export async function lockThresholds(tx: Tx, repository: string, now: Date): Promise<void> {
  await lockThreshold(tx, { repository, changeClass: ALL, tier: ALL }, now);
}

async function lockThreshold(
  tx: Tx,
  { repository, changeClass, tier }: { repository: string; changeClass: string; tier: string },
  now: Date,
): Promise<AutonomyThreshold> {
  await tx.query(
    `insert into loom.autonomy_thresholds (repository, change_class, tier, changed_at)
     values ($1, $2, $3, $4) on conflict do nothing`,
    [repository, changeClass, tier, now],
  );
  const rows = await tx.query<AutonomyThreshold>(
    `select ${THRESHOLD} from loom.autonomy_thresholds
     where repository = $1 and change_class = $2 and tier = $3 for update`,
    [repository, changeClass, tier],
  );
  return rows[0]!;
}

async function updateThreshold(tx: Tx, row: AutonomyThreshold): Promise<void> {
  await tx.query(
    `update loom.autonomy_thresholds
     set bound_per_mille = $4, landed = $5, shipped_alone = $6, defects = $7, slipped = $8,
       tightening = $9, ceiling = $10, alarm_since = $11, changed_at = $12
     where repository = $1 and change_class = $2 and tier = $3`,
    [
      row.repository,
      row.changeClass,
      row.tier,
      row.boundPerMille,
      row.landed,
      row.shippedAlone,
      row.defects,
      row.slipped,
      row.tightening,
      row.ceiling,
      row.alarmSince,
      row.changedAt,
    ],
  );
}
