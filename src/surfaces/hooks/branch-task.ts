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

const KEY = /\b[A-Z][A-Z0-9]{1,9}-\d{1,7}\b/gi;
const NUMBER = /(?<=^|[\s#_-])\d{1,6}(?=$|[\s_-])/g;

export function taskOfBranch(
  branch: string | null | undefined,
  defaultBranch: string,
): BranchTask | undefined {
  if (branch == null || branch === defaultBranch || PLAIN.test(branch)) return undefined;
  const parts = branch.split('/').filter((part) => part !== '' && !PREFIX.test(part));
  const name = parts.join(' ').replace(SUFFIX, '');
  // `issue-314` is the number of an issue and no key of a tracker.
  const plain = name.replace(/\b(?:issue|ticket|gh|pr|bug)[-_ ]?(?=\d)/gi, ' ');
  const keys = [...plain.matchAll(KEY)].map(([key]) => key.toUpperCase());
  const words = plain.replace(KEY, ' ');
  const numbers = [...words.matchAll(NUMBER)].map(([digits]) => digits);
  const title = words
    .replace(NUMBER, ' ')
    .replace(/[-_.\s#]+/g, ' ')
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
  return tickets.some(
    (ticket) => key === ticket || key.endsWith(`#${ticket}`) || key.endsWith(`/${ticket}`),
  );
}
