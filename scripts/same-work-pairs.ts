/**
 * Reads pairs of changes that did the same work, and pairs that did not, from a clone with the heads of its
 * pull requests (`refs/pull/N/head`), for scripts/fit-overlap.ts and `loom backtest overlap --task dup`:
 *
 *   node scripts/same-work-pairs.ts owner/name CLONE.git > PAIRS.jsonl
 *
 * The same: one says that it replaces, carries or closes the other, both fix one issue and not both were
 * merged, or one is a backport. Not the same: one nearby, and of twelve nearby the one with the likest
 * title. The text of a change is that of its merge and of its last commit, cut to 700 characters;
 * references, addresses and the words that link two changes are hidden.
 */
import { execFileSync } from 'node:child_process';
import { countTerms, toTerms } from '../src/context/index.ts';
import { cosine } from '../src/orchestration/overlap/text-similarity.ts';

const PER_KIND = 120;
const AROUND = 120;
const LOOKED_AT = 12;
const MAX_TITLE = 300;
const MAX_BODY = 700;

const BACKPORT = /(?:back-?port|cherry[- ]?pick)[^.\n#]{0,60}(?:#|pull\/)(\d+)/gi;
const REPLACES =
  /\b(?:supersed\w*|replac\w*|carr(?:y|ies|ied)|duplicat\w*|continu\w*|alternative\s+to|take[sn]?[\s-]?over|reviv\w*|rebased?\s(?:of|version)|re-?do\s+of|re-?open\w*|pick(?:s|ed)?\sup|clos(?:e|es|ed|ing)|re-?land\w*|version\sof|re-?submi\w*|instead\sof)\b[^.\n#]{0,40}(?:#|pull\/)(\d+)/gi;
const FIXES =
  /\b(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?)\b:?\s+(?:[\w.-]+\/[\w.-]+)?(?:#|https?:\/\/github\.com\/[\w.-]+\/[\w.-]+\/issues\/)(\d+)/gi;
const LINK_WORDS =
  /\b(?:supersed\w*|replac(?:es|ed|ing|ement)|duplicat\w*|back-?port\w*|cherry[- ]?pick\w*|carr(?:y|ies|ied))\b/gi;

interface Change {
  number: number;
  isMerged: boolean;
  title: string;
  text: string;
}

type How = 'supersede' | 'same-issue' | 'backport' | 'hard-similar-title' | 'near-in-time';
interface Pair {
  a: number;
  b: number;
  how: How;
}

const [name = '', clone = ''] = process.argv.slice(2);
if (clone === '') throw new Error('say owner/name and the folder of its clone');

const git = (args: string[], input = ''): string =>
  execFileSync('git', [`--git-dir=${clone}`, ...args], { input, maxBuffer: 2 ** 30 }).toString();

const random = dice(name);
const { changes, numberOf } = readChanges();
const { pairs, linked } = findSameWork();
for (const pair of [...pairs, ...findOthers()]) {
  const label = pair.how === 'hard-similar-title' || pair.how === 'near-in-time' ? 0 : 1;
  const line = { repo: name, label, how: pair.how, a: toSide(pair.a), b: toSide(pair.b) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function readLog(args: string[], input = ''): { sha: string; author: string; text: string }[] {
  const log = git(['log', ...args, '--format=%x1e%H%x1f%an%x1f%B'], input);
  return log
    .split('\x1e')
    .slice(1)
    .map((record) => {
      const [sha = '', author = '', text = ''] = record.split('\x1f');
      return { sha, author, text: text.trim() };
    });
}

/** Every request by a person, by its number; and which request a commit belongs to. */
function readChanges(): { changes: Map<number, Change>; numberOf: Map<string, number> } {
  const numberOf = new Map<string, number>();
  const merges = new Map<number, string>();
  for (const { sha, text } of readLog(['--branches'])) {
    const [first = ''] = text.split('\n', 1);
    const merge = /^(?:Merge pull request|Auto merge of|Merge) #(\d+)/.exec(first);
    const squash = /\(#(\d+)\)\s*$/.exec(first);
    const number = Number((merge ?? squash)?.[1]);
    if (Number.isNaN(number)) continue;
    numberOf.set(sha, number);
    const said =
      merge === null ? text.replace(/\s*\(#\d+\)(?=\s*(?:\n|$))/, '') : text.slice(first.length);
    if (!merges.has(number)) merges.set(number, said.trim());
  }
  const refs = git(['for-each-ref', '--format=%(refname) %(objectname)', 'refs/pull']);
  const heads = [...refs.matchAll(/^refs\/pull\/(\d+)\/head (\w+)$/gm)];
  const input = heads.map(([, , sha]) => `${sha}\n`).join('');
  const commits = readLog(['--no-walk=unsorted', '--ignore-missing', '--stdin'], input);
  const commitOf = new Map(commits.map((commit) => [commit.sha, commit]));
  const changes = new Map<number, Change>();
  for (const [, digits, sha = ''] of heads) {
    const commit = commitOf.get(sha);
    if (commit === undefined || /\[bot\]|dependabot|renovate|greenkeeper|bot$/i.test(commit.author))
      continue;
    const number = Number(digits);
    numberOf.set(sha, number);
    const merged = merges.get(number);
    const last = commit.text.replace(/^(?:Merge pull request|Auto merge of) #\d+.*\s*/, '');
    const text = merged === undefined ? last : `${merged}\n\n${last}`;
    const [title = ''] = (merged || last).split('\n', 1);
    changes.set(number, { number, isMerged: merged !== undefined, title, text });
  }
  return { changes, numberOf };
}

function findSameWork(): { pairs: Pair[]; linked: Set<string> } {
  const linked = new Set<string>();
  const found = new Map<string, Pair>();
  const issues = new Map<number, Set<number>>();
  const add = (a: number, b: number, how: How) => {
    const key = keyOf(a, b);
    if (a === b || !changes.has(a) || !changes.has(b) || found.has(key)) return;
    found.set(key, { a: Math.max(a, b), b: Math.min(a, b), how });
  };
  for (const { number, text } of changes.values()) {
    for (const [, hash, path] of text.matchAll(/#(\d+)|pull\/(\d+)/g))
      linked.add(keyOf(number, Number(hash ?? path)));
    for (const [, other] of text.matchAll(BACKPORT))
      if (Number(other) < number) add(number, Number(other), 'backport');
    for (const [, sha = ''] of text.matchAll(/cherry[ -]picked from commit (\w{40})/gi))
      add(number, numberOf.get(sha) ?? number, 'backport');
    for (const [, other] of text.matchAll(REPLACES))
      if (Number(other) < number) add(number, Number(other), 'supersede');
    for (const [, issue] of text.matchAll(FIXES)) {
      if (changes.has(Number(issue))) continue;
      issues.set(Number(issue), (issues.get(Number(issue)) ?? new Set()).add(number));
    }
  }
  for (const fixers of issues.values()) {
    const list = [...fixers];
    // An issue of many changes is a programme, not a task.
    if (list.length > 4) continue;
    for (const [at, a] of list.entries()) {
      for (const b of list.slice(at + 1)) {
        linked.add(keyOf(a, b));
        if (!changes.get(a)!.isMerged || !changes.get(b)!.isMerged) add(a, b, 'same-issue');
      }
    }
  }
  const some = (how: How, count: number) =>
    shuffle([...found.values()].filter((pair) => pair.how === how)).slice(0, count);
  const hard = [...some('supersede', PER_KIND), ...some('same-issue', PER_KIND)];
  // Backports say the very same: a few are enough.
  return { pairs: [...hard, ...some('backport', Math.ceil(hard.length / 7))], linked };
}

function findOthers(): Pair[] {
  const order = [...changes.keys()].toSorted((x, y) => x - y);
  const place = new Map(order.map((number, at) => [number, at]));
  const titles = new Map<number, Map<string, number>>();
  const counts = new Map<string, number>();
  for (const number of order) {
    const terms = countTerms(toTerms(hide(changes.get(number)!.title)));
    titles.set(number, terms);
    for (const term of terms.keys()) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  const rarity = (term: string) => Math.log((order.length + 1) / ((counts.get(term) ?? 0) + 0.5));
  const used = new Set(pairs.map(({ a, b }) => keyOf(a, b)));
  const others: Pair[] = [];
  for (const side of pairs.flatMap(({ a, b }) => [a, b])) {
    const at = place.get(side)!;
    const around = shuffle(
      order
        .slice(Math.max(0, at - AROUND), at + AROUND)
        .filter(
          (one) => one !== side && !used.has(keyOf(one, side)) && !linked.has(keyOf(one, side)),
        ),
    );
    if (around.length <= LOOKED_AT) continue;
    const likeness = (one: number) => cosine(titles.get(side)!, titles.get(one)!, rarity);
    const [near, ...rest] = around;
    const [likest] = rest.slice(0, LOOKED_AT).sort((x, y) => likeness(y) - likeness(x));
    for (const [other, how] of [
      [near!, 'near-in-time'],
      [likest!, 'hard-similar-title'],
    ] as const) {
      used.add(keyOf(side, other));
      others.push({ a: Math.max(side, other), b: Math.min(side, other), how });
    }
  }
  return others;
}

function toSide(number: number): { id: string; title: string; body: string } {
  const { title, text } = changes.get(number)!;
  const body = text.startsWith(title) ? text : `${title}\n${text}`;
  return {
    id: `${name}#${number}`,
    title: hide(title).slice(0, MAX_TITLE),
    body: hide(body).trim().slice(0, MAX_BODY),
  };
}

function hide(text: string): string {
  return text
    .replaceAll('\r', '')
    .replaceAll(/^\(cherry[ -]picked from.*$/gim, '')
    .replaceAll(/https?:\/\/\S+/g, 'URL')
    .replaceAll(/(?:[\w.-]+\/[\w.-]+)?#\d+|\bGH-\d+/g, 'REF')
    .replaceAll(/\b[0-9a-f]{9,40}\b/g, 'HASH')
    .replaceAll(/\S+@\S+\.\w+/g, 'MAIL')
    .replaceAll(LINK_WORDS, 'LINK');
}

function keyOf(a: number, b: number): string {
  return `${Math.min(a, b)} ${Math.max(a, b)}`;
}

function shuffle<Item>(items: readonly Item[]): Item[] {
  const left = [...items];
  for (let at = left.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [left[at], left[other]] = [left[other]!, left[at]!];
  }
  return left;
}

/** Numbers from 0 to 1 that are the same in every run (FNV-1a, then mulberry32). */
function dice(word: string): () => number {
  let state = 2_166_136_261;
  for (const letter of word) state = Math.imul(state ^ letter.charCodeAt(0), 16_777_619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
