/**
 * Who reviewed and wrote what, fading with time: the familiarity a reviewer is chosen by. Knows people
 * only by what they did here, never by name or rank.
 */
import { subjectWords } from '../risk/subject.ts';

/** A landed change with those who really reviewed it; empty where nobody is known. */
export interface ReviewedChange {
  /** Seconds since the epoch. */
  landedAt: number;
  author: string;
  reviewers: readonly string[];
  subject: string;
  /** Paths touched, generated ones left out. */
  paths: readonly string[];
}

export type ChangeToReview = Omit<ReviewedChange, 'reviewers'>;

export interface Candidate {
  person: string;
  /** In the order of REVIEW_SIGNALS. */
  signals: Float64Array;
  lastSeenAt: number;
}

export const REVIEW_SIGNALS = [
  'author-familiarity',
  'author-familiarity-recent',
  'file-reviews',
  'folder-reviews',
  'area-reviews',
  'word-reviews',
  'popularity',
  'popularity-recent',
  'pair-near',
  'file-near',
  'folder-near',
  'file-authorship',
  'folder-authorship',
  'area-authorship',
  'returned-reviews',
  'pair-and-file',
  'recency',
  'recency-short',
  'latest-of-author',
  'latest-of-files',
] as const;

const DAY_SECONDS = 86_400;
const LONG_DAYS = 250;
const SHORT_DAYS = 45;
const MAX_PATHS = 30;
const MIN_POPULARITY = 0.3;
/** How many reviews of everybody count beside those of one source. */
const PRIOR_REVIEWS = 2;

/** Counts per person that halve in a given time, with their sum. */
interface Tally {
  at: number;
  total: number;
  people: Map<string, number>;
}

class FadingTallies {
  readonly #halfLifeSeconds: number;
  readonly #tallies = new Map<string, Tally>();

  constructor(halfLifeDays: number) {
    this.#halfLifeSeconds = halfLifeDays * DAY_SECONDS;
  }

  add(key: string, person: string, at: number, by = 1): void {
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      tally = { at, total: 0, people: new Map() };
      this.#tallies.set(key, tally);
    }
    const scale = 2 ** ((at - tally.at) / this.#halfLifeSeconds);
    // Counts are kept in the money of the first day, so that only new ones are touched.
    tally.people.set(person, (tally.people.get(person) ?? 0) + by * scale);
    tally.total += by * scale;
  }

  /** People of a key with their counts at a time, and the sum of all. */
  read(
    key: string,
    at: number,
  ): { people: ReadonlyMap<string, number>; total: number; scale: number } {
    const tally = this.#tallies.get(key);
    if (tally === undefined) return NOBODY;
    const scale = 2 ** ((tally.at - at) / this.#halfLifeSeconds);
    return { people: tally.people, total: tally.total * scale, scale };
  }
}

const NOBODY = { people: new Map<string, number>(), total: 0, scale: 0 };

const folderOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const areaOf = (path: string) => path.split('/').slice(0, 2).join('/');
const upOf = (path: string) => path.split('/').slice(0, -2).join('/');

interface Places {
  files: string[];
  folders: string[];
  areas: string[];
  words: string[];
}

function placesOf({ paths, subject }: ChangeToReview): Places {
  const files = paths.slice(0, MAX_PATHS);
  return {
    files,
    folders: [...new Set(files.flatMap((path) => [folderOf(path), upOf(path)]))],
    areas: [...new Set(files.map(areaOf))],
    words: subjectWords(subject),
  };
}

export interface ReviewHistory {
  /** Everybody who may be asked, with their signals by the past alone; never the author. */
  candidates(change: ChangeToReview): Candidate[];
  land(change: ReviewedChange): void;
}

export function createReviewHistory(): ReviewHistory {
  const reviews = new FadingTallies(LONG_DAYS);
  const recentReviews = new FadingTallies(SHORT_DAYS);
  const authorship = new FadingTallies(LONG_DAYS);
  const lastSeen = new Map<string, number>();
  const lastReview = new Map<string, number>();
  const latestOfAuthor = new Map<string, readonly string[]>();
  const latestOfFile = new Map<string, readonly string[]>();

  function candidates(change: ChangeToReview): Candidate[] {
    const { landedAt: now, author } = change;
    const { files, folders, areas, words } = placesOf(change);
    const all = reviews.read('', now);
    const allRecent = recentReviews.read('', now);
    const found = new Map<string, Candidate>();
    const add = (person: string) => {
      if (person === author || found.has(person)) return;
      found.set(person, {
        person,
        signals: new Float64Array(REVIEW_SIGNALS.length),
        lastSeenAt: lastSeen.get(person) ?? 0,
      });
    };
    const sources = [
      reviews.read(`a:${author}`, now),
      ...[...files.map((it) => `f:${it}`), ...folders.map((it) => `d:${it}`)].flatMap((key) => [
        reviews.read(key, now),
        authorship.read(key, now),
      ]),
    ];
    for (const { people } of sources) for (const person of people.keys()) add(person);
    for (const [person, count] of all.people) if (count * all.scale > MIN_POPULARITY) add(person);

    const sharesIn = (tallies: FadingTallies, keys: readonly string[]) => {
      const read = keys.map((key) => tallies.read(key, now));
      const total = read.reduce((sum, each) => sum + each.total, 0);
      return (person: string) => ({
        count: read.reduce((sum, { people, scale }) => sum + (people.get(person) ?? 0) * scale, 0),
        total,
      });
    };
    const prefix = (mark: string, keys: readonly string[]) => keys.map((key) => `${mark}:${key}`);
    const byAuthor = sharesIn(reviews, [`a:${author}`]);
    const byAuthorRecent = sharesIn(recentReviews, [`a:${author}`]);
    const byFile = sharesIn(reviews, prefix('f', files));
    const byFolder = sharesIn(reviews, prefix('d', folders));
    const byArea = sharesIn(reviews, prefix('r', areas));
    const byWord = sharesIn(reviews, prefix('w', words));
    const wroteFile = sharesIn(authorship, prefix('f', files));
    const wroteFolder = sharesIn(authorship, prefix('d', folders));
    const wroteArea = sharesIn(authorship, prefix('r', areas));
    const returned = reviews.read(`by:${author}`, now);
    const latest = latestOfAuthor.get(author) ?? [];
    const latestHere = new Set(files.flatMap((path) => latestOfFile.get(path) ?? []));

    for (const { person, signals } of found.values()) {
      const usual = (all.people.get(person) ?? 0) * all.scale;
      const share = (usual + 0.05) / (all.total + 1);
      const recent =
        ((allRecent.people.get(person) ?? 0) * allRecent.scale + 0.05) / (allRecent.total + 1);
      /** Log of how much likelier the person is here than anywhere. */
      const lift = ({ count, total }: { count: number; total: number }) =>
        Math.log((count + PRIOR_REVIEWS * share) / (total + PRIOR_REVIEWS) / share);
      const near = ({ count }: { count: number }) => Math.log1p(count);
      const part = ({ count, total }: { count: number; total: number }) =>
        total === 0 ? 0 : count / total;
      const pair = byAuthor(person);
      const file = byFile(person);
      const folder = byFolder(person);
      const sinceReview = (now - (lastReview.get(person) ?? 0)) / DAY_SECONDS;
      const sinceSeen = (now - (lastSeen.get(person) ?? 0)) / DAY_SECONDS;
      signals.set([
        lift(pair),
        lift(byAuthorRecent(person)),
        lift(file),
        lift(folder),
        lift(byArea(person)),
        lift(byWord(person)),
        Math.log(share),
        Math.log(recent),
        part(pair),
        part(file),
        part(folder),
        part(wroteFile(person)),
        part(wroteFolder(person)),
        part(wroteArea(person)),
        near({ count: (returned.people.get(person) ?? 0) * returned.scale }),
        Math.sqrt(part(pair) * part(file)),
        Math.exp(-sinceReview / 30),
        Math.exp(-sinceSeen / 5),
        latest.includes(person) ? 1 : 0,
        latestHere.has(person) ? 1 : 0,
      ]);
    }
    return [...found.values()];
  }

  function land(change: ReviewedChange): void {
    const { landedAt: at, author, reviewers } = change;
    const { files, folders, areas, words } = placesOf(change);
    lastSeen.set(author, at);
    for (const path of files) authorship.add(`f:${path}`, author, at);
    for (const folder of folders) authorship.add(`d:${folder}`, author, at);
    for (const area of areas) authorship.add(`r:${area}`, author, at);
    if (reviewers.length === 0) return;
    latestOfAuthor.set(author, reviewers);
    for (const path of files) latestOfFile.set(path, reviewers);
    for (const person of reviewers) {
      lastSeen.set(person, at);
      lastReview.set(person, at);
      reviews.add('', person, at);
      recentReviews.add('', person, at);
      reviews.add(`a:${author}`, person, at);
      recentReviews.add(`a:${author}`, person, at);
      // What a person reviewed for others, by the others' names: familiarity goes both ways.
      reviews.add(`by:${person}`, author, at);
      for (const path of files) reviews.add(`f:${path}`, person, at);
      for (const folder of folders) reviews.add(`d:${folder}`, person, at);
      for (const area of areas) reviews.add(`r:${area}`, person, at);
      for (const word of words) reviews.add(`w:${word}`, person, at);
    }
  }

  return { candidates, land };
}
