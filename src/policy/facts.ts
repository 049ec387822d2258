/**
 * Facts of a change: all a verdict rests on, small enough to be kept with it. Globs, counting, time
 * zones and expiry are settled here; policies only compare facts. What is not known takes its
 * riskiest value.
 */
import { z } from 'zod';
import type { FileChange } from '#git';
import { SIGNALS, type Signal } from './built-in.ts';
import type { PolicyDocument } from './document.ts';
import { createPathMatcher, type PathMatcher } from './glob.ts';
import type { ApprovalFact } from './schema.ts';
import { GRANT_TAGS, RULE_TAGS, type RuleTag, tagsOfPath } from './tags.ts';

export const Facts = z.object({
  authorKind: z.enum(['human', 'assisted', 'agent']),
  checks: z.enum(['passed', 'failed', 'unknown']),
  signals: z.array(z.enum(SIGNALS)),
  changedLines: z.int(),
  codeLinesAdded: z.int(),
  codeLinesDeleted: z.int(),
  files: z.int(),
  directories: z.int(),
  services: z.array(z.string()),
  tiers: z.array(z.string()),
  data: z.array(z.string()),
  tags: z.array(z.enum([...RULE_TAGS, ...GRANT_TAGS])),
  /** Rules one of whose paths is touched, and grants that cover every file. */
  matches: z.array(z.string()),
  /** Freezes that hold now and touch the change. */
  freezes: z.array(z.string()),
  /** Distinct lists of owners of the files; a file without owners adds none. */
  owners: z.array(z.array(z.string())),
  /** Consents to this head that count now, by person. */
  approvals: z.array(
    z.object({
      person: z.string(),
      roles: z.array(z.string()),
      teams: z.array(z.string()),
      identities: z.array(z.string()),
    }),
  ),
  /** The first files, to show; nothing is judged by them. */
  paths: z.array(z.string()),
  note: z.string().nullable(),
});
export type Facts = z.infer<typeof Facts>;

export interface FactSources {
  /** Null when the diff cannot be read. */
  files: readonly FileChange[] | null;
  headSha: string;
  policyVersion: string;
  authorKind: Facts['authorKind'];
  checks: Facts['checks'];
  owners: ReadonlyMap<string, readonly string[]>;
  approvals: readonly ApprovalFact[];
  /** What is wrong with the policy file in the change itself. */
  editedPolicyProblem: string | null;
  /** True when no valid policy could be found. */
  isPolicyUnreadable: boolean;
  now: Date;
}

/** Beyond this, rules are not matched file by file: every rule counts as touched, nothing as granted. */
const MAX_MATCHED_FILES = 2_000;
/** Beyond this, a change is too large to be judged at all. */
const MAX_FILES = 20_000;
const MAX_SHOWN_PATHS = 50;
const MAX_OWNER_LISTS = 100;
/** A file whose lines cannot be counted weighs as much as a large one. */
const UNSEEN_LINES = 1_000;
const HARMLESS_BINARY = /\.(png|jpe?g|gif|webp|ico|avif|woff2?|ttf|otf|eot|mp4|webm)$/i;

/** Patterns of one document, made once for it. */
export interface DocumentMatchers {
  services: ReadonlyMap<string, PathMatcher>;
  tierPaths: ReadonlyMap<string, PathMatcher>;
  data: ReadonlyMap<string, PathMatcher>;
  rules: ReadonlyMap<string, PathMatcher>;
  grants: ReadonlyMap<string, PathMatcher>;
  freezes: ReadonlyMap<string, PathMatcher>;
}

export function createDocumentMatchers(document: PolicyDocument): DocumentMatchers {
  const byName = <Value>(
    entries: Iterable<readonly [string, Value]>,
    pathsOf: (value: Value) => readonly string[],
  ) =>
    new Map(
      [...entries].map(([name, value]) => [name, createPathMatcher(pathsOf(value))] as const),
    );
  return {
    services: byName(document.services, (paths) => paths),
    tierPaths: byName(document.tiers, ({ paths }) => paths),
    data: byName(document.data, ({ paths }) => paths),
    rules: byName(
      document.rules.map((rule) => [rule.id, rule] as const),
      ({ when }) => when.paths,
    ),
    grants: byName(
      document.grants.map((grant) => [grant.id, grant] as const),
      ({ paths }) => paths,
    ),
    freezes: byName(
      document.freezes.map((freeze) => [freeze.id, freeze] as const),
      ({ paths }) => paths,
    ),
  };
}

interface TaggedFile {
  file: FileChange;
  tags: readonly RuleTag[];
}

interface TouchedPath {
  path: string;
  /** The path cut at its slashes, for the matchers. */
  names: readonly string[];
  services: readonly string[];
  tiers: readonly string[];
}

export function buildFacts(
  document: PolicyDocument,
  matchers: DocumentMatchers,
  sources: FactSources,
): Facts {
  const isReadable = sources.files !== null && sources.files.length <= MAX_FILES;
  const files = isReadable ? (sources.files ?? []) : [];
  const everything = !isReadable || files.length > MAX_MATCHED_FILES;
  const tagged = files.map((file): TaggedFile => ({ file, tags: tagsOfPath(file.path) }));
  const touched = everything
    ? []
    : pathsOf(files).map((path) => describePath(path, document, matchers));
  const activeFreezes = document.freezes.filter(
    ({ from, to }) => from <= sources.now && sources.now < to,
  );

  return {
    authorKind: sources.authorKind,
    checks: sources.checks,
    signals: signalsOf(sources, isReadable),
    ...countLines(tagged),
    files: files.length,
    directories: new Set(files.map(({ path }) => path.split('/').slice(0, -1).join('/'))).size,
    services: everything
      ? [...document.services.keys()].sort()
      : unique(touched.flatMap(({ services }) => services)),
    tiers: everything
      ? [...document.tiers.keys()].sort()
      : unique(touched.flatMap(({ tiers }) => tiers)),
    data: [...matchers.data]
      .filter(([, matches]) => everything || touched.some(({ names }) => matches(names)))
      .map(([name]) => name)
      .sort(),
    tags: tagsOf(tagged, touched, sources.checks, everything),
    matches: everything
      ? document.rules.map(({ id }) => id).sort()
      : [
          ...[...matchers.rules]
            .filter(([, matches]) => touched.some(({ names }) => matches(names)))
            .map(([id]) => id),
          ...coveringGrants(document, matchers, touched),
        ].sort(),
    freezes: activeFreezes
      .filter(
        (freeze) =>
          everything ||
          freeze.services.length + freeze.tiers.length + freeze.paths.length === 0 ||
          touched.some(
            ({ names, services, tiers }) =>
              matchers.freezes.get(freeze.id)?.(names) === true ||
              services.some((name) => freeze.services.includes(name)) ||
              tiers.some((name) => freeze.tiers.includes(name)),
          ),
      )
      .map(({ id }) => id)
      .sort(),
    owners: ownersOf(sources.owners, touched),
    approvals: countingApprovals(document, sources),
    paths: files.slice(0, MAX_SHOWN_PATHS).map(({ path }) => path),
    note: sources.editedPolicyProblem,
  };
}

function signalsOf(sources: FactSources, isReadable: boolean): Signal[] {
  const signals: Signal[] = [];
  if (sources.checks === 'failed') signals.push('checks-failed');
  if (sources.checks === 'unknown') signals.push('checks-unknown');
  if (!isReadable) signals.push('diff-unreadable');
  if (sources.editedPolicyProblem !== null) signals.push('edited-policy-invalid');
  if (sources.isPolicyUnreadable) signals.push('policy-unreadable');
  return signals;
}

/** Where a file was counts as touched like where it is: moving it away escapes no rule. */
function pathsOf(files: readonly FileChange[]): string[] {
  return unique(
    files.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath])),
  );
}

function describePath(
  path: string,
  document: PolicyDocument,
  matchers: DocumentMatchers,
): TouchedPath {
  const names = path.split('/');
  const services = [...matchers.services]
    .filter(([, matches]) => matches(names))
    .map(([name]) => name);
  const tiers = [...document.tiers]
    .filter(
      ([name, tier]) =>
        tier.services.some((service) => services.includes(service)) ||
        matchers.tierPaths.get(name)?.(names) === true,
    )
    .map(([name]) => name);
  return { path, names, services, tiers };
}

function tagsOf(
  files: readonly TaggedFile[],
  touched: readonly TouchedPath[],
  checks: Facts['checks'],
  everything: boolean,
): Facts['tags'] {
  const found = new Set<Facts['tags'][number]>();
  for (const { file, tags } of files) {
    for (const tag of tags) found.add(tag);
    // Tags of where it was count too: an edit of the policy may come as a rename.
    if (file.oldPath !== undefined) for (const tag of tagsOfPath(file.oldPath)) found.add(tag);
    if (file.isSubmodule) found.add('submodule');
    else if (file.addedLines === null) found.add('binary');
    const addsLines = file.status !== 'deleted' && (file.addedLines ?? 0) > 0;
    if (addsLines && tags.includes('tests')) found.add('tests-added');
  }
  // What is not looked at one by one may be anything.
  if (everything) {
    for (const tag of ['auth', 'code', 'migration', 'unmapped'] as const) found.add(tag);
  }
  if (touched.some(({ services, tiers }) => services.length + tiers.length === 0)) {
    found.add('unmapped');
  }
  if (checks === 'passed') found.add('checks-passed');
  if (files.length > 0 && !found.has('code')) {
    if (files.every(({ tags }) => tags.includes('docs'))) found.add('docs-only');
    if (files.every(({ tags }) => tags.includes('tests'))) found.add('tests-only');
  }
  return [...found].sort();
}

function countLines(
  files: readonly TaggedFile[],
): Pick<Facts, 'changedLines' | 'codeLinesAdded' | 'codeLinesDeleted'> {
  const sum = { changedLines: 0, codeLinesAdded: 0, codeLinesDeleted: 0 };
  for (const { file, tags } of files) {
    const unseen = HARMLESS_BINARY.test(file.path) && !file.isSubmodule ? 0 : UNSEEN_LINES;
    const added = file.addedLines ?? unseen;
    const deleted = file.deletedLines ?? 0;
    sum.changedLines += added + deleted;
    if (!tags.includes('code')) continue;
    sum.codeLinesAdded += added;
    sum.codeLinesDeleted += deleted;
  }
  return sum;
}

/** A grant covers a change only as a whole: one file outside, and it does not apply. */
function coveringGrants(
  document: PolicyDocument,
  matchers: DocumentMatchers,
  touched: readonly TouchedPath[],
): string[] {
  if (touched.length === 0) return [];
  return document.grants
    .filter((grant) => {
      const isInPaths = matchers.grants.get(grant.id);
      return touched.every(
        ({ names, tiers }) =>
          isInPaths?.(names) === true || tiers.some((tier) => grant.tiers.includes(tier)),
      );
    })
    .map(({ id }) => id);
}

function ownersOf(
  owners: ReadonlyMap<string, readonly string[]>,
  touched: readonly TouchedPath[],
): string[][] {
  const lists = touched
    .map(({ path }) => unique((owners.get(path) ?? []).map((owner) => owner.toLowerCase())))
    .filter((list) => list.length > 0);
  const distinct = new Map(lists.map((list) => [list.join('\n'), list] as const));
  return [...distinct.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_OWNER_LISTS)
    .map(([, list]) => list);
}

function countingApprovals(document: PolicyDocument, sources: FactSources): Facts['approvals'] {
  const { approvalsValidForMs: validForMs } = document;
  const byPerson = new Map<string, Facts['approvals'][number]>();
  for (const approval of sources.approvals) {
    if (approval.headSha !== sources.headSha || byPerson.has(approval.person)) continue;
    // A consent under other rules was to another question.
    const { policyVersion = sources.policyVersion } = approval;
    if (policyVersion !== sources.policyVersion) continue;
    // Without a time nobody can say that it is still fresh.
    const age = sources.now.getTime() - (approval.givenAt?.getTime() ?? Number.NEGATIVE_INFINITY);
    if (validForMs !== null && age > validForMs) continue;
    byPerson.set(approval.person, {
      person: approval.person,
      roles: unique(approval.roles),
      teams: unique(approval.teams.map((team) => team.toLowerCase())),
      identities: unique((approval.identities ?? []).map((identity) => identity.toLowerCase())),
    });
  }
  return [...byPerson.values()].sort((a, b) => (a.person < b.person ? -1 : 1));
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
