/** Reads the issues that changed since the last reading: the truth behind the webhooks. */
import { z } from 'zod';
import { AppError, type Clock, decodeCursor } from '#kernel';
import type { SignalSweep } from '#connectors/contract';
import type { JiraClient } from './client.ts';
import { Issue } from './events.ts';
import { commentsOf, issueSignal, type JiraPlaces } from './signals.ts';

/** How far back the first reading goes. */
const FIRST_MS = 30 * 24 * 3_600_000;
/** Searches of Jira lag behind its writes. */
const OVERLAP_MS = 5 * 60_000;
const MINUTE_MS = 60_000;
const ALL = 'all projects';
const FIELDS =
  'summary,description,labels,priority,status,creator,reporter,assignee,updated,comment';

const Cursor = z.object({
  since: z.iso.datetime(),
  began: z.iso.datetime(),
  /** Where this reading goes on: a token of Cloud, a place of Data Center; null when it is over. */
  next: z.union([z.string(), z.int()]).nullable(),
});
const CloudPage = z.object({ issues: z.array(Issue), nextPageToken: z.string().nullish() });
const Page = z.object({ issues: z.array(Issue), startAt: z.int(), total: z.int() });

export function createJiraSweep(
  jira: JiraClient,
  options: { projects: readonly string[]; places: JiraPlaces; clock: Clock },
): SignalSweep {
  const { projects, places, clock } = options;

  /** Minutes from now: a date would be read in the time zone of the account. */
  function search(scope: string, since: string): string {
    const minutes = Math.ceil((clock.now().getTime() - Date.parse(since)) / MINUTE_MS) + 1;
    const place = scope === ALL ? '' : `project = "${scope}" AND `;
    // By creation, so that an issue that changes meanwhile moves no page.
    return `${place}updated >= "-${minutes}m" ORDER BY created ASC`;
  }

  async function read(jql: string, next: string | number | null) {
    if (jira.isCloud) {
      const query = { jql, fields: FIELDS, maxResults: 100, nextPageToken: next ?? undefined };
      const page = await jira.call({ path: 'search/jql', query }, CloudPage);
      return { issues: page.issues, next: page.nextPageToken ?? null };
    }
    const query = { jql, fields: FIELDS, maxResults: 100, startAt: next ?? 0 };
    const page = await jira.call({ path: 'search', query }, Page);
    const end = page.startAt + page.issues.length;
    return { issues: page.issues, next: page.issues.length > 0 && end < page.total ? end : null };
  }

  return {
    listScopes: async () => (projects.length === 0 ? [ALL] : [...projects]),

    async sweep(scope, cursor) {
      if (scope !== ALL && !/^[A-Z][A-Z0-9_]{0,50}$/.test(scope)) {
        throw new AppError('invalid', 'jira.bad_project', {
          message: `${scope.slice(0, 60)} is no key of a project.`,
          hint: 'Correct connectors.jira.projects: keys such as SHOP.',
        });
      }
      const now = clock.now();
      const began = now.toISOString();
      const at =
        cursor === null
          ? { since: new Date(now.getTime() - FIRST_MS).toISOString(), began, next: null }
          : continueAt(decodeCursor(Cursor, cursor), began);
      const { issues, next } = await read(search(scope, at.since), at.next);
      return {
        deliveries: issues.map((issue) => ({
          deliveryId: `sweep:${issue.id}:${issue.fields.updated.toISOString()}`,
          signals: [issueSignal(issue, places), ...commentsOf(issue, places)],
        })),
        cursor: Buffer.from(JSON.stringify({ ...at, next })).toString('base64url'),
        hasMore: next !== null,
      };
    },
  };
}

function continueAt(at: z.infer<typeof Cursor>, began: string): z.infer<typeof Cursor> {
  if (at.next !== null) return at;
  const since = new Date(Date.parse(at.began) - OVERLAP_MS).toISOString();
  return { since, began, next: null };
}
