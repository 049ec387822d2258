/**
 * The verdict: policy and facts in, lane, outcome and reasons out. Pure, so that the same facts under
 * the same policy give the same bytes on any day, and any doubt of the engine holds the change.
 */
import { type Group, matchApprovers, peopleNeeded, type Requirement } from './approvers.ts';
import { BUILT_IN_FILE, BUILT_IN_RULES } from './built-in.ts';
import { type CedarAnswer, evaluateCedar } from './cedar-engine.ts';
import { attributesOf, type CompiledPolicy, DEFAULT_RULE } from './compile.ts';
import type { Facts } from './facts.ts';
import { scoreRisk } from './risk.ts';
import { type DecidingRule, type Decision, LANES, type Lane } from './schema.ts';

export type Verdict = Pick<
  Decision,
  'lane' | 'outcome' | 'rules' | 'score' | 'factors' | 'missing'
>;

interface FiredRule {
  id: string;
  file: string;
  line: number;
  because: string;
  isHold: boolean;
  reviewers: number;
  from: readonly string[];
}

export function judge(policy: CompiledPolicy, facts: Facts): Verdict {
  const { document } = policy;
  const { score, factors } = scoreRisk(facts);
  const attributes = attributesOf(facts, score);
  const ask = (met: readonly string[]): CedarAnswer =>
    evaluateCedar(policy.cedar, {
      principal: { type: 'Author', id: facts.authorKind },
      action: 'ship',
      resource: { type: 'Change', id: 'change', attributes },
      context: { met: met.map((id) => ({ __entity: { type: 'Rule', id } })) },
    });

  const rules = new Map(allRules(policy).map((rule) => [rule.id, rule] as const));
  const open = ask([]);
  const fired = open.isAllowed
    ? []
    : open.reasons.flatMap((id) => rules.get(id) ?? []).sort(byPlace);
  const holds = fired.filter(({ isHold }) => isHold);
  const requirements = fired.filter(({ isHold }) => !isHold);
  // With every requirement out of the way, what still permits is a grant, and what still forbids a hold.
  const needsClearing = requirements.length > 0 && document.grants.length > 0;
  const cleared = needsClearing ? ask(requirements.map(({ id }) => id)) : open;
  const grants = document.grants
    .filter(({ id }) => cleared.isAllowed && cleared.reasons.includes(id))
    .sort(byPlace);

  const asked: Requirement[] = requirements.map(({ id, reviewers, from }) => ({
    id,
    reviewers,
    from,
  }));
  const usesDefault = grants.length === 0;
  if (usesDefault && document.defaultLane !== 'hold') {
    const reviewers = document.defaultLane === 'two-person' ? 2 : 1;
    asked.unshift({ id: DEFAULT_RULE, reviewers, from: [] });
  }
  const groups = matchApprovers(asked, facts.approvals, facts.owners);
  const met = groups.filter(({ isMet }) => isMet).flatMap(({ ids }) => ids);
  const final = met.length > 0 ? ask(met) : open;

  const errors = [...open.errors, ...cleared.errors, ...final.errors];
  const isHeld =
    errors.length > 0 || holds.length > 0 || (usesDefault && document.defaultLane === 'hold');
  const lane = isHeld ? 'hold' : laneOf(peopleNeeded(groups), grants);
  return {
    lane,
    outcome: isHeld ? 'block' : final.isAllowed ? 'ship' : 'escalate',
    rules: decidingRules({ policy, fired, grants, usesDefault, met, hasErrors: errors.length > 0 }),
    score,
    factors,
    missing: final.isAllowed && !isHeld ? [] : missing(groups, holds, policy, facts, isHeld),
  };
}

/** Every rule that can fire, with where it is written. */
function allRules({ document }: CompiledPolicy): FiredRule[] {
  const within =
    (file: string) =>
    (rule: Omit<FiredRule, 'file'>): FiredRule => ({
      file,
      id: rule.id,
      line: rule.line,
      because: rule.because,
      isHold: rule.isHold,
      reviewers: rule.reviewers,
      from: rule.from,
    });
  const hold = { isHold: true, reviewers: 0, from: [] };
  const freezes = document.freezes.map(({ id, line, because }) => ({ id, line, because }));
  return [
    ...BUILT_IN_RULES.map(within(BUILT_IN_FILE)),
    ...document.rules.map(within(document.file)),
    ...freezes.map((freeze) => within(document.file)(Object.assign(freeze, hold))),
  ];
}

function byPlace(a: { id: string; line: number }, b: { id: string; line: number }): number {
  return a.line - b.line || (a.id < b.id ? -1 : 1);
}

function laneOf(people: number, grants: readonly { lane: Lane }[]): Lane {
  if (people >= 2) return 'two-person';
  if (people === 1) return 'one-reviewer';
  // Of several grants the one that asks more counts: nothing a leader writes is undone by another line.
  return LANES[Math.max(0, ...grants.map(({ lane }) => LANES.indexOf(lane)))] ?? 'hold';
}

function decidingRules(verdict: {
  policy: CompiledPolicy;
  fired: readonly FiredRule[];
  grants: CompiledPolicy['document']['grants'];
  usesDefault: boolean;
  met: readonly string[];
  hasErrors: boolean;
}): DecidingRule[] {
  const { document } = verdict.policy;
  const rules: DecidingRule[] = verdict.grants.map(({ id, line, because }) => ({
    id,
    file: document.file,
    line,
    because,
    kind: 'grant',
    reviewers: 0,
    from: [],
    isMet: true,
  }));
  if (verdict.usesDefault) {
    const reviewers = { 'one-reviewer': 1, 'two-person': 2, hold: 0 }[document.defaultLane];
    rules.push({
      id: DEFAULT_RULE,
      file: document.file,
      line: document.defaultLine,
      because: `No grant covers this change, so the default lane ${document.defaultLane} applies.`,
      kind: 'default',
      reviewers,
      from: [],
      isMet: verdict.met.includes(DEFAULT_RULE),
    });
  }
  for (const { id, file, line, because, isHold, reviewers, from } of verdict.fired) {
    const kind = isHold ? 'hold' : 'requirement';
    const isMet = verdict.met.includes(id);
    rules.push({ id, file, line, because, kind, reviewers, from: [...from], isMet });
  }
  if (verdict.hasErrors) {
    rules.push({
      id: 'built-in.engine-doubt',
      file: BUILT_IN_FILE,
      line: 0,
      because: 'The policy engine met an error, and what it cannot judge does not land.',
      kind: 'hold',
      reviewers: 0,
      from: [],
      isMet: false,
    });
  }
  return rules;
}

function missing(
  groups: readonly Group[],
  holds: readonly FiredRule[],
  policy: CompiledPolicy,
  facts: Facts,
  isHeld: boolean,
): Verdict['missing'] {
  const held = holds.map(({ id, because }) => ({
    rule: id,
    what: wayOut(id, because, policy, facts),
    who: [],
  }));
  if (isHeld && held.length === 0) {
    return [
      { rule: DEFAULT_RULE, what: 'The policy holds this change; change the policy.', who: [] },
    ];
  }
  const named = peopleNeeded(groups.filter(({ from }) => from.length > 0));
  const open = groups
    // Whoever gives the named consents is also "any approver": asking twice would only confuse.
    .filter(({ isMet, from, reviewers }) => !isMet && (from.length > 0 || reviewers > named))
    .map(({ ids, reviewers, from }) => {
      const who = from.includes('owners')
        ? [...from.filter((source) => source !== 'owners'), ...ownersToAsk(facts)]
        : [...from];
      const sources = from.length === 0 ? 'any approver' : from.map(inWords).join(' or ');
      const people = reviewers === 1 ? '1 approval' : `${reviewers} approvals of different people`;
      return { rule: ids.join(', '), what: `${people} from ${sources}`, who };
    });
  return [...held, ...open];
}

/** `role:approver` reads `role approver`, `person:ada@acme.example` only the address. */
function inWords(source: string): string {
  return source === 'owners' ? 'its owners' : source.replace(/^person:/, '').replace(':', ' ');
}

function ownersToAsk(facts: Facts): string[] {
  return [...new Set(facts.owners.flat())].sort();
}

/** What ends a hold, in words. */
function wayOut(id: string, because: string, policy: CompiledPolicy, facts: Facts): string {
  const freeze = policy.document.freezes.find((each) => each.id === id);
  if (freeze !== undefined) return `The freeze ends at ${freeze.to.toISOString()}. ${because}`;
  if (id === 'built-in.checks-failed') return 'Checks that pass on this commit.';
  if (id === 'built-in.edited-policy-invalid')
    return `A valid policy file. ${facts.note ?? ''}`.trim();
  return because;
}
