/** The state of everything a node depends on, for /v1/system, the console and the doctor. */
import { type BackgroundLoop, isUnavailable } from '#kernel';
import { readOutboxStatus } from '#ledger';
import type { SystemStatus } from '#surfaces';
import type { Hosts } from './hosts.ts';
import type { Storage } from './storage.ts';

export function watchSystem(deps: {
  storage: Storage;
  hosts: Hosts;
  /** Filled after this is made. */
  loops: readonly BackgroundLoop[];
}): { read(): Promise<SystemStatus> } {
  const { storage, hosts, loops } = deps;

  async function readOutbox(): Promise<SystemStatus['outbox']> {
    const { pending, lagMs, dead } = await readOutboxStatus(storage.db);
    return { waiting: pending, lagSeconds: lagMs / 1_000, failed: dead };
  }

  async function readConnectors(): Promise<SystemStatus['connectors']> {
    const { forge } = hosts;
    const rooms = forge === null ? undefined : howMany((await forge.listRepositories()).length);
    return hosts.parts().map(({ name, missing, documentation, settings }) => ({
      name,
      state: missing === undefined ? ('ready' as const) : ('off' as const),
      detail:
        missing === undefined
          ? name === 'local' && rooms !== undefined
            ? rooms
            : settings.flatMap(({ path, value }) => (value ? [`${path} ${value}`] : [])).join(', ')
          : `${missing} See ${documentation}.`,
    }));
  }

  return {
    async read() {
      let outbox: SystemStatus['outbox'] = { waiting: 0, lagSeconds: 0, failed: 0 };
      let state: SystemStatus['database']['state'] = 'ready';
      try {
        outbox = await readOutbox();
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        state = 'unavailable';
      }
      return {
        database: { state, version: storage.version, isEmbedded: storage.kind === 'embedded' },
        loops: loops.map((loop) => Object.assign({ name: loop.name }, loop.health())),
        connectors: await readConnectors(),
        outbox,
      };
    },
  };
}

function howMany(repositories: number): string {
  return `${repositories} ${repositories === 1 ? 'repository' : 'repositories'} under /git`;
}
