/** Support for tests: a listening server, and the hooks and MCP of agents it starts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpListener } from '#surfaces';
import type { TestApp } from '#testing/app';
import { createAgentWiring } from './agent-wiring.ts';

export const TEST_NODE = 'test-node';

/** The app stays the caller's. */
export async function testAgentWiring(app: TestApp) {
  const stack = new AsyncDisposableStack();
  const server = createServer(createHttpListener(app.services));
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { governance } = app.services;
  /** Of every pass that was given out. */
  const secrets: string[] = [];
  const wiring = stack.use(
    await createAgentWiring({
      governance: {
        revokePasses: governance.revokePasses,
        async issuePass(pass) {
          const issued = await governance.issuePass(pass);
          secrets.push(issued.secret);
          return issued;
        },
      },
      config: {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        hooks: { failClosed: true, timeoutMs: 60_000 },
      },
      node: TEST_NODE,
    }),
  );
  return {
    secrets,
    wire: wiring.wire,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
