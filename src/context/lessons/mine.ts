/** Lessons nobody wrote down: what reviewers say again and again, and what was tried and taken back. Pure. */
import { shorten } from '../tokens.ts';
import { countTerms } from '../words.ts';
import type { Remark } from './outcome-store.ts';

export interface MinedLesson {
  text: string;
  paths: string[];
  origin: 'review' | 'revert';
  evidence: { kind: string; ref: string; text: string }[];
  dedupeKey: string;
}

/** Said in so many changes, a remark is worth telling before the next one. */
const REPEATED_IN_CHANGES = 3;
const ALIKE = 0.5;
const MIN_TERMS = 3;
const MAX_EVIDENCE = 5;
const MAX_TEXT = 600;

/** Remarks that say the same in several changes, each once, in the words of the most typical one. */
export function findRepeatedRemarks(remarks: readonly Remark[]): MinedLesson[] {
  const read = remarks
    .map((remark) => ({ remark, terms: new Set(countTerms(remark.text).keys()) }))
    .filter(({ terms }) => terms.size >= MIN_TERMS);
  const taken = new Set<Remark>();
  const lessons: MinedLesson[] = [];
  for (const seed of read) {
    if (taken.has(seed.remark)) continue;
    const alike = read.filter(
      (other) => !taken.has(other.remark) && likeness(seed.terms, other.terms) >= ALIKE,
    );
    if (new Set(alike.map(({ remark }) => remark.changeId)).size < REPEATED_IN_CHANGES) continue;
    for (const { remark } of alike) taken.add(remark);
    const typical = alike
      .map((one) => ({
        one,
        sum: alike.reduce((sum, other) => sum + likeness(one.terms, other.terms), 0),
      }))
      .toSorted((a, b) => b.sum - a.sum || (a.one.remark.id < b.one.remark.id ? -1 : 1))[0]!.one;
    const oldest = alike.toSorted(
      (a, b) => a.remark.saidAt.getTime() - b.remark.saidAt.getTime(),
    )[0]!;
    lessons.push({
      text: shorten(typical.remark.text.trim(), MAX_TEXT),
      paths: commonFolders(alike.flatMap(({ remark }) => remark.path ?? [])),
      origin: 'review',
      evidence: alike.slice(0, MAX_EVIDENCE).map(({ remark }) => ({
        kind: 'review',
        ref: remark.changeId,
        text: shorten(remark.text, 200),
      })),
      // The first of its kind stays the same, however often it is said again.
      dedupeKey: `review:${oldest.remark.id}`,
    });
  }
  return lessons;
}

export interface RevertCommit {
  sha: string;
  subject: string;
  body: string;
  paths: readonly string[];
}

/** Ids of commits that a message says it takes back. */
export function revertedShas({ body }: Pick<RevertCommit, 'body'>): string[] {
  return [...body.matchAll(/reverts? commits? ([0-9a-f]{7,64})/gi)].map(([, sha]) =>
    sha!.toLowerCase(),
  );
}

/** What was taken back with a reason given; without one there is nothing to learn. */
export function lessonOfRevert(commit: RevertCommit): MinedLesson | undefined {
  const what = /^(?:revert|back ?out)[:\s]+["“']?(.+?)["”']?(?:\s+\(#\d+\))?$/i.exec(
    commit.subject.trim(),
  )?.[1];
  const reason = commit.body
    .replace(/^this reverts? commits? .*$/gim, '')
    .replace(/^(?:reverts?:?\s+)?[\w.-]+\/[\w.-]+#\d+\.?$/gim, '')
    .replace(/^[A-Z][\w-]+(?:-by|-id|-session)?: .*$/gim, '')
    .replace(/^(?:co-authored|signed-off|reviewed)-by:.*$/gim, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (what === undefined || countTerms(reason).size < MIN_TERMS) return undefined;
  return {
    text: shorten(`"${what}" was tried and taken back: ${reason}`, MAX_TEXT),
    paths: commonFolders(commit.paths),
    origin: 'revert',
    evidence: [{ kind: 'commit', ref: commit.sha, text: shorten(commit.subject, 200) }],
    dedupeKey: `revert:${commit.sha}`,
  };
}

/** Up to five files as they are; of more, the folders they share. */
function commonFolders(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)];
  if (unique.length <= 5) return unique;
  const folders = unique.map((path) => path.slice(0, path.lastIndexOf('/') + 1)).filter(Boolean);
  const counted = new Map<string, number>();
  for (const folder of folders) counted.set(folder, (counted.get(folder) ?? 0) + 1);
  return [...counted]
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, 3)
    .map(([folder]) => folder);
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const term of a) if (b.has(term)) shared += 1;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}
