/** Ports of its own for each devbox: free when they are given, and given once while it lives. */
import { createServer } from 'node:net';

const given = new Set<number>();

/** As many free ports of this machine; give them back with `returnPorts`. */
export async function takePorts(count: number): Promise<number[]> {
  const taken: number[] = [];
  while (taken.length < count) {
    const port = await findFreePort();
    if (given.has(port)) continue;
    given.add(port);
    taken.push(port);
  }
  return taken;
}

export function returnPorts(ports: readonly number[]): void {
  for (const port of ports) given.delete(port);
}

/** Names become variables: `web` is PORT_WEB, and the first of all is PORT. Pure. */
export function portVariables(
  names: readonly string[],
  ports: readonly number[],
): Record<string, string> {
  const named = names.map((name, index) => [`PORT_${name.toUpperCase()}`, String(ports[index])]);
  const first = ports[0] === undefined ? [] : [['PORT', String(ports[0])]];
  return Object.fromEntries([...first, ...named]) as Record<string, string>;
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
