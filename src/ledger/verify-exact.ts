/** Checks one entry at a time: builds it anew from its event and says how it differs. */
import type { Tx } from '#kernel';
import { FIELD_COLUMNS, type FieldsRow, toFields } from './log-store.ts';
import { commitTo } from './prepare.ts';
import { buildEntry, entryTime } from './transparency/entry.ts';
import { equalHashes, leafHash } from './transparency/merkle.ts';

export interface LeafRow extends Omit<FieldsRow, 'id'> {
  seq: number;
  event_id: string;
  entry: Buffer;
  leaf_hash: Buffer;
  /** Null when the event is gone. */
  id: string | null;
  salt: Buffer | null;
  value: Buffer | null;
  is_redacted: boolean;
}

/** Leaves from `start` up to, not including, `end`, with what the tables hold of their events. */
export async function readLeaves(
  tx: Tx,
  { start, end }: { start: number; end: number },
): Promise<LeafRow[]> {
  return tx.query<LeafRow>(
    `select ${FIELD_COLUMNS}, l.seq, l.event_id, l.entry, l.leaf_hash, p.salt, p.value,
       exists (select from loom.events r where r.redacts_seq = l.seq) as is_redacted
     from (select * from loom.log_leaves where seq >= $1 and seq < $2) l
       left join loom.events e on e.position = l.position
       left join loom.event_payloads p on p.position = l.position and p.field = 'data'
     order by l.seq`,
    [start, end],
  );
}

/** An entry as its event says it should be. */
export interface CheckedLeaf {
  /** The bytes that belong under the leaf; those in the log where there is no event. */
  entry: Buffer;
  /** What the next entry must not be dated before. */
  time: Date | undefined;
  problems: string[];
}

/** Checks a leaf; `lastTime` is that of the entry before. */
export function checkLeaf(row: LeafRow, lastTime: Date | undefined): CheckedLeaf {
  if (row.id === null) {
    return {
      entry: row.entry,
      time: lastTime,
      problems: ['its event is missing from loom.events'],
    };
  }
  // PostgreSQL knows times that are none, such as infinity.
  if (!isTime(row.occurred_at) || !isTime(row.recorded_at)) {
    const problem = 'its event in loom.events has a time that cannot be';
    return { entry: row.entry, time: timeOf(row.entry) ?? lastTime, problems: [problem] };
  }
  const fields = toFields({ ...row, id: row.id });
  const ts = entryTime(lastTime, fields.recordedAt);
  const entry = buildEntry({ ...fields, seq: row.seq, ts });
  const difference = differenceOf(row, entry);
  return {
    entry,
    // Go on from what the log says, so that one edited time is one problem.
    time: difference === undefined ? ts : (timeOf(row.entry) ?? ts),
    problems: [difference, payloadProblemOf(row)].filter((problem) => problem !== undefined),
  };
}

/** Whether the payload of a leaf was taken away, as the log says. */
export function isErased(row: LeafRow): boolean {
  return row.value === null && row.data_commitment !== null && row.is_redacted;
}

function isTime(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

function payloadProblemOf(row: LeafRow): string | undefined {
  const { data_commitment: commitment, salt, value } = row;
  if (salt === null || value === null) {
    if (commitment === null || row.is_redacted) return undefined;
    return 'its payload is missing, and no payload.redacted says why';
  }
  if (commitment === null) return 'it has a payload that was never committed to';
  if (row.is_redacted) return 'its payload was redacted and is there again';
  const isSame = equalHashes(commitTo(salt, value), commitment);
  return isSame ? undefined : 'its payload in loom.event_payloads is not the one recorded';
}

/** Says how a leaf and the entry built anew from its event differ. */
function differenceOf(row: LeafRow, rebuilt: Buffer): string | undefined {
  const isSame = rebuilt.equals(row.entry);
  const hasHash = equalHashes(leafHash(row.entry), row.leaf_hash);
  if (row.event_id !== row.id) return 'loom.log_leaves names another event';
  if (isSame) return hasHash ? undefined : 'loom.log_leaves holds a wrong leaf hash';
  if (!hasHash && equalHashes(leafHash(rebuilt), row.leaf_hash)) {
    return 'the entry in loom.log_leaves was edited';
  }
  return `its event in loom.events differs from the log in: ${differingKeys(row.entry, rebuilt)}`;
}

function differingKeys(logged: Buffer, rebuilt: Buffer): string {
  const before = parseObject(logged);
  const after = parseObject(rebuilt);
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const differing = [...keys].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return differing.join(', ') || 'its form';
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function timeOf(entry: Buffer): Date | undefined {
  const { ts } = parseObject(entry);
  const time = typeof ts === 'string' ? new Date(ts) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}
