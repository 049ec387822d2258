/** What channels were told: nobody is told twice, and a question can be found again. SQL and nothing else. */
import type { Published } from '#connectors/contract';
import type { Queryable } from '#kernel';

export async function findSent(
  queryable: Queryable,
  messenger: string,
  idempotencyKey: string,
): Promise<Published | undefined> {
  const rows = await queryable.query<Published>(
    `select external_id as "externalId" from loom.sent_messages
     where messenger = $1 and idempotency_key = $2`,
    [messenger, idempotencyKey],
  );
  return rows[0];
}

/** Of two who sent at once the first is kept. */
export async function saveSent(
  queryable: Queryable,
  sent: {
    messenger: string;
    idempotencyKey: string;
    assignmentId: string | null;
    externalId: string;
  },
): Promise<void> {
  await queryable.query(
    `insert into loom.sent_messages (messenger, idempotency_key, assignment_id, external_id)
     values ($1, $2, $3, $4) on conflict do nothing`,
    [sent.messenger, sent.idempotencyKey, sent.assignmentId, sent.externalId],
  );
}

export function listSentOf(
  queryable: Queryable,
  assignmentId: string,
): Promise<(Published & { messenger: string })[]> {
  return queryable.query(
    `select messenger, external_id as "externalId" from loom.sent_messages
     where assignment_id = $1 order by messenger, external_id`,
    [assignmentId],
  );
}
