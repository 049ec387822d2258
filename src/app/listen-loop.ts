/** Keeps the lines open over which systems tell us things (Socket Mode), while they are not paused. */
import { type BackgroundLoop, type Clock, type Logger, startLoop } from '#kernel';
import type { Hosts } from './hosts.ts';

const EVERY_MS = 15_000;

export function listenLoop(deps: {
  hosts: Pick<Hosts, 'connectors' | 'webhooks'>;
  isPaused(name: string): boolean;
  clock: Clock;
  log: Logger;
}): BackgroundLoop {
  const { hosts, isPaused, clock, log } = deps;
  const lines = new Map<string, { connector: unknown; line: AsyncDisposable }>();

  async function close(name: string): Promise<void> {
    const { line } = lines.get(name) ?? {};
    lines.delete(name);
    await line?.[Symbol.asyncDispose]();
  }

  const loop = startLoop({
    name: 'listen',
    everyMs: EVERY_MS,
    clock,
    log,
    async work() {
      for (const { description, connector } of hosts.connectors.list()) {
        const { name } = description;
        const isWanted = connector?.listen !== undefined && !isPaused(name);
        // Set up anew: the line of the old settings goes.
        if (lines.has(name) && (!isWanted || lines.get(name)?.connector !== connector)) {
          await close(name);
        }
        if (!isWanted || lines.has(name)) continue;
        const line = await connector.listen!(async (delivery) => {
          const receiver = hosts.webhooks.get(name);
          const reply = await receiver?.reply?.(delivery);
          if (reply === undefined) await receiver?.receive(delivery);
          return reply;
        });
        lines.set(name, { connector, line });
      }
      return 0;
    },
  });
  return {
    ...loop,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]();
      for (const name of lines.keys()) await close(name);
    },
  };
}
