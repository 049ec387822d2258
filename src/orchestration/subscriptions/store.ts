/** SQL of subscriptions. */
import type { Id, Queryable, Tx } from '#kernel';
import type { WebhookSubscription } from './schema.ts';

export type SubscriptionRow = WebhookSubscription & {
  number: number;
  secret: string;
  previousSecret: string | null;
  previousUntil: Date | null;
};

const COLUMNS = `id, number::float8 as number, url, event_types as "eventTypes", description, state,
  paused_why as "pausedWhy", created_at as "createdAt", failing_since as "failingSince",
  last_success_at as "lastSuccessAt", last_error as "lastError", secret,
  previous_secret as "previousSecret", previous_until as "previousUntil"`;

export async function insertSubscription(
  tx: Tx,
  one: Pick<WebhookSubscription, 'id' | 'url' | 'eventTypes' | 'description' | 'createdAt'> & {
    secret: string;
    createdBy: string;
  },
): Promise<SubscriptionRow> {
  const rows = await tx.query<SubscriptionRow>(
    `insert into loom.webhook_subscriptions
       (id, url, event_types, description, secret, created_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [one.id, one.url, one.eventTypes, one.description, one.secret, one.createdBy, one.createdAt],
  );
  return rows[0]!;
}

/** Makes room for one more, or says that there is none. */
export async function hasRoom(tx: Tx, max: number): Promise<boolean> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('loom.webhook_subscriptions'))`);
  const rows = await tx.query<{ count: number }>(
    'select count(*)::int as count from loom.webhook_subscriptions',
  );
  return rows[0]!.count < max;
}

export async function findSubscription(
  queryable: Queryable,
  id: string,
  options: { forUpdate?: boolean } = {},
): Promise<SubscriptionRow | undefined> {
  const lock = options.forUpdate === true ? ' for update' : '';
  const rows = await queryable.query<SubscriptionRow>(
    `select ${COLUMNS} from loom.webhook_subscriptions where id = $1${lock}`,
    [id],
  );
  return rows[0];
}

export function listSubscriptions(
  queryable: Queryable,
  after: number,
  limit: number,
): Promise<SubscriptionRow[]> {
  return queryable.query<SubscriptionRow>(
    `select ${COLUMNS} from loom.webhook_subscriptions where number > $1 order by number limit $2`,
    [after, limit],
  );
}

export function listActive(
  queryable: Queryable,
): Promise<{ id: Id<'sub'>; eventTypes: string[]; createdAt: Date }[]> {
  return queryable.query(
    `select id, event_types as "eventTypes", created_at as "createdAt"
     from loom.webhook_subscriptions where state = 'active' order by number`,
  );
}

export async function updateSubscription(
  tx: Tx,
  one: Pick<
    SubscriptionRow,
    'id' | 'url' | 'eventTypes' | 'description' | 'state' | 'pausedWhy' | 'failingSince'
  >,
): Promise<void> {
  await tx.query(
    `update loom.webhook_subscriptions set url = $2, event_types = $3, description = $4, state = $5,
       paused_why = $6, failing_since = $7 where id = $1`,
    [one.id, one.url, one.eventTypes, one.description, one.state, one.pausedWhy, one.failingSince],
  );
}

export async function renewSecret(tx: Tx, id: string, secret: string, until: Date): Promise<void> {
  await tx.query(
    `update loom.webhook_subscriptions
     set previous_secret = secret, previous_until = $3, secret = $2 where id = $1`,
    [id, secret, until],
  );
}

/** Of all, for sealing them anew; locks them, so that nobody renews one meanwhile. */
export function lockSecrets(
  tx: Tx,
): Promise<{ id: Id<'sub'>; secret: string; previousSecret: string | null }[]> {
  return tx.query(
    `select id, secret, previous_secret as "previousSecret" from loom.webhook_subscriptions
     order by number for update`,
  );
}

export async function replaceSecrets(
  tx: Tx,
  id: string,
  { secret, previousSecret }: { secret: string; previousSecret: string | null },
): Promise<void> {
  await tx.query(
    'update loom.webhook_subscriptions set secret = $2, previous_secret = $3 where id = $1',
    [id, secret, previousSecret],
  );
}

export async function removeSubscription(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query('delete from loom.webhook_subscriptions where id = $1 returning id', [
    id,
  ]);
  return rows.length > 0;
}

export async function noteSuccess(queryable: Queryable, id: string, now: Date): Promise<void> {
  await queryable.query(
    `update loom.webhook_subscriptions
     set failing_since = null, last_error = null, last_success_at = $2 where id = $1`,
    [id, now],
  );
}

/** Gives since when it has been failing. */
export async function noteFailure(
  queryable: Queryable,
  id: string,
  error: string,
  now: Date,
): Promise<Date | undefined> {
  const rows = await queryable.query<{ since: Date }>(
    `update loom.webhook_subscriptions
     set failing_since = coalesce(failing_since, $3), last_error = $2
     where id = $1 returning failing_since as since`,
    [id, error, now],
  );
  return rows[0]?.since;
}
