/** Changes of the past as examples: which of their files were found, and why or why not. Pure. */
import { ANSWERS } from './backtest.ts';
import type { OwnQuery } from './own-queries.ts';
import type { RankedPath } from './ranker.ts';
import type { Snapshot } from './snapshot.ts';
import { toTerms, WHOLE_MARK } from './terms.ts';

export interface ChangeExample {
  /** First twelve digits. */
  sha: string;
  title: string;
  at: Date;
  /** True when one of the first ten files was right. */
  isFound: boolean;
  files: {
    path: string;
    /** From 1; null when it was not among the first sixty. */
    place: number | null;
    /** What spoke for the file, or what it lacked. */
    reason: string;
  }[];
}

const FIRST = 10;
const EXAMPLES_EACH = 4;
const MAX_WORDS = 3;

export function toExample(
  query: OwnQuery,
  ranked: readonly RankedPath[],
  snapshot: Snapshot,
): ChangeExample {
  const title = query.query?.title ?? '';
  const files = query.gold.map((path) => {
    const at = ranked.findIndex((it) => it.path === path);
    const reason =
      at === -1
        ? whyMissed(snapshot, path, title)
        : ranked[at]!.why.map(({ evidence }) => evidence).join('; ');
    return { path, place: at === -1 ? null : at + 1, reason };
  });
  return {
    sha: query.id.slice(query.id.indexOf('-') + 1),
    title,
    at: new Date(query.date ?? 0),
    isFound: files.some(({ place }) => place !== null && place <= FIRST),
    files,
  };
}

/** As many found as missed where there are both, newest first. Examples come oldest first. */
export function pickExamples(examples: readonly ChangeExample[]): ChangeExample[] {
  const newest = (isFound: boolean) =>
    examples.filter((it) => it.isFound === isFound).slice(-EXAMPLES_EACH);
  return [...newest(true), ...newest(false)].toSorted((a, b) => b.at.getTime() - a.at.getTime());
}

function whyMissed(snapshot: Snapshot, path: string, title: string): string {
  const { corpus, history } = snapshot;
  const file = history.numberOf(path);
  if (file === undefined) return 'not in the tree when the change began';
  const before = history.touches[file]?.length ?? 0;
  const past =
    before === 0
      ? 'never changed before'
      : before === 1
        ? 'changed once'
        : `changed ${before} times`;
  const words = [...new Set(toTerms(title))].filter(
    (term) =>
      !term.startsWith(WHOLE_MARK) &&
      [corpus.content, corpus.paths, corpus.symbols].some((field) => {
        let has = false;
        field.each(term, (holder) => {
          if (holder === file) has = true;
        });
        return has;
      }),
  );
  return words.length === 0
    ? `shares no word with the title, ${past}`
    : `shares only ${words.slice(0, MAX_WORDS).join(', ')} with the title, and ${ANSWERS} others fit better; ${past}`;
}
