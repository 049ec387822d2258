/** The arm with LoomStack: its server knows the repository, and `loom attach` has wired the agents. */
import { join } from 'node:path';
import { attempt } from './git.ts';

const BIN = join(import.meta.dirname, '../../bin/loom');

export interface TrialServer {
  url: string;
  token: string;
  post(path: string, body: unknown): Promise<unknown>;
}

/** @param name the repository is known under; each arm has its own */
export function attachTo(server: TrialServer, name: string) {
  return async ({ home, origin }: { home: string; origin: string }) => {
    await server.post('/v1/repositories', { url: origin, name });
    const environment = {
      LOOM_URL: server.url,
      LOOM_TOKEN: server.token,
      // A busy machine is slow, and no reason to go on uncoordinated.
      LOOM_HOOKS_TIMEOUT_MS: '60000',
    };
    const { status, err } = await attempt(
      '/usr/bin/env',
      [
        `HOME=${home}`,
        ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
        process.execPath,
        BIN,
        'attach',
        '--user',
        '--agent',
        'claude-code',
      ],
      home,
    );
    if (status !== 0) throw new Error(`loom attach: ${err}`);
    return environment;
  };
}
