/**
 * For tests: a GitLab that keeps state and enforces the shapes its REST API (v4) publishes: paths, required
 * fields and types of bodies, the token. What it does not know it answers with 404, as GitLab does.
 */
import { hash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { HostChange } from '#connectors/contract';

export const TOKEN = 'glpat-token-of-the-test';
export const PROJECT = 'acme/tools/shop';
const BOT = { id: 1, username: 'loomstack-bot' };
const USERS = [
  BOT,
  { id: 2, username: 'ada' },
  { id: 3, username: 'grace' },
  { id: 4, username: 'linus' },
];

interface Request {
  iid: number;
  state: string;
  sha: string;
  branch: string;
  reviewers: number[];
  hasConflicts: boolean;
  mergeSha: string | null;
  updatedAt: string;
  notes: { id: number; body: string; author: typeof BOT }[];
}

const Bodies = {
  status: z.strictObject({
    state: z.enum(['pending', 'running', 'success', 'failed', 'canceled', 'skipped']),
    name: z.string().max(255),
    description: z.string().max(255),
    target_url: z.url().max(255),
  }),
  note: z.strictObject({ body: z.string().min(1).max(1_000_000) }),
  open: z.strictObject({
    source_branch: z.string().min(1),
    target_branch: z.string().min(1),
    title: z.string().min(1).max(255),
    description: z.string().max(1_048_576),
  }),
  update: z.strictObject({ reviewer_ids: z.array(z.int()) }),
  merge: z.strictObject({
    sha: z.string().regex(/^[0-9a-f]{40}$/),
    merge_commit_message: z.string(),
    should_remove_source_branch: z.boolean(),
  }),
};

export interface TestGitLab extends AsyncDisposable {
  url: string;
  requests: Map<number, Request>;
  statuses: { sha: string; id: number; name: string; status: string; description: string }[];
  merges: number;
  openRequest(options?: { hasConflicts?: boolean }): HostChange & { number: number };
  moveHead(iid: number): string;
}

export async function startTestGitLab(): Promise<TestGitLab> {
  const requests = new Map<number, Request>();
  const statuses: TestGitLab['statuses'] = [];
  let merges = 0;
  let ids = 100;
  let minute = 0;
  const nextId = () => (ids += 1);
  const shaOf = (text: string) => hash('sha1', text);
  const now = () => new Date(Date.UTC(2026, 0, 5, 9, (minute += 1))).toISOString();

  const server = createServer((incoming, outgoing) => {
    void readText(incoming).then((text) => {
      const url = new URL(incoming.url ?? '/', 'http://gitlab.test');
      const [status, body] =
        incoming.headers['private-token'] === TOKEN
          ? answer(incoming.method ?? 'GET', url, text)
          : [401, { message: '401 Unauthorized' }];
      outgoing.writeHead(status, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify(body));
    });
  });

  const openOf = (branch: string) =>
    [...requests.values()].filter((one) => one.branch === branch && one.state === 'opened');

  function addRequest(branch: string): Request {
    const iid = requests.size + 1;
    const request: Request = {
      iid,
      state: 'opened',
      sha: shaOf(branch),
      branch,
      reviewers: [],
      hasConflicts: false,
      mergeSha: null,
      updatedAt: now(),
      notes: [],
    };
    requests.set(iid, request);
    return request;
  }

  function answer(method: string, url: URL, text: string): [number, unknown] {
    const path = url.pathname.replace(/^\/api\/v4/, '');
    if (path === '/user') return [200, BOT];
    if (path === '/personal_access_tokens/self') return [200, { scopes: ['api'] }];
    if (path === '/users') {
      return [200, USERS.filter(({ username }) => username === url.searchParams.get('username'))];
    }
    if (path === '/projects') return [200, [project]];
    const [, name, rest = ''] = /^\/projects\/([^/]+)(.*)$/.exec(path) ?? [];
    if (name === undefined || decodeURIComponent(name) !== PROJECT) {
      return [404, { message: '404 Project Not Found' }];
    }
    if (rest === '') return [200, project];
    if (rest === '/protected_branches/main')
      return [200, { name: 'main', allow_force_push: false }];
    const known = /^\/repository\/commits\/(\w+)\/statuses$/.exec(rest);
    if (known !== null) {
      const wanted = url.searchParams.get('name');
      const found = statuses.filter((one) => one.sha === known[1] && one.name === wanted);
      return [200, found.toReversed().slice(0, Number(url.searchParams.get('per_page')))];
    }
    const told = /^\/statuses\/([0-9a-f]{40})$/.exec(rest);
    if (told !== null && method === 'POST') {
      return withBody(Bodies.status, text, ({ state, name: label, description }) => {
        const row = { sha: told[1]!, id: nextId(), name: label, status: state, description };
        statuses.push(row);
        return [201, row];
      });
    }
    if (rest === '/merge_requests' && method === 'POST') {
      return withBody(Bodies.open, text, ({ source_branch: branch }) => {
        // GitLab allows one open request per pair of branches.
        const isTaken = openOf(branch).length > 0;
        if (isTaken) return [409, { message: ['Another open merge request already exists'] }];
        return [201, shown(addRequest(branch))];
      });
    }
    const branch = url.searchParams.get('source_branch');
    if (rest === '/merge_requests' && method === 'GET' && branch !== null) {
      return [200, openOf(branch).map(shown)];
    }
    if (rest === '/merge_requests' && method === 'GET') {
      const after = Date.parse(url.searchParams.get('updated_after') ?? '');
      const size = Number(url.searchParams.get('per_page'));
      const from = (Number(url.searchParams.get('page')) - 1) * size;
      const found = [...requests.values()]
        .filter(({ updatedAt }) => Date.parse(updatedAt) >= after)
        .sort((a, b) => Date.parse(a.updatedAt) - Date.parse(b.updatedAt));
      return [200, found.slice(from, from + size).map(shown)];
    }
    const [, iid, part = ''] = /^\/merge_requests\/(\d+)(.*)$/.exec(rest) ?? [];
    const request = requests.get(Number(iid));
    if (request === undefined) return [404, { message: '404 Not found' }];
    return onRequest(method, request, part, url, text);
  }

  function onRequest(
    method: string,
    request: Request,
    part: string,
    url: URL,
    text: string,
  ): [number, unknown] {
    if (part === '' && method === 'GET') return [200, shown(request)];
    if (part === '' && method === 'PUT') {
      return withBody(Bodies.update, text, ({ reviewer_ids: chosen }) => {
        request.reviewers = chosen.filter((id) => USERS.some((user) => user.id === id));
        return [200, shown(request)];
      });
    }
    if (part === '/notes' && method === 'GET') {
      const size = Number(url.searchParams.get('per_page'));
      const from = (Number(url.searchParams.get('page')) - 1) * size;
      return [200, request.notes.slice(from, from + size)];
    }
    if (part === '/notes' && method === 'POST') {
      return withBody(Bodies.note, text, ({ body }) => {
        const note = { id: nextId(), body, author: BOT };
        request.notes.push(note);
        return [201, note];
      });
    }
    const note = request.notes.find(({ id }) => part === `/notes/${id}`);
    if (note !== undefined && method === 'PUT') {
      return withBody(Bodies.note, text, ({ body }) => [200, Object.assign(note, { body })]);
    }
    if (part === '/merge' && method === 'PUT') {
      return withBody(Bodies.merge, text, ({ sha }) => merge(request, sha));
    }
    return [404, { error: '404 Not Found' }];
  }

  function merge(request: Request, sha: string): [number, unknown] {
    if (request.state !== 'opened') return [405, { message: '405 Method Not Allowed' }];
    if (sha !== request.sha) {
      return [409, { message: 'SHA does not match HEAD of source branch: ' + request.sha }];
    }
    if (request.hasConflicts) return [422, { message: 'Branch cannot be merged' }];
    merges += 1;
    request.state = 'merged';
    request.mergeSha = shaOf(`merge ${request.iid}`);
    request.updatedAt = now();
    return [200, shown(request)];
  }

  const shown = (request: Request) => ({
    iid: request.iid,
    state: request.state,
    title: `Change ${request.iid}`,
    description: null,
    draft: false,
    sha: request.sha,
    source_branch: request.branch,
    target_branch: 'main',
    source_project_id: 7,
    target_project_id: 7,
    author: USERS[1],
    reviewers: USERS.filter(({ id }) => request.reviewers.includes(id)),
    merge_commit_sha: request.mergeSha,
    squash_commit_sha: null,
    has_conflicts: request.hasConflicts,
    detailed_merge_status: request.hasConflicts ? 'conflict' : 'mergeable',
    updated_at: request.updatedAt,
    web_url: `https://gitlab.test/${PROJECT}/-/merge_requests/${request.iid}`,
  });
  const project = {
    id: 7,
    path_with_namespace: PROJECT,
    default_branch: 'main',
    http_url_to_repo: `https://gitlab.test/${PROJECT}.git`,
    only_allow_merge_if_pipeline_succeeds: false,
  };

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    statuses,
    get merges() {
      return merges;
    },
    openRequest({ hasConflicts = false } = {}) {
      const request = addRequest(`change-${requests.size + 1}`);
      request.hasConflicts = hasConflicts;
      const { iid, branch, sha } = request;
      return { repository: PROJECT, number: iid, branch, baseBranch: 'main', headSha: sha };
    },
    moveHead(iid) {
      const request = requests.get(iid)!;
      request.sha = shaOf(`${request.sha} moved`);
      request.updatedAt = now();
      return request.sha;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function withBody<Body>(
  schema: z.ZodType<Body>,
  text: string,
  work: (body: Body) => [number, unknown],
): [number, unknown] {
  const body = schema.safeParse(JSON.parse(text === '' ? '{}' : text));
  return body.success ? work(body.data) : [400, { error: z.prettifyError(body.error) }];
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
