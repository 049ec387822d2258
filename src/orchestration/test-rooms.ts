/** For tests of this room: the real services over a database of their own. */
import { createLogger, createNewId, type Db, systemClock } from '#kernel';
import { createLedger, type Ledger } from '#ledger';
import type { Principal } from '#governance';
import { createClaimService, createClassOfPath } from './claims/index.ts';
import type { OrchestrationDeps } from './deps.ts';
import { createNegotiationService } from './negotiation/index.ts';
import type { Session } from './schema.ts';
import { createSessionService } from './sessions/index.ts';
import { createWorkService } from './work/index.ts';

export const LEASE_MS = 15 * 60_000;

function depsOver(db: Db): OrchestrationDeps {
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  return { db, ledger, clock, newId, log };
}

export function roomsOver(db: Db) {
  const deps = depsOver(db);
  const leaseMs = LEASE_MS;
  const claimDeps = {
    ...deps,
    leaseMs,
    classOf: createClassOfPath(),
    editStrength: 'exclusive',
  } as const;
  const sessions = createSessionService({ ...deps, leaseMs });
  return {
    ...deps,
    claimDeps,
    sessions,
    claims: createClaimService(claimDeps),
    work: createWorkService({ ...deps, leaseMs }),
    negotiation: createNegotiationService({ ...claimDeps, sessions }),
  };
}

/** What `testDatabase` of the test support gives; named here because only tests may know that room. */
interface TestDatabase extends AsyncDisposable {
  readonly db: Db;
  readonly url: string;
}

export type Rooms = ReturnType<typeof roomsOver> & { database: TestDatabase } & AsyncDisposable;

export function roomsOn(database: TestDatabase): Rooms {
  return {
    ...roomsOver(database.db),
    database,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

export function operator(name = 'Ada', id = 'usr_019abc00000070008000000000000001'): Principal {
  return { kind: 'person', id, name, roles: [], teams: [], identities: [], scopes: 'all' };
}

let started = 0;

export function startSession(
  rooms: Pick<Rooms, 'sessions'>,
  options: Partial<Parameters<Rooms['sessions']['start']>[0]> = {},
  by: Principal = operator(),
): Promise<Session> {
  started += 1;
  return rooms.sessions.start(
    {
      agent: 'claude-code',
      externalId: `external-${started}`,
      repository: 'acme/shop',
      ...options,
    },
    by,
  );
}

/** Types of all events about or referring to this, oldest first. */
export async function eventTypes(ledger: Ledger, ref: string): Promise<string[]> {
  const { items } = await ledger.list({ ref, order: 'oldest', limit: 200 });
  return items.map(({ type }) => type);
}
