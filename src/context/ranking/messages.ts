/** What a change's message says of its purpose, without what hosts and tools add to it. Pure. */

const MERGE_SUBJECT = /^Merge (?:pull request|branch|remote|tag)/;
const TRAILER =
  /^(?:signed-off-by|co-authored-by|reviewed-by|acked-by|tested-by|cc|change-id|assisted-by|generated|\(cherry picked|---)/i;
const CHECK_BOX = /^\s*[-*] \[[ x]\]/i;
const MAX_BODY = 900;

export interface Purpose {
  title: string;
  body: string;
}

/** Title and body as a person wrote them; the merge commit of a request takes the request's title. */
export function readPurpose(message: { subject: string; body: string }): Purpose {
  let title = message.subject;
  let body = message.body;
  if (MERGE_SUBJECT.test(title)) {
    const lines = body
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    title = lines[0] ?? '';
    body = lines.slice(1).join('\n');
  }
  return { title: cleanTitle(title), body: cleanBody(body) };
}

function cleanTitle(title: string): string {
  return title
    .replace(/\s*\(#\d+\)/g, '')
    .replace(/\s*#\d+$/, '')
    .trim();
}

function cleanBody(text: string): string {
  const body = text.replace(/<!--[\s\S]*?-->/g, '').replace(/\r/g, '');
  // A list of squashed commits was written after the work; it says what was done, not what was asked.
  if ((body.match(/^\* /gm) ?? []).length >= 2) return '';
  return body
    .split('\n')
    .filter((line) => !TRAILER.test(line.trim()) && !CHECK_BOX.test(line))
    .join('\n')
    .replace(/https?:\/\/\S+/g, ' ')
    .replace(/\n{2,}/g, '\n')
    .trim()
    .slice(0, MAX_BODY);
}

/**
 * The area a title names by convention: `fix(css): …`, `css: …`, `[css] …`, `pkg/css, api: …`. In lower
 * case; the type of a conventional commit is not an area.
 */
export function readScopes(title: string): string[] {
  const scopes: string[] = [];
  const head = title.replace(/^[^\p{L}\p{N}[(]+/u, '');
  for (const [, inner] of head.matchAll(/^(?:\[([^\]]{2,40})\]\s*)/g)) pushScopes(inner!, scopes);
  const rest = head.replace(/^(?:\[[^\]]*\]\s*)+/, '');
  const match = /^([\w./, @-]{1,50}?)(?:\(([^)]{1,60})\))?!?:\s/.exec(rest);
  if (match !== null) {
    if (match[2] !== undefined) pushScopes(match[2], scopes);
    const words = match[1]!.trim();
    if (!CONVENTIONAL_TYPES.has(words.toLowerCase()) && words.split(' ').length <= 3)
      pushScopes(words, scopes);
  }
  return [...new Set(scopes)];
}

const CONVENTIONAL_TYPES = new Set(
  'fix feat feature chore refactor docs doc test tests perf style build ci revert release types deps bug bugfix hotfix internal minor misc cleanup improvement enhancement wip'.split(
    ' ',
  ),
);

function pushScopes(text: string, scopes: string[]): void {
  for (const part of text.toLowerCase().split(/[,|]|\s+and\s+|\s/)) {
    const scope = part.replace(/[`'"*]/g, '').trim();
    if (scope.length >= 2 && !CONVENTIONAL_TYPES.has(scope)) scopes.push(scope);
  }
}

/** Numbers of issues and requests the text refers to. */
export function readReferences(text: string): string[] {
  return [
    ...new Set([...text.matchAll(/(?:#|issues\/|pull\/|\bGH-)(\d{2,7})\b/g)].map((m) => m[1]!)),
  ];
}
