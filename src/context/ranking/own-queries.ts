/**
 * Questions from a repository's own later changes: each was answered by what people then did. The rules
 * are those of the public data sets: one change per merge, by people, no mechanical ones. Pure.
 */
import type { MergedChange } from '#git';
import { classifyFile } from '../file-class.ts';
import { isRobot } from '../people.ts';
import { baseOf } from './change-history.ts';
import { isDecisionRecord, isUsefulDocument } from './document-signals.ts';
import { readPurpose } from './messages.ts';
import type { BacktestQuery } from './queries.ts';

const DAY_MS = 86_400_000;
const MECHANICAL =
  /^(?:revert|bump|release|prepare|version|merge|backport|cherry-pick|update (?:dependenc|changelog|version|lock)|v?\d+\.\d+|\[release)|\b(?:bump|typos?|dependenc(?:y|ies)|deps|changelog|release notes?|lint(?:er|ing)?|reformat|formatting|prettier|spelling|lockfile|translations?|i18n sync|submodules?)\b/i;
const MAX_GOLD = 8;
const MAX_FILES = 40;

export interface OwnChange {
  sha: string;
  parents: string[];
  author: { name: string; email: string };
  at: Date;
  title: string;
  body: string;
  /** Paths as they were before the change. */
  edited: string[];
  files: number;
}

/** What a change edited that was there before; undefined where it is not a person's purposeful work. */
export function toOwnChange(
  change: MergedChange,
  author: { name: string; email: string } = change.author,
): OwnChange | undefined {
  const { title, body } = readPurpose(change);
  if (change.parents.length === 0 || isRobot(author)) return undefined;
  if (title.length < 12 || MECHANICAL.test(title)) return undefined;
  return {
    sha: change.sha,
    parents: change.parents,
    author,
    at: change.committedAt,
    title,
    body,
    edited: change.files.flatMap((file) =>
      file.status === 'modified' ? [file.path] : file.status === 'renamed' ? [file.oldPath!] : [],
    ),
    files: change.files.length,
  };
}

export interface OwnQuery extends BacktestQuery {
  gold: string[];
  namesGold?: boolean;
}

/**
 * At most `limit` questions of each kind, from the newest `days` of the changes given (oldest first):
 * spread evenly over them, or the newest.
 */
export function makeOwnQueries(
  changes: readonly OwnChange[],
  options: { limit: number; days: number; pick?: 'spread' | 'newest' },
): OwnQuery[] {
  const pick = options.pick === 'newest' ? newestOf : spreadOut;
  const newest = changes.at(-1);
  if (newest === undefined) return [];
  const from = newest.at.getTime() - options.days * DAY_MS;
  const recent = changes.filter(({ at, files }) => at.getTime() >= from && files <= MAX_FILES);
  return [
    ...pick(
      recent.flatMap((it) => localization(it) ?? []),
      options.limit,
    ),
    ...pick(
      recent.flatMap((it, index) => companion(it, index) ?? []),
      options.limit,
    ),
    ...pick(
      recent.flatMap((it) => documents(it) ?? []),
      options.limit,
    ),
    ...pick(ownership(recent), options.limit),
  ];
}

function newestOf<Item>(items: readonly Item[], limit: number): Item[] {
  return items.slice(-limit);
}

/** Evenly over time, the newest among them. */
function spreadOut<Item>(items: readonly Item[], limit: number): Item[] {
  if (items.length <= limit) return [...items];
  const step = items.length / limit;
  return Array.from(
    { length: limit },
    (_, at) => items[items.length - 1 - Math.floor(at * step)]!,
  ).toReversed();
}

const isCode = (path: string) => ['source', 'configuration'].includes(classifyFile(path));

function localization(change: OwnChange): OwnQuery | undefined {
  const gold = change.edited.filter(isCode);
  if (gold.length === 0 || gold.length > MAX_GOLD) return undefined;
  if (!gold.some((path) => classifyFile(path) === 'source')) return undefined;
  const text = `${change.title} ${change.body}`.toLowerCase();
  return {
    ...asked('loc', change),
    query: { title: change.title, body: change.body },
    gold,
    namesGold: gold.some((path) => {
      const base = baseOf(path).toLowerCase();
      const stem = base.replace(/\.[^.]+$/, '');
      return text.includes(base) || (stem.length > 6 && text.includes(stem));
    }),
  };
}

function companion(change: OwnChange, index: number): OwnQuery | undefined {
  const paths = change.edited.filter((path) =>
    ['source', 'configuration', 'test', 'document'].includes(classifyFile(path)),
  );
  if (paths.length < 2 || paths.length > 12) return undefined;
  // Which one is left out must not depend on chance or on what is easy.
  const out = (index * 7) % paths.length;
  return {
    ...asked('co', change),
    given: paths.filter((_, at) => at !== out),
    gold: [paths[out]!],
  };
}

function documents(change: OwnChange): OwnQuery | undefined {
  const gold = change.edited.filter(isUsefulDocument);
  const paths = change.edited.filter(isCode);
  if (gold.length === 0 || gold.length > 3 || paths.length === 0 || paths.length > 15)
    return undefined;
  return {
    ...asked(gold.every(isDecisionRecord) ? 'dec' : 'doc', change),
    query: { title: change.title, body: change.body },
    paths,
    gold,
  };
}

const FOLLOW_UP_DAYS = 180;

function ownership(changes: readonly OwnChange[]): OwnQuery[] {
  const byPath = new Map<string, { at: number; author: string }[]>();
  for (const change of changes) {
    for (const path of change.edited) {
      const list = byPath.get(path) ?? [];
      list.push({ at: change.at.getTime(), author: change.author.name });
      byPath.set(path, list);
    }
  }
  const last = changes.at(-1)?.at.getTime() ?? 0;
  return changes.flatMap((change) => {
    const at = change.at.getTime();
    const paths = change.edited.filter(isCode).slice(0, MAX_GOLD);
    if (paths.length === 0 || at > last - (FOLLOW_UP_DAYS / 3) * DAY_MS) return [];
    const later = new Set(
      paths.flatMap((path) =>
        (byPath.get(path) ?? [])
          .filter((it) => it.at > at && it.at <= at + FOLLOW_UP_DAYS * DAY_MS)
          .map(({ author }) => author),
      ),
    );
    later.delete(change.author.name);
    if (later.size === 0) return [];
    return [{ ...asked('own', change), author: change.author.name, paths, gold: [...later] }];
  });
}

function asked(task: string, change: OwnChange): Pick<BacktestQuery, 'id' | 'base' | 'date'> {
  return {
    id: `${task}-${change.sha.slice(0, 12)}`,
    base: change.parents[0]!,
    date: change.at.toISOString(),
  };
}
