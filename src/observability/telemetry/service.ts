/**
 * Takes in what agents report of themselves by OpenTelemetry and keeps the numbers: tokens by class,
 * money, calls, failures, by session, model and day. No text of a prompt, answer, argument or result is
 * kept, whatever an exporter sends. A batch that comes twice counts once.
 */
import { createHash } from 'node:crypto';
import { AppError, type Clock, type Db } from '#kernel';
import { decodeRequest } from './protobuf.ts';
import { readRecords, type Signal } from './records.ts';
import type { SessionUsage } from './schema.ts';
import * as store from './store.ts';
import { addUp, type Prices, readUsage, type Usage } from './usage.ts';

/** The spend of one session as far as telemetry tells it: the most complete of its sources. */
export interface ToldSpend {
  agent: string;
  externalId: string;
  /** Our own id, where the report named it. */
  sessionId: string | null;
  tokens: number;
  costUsdMicros: number;
  /** The model most of it went to; null where none was named. */
  model: string | null;
}

export interface TelemetryService {
  /**
   * Gives the spend of every session the batch told something new of.
   * @throws AppError `telemetry.malformed` when the bytes are no export request of the signal.
   */
  receive(batch: {
    signal: Signal;
    encoding: 'json' | 'protobuf';
    bytes: Uint8Array;
    /** Whose agent reports. */
    personId: string;
    /** The agent and its own id of a session of that person, by our id; undefined for anything else. */
    findSession(id: string): Promise<{ agent: string; externalId: string } | undefined>;
  }): Promise<{ told: ToldSpend[]; rejected: number }>;
  /** By source and model; `personId` null where nobody in particular runs the session. */
  usageOf(session: {
    agent: string;
    externalId: string;
    personId: string | null;
  }): Promise<SessionUsage[]>;
}

export function createTelemetryService({
  db,
  clock,
  prices,
}: {
  db: Db;
  clock: Clock;
  prices: Readonly<Record<string, Prices>>;
}): TelemetryService {
  return {
    async receive({ signal, encoding, bytes, personId, findSession }) {
      const request = parse(signal, encoding, bytes);
      const { records, rejected } = readRecords(signal, request);
      const usages = await nameSessions(
        readUsage(records, { prices, now: clock.now() }),
        findSession,
      );
      if (usages.length === 0) return { told: [], rejected };
      const digest = createHash('sha256').update(personId).update(signal).update(bytes).digest();
      const isNew = await db.transaction(async (tx) => {
        if (!(await store.insertBatch(tx, digest))) return false;
        await store.addUsage(tx, personId, usages);
        return true;
      });
      if (!isNew) return { told: [], rejected };
      await store.forgetBatches(db);
      const sessions = new Map(
        usages.map((usage) => [JSON.stringify([usage.agent, usage.externalId]), usage]),
      );
      const told = await Promise.all(
        [...sessions.values()].map(async ({ agent, externalId, sessionId }) => ({
          agent,
          externalId,
          sessionId,
          ...sumUp(await store.findUsage(db, { agent, externalId, personId })),
        })),
      );
      return { told, rejected };
    },

    usageOf: (session) => store.findUsage(db, session),
  };
}

/** Our own id of a session beats the one the record has, where it is a session of the reporter. */
async function nameSessions(
  usages: readonly Usage[],
  findSession: (id: string) => Promise<{ agent: string; externalId: string } | undefined>,
): Promise<Usage[]> {
  const named: Usage[] = [];
  for (const usage of usages) {
    const known = usage.sessionId === null ? undefined : await findSession(usage.sessionId);
    const { agent, externalId } = known ?? usage;
    named.push({ ...usage, agent, externalId, sessionId: known ? usage.sessionId : null });
  }
  return addUp(named);
}

/** The largest of the sources, in tokens and in money: each of them may miss something. Pure. */
export function sumUp(
  usages: readonly SessionUsage[],
): Pick<ToldSpend, 'tokens' | 'costUsdMicros' | 'model'> {
  const sources = [...Map.groupBy(usages, ({ source }) => source).values()];
  const largest = (of: (usage: SessionUsage) => number) =>
    Math.max(0, ...sources.map((rows) => rows.reduce((sum, row) => sum + of(row), 0)));
  return {
    // What a cache gave is counted by its price alone: it is sent again with every request.
    tokens: largest((row) => row.inputTokens + row.outputTokens + row.cacheWriteTokens),
    costUsdMicros: largest((row) => row.costUsdMicros),
    model: usages.find(({ model }) => model !== '')?.model ?? null,
  };
}

function parse(signal: Signal, encoding: 'json' | 'protobuf', bytes: Uint8Array): unknown {
  try {
    return encoding === 'json'
      ? JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      : decodeRequest(signal, bytes);
  } catch (cause) {
    throw new AppError('invalid', 'telemetry.malformed', {
      message: `This is no OTLP export of ${signal}.`,
      hint: 'Send OTLP over HTTP as application/json or application/x-protobuf, to the path of its own signal.',
      cause,
    });
  }
}
