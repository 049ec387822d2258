/** A change goes back to its agent with a note: to its session, if it lives, and into its work item. */
import type { Principal } from '#governance';
import type { Id, Tx } from '#kernel';
import { plainText } from '#policy';
import type { Change } from '../schema.ts';
import { findWorkItem, returnWorkItem } from '../work/index.ts';
import type { EscalationDeps } from './deps.ts';

const MAX_NOTES = 5;

export interface ReturnedNote {
  changeId: Id<'chg'>;
  headSha: string;
  personName: string;
  note: string;
}

export async function returnToAgent(
  deps: EscalationDeps,
  tx: Tx,
  change: Change,
  { note, by }: { note: string; by: Principal },
): Promise<void> {
  const { ledger, clock } = deps;
  await tx.query(
    `insert into loom.returned_notes (change_id, head_sha, session_id, person_name, note, created_at)
     values ($1, $2, $3, $4, $5, $6) on conflict on constraint returned_notes_once do nothing`,
    [change.id, change.headSha, change.sessionId, by.name, note, clock.now()],
  );
  const actor = { kind: 'person', id: by.id } as const;
  await ledger.append(tx, {
    type: 'change.returned',
    subject: change.id,
    actor,
    correlationId: change.correlationId,
    refs: {
      change: change.id,
      repository: change.repository,
      commit: change.headSha,
      session: change.sessionId,
      workItem: change.workItemId,
      person: by.id,
    },
    data: { note },
  });
  if (change.workItemId === null) return;
  const item = await findWorkItem(tx, change.workItemId);
  if (item === undefined) return;
  const words = `Sent back by ${plainText(by.name, 100)}: ${plainText(note, 4_000)}`;
  await returnWorkItem(tx, deps, item.id, words, { actor, refs: { change: change.id } });
}

/** What reviewers said to a session and it has not heard: given once. */
export async function takeNotes(
  { db, clock }: EscalationDeps,
  sessionId: Id<'ses'>,
): Promise<ReturnedNote[]> {
  return db.query<ReturnedNote>(
    `update loom.returned_notes set told_at = $2
     where number in (select number from loom.returned_notes
       where session_id = $1 and told_at is null order by number limit ${MAX_NOTES}
       for update skip locked)
     returning change_id as "changeId", head_sha as "headSha", person_name as "personName", note`,
    [sessionId, clock.now()],
  );
}
