/**
 * What of a verdict belongs to a line of the change: the rules that fired, at the files that made them
 * fire, and what the text of the patch gave away. Pure.
 */
import type { FileChange } from '#git';
import { BUILT_IN_RULES } from './built-in.ts';
import type { Condition, PolicyDocument } from './document.ts';
import { type DocumentMatchers, touchesAny } from './facts.ts';
import type { ContentFinding, ContentTag, readPatch } from './patch-facts.ts';
import type { DecidingRule, Decision } from './schema.ts';
import { tagsOfPath } from './tags.ts';

export interface LineRemark {
  path: string;
  /** In the head, from 1. */
  line: number;
  level: 'notice' | 'warning' | 'failure';
  title: string;
  /** Plain text. */
  message: string;
}

/** As many as GitHub takes in one request, and more than anybody reads. */
export const MAX_REMARKS = 50;
const FILES_PER_RULE = 5;
const PER_TAG = 15;

const FOUND: Record<ContentTag, Pick<LineRemark, 'level' | 'title' | 'message'>> = {
  secrets: {
    level: 'failure',
    title: 'This looks like a secret',
    message: 'Take it out and make it invalid where it counts: what was pushed once is known.',
  },
  'tests-removed': {
    level: 'warning',
    title: 'Tests are taken away here',
    message: 'More test cases go from this file than come into it.',
  },
  'tests-weakened': {
    level: 'warning',
    title: 'Tests are weakened here',
    message: 'A test is skipped, or more assertions go from this file than come into it.',
  },
  'public-api': {
    level: 'notice',
    title: 'Others may call this',
    message: 'An exported signature goes or changes here.',
  },
};

/** The gravest first, at most `MAX_REMARKS`; a deleted file has no line to point at. */
export function remarksOnLines(
  decision: Pick<Decision, 'rules'>,
  change: { files: readonly FileChange[] } & ReturnType<typeof readPatch>,
  policy: { document: PolicyDocument; matchers: DocumentMatchers },
): LineRemark[] {
  const { files, findings, firstLines } = change;
  const present = files.filter(({ status }) => status !== 'deleted').map(({ path }) => path);
  const rank = { failure: 0, warning: 1, notice: 2 } as const;
  const known = new Set(present);
  return [
    ...findingRemarks(findings.filter(({ path }) => known.has(path))),
    ...decision.rules
      .filter(({ kind, isMet }) => !isMet && (kind === 'requirement' || kind === 'hold'))
      .flatMap((rule) => ruleRemarks(rule, { present, firstLines }, policy)),
  ]
    .toSorted((a, b) => rank[a.level] - rank[b.level])
    .slice(0, MAX_REMARKS);
}

function findingRemarks(findings: readonly ContentFinding[]): LineRemark[] {
  const byTag = Map.groupBy(findings, ({ tag }) => tag);
  return [...byTag.values()].flatMap((all) =>
    all.slice(0, PER_TAG).map(({ tag, path, line }) => ({ path, line, ...FOUND[tag] })),
  );
}

function ruleRemarks(
  rule: DecidingRule,
  { present, firstLines }: { present: readonly string[]; firstLines: ReadonlyMap<string, number> },
  { document, matchers }: { document: PolicyDocument; matchers: DocumentMatchers },
): LineRemark[] {
  const when = [...document.rules, ...BUILT_IN_RULES].find(({ id }) => id === rule.id)?.when;
  if (when === undefined) return [];
  const place = rule.line === 0 ? 'a rule that is built in' : `${rule.file}:${rule.line}`;
  return present
    .filter((path) => isWhy(path, rule.id, when, matchers))
    .slice(0, FILES_PER_RULE)
    .map((path) => ({
      path,
      line: firstLines.get(path) ?? 1,
      level: rule.kind === 'hold' ? 'failure' : 'warning',
      title: `${rule.id} (${place})`,
      message: `${rule.because} ${rule.kind === 'hold' ? 'It may not land.' : asks(rule)}`,
    }));
}

/** Whether the file alone is a reason: of conditions on the whole change, no file is. */
function isWhy(path: string, id: string, when: Condition, matchers: DocumentMatchers): boolean {
  if (when.paths.length > 0) return touchesAny(matchers.rules, path).includes(id);
  if (when.tags.length > 0) return tagsOfPath(path).some((tag) => when.tags.includes(tag));
  if (when.services.length > 0)
    return touchesAny(matchers.services, path).some((name) => when.services.includes(name));
  if (when.tiers.length > 0)
    return touchesAny(matchers.tierPaths, path).some((name) => when.tiers.includes(name));
  if (when.data.length > 0)
    return touchesAny(matchers.data, path).some((name) => when.data.includes(name));
  return false;
}

function asks({ reviewers, from }: DecidingRule): string {
  if (reviewers === 0) return 'It is not met yet.';
  const who = from.length === 0 ? '' : ` of ${from.join(', ')}`;
  return `It asks for ${reviewers} ${reviewers === 1 ? 'reviewer' : 'reviewers'}${who}.`;
}
