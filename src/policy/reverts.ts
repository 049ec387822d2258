/** Which landed changes were taken back later, by what the taking back says of itself. Pure. */
import type { Commit } from '#git';

type Landed = Pick<Commit, 'sha' | 'subject' | 'body' | 'committedAt'>;

/** Reverted commit -> the commit that reverted it. `landed` may be in any order. */
export function revertsIn(landed: readonly Landed[]): Map<string, Landed> {
  const bySha = new Map(landed.map((commit) => [commit.sha, commit] as const));
  const bySubject = new Map<string, Landed[]>();
  for (const commit of landed) {
    const subject = plainSubject(commit.subject);
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), commit]);
  }
  const reverts = new Map<string, Landed>();
  for (const revert of landed) {
    for (const original of originalsOf(revert, bySha, bySubject)) {
      if (original.committedAt < revert.committedAt) reverts.set(original.sha, revert);
    }
  }
  return reverts;
}

const NAMES_COMMIT = /\breverts? (?:commit )?([0-9a-f]{7,40})\b/gi;
/** `Revert "fix: x"`, `revert: fix: x`, `revert(scope): fix: x`. */
const NAMES_SUBJECT = /^revert(?:\([^)]*\))?!?:?\s+"?(?<subject>.+?)"?(?:\s*\(#\d+\))?$/i;

/** Whether a change says of itself that it takes another one back. */
export function isRevert({ subject, body }: Pick<Landed, 'subject' | 'body'>): boolean {
  return NAMES_SUBJECT.test(subject) || body.search(NAMES_COMMIT) !== -1;
}

function originalsOf(
  revert: Landed,
  bySha: ReadonlyMap<string, Landed>,
  bySubject: ReadonlyMap<string, readonly Landed[]>,
): Landed[] {
  const named = [...revert.body.matchAll(NAMES_COMMIT)].flatMap(
    ([, sha = '']) =>
      bySha.get(sha) ??
      (sha.length < 40 ? [...bySha.values()].filter((one) => one.sha.startsWith(sha)) : []),
  );
  if (named.length > 0) return named;
  const subject = NAMES_SUBJECT.exec(revert.subject)?.groups?.['subject'];
  if (subject === undefined) return [];
  const same = (bySubject.get(plainSubject(subject)) ?? []).filter(
    ({ committedAt, sha }) => committedAt < revert.committedAt && sha !== revert.sha,
  );
  // Of several with one title the last before the revert is meant.
  const last = same.toSorted((a, b) => b.committedAt.getTime() - a.committedAt.getTime())[0];
  return last === undefined ? [] : [last];
}

function plainSubject(subject: string): string {
  return subject
    .replace(/\s*\(#\d+\)\s*$/, '')
    .trim()
    .toLowerCase();
}
