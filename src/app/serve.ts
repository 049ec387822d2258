/** One node: storage, services, loops and the HTTP server, started in order and stopped in reverse. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, type Clock, type Config, type Logger, systemClock } from '#kernel';
import { createHttpListener } from '#surfaces';
import { compose, type Composition } from './compose.ts';
import { checkAddress, checkMachine } from './startup-checks.ts';
import { openStorage } from './storage.ts';

export interface Node extends AsyncDisposable {
  /** Where this node listens, with the port it really got. */
  url: string;
  composition: Composition;
}

/**
 * Starts a node and resolves once it answers.
 * @throws AppError `startup.*`, `data.*`, `database.*` or `config.*`, each with what to do.
 */
export async function startNode(options: {
  config: Config;
  log: Logger;
  clock?: Clock;
}): Promise<Node> {
  const { config, log, clock = systemClock } = options;
  checkMachine();
  checkAddress(config.host, config.allowRemote);

  const stack = new AsyncDisposableStack();
  try {
    // The port first: a second start on it fails before anything else has been touched.
    let handle: RequestListener | undefined;
    const server = createServer((request, response) => {
      if (handle === undefined) {
        response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1' });
        response.end('{"title":"Starting","status":503,"code":"startup.not_ready"}');
        return;
      }
      handle(request, response);
    });
    // A push of a large history may take longer than Node's default of five minutes.
    server.requestTimeout = 0;
    await listen(server, config);
    stack.defer(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;

    const storage = stack.use(await openStorage(config, log));
    const composition = stack.use(
      await compose({
        config: { ...config, port },
        storage,
        clock,
        log,
        publicUrl: config.publicUrl ?? url,
      }),
    );
    handle = createHttpListener(composition.services);
    // Stopped first: whoever still asks is cut off before what would answer them is gone.
    stack.defer(() => closeServer(server));
    log.info({ url, database: storage.kind }, 'LoomStack answers');
    return { url, composition, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function listen(server: Server, config: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new AppError('conflict', 'startup.port_in_use', {
              message: `Port ${config.port} on ${config.host} is taken, perhaps by another LoomStack.`,
              hint: 'Stop it, or choose another port with --port PORT (0 picks a free one).',
              cause,
            })
          : new AppError('unavailable', 'startup.cannot_listen', {
              message: `Cannot listen on ${config.host}:${config.port} (${cause.code ?? cause.message}).`,
              hint: 'Choose another with --host and --port.',
              cause,
            }),
      );
    });
    server.listen(config.port, config.host, () => resolve());
  });
}

/** Live streams would keep the server open for ever, so they are cut when the requests in hand had their time. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 500);
  });
}
