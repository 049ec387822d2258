/** The state of everything a node depends on, for /v1/system, the console and the doctor. */
import { type BackgroundLoop, isUnavailable } from '#kernel';
import { readOutboxStatus } from '#ledger';
import type { Services, SystemStatus } from '#surfaces';
import type { Hosts } from './hosts.ts';
import type { Storage } from './storage.ts';

export function watchSystem(deps: {
  storage: Storage;
  services: Services;
  hosts: Hosts;
  /** Filled after this is made. */
  loops: readonly BackgroundLoop[];
}): { read(): Promise<SystemStatus> } {
  const { storage, services, hosts, loops } = deps;

  async function readOutbox(): Promise<SystemStatus['outbox']> {
    const { pending, lagMs, dead } = await readOutboxStatus(storage.db);
    return { waiting: pending, lagSeconds: lagMs / 1_000, failed: dead };
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
      const { config } = services;
      return {
        database: { state, version: storage.version, isEmbedded: storage.kind === 'embedded' },
        loops: loops.map((loop) => Object.assign({ name: loop.name }, loop.health())),
        connectors: [
          {
            name: 'local',
            state: hosts.forge === null ? ('off' as const) : ('ready' as const),
            detail:
              hosts.forge === null
                ? 'forge.enabled is off'
                : howMany((await hosts.forge.listRepositories()).length),
          },
          {
            name: 'github',
            state: hosts.find('github') === undefined ? ('off' as const) : ('ready' as const),
            detail:
              hosts.find('github') === undefined
                ? 'set github.appId, github.privateKeyFile and github.webhookSecret (docs/connectors/github.md)'
                : `App ${config.github.appId ?? '?'} at ${config.github.apiUrl}`,
          },
        ],
        outbox,
      };
    },
  };
}

function howMany(repositories: number): string {
  return `${repositories} ${repositories === 1 ? 'repository' : 'repositories'} under /git`;
}
