/** The words of an intent: identifiers split and kept whole, what hosts write taken out. Pure. */
import { readReferences, toTerms } from '#context';

export interface Intent {
  title: string;
  body: string;
}

/** Words that say how work is done or shown, and nothing of what it is about. */
const FORMALITIES = new Set(
  toTerms(
    'pull request branch merge main master url ref hash mail link commit test review what does this try resolve how closes close see also issue issues please description related cc',
  ),
);

/**
 * The text without what repeats: hosts put the title in front of the body, templates their questions.
 */
export function bodyOf({ title, body }: Intent): string {
  const text = body.replaceAll('\r', '');
  const rest = text.startsWith(title) ? text.slice(title.length) : text;
  return rest
    .split('\n')
    .filter(
      (line) => !/^\s*(?:#{1,6}\s|<!--|signed-off-by|co-authored-by|[-*] \[[ x]\])/i.test(line),
    )
    .join('\n');
}

/** The title counts twice: bodies wander. */
export function termsOf(intent: Intent): string[] {
  const title = titleTerms(intent);
  return [...title, ...title, ...keep(toTerms(bodyOf(intent)))];
}

export function titleTerms({ title }: Pick<Intent, 'title'>): string[] {
  return keep(toTerms(title));
}

/** Numbers of issues and requests it refers to. */
export function referencesOf({ title, body }: Intent): string[] {
  return readReferences(`${title}\n${body}`);
}

function keep(terms: readonly string[]): string[] {
  return terms.filter((term) => !FORMALITIES.has(term));
}
