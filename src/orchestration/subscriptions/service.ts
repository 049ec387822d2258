/** The verbs of subscriptions: made, changed, paused, taken away. A secret is shown once. */
import { randomBytes } from 'node:crypto';
import { isInsideAddress } from '#connectors/contract';
import type { Principal } from '#governance';
import {
  AppError,
  decodeCursor,
  type Id,
  type Page,
  type PageRequest,
  type SecretBox,
  toPage,
  type Tx,
} from '#kernel';
import type { Actor, NewEvent } from '#ledger';
import { isIP } from 'node:net';
import { z } from 'zod';
import type { OrchestrationDeps } from '../deps.ts';
import type { WebhookSubscription } from './schema.ts';
import * as store from './store.ts';

const MAX_SUBSCRIPTIONS = 100;
const GRACE_MS = 24 * 3_600_000;

export interface SubscriptionFields {
  url: string;
  eventTypes: string[];
  description?: string | undefined;
}

export interface SubscriptionService {
  /** The secret is in the answer and in no other. @throws AppError `subscriptions.*`. */
  create(
    fields: SubscriptionFields,
    by: Principal,
  ): Promise<{ subscription: WebhookSubscription; secret: string }>;
  list(page: PageRequest): Promise<Page<WebhookSubscription>>;
  find(id: Id<'sub'>): Promise<WebhookSubscription | undefined>;
  /** Pauses, resumes, or changes what is given. @throws AppError `subscriptions.unknown`. */
  update(
    id: Id<'sub'>,
    fields: { [Key in keyof SubscriptionFields]?: SubscriptionFields[Key] | undefined } & {
      state?: WebhookSubscription['state'] | undefined;
    },
    by: Principal,
  ): Promise<WebhookSubscription>;
  remove(id: Id<'sub'>, by: Principal): Promise<void>;
  /** A new secret; for a day deliveries carry the signature of the old one too. */
  renewSecret(id: Id<'sub'>, by: Principal): Promise<{ secret: string }>;
  /** Seals what is kept in plain text, or under a key before; gives how many it were. */
  sealAnew(): Promise<number>;
}

export function createSubscriptionService(
  deps: OrchestrationDeps & { insideUrls: readonly string[]; secretBox: SecretBox },
): SubscriptionService {
  const { db, ledger, clock, newId, insideUrls, secretBox } = deps;
  const allowed = new Set(insideUrls.map((url) => new URL(url).origin));

  async function lock(tx: Tx, id: Id<'sub'>): Promise<store.SubscriptionRow> {
    const row = await store.findSubscription(tx, id, { forUpdate: true });
    if (row !== undefined) return row;
    throw new AppError('not_found', 'subscriptions.unknown', {
      message: 'There is no such subscription.',
      hint: 'GET /v1/webhook-subscriptions lists them.',
    });
  }

  return {
    async create(fields, by) {
      const url = checkUrl(fields.url, allowed);
      const secret = newSecret();
      const id = newId('sub');
      return db.transaction(async (tx) => {
        if (!(await store.hasRoom(tx, MAX_SUBSCRIPTIONS))) {
          throw new AppError('limit_exceeded', 'subscriptions.too_many', {
            message: `There are ${MAX_SUBSCRIPTIONS} subscriptions already.`,
            hint: 'Remove one, or have one receiver pass events on.',
          });
        }
        const row = await store.insertSubscription(tx, {
          id,
          url,
          eventTypes: [...new Set(fields.eventTypes)].sort(),
          description: fields.description ?? '',
          secret: secretBox.seal(secret, id),
          createdBy: by.id,
          createdAt: clock.now(),
        });
        await ledger.append(
          tx,
          subscriptionEvent('webhook-subscription.created', row, actorOf(by)),
        );
        return { subscription: toSubscription(row), secret };
      });
    },

    async list({ limit, cursor }) {
      const after = cursor === undefined ? 0 : decodeCursor(z.int(), cursor);
      const rows = await store.listSubscriptions(db, after, limit + 1);
      const page = toPage(rows, limit, ({ number }) => number);
      return { ...page, items: page.items.map(toSubscription) };
    },

    async find(id) {
      const row = await store.findSubscription(db, id);
      return row === undefined ? undefined : toSubscription(row);
    },

    update: (id, fields, by) =>
      db.transaction(async (tx) => {
        const before = await lock(tx, id);
        const state = fields.state ?? before.state;
        const after = {
          ...before,
          url: fields.url === undefined ? before.url : checkUrl(fields.url, allowed),
          eventTypes:
            fields.eventTypes === undefined
              ? before.eventTypes
              : [...new Set(fields.eventTypes)].sort(),
          description: fields.description ?? before.description,
          state,
          pausedWhy: state === 'active' ? null : (before.pausedWhy ?? 'by hand'),
          // Who resumes it gives it its days anew.
          failingSince: fields.state === 'active' ? null : before.failingSince,
        };
        await store.updateSubscription(tx, after);
        await ledger.append(
          tx,
          subscriptionEvent('webhook-subscription.updated', after, actorOf(by)),
        );
        return toSubscription(after);
      }),

    remove: (id, by) =>
      db.transaction(async (tx) => {
        const row = await lock(tx, id);
        await store.removeSubscription(tx, id);
        await ledger.append(
          tx,
          subscriptionEvent('webhook-subscription.removed', row, actorOf(by)),
        );
      }),

    renewSecret: (id, by) =>
      db.transaction(async (tx) => {
        const row = await lock(tx, id);
        const secret = newSecret();
        const until = new Date(clock.now().getTime() + GRACE_MS);
        await store.renewSecret(tx, id, secretBox.seal(secret, id), until);
        await ledger.append(
          tx,
          subscriptionEvent('webhook-subscription.secret-renewed', row, actorOf(by)),
        );
        return { secret };
      }),

    sealAnew: () =>
      db.transaction(async (tx) => {
        let sealed = 0;
        for (const { id, secret, previousSecret } of await store.lockSecrets(tx)) {
          const all = [secret, ...(previousSecret === null ? [] : [previousSecret])];
          if (!all.some(secretBox.isOutdated)) continue;
          const anew = (text: string) => secretBox.seal(secretBox.open(text, id), id);
          await store.replaceSecrets(tx, id, {
            secret: anew(secret),
            previousSecret: previousSecret === null ? null : anew(previousSecret),
          });
          sealed += 1;
        }
        return sealed;
      }),
  };
}

/** The host alone of an address goes into events: the path may hold a secret of the receiver's. */
export function subscriptionEvent(
  type:
    | 'webhook-subscription.created'
    | 'webhook-subscription.updated'
    | 'webhook-subscription.removed'
    | 'webhook-subscription.secret-renewed'
    | 'webhook-subscription.paused',
  { id, url, eventTypes, state, pausedWhy }: WebhookSubscription,
  actor: Actor,
): NewEvent {
  return {
    type,
    subject: id,
    actor,
    data: { host: new URL(url).host, eventTypes, state, pausedWhy },
  };
}

/** What can be seen at once; the address a name leads to is checked at each delivery. */
function checkUrl(text: string, allowed: ReadonlySet<string>): string {
  const url = new URL(text);
  if (allowed.has(url.origin)) return url.href;
  const literal = url.hostname.replaceAll(/[[\]]/g, '');
  const isInside =
    /(^|\.)(localhost|local|internal|intern)$/i.test(url.hostname) ||
    (isIP(literal) !== 0 && isInsideAddress(literal));
  if (url.protocol === 'https:' && url.username === '' && !isInside) return url.href;
  throw new AppError('invalid', 'subscriptions.bad_url', {
    message: 'Events go to public https addresses without credentials in them.',
    hint: 'An operator can allow addresses inside by connectors.webhooks.insideUrls.',
  });
}

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

function actorOf(by: Principal): Actor {
  return { kind: by.kind === 'service' ? 'system' : by.kind, id: by.id };
}

function toSubscription(row: store.SubscriptionRow): WebhookSubscription {
  const {
    number: _number,
    secret: _secret,
    previousSecret: _previous,
    previousUntil: _until,
    ...subscription
  } = row;
  return subscription;
}
