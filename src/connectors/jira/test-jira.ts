/**
 * For tests: a Jira that keeps state and refuses what the published REST API would refuse: unknown fields,
 * unknown parameters, writes without the token check, transitions that are not open from here.
 */
import { z } from 'zod';
import type { GuardedFetch } from '#connectors/contract';

const STATES = {
  'To Do': 'new',
  'In Progress': 'indeterminate',
  'In Review': 'indeterminate',
  Done: 'done',
  "Won't Do": 'done',
} as const;
type State = keyof typeof STATES;
/** Which states lead where. */
const WORKFLOW: Record<State, State[]> = {
  'To Do': ['In Progress', "Won't Do"],
  'In Progress': ['In Review', 'Done', "Won't Do", 'To Do'],
  'In Review': ["Won't Do", 'Done', 'In Progress'],
  Done: ['To Do'],
  "Won't Do": ['To Do'],
};

const CommentBody = z.strictObject({ body: z.string().min(1).max(32_767) });
const Transition = z.strictObject({ transition: z.strictObject({ id: z.string() }) });
const RemoteLink = z.strictObject({
  globalId: z.string().max(255),
  application: z.strictObject({ type: z.string(), name: z.string() }),
  object: z.strictObject({ url: z.url(), title: z.string().min(1).max(255) }),
});

interface FakeIssue {
  key: string;
  state: State;
  updated: number;
  comments: { id: string; body: string; author: object }[];
  links: Map<string, { url: string; title: string }>;
}

export interface TestJira {
  fetch: GuardedFetch;
  issues: Map<string, FakeIssue>;
  writes: string[];
  add(key: string, updated: Date): FakeIssue;
}

export function testJira(options: {
  isCloud: boolean;
  now: () => Date;
  pageSize?: number;
}): TestJira {
  const { isCloud, now, pageSize = 2 } = options;
  const issues = new Map<string, FakeIssue>();
  const writes: string[] = [];
  const me = isCloud ? { accountId: 'acc-loom' } : { name: 'loom', key: 'loom' };
  let ids = 100;

  const stamp = (milliseconds: number) =>
    new Date(milliseconds).toISOString().replace('Z', '+0000');
  const status = (name: State) => ({
    name,
    statusCategory: { id: 1, key: STATES[name], name, colorName: 'blue' },
  });
  const shown = (issue: FakeIssue) => ({
    id: issue.key.replace(/\D/g, ''),
    key: issue.key,
    self: `https://jira.example/rest/api/2/issue/${issue.key}`,
    fields: {
      summary: `Summary of ${issue.key}`,
      description: 'Words',
      labels: ['bug'],
      priority: { name: 'High', id: '2' },
      status: status(issue.state),
      reporter: isCloud
        ? { accountId: 'acc-ada', displayName: 'Ada' }
        : { name: 'ada', displayName: 'Ada', emailAddress: 'ada@example.com' },
      creator: null,
      assignee: null,
      updated: stamp(issue.updated),
    },
  });

  function search(url: URL): unknown {
    const jql = url.searchParams.get('jql') ?? '';
    const [, project, minutes] =
      /^(?:project = "([A-Z]+)" AND )?updated >= "-(\d+)m" ORDER BY created ASC$/.exec(jql) ?? [];
    if (minutes === undefined) throw new Refusal(400, `The JQL ${jql} is not valid.`);
    const since = now().getTime() - Number(minutes) * 60_000;
    const all = [...issues.values()].filter(
      ({ key, updated }) =>
        updated >= since && (project === undefined || key.startsWith(`${project}-`)),
    );
    const from = Number(url.searchParams.get(isCloud ? 'nextPageToken' : 'startAt') ?? 0);
    const page = all.slice(from, from + pageSize).map(shown);
    const end = from + page.length;
    if (!isCloud) return { startAt: from, maxResults: pageSize, total: all.length, issues: page };
    return {
      issues: page,
      isLast: end >= all.length,
      ...(end < all.length ? { nextPageToken: String(end) } : {}),
    };
  }

  function answer(method: string, url: URL, body: unknown): unknown {
    const path = url.pathname.replace('/rest/api/2/', '');
    if (method === 'GET' && path === 'myself') return { ...me, displayName: 'LoomStack' };
    if (method === 'GET' && path === (isCloud ? 'search/jql' : 'search')) return search(url);
    const [, key = '', rest = ''] = /^issue\/([A-Z]+-\d+)(\/.*)?$/.exec(path) ?? [];
    const issue = issues.get(key);
    if (issue === undefined)
      throw new Refusal(404, 'Issue does not exist or you do not have permission to see it.');
    if (method !== 'GET') writes.push(`${method} ${rest}`);
    const open = WORKFLOW[issue.state].map((to, index) => ({
      id: `${Object.keys(STATES).indexOf(issue.state)}${index}`,
      name: `To ${to}`,
      to: status(to),
      fields:
        to === "Won't Do" && issue.state === 'In Review' ? { resolution: { required: true } } : {},
    }));
    switch (`${method} ${rest.replace(/\d+$/, '#')}`) {
      case 'GET ':
        return shown(issue);
      case 'GET /transitions':
        return { expand: 'transitions', transitions: open };
      case 'POST /transitions': {
        const { id } = Transition.parse(body).transition;
        const chosen = open.find((one) => one.id === id);
        if (chosen === undefined)
          throw new Refusal(400, `Transition id '${id}' is not valid for this issue.`);
        issue.state = chosen.to.name;
        issue.updated += 1_000;
        return undefined;
      }
      case 'GET /comment': {
        const from = Number(url.searchParams.get('startAt') ?? 0);
        const page = issue.comments.slice(from, from + pageSize);
        return {
          startAt: from,
          maxResults: pageSize,
          total: issue.comments.length,
          comments: page,
        };
      }
      case 'POST /comment': {
        ids += 1;
        const comment = { id: String(ids), body: CommentBody.parse(body).body, author: me };
        issue.comments.push(comment);
        return comment;
      }
      case 'PUT /comment/#': {
        const comment = issue.comments.find(({ id }) => rest.endsWith(`/${id}`));
        if (comment === undefined) throw new Refusal(404, 'There is no such comment.');
        comment.body = CommentBody.parse(body).body;
        return comment;
      }
      case 'POST /remotelink': {
        const { globalId, object } = RemoteLink.parse(body);
        issue.links.set(globalId, object);
        return { id: 1, self: '' };
      }
      default:
        throw new Refusal(405, 'Method not allowed.');
    }
  }

  return {
    issues,
    writes,
    add(key, updated) {
      const state: State = 'To Do';
      const issue = {
        key,
        state,
        updated: updated.getTime(),
        comments: [],
        links: new Map<string, { url: string; title: string }>(),
      };
      issues.set(key, issue);
      return issue;
    },
    async fetch(address, request = {}) {
      const { method = 'GET', headers = {}, body } = request;
      const expected = isCloud
        ? `Basic ${Buffer.from('loom@example.com:token').toString('base64')}`
        : 'Bearer token';
      try {
        if (headers['authorization'] !== expected) throw new Refusal(401, 'Unauthorized');
        if (method !== 'GET' && headers['x-atlassian-token'] !== 'no-check') {
          throw new Refusal(403, 'XSRF check failed');
        }
        const told: unknown = body === undefined ? undefined : JSON.parse(String(body));
        const result = answer(method, new URL(address), told);
        return result === undefined ? new Response(null, { status: 204 }) : Response.json(result);
      } catch (error) {
        if (error instanceof Refusal) {
          return Response.json(
            { errorMessages: [error.message], errors: {} },
            { status: error.status },
          );
        }
        return Response.json({ errorMessages: [String(error)] }, { status: 400 });
      }
    },
  };
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
