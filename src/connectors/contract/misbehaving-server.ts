/** For tests: a web server that answers as systems do on their bad days. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export interface MisbehavingServer extends AsyncDisposable {
  url: string;
  /** Requests since the start, without their bodies. */
  requests: { method: string; path: string; headers: IncomingMessage['headers'] }[];
  behave(behaviour: Behaviour): void;
}

export async function startMisbehavingServer(): Promise<MisbehavingServer> {
  let behaviour: Behaviour = (_request, response) => response.end('{}');
  const requests: MisbehavingServer['requests'] = [];
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    requests.push({ method, path: url, headers });
    behaviour(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** An answer of one status, with headers and a body that is written as JSON unless it is text. */
export function answering(
  status: number,
  headers: Record<string, string> = {},
  body: unknown = { message: 'no' },
): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}
