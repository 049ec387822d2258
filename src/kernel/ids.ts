/** Prefixed UUIDv7 ids. The prefix is part of the type, so ids of two kinds never mix. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from './clock.ts';

/** Every prefix in the product; STYLE's glossary gives their meaning. */
export const ID_PREFIXES = {
  sig: 'signal',
  wrk: 'work item',
  agt: 'agent',
  ses: 'session',
  clm: 'claim',
  col: 'collision',
  ctx: 'context pack',
  chg: 'change',
  dec: 'decision',
  esc: 'escalation',
  apr: 'approval',
  ovr: 'override',
  abs: 'absence',
  run: 'workflow run',
  stp: 'workflow step',
  bat: 'merge queue batch',
  brk: 'trip of a circuit breaker',
  dep: 'deployment',
  inc: 'incident',
  box: 'devbox',
  evt: 'event',
  out: 'outbox message',
  repo: 'repository',
  usr: 'person',
  tok: 'API token',
  sub: 'webhook subscription',
  xry: 'X-ray report',
  req: 'request',
} as const;

export type IdPrefix = keyof typeof ID_PREFIXES;
export type Id<Prefix extends IdPrefix = IdPrefix> = `${Prefix}_${string}`;
export type NewId = <Prefix extends IdPrefix>(prefix: Prefix) => Id<Prefix>;

/**
 * Makes ids `<prefix>_<32 hex>` over UUIDv7 (RFC 9562 section 5.7): 48 bits of milliseconds, then
 * random bits. Ids made in one millisecond are unordered; order always comes from the ledger.
 */
export function createNewId(clock: Clock): NewId {
  // Asking the system for every id by itself costs more than all the rest of making it.
  let pool = Buffer.alloc(0);
  let used = 0;
  return (prefix) => {
    if (used === pool.length) {
      pool = randomBytes(16 * 256);
      used = 0;
    }
    const bytes = pool.subarray(used, used + 16);
    used += 16;
    bytes.writeUIntBE(clock.now().getTime(), 0, 6);
    bytes[6] = (bytes[6]! & 0x0f) | 0x70;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return `${prefix}_${bytes.toString('hex')}`;
  };
}

/** True when the text is an id with this prefix. */
export function isId<Prefix extends IdPrefix>(prefix: Prefix, text: string): text is Id<Prefix> {
  return text.startsWith(`${prefix}_`) && /^[a-z]+_[0-9a-f]{32}$/.test(text);
}

function withArticle(noun: string): string {
  return `${/^[aeiouAX]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** A zod schema for ids with this prefix, for use at a boundary. */
export function idSchema<Prefix extends IdPrefix>(prefix: Prefix): z.ZodType<Id<Prefix>, string> {
  return z
    .string()
    .regex(
      new RegExp(`^${prefix}_[0-9a-f]{32}$`),
      `must be the id of ${withArticle(ID_PREFIXES[prefix])}: "${prefix}_" and 32 hexadecimal digits`,
    )
    .meta({ example: `${prefix}_019abc00000070008000000000000000` }) as unknown as z.ZodType<
    Id<Prefix>,
    string
  >;
}
