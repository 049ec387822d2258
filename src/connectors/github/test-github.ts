/**
 * For tests: GitHub's emulator with an App installed, its webhooks delivered to a real receiver, and a
 * proxy in between that can answer as GitHub does where the emulator cannot (conflicts, limits,
 * outages).
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator } from 'emulate';
import type { Delivery, HostChange } from '#connectors/contract';
import { createLogger } from '#kernel';
import { createGitHubHost, type GitHubHostOptions } from './host.ts';

export const APP_ID = 12_345;
export const WEBHOOK_SECRET = 'webhook secret of the test';
export const REPOSITORY = 'acme/shop';
const tokenOf = (login: string) => `token-of-${login}`;

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}
/** Answers in place of the emulator, or lets the request through. */
export type Intercept = (method: string, path: string, body: string) => Answer | undefined;

export interface TestGitHub extends AsyncDisposable {
  /** Address of the proxy; the emulator is behind it. */
  apiUrl: string;
  privateKey: string;
  /** Webhooks that arrived, in order. */
  deliveries: Delivery[];
  /** Requests that came through the proxy: `GET /repos/…`. */
  requests: string[];
  /** The same, with their bodies. */
  calls: { method: string; url: string; body: string }[];
  intercept(hook: Intercept | undefined): void;
  host(options?: Partial<GitHubHostOptions>): ReturnType<typeof createGitHubHost>;
  /** Calls the API as the user ada. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  apiAs(login: string, method: string, path: string, body?: unknown): Promise<unknown>;
  /** Opens a pull request with one commit. */
  openPull(options?: { draft?: boolean }): Promise<HostChange & { number: number }>;
}

export async function startTestGitHub(): Promise<TestGitHub> {
  const deliveries: Delivery[] = [];
  const receiver = await listen((request, response) => {
    void readBody(request).then((body) => {
      const headers = request.headers as Record<string, string | undefined>;
      deliveries.push({ headers, body });
      response.writeHead(202).end();
    });
  });
  const emulator = await createEmulator({
    service: 'github',
    port: 0,
    seed: seed(`${addressOf(receiver)}/webhooks/github`),
  });
  const secret = emulator.generatedSecrets.find(({ kind }) => kind === 'github.app_private_key');

  const requests: string[] = [];
  const calls: TestGitHub['calls'] = [];
  let hook: Intercept | undefined;
  const proxy = await listen((request, response) => {
    const { method = 'GET', url = '/' } = request;
    requests.push(`${method} ${url}`);
    void (async () => {
      const body = await readBody(request);
      calls.push({ method, url, body: body.toString('utf8') });
      const answer =
        hook?.(method, url, body.toString('utf8')) ?? (await forward(emulator.url, request, body));
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    })();
  });
  const apiUrl = addressOf(proxy);
  const privateKey = secret!.value;
  let count = 0;

  const api = (method: string, path: string, body?: unknown) => apiAs('ada', method, path, body);

  async function apiAs(
    login: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<unknown> {
    const response = await fetch(`${emulator.url}${path}`, {
      method,
      headers: { authorization: `token ${tokenOf(login)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  return {
    apiUrl,
    privateKey,
    deliveries,
    requests,
    calls,
    intercept(value) {
      hook = value;
    },
    host: (options = {}) =>
      createGitHubHost({
        appId: String(APP_ID),
        privateKey,
        apiUrl,
        log: createLogger({ level: 'silent' }),
        ...options,
      }),
    api,
    apiAs,

    async openPull(options = {}) {
      count += 1;
      const branch = `change-${count}`;
      const base = `/repos/${REPOSITORY}`;
      const main = (await api('GET', `${base}/git/ref/heads/main`)) as { object: { sha: string } };
      const ref = `refs/heads/${branch}`;
      await api('POST', `${base}/git/refs`, { ref, sha: main.object.sha });
      await api('PUT', `${base}/contents/${branch}.txt`, {
        message: `Add ${branch}`,
        content: Buffer.from(branch).toString('base64'),
        branch,
      });
      const pull = (await api('POST', `${base}/pulls`, {
        title: `Add ${branch}`,
        body: 'Because.',
        head: branch,
        base: 'main',
        ...options,
      })) as { number: number; head: { sha: string } };
      const { number, head } = pull;
      return { repository: REPOSITORY, number, branch, baseBranch: 'main', headSha: head.sha };
    },

    async [Symbol.asyncDispose]() {
      await emulator.close();
      await Promise.all([close(receiver), close(proxy)]);
    },
  };
}

function seed(webhookUrl: string) {
  const permissions = {
    checks: 'write',
    contents: 'write',
    issues: 'write',
    metadata: 'read',
    pull_requests: 'write',
  };
  const events = ['push', 'pull_request', 'pull_request_review', 'check_run', 'issues'];
  return {
    tokens: Object.fromEntries(
      ['ada', 'grace'].map((login) => [tokenOf(login), { login, scopes: ['repo'] }]),
    ),
    github: {
      users: [{ login: 'ada' }, { login: 'grace' }, { login: 'linus' }],
      orgs: [
        {
          login: 'acme',
          members: [
            { login: 'ada', role: 'admin' },
            { login: 'grace', role: 'admin' },
          ],
        },
      ],
      repos: [{ owner: 'acme', name: 'shop' }],
      apps: [
        {
          app_id: APP_ID,
          slug: 'loomstack',
          name: 'LoomStack',
          permissions,
          events,
          webhook_url: webhookUrl,
          webhook_secret: WEBHOOK_SECRET,
          installations: [
            { installation_id: 100, account: 'acme', repository_selection: 'all', permissions },
          ],
        },
      ],
    },
  };
}

async function forward(target: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const { authorization, accept } = request.headers;
  const method = request.method ?? 'GET';
  const response = await fetch(`${target}${request.url}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
      ...(accept === undefined ? {} : { accept }),
    },
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
  const text = await response.text();
  const link = response.headers.get('link');
  return {
    status: response.status,
    ...(link === null ? {} : { headers: { link } }),
    ...(text === '' ? {} : { body: JSON.parse(text) as unknown }),
  };
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
