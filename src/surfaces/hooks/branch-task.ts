/** What a branch says about the task on it: its words, and the ticket it is named after. Pure. */

export interface BranchTask {
  /** Words of the branch, readable; empty when it has none beside a ticket. */
  title: string;
  /** Keys it may hold: `SHOP-12`, `42`. */
  tickets: readonly string[];
}

/** Names that say nothing of a task. */
const PLAIN =
  /^(?:main|master|trunk|develop|development|dev|staging|production|release|next|HEAD)$/i;
const PREFIX =
  /^(?:feature|feat|fix|bugfix|hotfix|chore|task|issue|refactor|docs|test|users?|agents?|claude|codex|copilot|cursor)$/i;
/** What tools put at the end to make a name unique. */
const SUFFIX = /[-_](?:[0-9a-f]{6,}|\d{6,})$/i;

export function taskOfBranch(
  branch: string | null | undefined,
  defaultBranch: string,
): BranchTask | undefined {
  if (branch == null || branch === defaultBranch || PLAIN.test(branch)) return undefined;
  const parts = branch.split('/').filter((part) => part !== '' && !PREFIX.test(part));
  const name = parts.join(' ').replace(SUFFIX, '');
  const keys = [...name.matchAll(/\b([A-Z][A-Z0-9]{1,9}-\d{1,7})\b/gi)].map(([key]) =>
    key.toUpperCase(),
  );
  const numbers = [...name.matchAll(/(?:^|[\s#_-])(\d{1,6})(?=$|[\s_-])/g)].map(
    ([, digits]) => digits!,
  );
  const title = name
    .replace(/\b[A-Z][A-Z0-9]{1,9}-\d{1,7}\b/gi, ' ')
    .replace(/[-_.\s#]+/g, ' ')
    .replace(/(?:^| )\d{1,6}(?= |$)/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
  const tickets = [...new Set([...keys, ...numbers])];
  // A single word is a name, not a task.
  if (tickets.length === 0 && title.split(' ').length < 2) return undefined;
  return { title, tickets };
}

/** True when the key of a work item in its own system is one of the tickets. */
export function isTicket(externalKey: string | null, tickets: readonly string[]): boolean {
  if (externalKey === null) return false;
  const key = externalKey.toUpperCase();
  return tickets.some((ticket) =>
    /^\d+$/.test(ticket) ? key.endsWith(`#${ticket}`) || key === ticket : key.endsWith(ticket),
  );
}
