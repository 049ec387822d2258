/**
 * Follows the ledger for lessons: learns from reviews and reverts, counts what came of the changes of
 * sessions that heard a lesson, and retires those that lose.
 */
import type { Clock, NewId, Tx } from '#kernel';
import type { Ledger, LedgerEvent, Projection } from '#ledger';
import { lessonDecided, lessonRecorded } from '../events.ts';
import { maskSecrets } from '../masking.ts';
import { neutralise } from '../quoting.ts';
import { findRepositoryRow } from '../store.ts';
import { countTerms } from '../words.ts';
import { findRepeatedRemarks, lessonOfRevert, type MinedLesson, revertedShas } from './mine.ts';
import {
  insertRemarks,
  noteChange,
  noteDecline,
  readRemarks,
  readReverts,
  readTallies,
  settleChange,
  settleReverted,
} from './outcome-store.ts';
import { isLosing } from './retire.ts';
import { decideLessonRow, findLessonRow, insertLesson, listLessonRows } from './store.ts';

const SYSTEM = { kind: 'system', id: 'lessons' } as const;
/** Older reverts are history, not lessons. */
const REVERT_DAYS = 365;
const MAX_REVERTS = 20;
const MAX_REMARKS = 300;
const MAX_KNOWN = 500;

export function createLessonProjection(deps: {
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
}): Projection {
  const { ledger, clock, newId } = deps;

  async function apply(tx: Tx, events: readonly LedgerEvent[]): Promise<void> {
    const toMine = { reviews: new Set<string>(), reverts: new Set<string>() };
    const settled: string[] = [];
    for (const event of events) {
      const { change, repository, session } = event.refs;
      if (event.type === 'repository.imported' || event.type === 'repository.updated') {
        if (repository === undefined) continue;
        toMine.reverts.add(repository);
        toMine.reviews.add(repository);
      } else if (event.type === 'approval.declined' && change !== undefined) {
        const known = await noteDecline(tx, change);
        if (known === undefined) continue;
        await noteRemark(tx, known.repository, change, event);
        toMine.reviews.add(known.repository);
      } else if (event.type.startsWith('change.') && change !== undefined) {
        if (repository === undefined) continue;
        await noteChange(tx, { id: change, repository, sessionId: session ?? null });
        if (event.type !== 'change.merged' && event.type !== 'change.closed') continue;
        const how = event.type === 'change.merged' ? 'merged' : 'closed';
        const mergeSha = event.refs.mergeCommit ?? null;
        await settleChange(tx, { id: change, how, mergeSha, at: event.recordedAt });
        settled.push(change);
      }
    }
    for (const name of toMine.reviews) await mineReviews(tx, name);
    for (const name of toMine.reverts) await mineReverts(tx, name);
    await retireLosers(tx, settled);
  }

  async function noteRemark(
    tx: Tx,
    name: string,
    changeId: string,
    event: LedgerEvent,
  ): Promise<void> {
    const repository = await findRepositoryRow(tx, { nameOrId: name });
    const reason = event.data?.['reason'];
    if (repository === undefined || typeof reason !== 'string' || reason.trim() === '') return;
    const author = event.refs.person ?? event.actor.id;
    const text = maskSecrets(neutralise(reason));
    const saidAt = event.occurredAt;
    await insertRemarks(tx, repository.id, [
      { id: event.id, changeId, author, path: null, text, saidAt },
    ]);
  }

  async function mineReviews(tx: Tx, name: string): Promise<void> {
    const repository = await findRepositoryRow(tx, { nameOrId: name });
    if (repository === undefined) return;
    const remarks = await readRemarks(tx, repository.id, MAX_REMARKS);
    await addCandidates(tx, repository, findRepeatedRemarks(remarks));
  }

  async function mineReverts(tx: Tx, name: string): Promise<void> {
    const repository = await findRepositoryRow(tx, { nameOrId: name });
    if (repository === undefined) return;
    const since = new Date(clock.now().getTime() - REVERT_DAYS * 86_400_000);
    const reverts = await readReverts(tx, repository.id, since, MAX_REVERTS);
    await settleReverted(tx, repository.name, reverts.flatMap(revertedShas));
    await addCandidates(
      tx,
      repository,
      reverts.flatMap((commit) => lessonOfRevert(commit) ?? []),
    );
  }

  /** Adds what is new; what was said in like words before, whatever became of it, is not asked again. */
  async function addCandidates(
    tx: Tx,
    repository: { id: string; name: string },
    mined: readonly MinedLesson[],
  ): Promise<void> {
    if (mined.length === 0) return;
    const known = await listLessonRows(tx, {
      repositoryId: repository.id,
      state: undefined,
      after: undefined,
      limit: MAX_KNOWN,
    });
    const knownTerms = known.map(({ text }) => new Set(countTerms(text).keys()));
    for (const lesson of mined) {
      const terms = new Set(countTerms(lesson.text).keys());
      if (knownTerms.some((other) => isAlike(terms, other))) continue;
      knownTerms.push(terms);
      const row = {
        ...lesson,
        text: maskSecrets(neutralise(lesson.text)),
        evidence: lesson.evidence.map((one) => ({
          ...one,
          text: maskSecrets(neutralise(one.text)),
        })),
        id: newId('evt'),
        repositoryId: repository.id,
        sessionId: null,
        actorId: SYSTEM.id,
        createdAt: clock.now(),
      };
      const { isNew } = await insertLesson(tx, row);
      if (isNew) await lessonRecorded(ledger, tx, { ...row, repository: repository.name }, SYSTEM);
    }
  }

  async function retireLosers(tx: Tx, changeIds: readonly string[]): Promise<void> {
    if (changeIds.length === 0) return;
    for (const { lessonId, own, all } of await readTallies(tx, changeIds)) {
      if (!isLosing(own, all)) continue;
      const lesson = await findLessonRow(tx, lessonId);
      if (lesson === undefined) continue;
      const reason = `${own.failed} of ${own.settled} changes of sessions that heard it were rejected or reworked, more than elsewhere in the repository`;
      const by = SYSTEM.id;
      const to = { state: 'retired' as const, by, at: clock.now(), reason };
      if (await decideLessonRow(tx, lessonId, ['approved'], to)) {
        await lessonDecided(ledger, tx, { lesson, decision: 'retired', reason }, SYSTEM);
      }
    }
  }

  return {
    name: 'lessons',
    types: ['repository.imported', 'repository.updated', 'approval.declined', 'change.'],
    apply,
  };
}

function isAlike(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  let shared = 0;
  for (const term of a) if (b.has(term)) shared += 1;
  return shared > 0 && shared / (a.size + b.size - shared) >= 0.6;
}
