/**
 * From one person to the next: because nobody answered in time, or because somebody asked for it. The
 * plan that was made with the verdict is walked on; who may be asked is looked at again.
 */
import { sharedIdentities } from '#governance';
import type { Id, Tx } from '#kernel';
import type { Actor } from '#ledger';
import { readdressEscalation } from '#policy';
import { findChange, toChange } from '../changes/index.ts';
import { addressOf, announce, close, ROUTING } from './assign.ts';
import type { EscalationDeps } from './deps.ts';
import { escalationEvent } from './events.ts';
import { openPackage, sealPackage } from './package-hash.ts';
import { type Crowd, readCrowd } from './people.ts';
import type { PlanStep } from './schema.ts';
import * as store from './store.ts';

const MAX_STALE = 100;
/** In one turn of the loop; the next comes soon. */
const MAX_OVERDUE = 50;

/** Does what time asks for; any node may, and no two do the same. Gives how many it moved. */
export async function keepAssignments(deps: EscalationDeps): Promise<number> {
  const { db, clock } = deps;
  let moved = await db.transaction(async (tx) => {
    const stale = await store.takeStale(tx, MAX_STALE);
    for (const row of stale) await close(deps, tx, row, 'the change has moved on');
    return stale.length;
  });
  const now = clock.now();
  for (let turn = 0; turn < MAX_OVERDUE; turn += 1) {
    const crowd = await readCrowdIfDue(deps, now);
    if (crowd === undefined) break;
    const isMoved = await db.transaction(async (tx) => {
      await store.lockNaming(tx);
      const row = await store.takeOverdue(tx, now);
      if (row === undefined) return false;
      const why = row.state === 'open' ? 'no answer in time' : 'no decision in time';
      await handOver(deps, tx, row, crowd, { why, actor: ROUTING });
      return true;
    });
    if (!isMoved) break;
    moved += 1;
  }
  return moved;
}

async function readCrowdIfDue(deps: EscalationDeps, now: Date): Promise<Crowd | undefined> {
  const rows = await deps.db.query(
    `select 1 from loom.assignments where state in ('open', 'acknowledged') and due_at <= $1 limit 1`,
    [now],
  );
  return rows.length === 0 ? undefined : readCrowd(deps, now);
}

/**
 * Ends this naming and names the next of the plan, or `to`. The caller holds the naming lock, taken
 * before the row, as everybody takes them. With nobody left
 * it stays where it is, without a deadline, and the ledger says so.
 */
export async function handOver(
  deps: EscalationDeps,
  tx: Tx,
  row: store.AssignmentRow,
  crowd: Crowd,
  how: { why: string; actor: Actor; to?: PlanStep | undefined },
): Promise<Id<'esc'> | undefined> {
  const { clock, ledger } = deps;
  const now = clock.now();
  const changeRow = await findChange(tx, row.changeId);
  if (changeRow === undefined || changeRow.state !== 'open') {
    await close(deps, tx, row, 'the change is over');
    return undefined;
  }
  const standing = await store.selectOfChange(tx, row.changeId, { openOnly: true });
  const counts = await store.countOpen(tx);
  const next =
    how.to === undefined
      ? findNext(row, crowd, {
          custody: changeRow.custody,
          busy: new Set(standing.map(({ personId }) => personId as string)),
          counts,
        })
      : { step: how.to, place: row.place };
  if (next === undefined) {
    await store.strand(tx, row.id);
    await ledger.append(
      tx,
      escalationEvent('escalation.stranded', row, ROUTING, {
        why: how.why,
        what: 'Nobody is left who may be asked.',
      }),
    );
    return undefined;
  }
  await store.endAssignment(tx, row.id, {
    state: 'handed-over',
    why: how.why,
    decision: how.to === undefined ? null : 'hand-over',
    now,
  });
  // Somebody named by hand comes in at their place; the plan goes on behind them.
  const plan = how.to === undefined ? row.plan : row.plan.toSpliced(row.place + 1, 0, how.to);
  const place = how.to === undefined ? next.place : row.place + 1;
  const dueAt = new Date(now.getTime() + row.ackWithinMs);
  const body = (await store.selectPackage(tx, row.packageSha256))!;
  const sealed = sealPackage(
    readdressEscalation(openPackage(body), addressOf(crowd.people, plan, place, dueAt, next.step)),
  );
  await store.savePackage(tx, sealed, now);
  const named: store.NewAssignment = {
    ...row,
    id: deps.newId('esc'),
    personId: next.step.personId,
    standsInFor: next.step.standsInFor,
    via: next.step.via,
    reasons: next.step.reasons,
    plan,
    place,
    packageSha256: sealed.sha256,
    createdAt: now,
    dueAt,
  };
  await ledger.append(
    tx,
    escalationEvent('escalation.handed-over', row, how.actor, {
      why: how.why,
      to: named.personId,
      next: named.id,
    }),
  );
  await store.insertAssignment(tx, named);
  await announce(deps, tx, named, toChange(changeRow), crowd.people);
  return named.id;
}

/** The next of the plan who may be asked now; those with room first, then whoever there is. */
export function findNext(
  row: Pick<store.AssignmentRow, 'plan' | 'place' | 'maxOpen' | 'personId'>,
  crowd: Crowd,
  now: {
    custody: readonly string[];
    busy: ReadonlySet<string>;
    counts: ReadonlyMap<string, number>;
  },
): { step: PlanStep; place: number } | undefined {
  const fit: { step: PlanStep; place: number }[] = [];
  for (let place = row.place + 1; place < row.plan.length; place += 1) {
    const step = standIn(row.plan[place]!, crowd, now.custody);
    if (step !== undefined && !now.busy.has(step.personId)) fit.push({ step, place });
  }
  const hasRoom = ({ step }: { step: PlanStep }) =>
    row.maxOpen === null || (now.counts.get(step.personId) ?? 0) < row.maxOpen;
  return fit.find(hasRoom) ?? fit[0];
}

/** The person of the plan, or who stands in for them by now; undefined when neither may be asked. */
function standIn(step: PlanStep, crowd: Crowd, custody: readonly string[]): PlanStep | undefined {
  const find = (id: string) => crowd.people.find((person) => person.id === id);
  const person = find(step.personId);
  if (person === undefined || sharedIdentities(person, custody).length > 0) return undefined;
  if (!crowd.mayApprove(person)) return undefined;
  // A stand-in whose absent person is back has nothing to lend any more.
  if (step.standsInFor !== null && !crowd.away.has(step.standsInFor)) return undefined;
  const away = crowd.away.get(person.id);
  if (away === undefined) return step;
  // Only one hop: a stand-in who is away is not stood in for.
  if (away.delegateId === null || step.standsInFor !== null) return undefined;
  const delegate = find(away.delegateId);
  const isFit =
    delegate !== undefined &&
    crowd.mayApprove(delegate) &&
    !crowd.away.has(delegate.id) &&
    sharedIdentities(delegate, custody).length === 0;
  return isFit
    ? {
        personId: delegate.id,
        via: 'stand-in',
        standsInFor: person.id,
        reasons: [`You stand in for ${person.name}`],
      }
    : undefined;
}
