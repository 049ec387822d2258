/**
 * What loads and is a mistake all the same: rules that never fire, rules another one makes idle, and
 * grants a rule undoes. Remarks, not problems: only history can prove some of them, and a leader may
 * write a rule for what is still to come. Pure.
 */
import {
  type Condition,
  NO_CONDITION,
  type PolicyDocument,
  type Rule,
  type Threshold,
} from './document.ts';
import { allGrants } from './facts.ts';

export interface PolicyRemark {
  file: string;
  line: number;
  rule: string;
  kind: 'never-fires' | 'shadowed' | 'no-effect' | 'no-paths';
  message: string;
}

/** Pairs are compared; more rules than this and only the single ones are looked at. */
const MAX_COMPARED = 600;

export function lintPolicy(document: PolicyDocument): PolicyRemark[] {
  return [
    ...document.rules.flatMap((rule) => neverFires(rule, document)),
    ...(document.rules.length <= MAX_COMPARED ? shadowed(document.rules) : []),
    ...idleGrants(document),
    ...emptyServices(document),
  ];
}

function remark(
  { file, line, id }: Pick<Rule, 'file' | 'line' | 'id'>,
  kind: PolicyRemark['kind'],
  message: string,
): PolicyRemark {
  return { file, line, rule: id, kind, message };
}

function neverFires(rule: Rule, document: PolicyDocument): PolicyRemark[] {
  const { when } = rule;
  const reason =
    tooHighScore(when.score) ??
    impossibleCount(when.serviceCount, document.services.size, 'services') ??
    impossibleCount(
      when.downstream,
      Math.max(0, document.services.size - 1),
      'services downstream',
    ) ??
    servicesWithoutPaths(when, document) ??
    tiersApart(when, document);
  return reason === undefined
    ? []
    : [remark(rule, 'never-fires', `Rule ${rule.id} can never fire: ${reason}.`)];
}

function tooHighScore(score: Threshold | null): string | undefined {
  if (score === null || leastOf(score) <= 100) return undefined;
  return `a score is at most 100`;
}

function impossibleCount(
  threshold: Threshold | null,
  most: number,
  what: string,
): string | undefined {
  if (threshold === null || leastOf(threshold) <= most) return undefined;
  return `there are only ${most} ${what}`;
}

function servicesWithoutPaths(when: Condition, { services }: PolicyDocument): string | undefined {
  if (when.services.length === 0) return undefined;
  const isEmpty = when.services.every((name) => services.get(name)?.paths.length === 0);
  return isEmpty ? `no path belongs to ${when.services.join(', ')}` : undefined;
}

/** A service and a tier may both be named; if no service of the tier and no path is left, nothing fits. */
function tiersApart(when: Condition, { tiers }: PolicyDocument): string | undefined {
  if (when.tiers.length === 0) return undefined;
  const isEmpty = when.tiers.every((name) => {
    const tier = tiers.get(name);
    return tier !== undefined && tier.services.length + tier.paths.length === 0;
  });
  return isEmpty ? `nothing is in ${when.tiers.join(', ')}` : undefined;
}

/** The smallest whole number that passes. */
function leastOf({ operator, value }: Threshold): number {
  return operator === '>' ? value + 1 : value;
}

/** A rule is idle where another asks at least as much of at least the same changes. */
function shadowed(rules: readonly Rule[]): PolicyRemark[] {
  return rules.flatMap((rule, index) => {
    const other = rules.find(
      (each, at) =>
        at !== index &&
        covers(each.when, rule.when) &&
        asksAsMuch(each, rule) &&
        // Of two equal rules the later one is the idle one.
        (at < index || !(covers(rule.when, each.when) && asksAsMuch(rule, each))),
    );
    return other === undefined
      ? []
      : [
          remark(
            rule,
            'shadowed',
            `Rule ${rule.id} adds nothing: ${other.id} (line ${other.line}) asks as much of all its changes.`,
          ),
        ];
  });
}

/** True when every change of `narrow` is one of `wide`. */
function covers(wide: Condition, narrow: Condition): boolean {
  const isWithin = (outer: readonly string[], inner: readonly string[]) =>
    outer.length === 0 || (inner.length > 0 && inner.every((name) => outer.includes(name)));
  return (
    isWithin(wide.paths, narrow.paths) &&
    isWithin(wide.services, narrow.services) &&
    isWithin(wide.tiers, narrow.tiers) &&
    isWithin(wide.data, narrow.data) &&
    isWithin(wide.tags, narrow.tags) &&
    isWithin(wide.authors, narrow.authors) &&
    isWithin(wide.labels, narrow.labels) &&
    isWithin(wide.priorities, narrow.priorities) &&
    (['changedLines', 'files', 'score', 'serviceCount', 'downstream'] as const).every((fact) => {
      const outer = wide[fact];
      const inner = narrow[fact];
      return outer === null || (inner !== null && leastOf(inner) >= leastOf(outer));
    })
  );
}

function asksAsMuch(strict: Rule, mild: Rule): boolean {
  if (strict.isHold) return true;
  if (mild.isHold || strict.reviewers < mild.reviewers) return false;
  if (mild.needsTicket && !strict.needsTicket) return false;
  if (mild.excludesDeployer && !strict.excludesDeployer) return false;
  if (mild.from.length === 0) return true;
  return strict.from.length > 0 && strict.from.every((source) => mild.from.includes(source));
}

/** A grant for a tier that a rule always holds or asks a reviewer for ships nothing. */
function idleGrants(document: PolicyDocument): PolicyRemark[] {
  return allGrants(document).flatMap((grant) => {
    const always = document.rules.find(
      ({ when, reviewers, isHold }) =>
        (isHold || reviewers > 0) &&
        grant.paths.length === 0 &&
        grant.tiers.length > 0 &&
        covers(when, { ...NO_CONDITION, tiers: grant.tiers }),
    );
    if (always !== undefined) {
      return [
        remark(
          grant,
          'no-effect',
          `${grant.id} lets nothing ship alone: ${always.id} (line ${always.line}) asks people for all of it.`,
        ),
      ];
    }
    const isClosed =
      grant.dailyPerService === 0 || (grant.dailyPerAgent === 0 && grant.allowsAgents);
    return isClosed
      ? [remark(grant, 'no-effect', `${grant.id} has a budget of nothing a day.`)]
      : [];
  });
}

/** Services the tiers name and no path belongs to: their changes are in no tier. */
function emptyServices(document: PolicyDocument): PolicyRemark[] {
  return [...document.tiers].flatMap(([tier, { services }]) =>
    services
      .filter((name) => document.services.get(name)?.paths.length === 0)
      .map((name) => ({
        file: document.file,
        line: 1,
        rule: `tiers.${tier}`,
        kind: 'no-paths' as const,
        message: `No path belongs to ${name} of ${tier}: say where it is under services, or in the catalog.`,
      })),
  );
}
