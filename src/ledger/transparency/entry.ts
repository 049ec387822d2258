/** One entry of the log: the exact bytes under a leaf. It names its payload only by commitment. */
import { canonicalJson } from '#kernel';
import { z } from 'zod';
import type { Actor, EventRefs } from '../schema.ts';

export const ENTRY_VERSION = 1;
/** Of c2sp.org/tlog-tiles. Payloads are committed to by hash, so no entry of ours comes near. */
export const MAX_ENTRY_BYTES = 65_535;

/** What an entry says about an event. */
export interface EntryFields {
  seq: number;
  /** Never earlier than that of the entry before. */
  ts: Date;
  id: string;
  type: string;
  subject: string;
  actor: Actor;
  tenant: string;
  cause: string | null;
  correlationId: string;
  occurredAt: Date;
  recordedAt: Date;
  refs: EventRefs;
  dataCommitment: Uint8Array | null;
  redactsSeq: number | null;
}

/** Builds the bytes; equal fields give equal bytes on every node and for ever. */
export function buildEntry(fields: EntryFields): Buffer {
  const { dataCommitment, redactsSeq } = fields;
  const entry = {
    v: ENTRY_VERSION,
    seq: fields.seq,
    ts: fields.ts.toISOString(),
    id: fields.id,
    type: fields.type,
    subject: fields.subject,
    actor: fields.actor,
    tenant: fields.tenant,
    ...(fields.cause === null ? {} : { cause: fields.cause }),
    correlation: fields.correlationId,
    occurredAt: fields.occurredAt.toISOString(),
    recordedAt: fields.recordedAt.toISOString(),
  };
  const commit = dataCommitment === null ? {} : { data: formatCommitment(dataCommitment) };
  const target = redactsSeq === null ? '' : `,"target":{"seq":${redactsSeq},"field":"data"}`;
  const refs = canonicalJson(fields.refs);
  const text = `${JSON.stringify(entry).slice(0, -1)},"refs":${refs},"commit":${JSON.stringify(commit)}${target}}`;
  return Buffer.from(text);
}

export function formatCommitment(commitment: Uint8Array): string {
  return `sha256:${Buffer.from(commitment).toString('hex')}`;
}

/** The later of the two: an entry is never dated before its predecessor. */
export function entryTime(previous: Date | undefined, recordedAt: Date): Date {
  return previous !== undefined && previous > recordedAt ? previous : recordedAt;
}

/** What a verifier reads of an entry. Unknown keys are allowed, because later versions add some. */
export const Entry = z.object({
  v: z.literal(ENTRY_VERSION),
  seq: z.int().nonnegative(),
  ts: z.iso.datetime(),
  id: z.string(),
  type: z.string(),
  commit: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/)),
  target: z.object({ seq: z.int().nonnegative(), field: z.string() }).optional(),
});
export type Entry = z.infer<typeof Entry>;
