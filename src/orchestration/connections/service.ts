/**
 * Shows, tests, pauses and resumes connections. Paused, a connection is not swept and nothing is written
 * to its system; what it tells us by webhook is still kept. A pause is known to every node within seconds.
 */
import { z } from 'zod';
import type {
  ConnectionTest,
  ConnectorDescription,
  RateSnapshot,
  ShownSetting,
  SignalSweep,
} from '#connectors/contract';
import { AppError } from '#kernel';
import type { Actor } from '#ledger';
import type { OrchestrationDeps } from '../deps.ts';
import { connectionPaused, connectionResumed, connectionSetUp, secretRotated } from './events.ts';
import type { Connection } from './schema.ts';
import * as store from './store.ts';
import { type ConnectionTally, createTally } from './tally.ts';

export type { ConnectionTally } from './tally.ts';

/** One connection of this node, as whoever set it up hands it in. */
export interface ConnectionPart extends ConnectorDescription {
  /** What has to be set; undefined when it is ready. */
  missing: string | undefined;
  settings: readonly (ShownSetting & {
    description?: string | undefined;
    environment?: string | undefined;
    isSecret?: boolean | undefined;
    isGivable?: boolean | undefined;
  })[];
  /** Who set it up; whoever runs the server unless said. */
  origin?: Connection['origin'] | undefined;
  webhookUrl: string | undefined;
  sweep?: SignalSweep | undefined;
  test?: (() => Promise<ConnectionTest>) | undefined;
  rate?: (() => RateSnapshot | undefined) | undefined;
  /** Takes settings into force at once, or takes the ones that were given back. @throws AppError */
  giveSettings?: ((values: Readonly<Record<string, string>> | undefined) => void) | undefined;
  /** Makes a new secret and takes both for a while. Only where the secret is ours. */
  rotateSecret?: (() => Promise<{ secret: string; acceptedUntil: Date }>) | undefined;
}

export interface ConnectionService {
  list(): Promise<Connection[]>;
  /** @throws AppError `connections.unknown` */
  read(name: string): Promise<Connection>;
  /** Asks the outside system for ourselves; its refusal is a finding and not a failure. */
  test(name: string): Promise<ConnectionTest & { isWorking: boolean }>;
  pause(name: string, reason: string | null, actor: Actor): Promise<Connection>;
  resume(name: string, actor: Actor): Promise<Connection>;
  /**
   * Sets a connector up with these settings alone; undefined takes back what was given.
   * @throws AppError `connections.settings_elsewhere`, `connections.unknown_setting`, `config.invalid_value`
   */
  setUp(
    name: string,
    values: Readonly<Record<string, string>> | undefined,
    actor: Actor,
  ): Promise<Connection>;
  /** @throws AppError `connections.foreign_secret` where the secret is kept elsewhere. */
  rotateSecret(name: string, actor: Actor): Promise<{ secret: string; acceptedUntil: Date }>;
  /** As of the last look, at most seconds ago. */
  isPaused(name: string): boolean;
  pausedNames(): readonly string[];
  /** Where receivers and callers leave what they saw. */
  readonly tally: ConnectionTally;
  /** Writes what was seen down, and looks who is paused. */
  sync(): Promise<number>;
  /** Parts with a sweep, for the loop that runs them. */
  sweeps(): { name: string; sweep: SignalSweep }[];
}

export interface ConnectionDeps extends OrchestrationDeps {
  /** Read anew each time: a connection may be set up while the server runs. */
  parts: () => readonly ConnectionPart[];
}

export function createConnectionService(deps: ConnectionDeps): ConnectionService {
  const { db, ledger, clock } = deps;
  const tally = createTally(clock);
  let paused: ReadonlySet<string> = new Set();

  function partOf(name: string): ConnectionPart {
    const part = deps.parts().find((one) => one.name === name);
    if (part !== undefined) return part;
    throw new AppError('not_found', 'connections.unknown', {
      message: `There is no connector ${name.slice(0, 100)}.`,
      hint: 'GET /v1/connections (loom connections) lists them.',
    });
  }

  async function sync(): Promise<number> {
    const parts = new Map(deps.parts().map((part) => [part.name, part]));
    const rows = tally.take((name) => parts.get(name)?.rate?.());
    try {
      if (rows.length > 0) await store.addTallies(db, rows);
    } catch (error) {
      tally.putBack(rows);
      throw error;
    }
    const known = await store.listRows(db);
    paused = new Set(known.filter((row) => row.paused_at !== null).map(({ name }) => name));
    return rows.length;
  }

  async function list(): Promise<Connection[]> {
    await sync();
    const rows = new Map((await store.listRows(db)).map((row) => [row.name, row]));
    const lost = Map.groupBy(await store.listLost(db), ({ host }) => host);
    const readings = Map.groupBy(await store.listReadings(db), ({ system }) => system);
    return deps.parts().map((part) => ({
      ...toConnection(part, rows.get(part.name), clock.now()),
      readings: (readings.get(part.name) ?? []).map(({ system: _system, ...one }) => one),
      lost: (lost.get(part.name) ?? []).map(({ host: _host, ...one }) => one),
    }));
  }

  async function read(name: string): Promise<Connection> {
    partOf(name);
    return (await list()).find((connection) => connection.name === name)!;
  }

  return {
    tally,
    sync,
    list,
    read,

    async test(name) {
      const { missing, test, title } = partOf(name);
      if (missing !== undefined) {
        return {
          account: '',
          isWorking: false,
          findings: [{ level: 'problem', text: `${title} is not set up.`, hint: missing }],
        };
      }
      if (test === undefined) {
        throw new AppError('conflict', 'connections.no_test', {
          message: `${title} only tells us things; there is nothing we could ask it.`,
          hint: 'Have it send a delivery, and look when the last one came.',
        });
      }
      try {
        const tested = await test();
        tally.succeeded(name);
        return {
          ...tested,
          isWorking: tested.findings.every(({ level }) => level !== 'problem'),
        };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        tally.failed(name, error);
        const { message, hint } = error;
        return {
          account: '',
          isWorking: false,
          findings: [{ level: 'problem', text: message, hint }],
        };
      }
    },

    async pause(name, reason, actor) {
      partOf(name);
      await db.transaction(async (tx) => {
        if (await store.pause(tx, name, actor.id, reason)) {
          await ledger.append(tx, connectionPaused(name, reason, actor));
        }
      });
      return read(name);
    },

    async resume(name, actor) {
      partOf(name);
      await db.transaction(async (tx) => {
        if (await store.resume(tx, name)) await ledger.append(tx, connectionResumed(name, actor));
      });
      return read(name);
    },

    async setUp(name, values, actor) {
      const { giveSettings, title } = partOf(name);
      if (giveSettings === undefined) {
        throw new AppError('conflict', 'connections.settings_elsewhere', {
          message: `${title} is not set up from here.`,
          hint: 'Its settings are in loom.yaml or the environment of the server.',
        });
      }
      // Before the event, which tells of what is so: what does not fit is refused here.
      giveSettings(values);
      await db.transaction((tx) => ledger.append(tx, connectionSetUp(name, values, actor)));
      return read(name);
    },

    async rotateSecret(name, actor) {
      const { title, rotateSecret } = partOf(name);
      if (rotateSecret === undefined) {
        throw new AppError('conflict', 'connections.foreign_secret', {
          message: `The secret of ${title} is in your settings or in the other system, so we cannot change it.`,
          hint: 'Change it there and restart the server.',
        });
      }
      const rotated = await rotateSecret();
      await db.transaction((tx) =>
        ledger.append(tx, secretRotated(name, rotated.acceptedUntil, actor)),
      );
      return rotated;
    },

    isPaused: (name) => paused.has(name),
    pausedNames: () => [...paused],
    sweeps: () =>
      deps
        .parts()
        .flatMap(({ name, sweep }) =>
          sweep === undefined || paused.has(name) ? [] : [{ name, sweep }],
        ),
  };
}

const StoredRate = z.object({
  limit: z.int().optional(),
  remaining: z.int().optional(),
  resetsAt: z.coerce.date().optional(),
  callsLastHour: z.int(),
  callsPerHour: z.int(),
  closedUntil: z.coerce.date().optional(),
});

function toConnection(
  part: ConnectionPart,
  row: store.ConnectionRow | undefined,
  now: Date,
): Omit<Connection, 'lost' | 'readings'> {
  const { name, title, summary, capabilities, documentation, missing } = part;
  const rate = part.rate?.() ?? StoredRate.safeParse(row?.rate).data;
  return {
    name,
    title,
    summary,
    capabilities: [...capabilities],
    documentation,
    state: stateOf(part, row, rate?.closedUntil, now),
    missing: missing ?? null,
    webhookUrl: part.webhookUrl ?? null,
    settings: part.settings.map((setting) => ({
      path: setting.path,
      value: setting.value ?? null,
      description: setting.description ?? '',
      environment: setting.environment ?? null,
      isSecret: setting.isSecret ?? false,
      isGivable: setting.isGivable ?? false,
    })),
    origin: part.origin ?? 'file',
    canTest: part.test !== undefined,
    canRotateSecret: part.rotateSecret !== undefined,
    pause:
      row?.paused_at == null
        ? null
        : { at: row.paused_at, by: row.paused_by ?? '', reason: row.pause_reason },
    lastEventAt: row?.last_event_at ?? null,
    lastSuccessAt: row?.last_success_at ?? null,
    lastError:
      row?.last_error_at == null
        ? null
        : {
            at: row.last_error_at,
            code: row.last_error_code ?? '',
            message: row.last_error ?? '',
          },
    counts: {
      deliveries: row?.deliveries ?? 0,
      duplicates: row?.duplicates ?? 0,
      refused: row?.refused ?? 0,
      signals: row?.signals ?? 0,
      objects: row?.objects ?? 0,
    },
    rate:
      rate === undefined
        ? null
        : {
            limit: rate.limit ?? null,
            remaining: rate.remaining ?? null,
            resetsAt: rate.resetsAt ?? null,
            callsLastHour: rate.callsLastHour,
            callsPerHour: rate.callsPerHour,
            closedUntil: rate.closedUntil ?? null,
          },
  };
}

/** Codes of deliveries that were not genuine, whichever connector refused them. */
const REFUSED_AT_THE_DOOR = /\.(bad_signature|bad_proof|stale_delivery)$/;

function stateOf(
  part: ConnectionPart,
  row: store.ConnectionRow | undefined,
  closedUntil: Date | undefined,
  now: Date,
): Connection['state'] {
  if (part.missing !== undefined) return 'off';
  if (row?.paused_at != null) return 'paused';
  if (closedUntil !== undefined && closedUntil > now) return 'limited';
  const worked = Math.max(row?.last_event_at?.getTime() ?? 0, row?.last_success_at?.getTime() ?? 0);
  const failed = row?.last_error_at?.getTime() ?? 0;
  if (worked === 0 && failed === 0) return 'waiting';
  // Anybody may knock without the secret: that says nothing of a connection that has worked.
  const isStranger = worked > 0 && REFUSED_AT_THE_DOOR.test(row?.last_error_code ?? '');
  return failed > worked && !isStranger ? 'failing' : 'healthy';
}
