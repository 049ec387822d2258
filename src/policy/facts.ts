/**
 * Facts of a change: all a verdict rests on, small enough to be kept with it. Globs, counting, time
 * zones and expiry are settled here; policies only compare facts. What is not known takes its
 * riskiest value.
 */
import { z } from 'zod';
import type { FileChange } from '#git';
import { SIGNALS, type Signal } from './built-in.ts';
import type { Freeze, Grant, PolicyDocument } from './document.ts';
import { downstreamOf } from './downstream.ts';
import {
  CHANGE_CLASSES,
  type ChangeClass,
  changeClassOf,
  touchesOperations,
} from './change-class.ts';
import { foldPath, isPathTwin } from './fold-path.ts';
import { freezeHolds } from './freeze-span.ts';
import { createPathMatcher, type PathMatcher } from './glob.ts';
import { CONTENT_TAGS, type ContentTag } from './patch-facts.ts';
import { type ApprovalFact, RiskFactor } from './schema.ts';
import { type FreezeTag, GRANT_TAGS, RULE_TAGS, type RuleTag, tagsOfPath } from './tags.ts';
import { NO_WORK, WorkFacts } from './work-facts.ts';

/** Raised when the meaning of a fact changes; kept with every verdict. */
export const FACTS_VERSION = 2;

const Lines = z.object({ added: z.int(), deleted: z.int() });
const LINE_KINDS = ['code', 'tests', 'docs', 'config', 'generated'] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** Kept with the verdict, so that it is made again without the model. */
export const LearnedRisk = z.object({
  model: z.string(),
  /** Code changes of the repository it was fitted to. */
  changes: z.int(),
  score: z.int().min(0).max(100),
  /** Of a defect that is found within 365 days. */
  probability: z.number().min(0).max(1),
  /** Share of past changes of the repository that were less risky. */
  percentile: z.number().min(0).max(1).nullable(),
  factors: z.array(RiskFactor),
  /** What the curves were on that day; missing in verdicts of older releases. */
  fit: z
    .object({
      slope: z.number(),
      pointsPerLogit: z.number(),
      ownShare: z.number(),
      knownDefects: z.int(),
      factors: z.array(
        z.object({
          name: z.string(),
          percentile: z.number(),
          offset: z.number(),
          typical: z.number(),
        }),
      ),
    })
    .optional(),
});
export type LearnedRisk = z.infer<typeof LearnedRisk>;

export const Facts = z.object({
  version: z.literal(FACTS_VERSION),
  authorKind: z.enum(['human', 'assisted', 'agent']),
  checks: z.enum(['passed', 'failed', 'unknown']),
  signals: z.array(z.enum(SIGNALS)),
  changedLines: z.int(),
  codeLinesAdded: z.int(),
  codeLinesDeleted: z.int(),
  /** Each file counts once, for the first kind that fits: generated, tests, docs, config, code. */
  lines: z.object({
    code: Lines,
    tests: Lines,
    docs: Lines,
    config: Lines,
    generated: Lines,
  }),
  /** By its riskiest file; only production code is scored by the model. */
  changeClass: z.enum(CHANGE_CLASSES).default('code'),
  files: z.int(),
  directories: z.int(),
  services: z.array(z.string()),
  tiers: z.array(z.string()),
  data: z.array(z.string()),
  /** Services that depend on a touched one, near or far. */
  downstream: z.array(z.string()),
  /** Owners of those, one list each. */
  downstreamOwners: z.array(z.array(z.string())),
  /** Who knows these files best, where somebody has ranked them. */
  experts: z.array(z.string()),
  /** Who deploys this; such a person does not satisfy a rule that leaves them out. */
  deployers: z.array(z.string()),
  tags: z.array(z.enum([...RULE_TAGS, ...GRANT_TAGS])),
  /** Rules one of whose paths is touched, and grants that cover every file. */
  matches: z.array(z.string()),
  /** Freezes that hold now and touch the change. */
  freezes: z.array(z.string()),
  /** Grants whose budget of the day is spent. */
  exhausted: z.array(z.string()),
  /** Budgets of the day as they stood: what the grants above were judged by. */
  budgets: z.array(
    z.object({ grant: z.string(), scope: z.string(), used: z.int(), limit: z.int() }),
  ),
  /** True while an incident halves what may ship alone here. */
  isHalved: z.boolean(),
  /** True while too few defects of such changes are known for a threshold of their own. */
  isCold: z.boolean().default(false),
  /** Most points that keep the declared bound, where the model has found them. */
  ceiling: z.int().min(0).max(100),
  /** The score of the learned model, where the repository has told it enough; see risk/. */
  risk: LearnedRisk.nullable().default(null),
  /** A work item or ticket is named. */
  hasTicket: z.boolean(),
  /** Labels and priority of the work item it is for; missing in verdicts of older releases. */
  work: WorkFacts.default(NO_WORK),
  /** Results by check, where the host tells them one by one. */
  ci: z.array(z.object({ name: z.string(), conclusion: z.string() })),
  /** What the agent's session showed; null where no session is known. */
  session: z
    .object({
      toolCalls: z.int(),
      deniedCalls: z.int(),
      retries: z.int().nullable(),
      contextMisses: z.int().nullable(),
    })
    .nullable(),
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

export interface Place {
  changeClass: ChangeClass;
  tiers: readonly string[];
  touchesOperations: boolean;
}

export interface Limits {
  /** Undefined: no more than the grant says. */
  ceiling: number | undefined;
  isCold: boolean;
  isOperationsAlarmed: boolean;
}

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
  /** Tags of the patch's text; `unread` counts as all of them, `not-asked` as none. */
  content?: readonly ContentTag[] | 'unread' | 'not-asked' | undefined;
  /** Further evidence and marks, such as `second-agent-review` or `hotfix`. */
  marks?: readonly ('second-agent-review' | 'hotfix')[] | undefined;
  hasTicket?: boolean | undefined;
  /** Absent: nobody asked, as of changes of the past. */
  work?: WorkFacts | undefined;
  ci?: Facts['ci'] | undefined;
  session?: Facts['session'] | undefined;
  experts?: readonly string[] | undefined;
  deployers?: readonly string[] | undefined;
  /** Changes that shipped alone today, by grant and scope; see `spendingScopes`. */
  spent?: ReadonlyMap<string, number> | undefined;
  /** Who to count the agent's budget for. */
  agent?: string | undefined;
  /** Services halved after an incident; `*` is all of the repository. */
  halved?: readonly string[] | undefined;
  ceiling?: number | undefined;
  /** What the thresholds leave to a change of this kind in these tiers; instead of `ceiling`. */
  limitsOf?: ((place: Place) => Limits) | undefined;
  risk?: LearnedRisk | null | undefined;
  /** Services elsewhere that depend on touched ones; those of the same catalog are found here. */
  dependants?: readonly string[] | undefined;
  /** Touched besides those the files belong to, as examples of a policy file say. */
  alsoTouches?: readonly string[] | undefined;
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
  services: ReadonlyMap<string, TwinMatcher>;
  tierPaths: ReadonlyMap<string, TwinMatcher>;
  data: ReadonlyMap<string, TwinMatcher>;
  rules: ReadonlyMap<string, TwinMatcher>;
  /** Of all grants, those that narrow included. */
  grants: ReadonlyMap<string, TwinMatcher>;
  freezes: ReadonlyMap<string, TwinMatcher>;
}

/** The same patterns for a path as it is, and for all spellings that pass for it. */
interface TwinMatcher {
  exact: PathMatcher;
  folded: PathMatcher;
}

function createTwinMatcher(patterns: readonly string[]): TwinMatcher {
  const exact = createPathMatcher(patterns);
  const folded = patterns.map(foldPath);
  const isSame = folded.every((pattern, index) => pattern === patterns[index]);
  return { exact, folded: isSame ? exact : createPathMatcher(folded) };
}

/** True for the path as it is and for its twins: a rule must not be escaped by a spelling. */
function touches({ exact, folded }: TwinMatcher, path: TouchedPath): boolean {
  if (exact(path.names)) return true;
  // Most paths are their own only spelling, and then there is nothing more to see.
  const isSame = folded === exact && path.foldedNames === path.names;
  return !isSame && folded(path.foldedNames);
}

export function createDocumentMatchers(document: PolicyDocument): DocumentMatchers {
  const byName = <Value>(
    entries: Iterable<readonly [string, Value]>,
    pathsOf: (value: Value) => readonly string[],
  ) =>
    new Map(
      [...entries].map(([name, value]) => [name, createTwinMatcher(pathsOf(value))] as const),
    );
  return {
    services: byName(document.services, ({ paths }) => paths),
    tierPaths: byName(document.tiers, ({ paths }) => paths),
    data: byName(document.data, ({ paths }) => paths),
    rules: byName(
      document.rules.map((rule) => [rule.id, rule] as const),
      ({ when }) => when.paths,
    ),
    grants: byName(
      allGrants(document).map((grant) => [grant.id, grant] as const),
      ({ paths }) => paths,
    ),
    freezes: byName(
      document.freezes.map((freeze) => [freeze.id, freeze] as const),
      ({ paths }) => paths,
    ),
  };
}

/** Names whose patterns a path is under, by its own spelling or as a twin; sorted. */
export function touchesAny(matchers: ReadonlyMap<string, TwinMatcher>, path: string): string[] {
  const place = { names: path.split('/'), foldedNames: foldPath(path).split('/') };
  return [...matchers]
    .filter(([, { exact, folded }]) => exact(place.names) || folded(place.foldedNames))
    .map(([name]) => name)
    .sort();
}

interface TaggedFile {
  file: FileChange;
  tags: readonly RuleTag[];
}

interface TouchedPath {
  path: string;
  /** The path cut at its slashes, for the matchers. */
  names: readonly string[];
  foldedNames: readonly string[];
  services: readonly string[];
  tiers: readonly string[];
  /** Tiers of the path as it is written: only these can be granted. */
  ownTiers: readonly string[];
}

/** Grants of the organisation and, where there are two files, of the repository. */
export function allGrants({ grants, narrowing }: PolicyDocument): Grant[] {
  return [...grants, ...(narrowing ?? [])];
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
    : [
        ...pathsOf(files).map((path) => describePath(path, document, matchers)),
        ...(sources.alsoTouches ?? []).map((service) => placeholderFor(service, document)),
      ];
  const services = everything
    ? [...document.services.keys()].sort()
    : unique(touched.flatMap((path) => path.services));
  const tiers = everything
    ? [...document.tiers.keys()].sort()
    : unique(touched.flatMap((path) => path.tiers));
  const tags = tagsOf({ files: tagged, touched, sources, everything, document });
  const downstream = unique([
    ...downstreamOf(document.services, services),
    ...(sources.dependants ?? []).filter((name) => !services.includes(name)),
  ]);
  const marks = new Set<FreezeTag>(
    (['hotfix', 'docs-only', 'tests-only'] as const).filter((tag) =>
      tag === 'hotfix' ? sources.marks?.includes(tag) : tags.includes(tag),
    ),
  );
  const frozen = everything
    ? document.freezes.filter((freeze) => freezeHolds(freeze, sources.now, []))
    : activeFreezes(document, matchers, { touched, services, now: sources.now });
  const exempted = frozen.filter(({ except }) => except.some((tag) => marks.has(tag)));
  const changeClass = everything ? 'code' : changeClassOf(files);
  const place = { changeClass, tiers, touchesOperations: everything || touchesOperations(files) };
  const limits = sources.limitsOf?.(place) ?? {
    ceiling: sources.ceiling,
    isCold: false,
    isOperationsAlarmed: false,
  };
  const budgets = spendingScopes(document, { services, agent: sources.agent ?? null }).map(
    ({ grant, scope, limit }) => {
      const isHalved = limits.isCold || isHalvedBy(sources.halved ?? [], services);
      const used = sources.spent?.get(`${grant} ${scope}`) ?? 0;
      return { grant, scope, used, limit: isHalved ? Math.floor(limit / 2) : limit };
    },
  );

  return {
    version: FACTS_VERSION,
    authorKind: sources.authorKind,
    checks: sources.checks,
    signals: signalsOf(sources, { isReadable, exempted, limits }),
    ...countLines(tagged),
    changeClass,
    files: files.length,
    directories: new Set(files.map(({ path }) => path.split('/').slice(0, -1).join('/'))).size,
    services,
    tiers,
    data: [...matchers.data]
      .filter(([, patterns]) => everything || touched.some((path) => touches(patterns, path)))
      .map(([name]) => name)
      .sort(),
    downstream,
    downstreamOwners: downstreamOwners(document, downstream),
    experts: unique(sources.experts ?? []),
    deployers: unique(sources.deployers ?? []),
    tags,
    matches: everything
      ? document.rules.map(({ id }) => id).sort()
      : [
          ...[...matchers.rules]
            .filter(([, patterns]) => touched.some((path) => touches(patterns, path)))
            .map(([id]) => id),
          ...coveringGrants(document, matchers, touched),
        ].sort(),
    freezes: frozen
      .filter((freeze) => !exempted.includes(freeze))
      .map(({ id }) => id)
      .sort(),
    exhausted: unique(budgets.filter(({ used, limit }) => used >= limit).map(({ grant }) => grant)),
    budgets,
    isHalved: isHalvedBy(sources.halved ?? [], services),
    isCold: limits.isCold,
    risk: sources.risk ?? null,
    ceiling: Math.max(0, Math.min(100, Math.floor(limits.ceiling ?? 100))),
    hasTicket: sources.hasTicket ?? false,
    work: sources.work ?? NO_WORK,
    ci: [...(sources.ci ?? [])],
    session: sources.session ?? null,
    owners: ownersOf(sources.owners, touched),
    approvals: countingApprovals(document, sources),
    paths: files.slice(0, MAX_SHOWN_PATHS).map(({ path }) => path),
    note: sources.editedPolicyProblem,
  };
}

/** Services a change touches, by its files; all of them where they are too many to look at. */
export function servicesTouched(
  document: PolicyDocument,
  matchers: DocumentMatchers,
  files: readonly FileChange[],
): string[] {
  if (files.length > MAX_MATCHED_FILES) return [...document.services.keys()].sort();
  return unique(pathsOf(files).flatMap((path) => describePath(path, document, matchers).services));
}

/** Budgets of a day that a change of these services would draw on if a grant lets it ship alone. */
export function spendingScopes(
  document: PolicyDocument,
  { services, agent }: { services: readonly string[]; agent: string | null },
): { grant: string; scope: string; limit: number }[] {
  return allGrants(document).flatMap(({ id, dailyPerService, dailyPerAgent }) => [
    // A change of no known service draws on the budget of all such changes together.
    ...(dailyPerService === null
      ? []
      : (services.length === 0 ? ['-'] : services).map((service) => ({
          grant: id,
          scope: `service:${service}`,
          limit: dailyPerService,
        }))),
    ...(dailyPerAgent === null || agent === null
      ? []
      : [{ grant: id, scope: `agent:${agent}`, limit: dailyPerAgent }]),
  ]);
}

function isHalvedBy(halved: readonly string[], services: readonly string[]): boolean {
  return halved.includes('*') || services.some((service) => halved.includes(service));
}

/** A service touched by word alone: it has no path, and no pattern matches the empty one. */
function placeholderFor(service: string, document: PolicyDocument): TouchedPath {
  const tiers = [...document.tiers]
    .filter(([, tier]) => tier.services.includes(service))
    .map(([name]) => name);
  return { path: '', names: [], foldedNames: [], services: [service], tiers, ownTiers: tiers };
}

function activeFreezes(
  document: PolicyDocument,
  matchers: DocumentMatchers,
  { touched, services, now }: { touched: TouchedPath[]; services: string[]; now: Date },
): Freeze[] {
  const zones = ownerZones(document, services);
  return document.freezes.filter(
    (freeze) =>
      (freeze.services.length + freeze.tiers.length + freeze.paths.length === 0 ||
        touched.some(
          (path) =>
            touches(matchers.freezes.get(freeze.id)!, path) ||
            path.services.some((name) => freeze.services.includes(name)) ||
            path.tiers.some((name) => freeze.tiers.includes(name)),
        )) &&
      freezeHolds(freeze, now, zones),
  );
}

/** Zones of the teams that own the services; none when one of them is not known. */
function ownerZones(document: PolicyDocument, services: readonly string[]): string[] {
  const zones = services.map((service) => {
    const owner = document.services.get(service)?.owner?.replace(/^team:/, '');
    return owner === undefined ? undefined : document.teams.get(owner)?.zone;
  });
  return zones.some((zone) => zone == null)
    ? []
    : unique(zones.filter((zone): zone is string => zone != null));
}

function downstreamOwners(document: PolicyDocument, downstream: readonly string[]): string[][] {
  const owners = downstream.flatMap((name) => document.services.get(name)?.owner ?? []);
  return unique(owners.map((owner) => owner.toLowerCase())).map((owner) => [owner]);
}

function signalsOf(
  sources: FactSources,
  {
    isReadable,
    exempted,
    limits,
  }: { isReadable: boolean; exempted: readonly Freeze[]; limits: Limits },
): Signal[] {
  const signals: Signal[] = [];
  if (sources.checks === 'failed') signals.push('checks-failed');
  if (sources.checks === 'unknown') signals.push('checks-unknown');
  if (!isReadable) signals.push('diff-unreadable');
  if (sources.editedPolicyProblem !== null) signals.push('edited-policy-invalid');
  if (exempted.length > 0) signals.push('freeze-exempted');
  if (limits.isOperationsAlarmed) signals.push('operations-over-bound');
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
  const folded = foldPath(path);
  const foldedNames = folded === path ? names : folded.split('/');
  const place: TouchedPath = { path, names, foldedNames, services: [], tiers: [], ownTiers: [] };
  const namesOf = (isIn: (patterns: TwinMatcher) => boolean) => {
    const services = [...matchers.services]
      .filter(([, patterns]) => isIn(patterns))
      .map(([name]) => name);
    const tiers = [...document.tiers]
      .filter(
        ([name, tier]) =>
          tier.services.some((service) => services.includes(service)) ||
          isIn(matchers.tierPaths.get(name)!),
      )
      .map(([name]) => name);
    return { services, tiers };
  };
  const ownTiers = namesOf(({ exact }) => exact(names)).tiers;
  return { ...place, ...namesOf((patterns) => touches(patterns, place)), ownTiers };
}

function tagsOf(change: {
  files: readonly TaggedFile[];
  touched: readonly TouchedPath[];
  sources: FactSources;
  everything: boolean;
  document: PolicyDocument;
}): Facts['tags'] {
  const { files, touched, sources, everything, document } = change;
  const found = new Set<Facts['tags'][number]>();
  for (const { file, tags } of files) {
    for (const tag of tags) found.add(tag);
    // Tags of where it was count too: an edit of the policy may come as a rename.
    if (file.oldPath !== undefined) for (const tag of tagsOfPath(file.oldPath)) found.add(tag);
    if (file.isSubmodule) found.add('submodule');
    else if (file.addedLines === null) found.add('binary');
    if (file.isSymlink === true) found.add('symlink');
    if (isPathTwin(file.path)) found.add('path-twin');
    const addsLines = file.status !== 'deleted' && (file.addedLines ?? 0) > 0;
    if (addsLines && tags.includes('tests')) found.add('tests-added');
    if (file.status === 'deleted' && tags.includes('tests')) found.add('tests-removed');
    // Under a name that no runner looks for, a test is as gone as a deleted one.
    const wasTest = file.status === 'renamed' && tagsOfPath(file.oldPath ?? '').includes('tests');
    if (wasTest && !tags.includes('tests')) found.add('tests-removed');
  }
  const { content = 'not-asked' } = sources;
  const contents = content === 'unread' ? CONTENT_TAGS : content === 'not-asked' ? [] : content;
  for (const tag of contents) found.add(tag);
  // What is not looked at one by one may be anything.
  if (everything) {
    for (const tag of ['auth', 'code', 'migration', 'unmapped'] as const) found.add(tag);
  }
  const maps = (name: string) => document.mappedBy === null || document.mappedBy.has(name);
  if (touched.some(({ services, tiers }) => ![...services, ...tiers].some(maps))) {
    found.add('unmapped');
  }
  if (sources.checks === 'passed') found.add('checks-passed');
  if (sources.marks?.includes('second-agent-review') === true) found.add('second-agent-review');
  if (files.length > 0 && !everything && changeClassOf(files.map(({ file }) => file)) !== 'code')
    found.add('no-production-code');
  if (files.length > 0 && !found.has('code')) {
    if (files.every(({ tags }) => tags.includes('docs'))) found.add('docs-only');
    if (files.every(({ tags }) => tags.includes('tests'))) found.add('tests-only');
  }
  return [...found].sort();
}

function countLines(
  files: readonly TaggedFile[],
): Pick<Facts, 'changedLines' | 'codeLinesAdded' | 'codeLinesDeleted' | 'lines'> {
  const none = () => ({ added: 0, deleted: 0 });
  const lines = { code: none(), tests: none(), docs: none(), config: none(), generated: none() };
  const sum = { changedLines: 0, codeLinesAdded: 0, codeLinesDeleted: 0, lines };
  for (const { file, tags } of files) {
    const unseen = HARMLESS_BINARY.test(file.path) && !file.isSubmodule ? 0 : UNSEEN_LINES;
    const added = file.addedLines ?? unseen;
    const deleted = file.deletedLines ?? 0;
    sum.changedLines += added + deleted;
    const kind = lines[kindOf(tags)];
    kind.added += added;
    kind.deleted += deleted;
    if (!tags.includes('code')) continue;
    sum.codeLinesAdded += added;
    sum.codeLinesDeleted += deleted;
  }
  return sum;
}

function kindOf(tags: readonly RuleTag[]): LineKind {
  const kinds = ['generated', 'tests', 'docs', 'config'] as const;
  return kinds.find((kind) => tags.includes(kind)) ?? 'code';
}

/** A grant covers a change only as a whole: one file outside, and it does not apply. */
function coveringGrants(
  document: PolicyDocument,
  matchers: DocumentMatchers,
  touched: readonly TouchedPath[],
): string[] {
  if (touched.length === 0) return [];
  return allGrants(document)
    .filter((grant) => {
      const { exact } = matchers.grants.get(grant.id)!;
      return touched.every(
        ({ names, ownTiers }) =>
          exact(names) || ownTiers.some((tier) => grant.tiers.includes(tier)),
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
  const { validForMs } = document.approvals;
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
