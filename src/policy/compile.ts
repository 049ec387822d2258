/**
 * A policy document as Cedar policies. A grant is a permit; a rule is a forbid unless its id is among
 * those met, and carries the leader's line and words as annotations. Cedar answers with every forbid
 * that holds, so one evaluation gives the lane and all its reasons. Every name a policy may compare
 * with is a member of an enumeration: a misspelt one is refused when the set is validated.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '#kernel';
import { BUILT_IN_RULES, ENGINE_VERSION, SIGNALS } from './built-in.ts';
import { type CedarSet, validateCedarSet } from './cedar-engine.ts';
import {
  type Condition,
  type Freeze,
  type Grant,
  NO_REQUIREMENT,
  type PolicyDocument,
  type Rule,
} from './document.ts';
import { allGrants, createDocumentMatchers, type DocumentMatchers, type Facts } from './facts.ts';
import { GRANT_TAGS, RULE_TAGS } from './tags.ts';
import { WORK_PRIORITIES } from './work-facts.ts';

export const DEFAULT_RULE = 'default';
/** Fires where a repository grants things and none of its grants covers the change. */
export const NARROWING_RULE = 'repository.grants';

export interface CompiledPolicy {
  document: PolicyDocument;
  matchers: DocumentMatchers;
  cedar: CedarSet;
  /** The permits alone: what grants something once no rule is in the way. */
  permits: CedarSet;
  /** SHA-256 of what the verdict depends on, first 16 hex digits. */
  version: string;
}

/** Compiles a document. `text` is what it was read from, so that any edit is a new version. */
export function compilePolicy(document: PolicyDocument, text: string): CompiledPolicy {
  const policies = policiesOf(document);
  const schema = schemaOf(document);
  const schemaId = `schema-${sha256(schema)}`;
  const grants = new Set([DEFAULT_RULE, ...document.grants.map(({ id }) => id)]);
  const permits = Object.fromEntries(Object.entries(policies).filter(([id]) => grants.has(id)));
  const named = (all: Record<string, string>): CedarSet => ({
    id: `policy-${sha256(canonicalJson([schema, all]))}`,
    schema,
    schemaId,
    policies: all,
  });
  return {
    document,
    matchers: createDocumentMatchers(document),
    cedar: named(policies),
    permits: named(permits),
    version: sha256(`${ENGINE_VERSION}\n${text}`).slice(0, 16),
  };
}

/** Why a compiled policy cannot be trusted, by line of the file; empty when it can. */
export function compileProblems(policy: CompiledPolicy): { line: number; message: string }[] {
  const lines = new Map(
    [...policy.document.rules, ...allGrants(policy.document), ...policy.document.freezes].map(
      ({ id, line }) => [id, line] as const,
    ),
  );
  return validateCedarSet(policy.cedar).map(({ policy: id, message }) => ({
    line: (id === null ? undefined : lines.get(id)) ?? 1,
    message,
  }));
}

function policiesOf(document: PolicyDocument): Record<string, string> {
  const policies: Record<string, string> = {
    // Where no grant applies, the default lane asks for its people; when they are there, it may land.
    [DEFAULT_RULE]: `permit(principal, action == Action::"ship", resource)
when { ${isMet(DEFAULT_RULE)} };`,
  };
  for (const grant of document.grants) policies[grant.id] = permitOf(grant);
  for (const rule of BUILT_IN_RULES) {
    const signal = rule.signal === null ? [] : [has('signals', 'Signal', rule.signal)];
    policies[rule.id] = forbidOf(rule, [...conditionsOf(rule.id, rule.when), ...signal]);
  }
  for (const rule of document.rules) {
    policies[rule.id] = forbidOf(rule, conditionsOf(rule.id, rule.when));
  }
  for (const freeze of document.freezes) {
    policies[freeze.id] = forbidOf(ruleOfFreeze(freeze), [has('freezes', 'Freeze', freeze.id)]);
  }
  if (document.narrowing !== null) {
    const granted = document.narrowing.map((grant) => `(${grantConditions(grant).join(' && ')})`);
    policies[NARROWING_RULE] = forbidOf(narrowingRule(document), [`!(${granted.join(' || ')})`]);
  }
  return policies;
}

/** A freeze as the rule it is while it holds. */
export function ruleOfFreeze({ id, file, line, because, lane }: Freeze): Omit<Rule, 'when'> {
  const reviewers = { hold: 0, 'one-reviewer': 1, 'two-person': 2 }[lane];
  return { ...NO_REQUIREMENT, id, file, line, because, isHold: lane === 'hold', reviewers };
}

/** What a change needs that the organisation grants and the repository does not. */
export function narrowingRule({ file, narrowing }: PolicyDocument): Omit<Rule, 'when'> {
  return {
    ...NO_REQUIREMENT,
    id: NARROWING_RULE,
    file,
    line: narrowing?.[0]?.line ?? 1,
    because: 'The repository’s own file grants less than the organisation.',
    reviewers: 1,
  };
}

function grantConditions(grant: Grant): string[] {
  const isAgent = 'principal == Author::"agent"';
  return [
    has('matches', 'Match', grant.id),
    'resource.score <= resource.ceiling',
    `(if resource.isHalved then resource.score <= ${Math.floor(grant.maxScore / 2)} else resource.score <= ${grant.maxScore})`,
    ...(grant.maxChangedLines === null
      ? []
      : [`resource.changedLines <= ${grant.maxChangedLines}`]),
    ...(grant.maxFiles === null ? [] : [`resource.files <= ${grant.maxFiles}`]),
    ...(grant.allowsAgents ? [] : [`!(${isAgent})`]),
    ...grant.needs.map((tag) => has('tags', 'Tag', tag)),
    ...(grant.agentNeeds.length === 0
      ? []
      : [
          `(!(${isAgent}) || (${grant.agentNeeds.map((tag) => has('tags', 'Tag', tag)).join(' && ')}))`,
        ]),
    ...(grant.dailyPerService === null && grant.dailyPerAgent === null
      ? []
      : [`!${has('exhausted', 'Match', grant.id)}`]),
  ];
}

function permitOf(grant: Grant): string {
  return `@line("${grant.line}") @because(${quote(grant.because)}) @lane(${quote(grant.lane)})
permit(principal, action == Action::"ship", resource) when { ${grantConditions(grant).join(' && ')} };`;
}

function forbidOf(
  rule: Pick<Rule, 'id' | 'file' | 'line' | 'because' | 'isHold' | 'reviewers' | 'from'>,
  conditions: readonly string[],
): string {
  const from = rule.from.length === 0 ? 'any approver' : rule.from.join(' or ');
  const requires = rule.isHold ? 'hold' : `${rule.reviewers} of ${from}`;
  const when = conditions.length === 0 ? '' : `\nwhen { ${conditions.join(' && ')} }`;
  return `@file(${quote(rule.file)}) @line("${rule.line}") @because(${quote(rule.because)}) @requires(${quote(requires)})
forbid(principal, action == Action::"ship", resource)${when}${rule.isHold ? '' : ` unless { ${isMet(rule.id)} }`};`;
}

function conditionsOf(id: string, when: Condition): string[] {
  // What is not known of the work may be anything, and then the rule holds.
  const ofWork = (clauses: string[]) =>
    clauses.length === 0 ? [] : anyOf(['resource.isWorkUnknown', ...clauses]);
  const anyOf = (clauses: string[]) => (clauses.length === 0 ? [] : [`(${clauses.join(' || ')})`]);
  return [
    ...(when.paths.length === 0 ? [] : [has('matches', 'Match', id)]),
    ...anyOf(when.services.map((name) => has('services', 'Service', name))),
    ...anyOf(when.tiers.map((name) => has('tiers', 'Tier', name))),
    ...anyOf(when.data.map((name) => has('data', 'Data', name))),
    ...anyOf(when.tags.map((name) => has('tags', 'Tag', name))),
    ...anyOf(when.authors.map((kind) => `principal == Author::${quote(kind)}`)),
    ...ofWork(when.labels.map((name) => `resource.labels.contains(${quote(name)})`)),
    ...ofWork(when.priorities.map((name) => has('priorities', 'Priority', name))),
    ...COUNTED.flatMap((fact) => {
      const threshold = when[fact];
      return threshold === null
        ? []
        : [`resource.${fact} ${threshold.operator} ${threshold.value}`];
    }),
  ];
}

function has(set: string, entity: string, name: string): string {
  return `resource.${set}.contains(${entity}::${quote(name)})`;
}

function isMet(id: string): string {
  return `context.met.contains(Rule::${quote(id)})`;
}

/** Facts that rules compare with a number. */
const COUNTED = ['changedLines', 'files', 'score', 'serviceCount', 'downstream'] as const;

/** The sets of a change and the enumeration each is drawn from. */
const ENTITY_OF_SET = {
  services: 'Service',
  tiers: 'Tier',
  data: 'Data',
  tags: 'Tag',
  matches: 'Match',
  exhausted: 'Match',
  freezes: 'Freeze',
  signals: 'Signal',
  priorities: 'Priority',
} as const;

function schemaOf(document: PolicyDocument): string {
  const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);
  const members: Record<string, readonly string[]> = {
    Author: ['human', 'assisted', 'agent'],
    Service: [...document.services.keys()],
    Tier: [...document.tiers.keys()],
    Data: [...document.data.keys()],
    Tag: [...RULE_TAGS, ...GRANT_TAGS],
    Match: [...ids(document.rules), ...ids(allGrants(document))],
    Freeze: ids(document.freezes),
    Signal: SIGNALS,
    Priority: WORK_PRIORITIES,
    Rule: [
      DEFAULT_RULE,
      NARROWING_RULE,
      ...ids(BUILT_IN_RULES),
      ...ids(document.rules),
      ...ids(document.freezes),
    ],
  };
  const enums = Object.entries(members).map(
    // An enumeration cannot be empty, so an impossible name stands in.
    ([name, list]) =>
      `entity ${name} enum [${(list.length === 0 ? ['-'] : list).map(quote).join(', ')}];`,
  );
  const sets = Object.entries(ENTITY_OF_SET).map(([set, entity]) => `${set}: Set<${entity}>`);
  return `${enums.join('\n')}
entity Change = { ${COUNTED.map((fact) => `${fact}: Long`).join(', ')}, ceiling: Long,
  isHalved: Bool, isWorkUnknown: Bool, labels: Set<String>, ${sets.join(', ')} };
action "ship" appliesTo { principal: [Author], resource: [Change], context: { met: Set<Rule> } };`;
}

/** A change's facts as the engine wants them. */
export function attributesOf(facts: Facts, score: number) {
  const members = (entity: string, names: readonly string[]) =>
    names.map((id) => ({ __entity: { type: entity, id } }));
  const { priority } = facts.work;
  const sets = { ...facts, priorities: priority === null ? [] : [priority] };
  return {
    changedLines: facts.changedLines,
    files: facts.files,
    // The engine counts in whole numbers; half a point more is more.
    score: Math.ceil(score),
    serviceCount: facts.services.length,
    downstream: facts.downstream.length,
    ceiling: facts.ceiling,
    // Without a record of their own, operations start with half of what a grant gives.
    isHalved: facts.isHalved || (facts.isCold && facts.changeClass === 'operations'),
    isWorkUnknown: facts.work.isUnknown,
    labels: facts.work.labels,
    ...Object.fromEntries(
      Object.entries(ENTITY_OF_SET).map(([set, entity]) => [
        set,
        members(entity, sets[set as keyof typeof ENTITY_OF_SET]),
      ]),
    ),
  };
}

/** A string literal of Cedar: as in JSON, but for how other characters are written. */
function quote(text: string): string {
  const escaped = text.replaceAll(/[\\"\p{Cc}]/gu, (character) =>
    character === '\\' || character === '"'
      ? `\\${character}`
      : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${escaped}"`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
