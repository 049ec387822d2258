/**
 * The verdict: policy and facts in, lane, outcome and reasons out. Pure, so that the same facts under
 * the same policy give the same bytes on any day, and any doubt of the engine holds the change.
 */
import { type Group, matchApprovers, peopleNeeded, type Requirement } from './approvers.ts';
import { BUILT_IN_FILE, BUILT_IN_RULES } from './built-in.ts';
import { type CedarAnswer, type CedarSet, evaluateCedar } from './cedar-engine.ts';
import {
  attributesOf,
  type CompiledPolicy,
  DEFAULT_RULE,
  narrowingRule,
  ruleOfFreeze,
} from './compile.ts';
import { type Grant, LOCAL_OF_OWNER, NO_REQUIREMENT, type Rule } from './document.ts';
import { Facts } from './facts.ts';
import { scoreRisk } from './risk.ts';
import { type DecidingRule, type Decision, LANES, type Lane } from './schema.ts';
import { toMoment } from './zoned-time.ts';

export type Verdict = Pick<
  Decision,
  'lane' | 'outcome' | 'rules' | 'score' | 'factors' | 'missing'
>;

type FiredRule = Omit<Rule, 'when'>;

type Scored = Pick<Verdict, 'score' | 'factors'>;

/**
 * `scored` is given by examples of a policy file, which say the score themselves. There is always a
 * verdict: what fails while judging holds the change, in the words of the failure.
 */
export function judge(policy: CompiledPolicy, facts: Facts, scored?: Scored): Verdict {
  try {
    // Not all facts go through the engine, which checks those it gets.
    if (!Facts.safeParse(facts).success) return heldByDoubt(policy, 'the facts are malformed');
    return judgeFacts(policy, facts, scored ?? scoreRisk(facts));
  } catch (error) {
    return heldByDoubt(policy, error instanceof Error ? error.message : 'unknown error');
  }
}

function judgeFacts(policy: CompiledPolicy, facts: Facts, { score, factors }: Scored): Verdict {
  const { document } = policy;
  if (!Number.isFinite(score)) return heldByDoubt(policy, 'the score is no number');
  const attributes = attributesOf(facts, score);
  const ask = (set: CedarSet, met: readonly string[]): CedarAnswer =>
    evaluateCedar(set, {
      principal: { type: 'Author', id: facts.authorKind },
      action: 'ship',
      resource: { type: 'Change', id: 'change', attributes },
      context: { met: met.map((id) => ({ __entity: { type: 'Rule', id } })) },
    });

  const rules = new Map(allRules(policy).map((rule) => [rule.id, rule] as const));
  const open = ask(policy.cedar, []);
  const fired = open.isAllowed
    ? []
    : open.reasons.flatMap((id) => rules.get(id) ?? []).sort(byPlace);
  const holds = fired.filter(({ isHold }) => isHold);
  const requirements = fired.filter(({ isHold }) => !isHold);
  // Whether a rule fires does not depend on what is met, so the whole set is asked once. With every
  // rule out of the way, what permits is a grant.
  const granted = ask(policy.permits, []);
  const grants = document.grants
    .filter(({ id }) => holds.length === 0 && granted.reasons.includes(id))
    .sort(byPlace);

  const asked: Requirement[] = [...requirements];
  const usesDefault = grants.length === 0;
  if (usesDefault && document.defaultLane !== 'hold') {
    const reviewers = document.defaultLane === 'two-person' ? 2 : 1;
    asked.unshift({ ...NO_REQUIREMENT, id: DEFAULT_RULE, reviewers });
  }
  const { owners, downstreamOwners, experts, deployers } = facts;
  const { teams, roles } = document;
  const sources = { owners, downstreamOwners, experts, deployers, teams, roles };
  const groups = matchApprovers(asked, facts.approvals, sources);
  const ticketless = requirements.filter(({ needsTicket }) => needsTicket && !facts.hasTicket);
  const met = groups
    .filter(({ isMet }) => isMet)
    .flatMap(({ ids }) => ids)
    .filter((id) => !ticketless.some((rule) => rule.id === id));
  const final = met.length > 0 ? ask(policy.permits, met) : granted;
  const isCleared =
    final.isAllowed && holds.length === 0 && requirements.every(({ id }) => met.includes(id));

  const errors = [...open.errors, ...granted.errors, ...final.errors];
  const isHeld =
    errors.length > 0 || holds.length > 0 || (usesDefault && document.defaultLane === 'hold');
  const lane = isHeld ? 'hold' : laneOf(peopleNeeded(groups), grants);
  return {
    lane,
    // An answer with an error beside it is held above, so this yes is a clean one.
    outcome: isHeld ? 'block' : isCleared ? 'ship' : 'escalate',
    rules: decidingRules({ policy, fired, grants, usesDefault, met, hasErrors: errors.length > 0 }),
    score,
    factors,
    missing:
      isCleared && !isHeld ? [] : missing({ groups, holds, ticketless, policy, facts, isHeld }),
  };
}

function heldByDoubt(policy: CompiledPolicy, reason: string): Verdict {
  const explanation = `Judging failed (${reason}), so it counts as the riskiest.`;
  return {
    lane: 'hold',
    outcome: 'block',
    rules: decidingRules({
      policy,
      fired: [],
      grants: [],
      usesDefault: false,
      met: [],
      hasErrors: true,
    }),
    score: 100,
    factors: [{ name: 'engine-doubt', value: true, points: 100, explanation }],
    missing: [{ rule: 'built-in.engine-doubt', what: explanation, who: [] }],
  };
}

/** Every rule that can fire, with where it is written. */
function allRules({ document }: CompiledPolicy): FiredRule[] {
  return [
    ...BUILT_IN_RULES,
    ...document.rules,
    ...document.freezes.map(ruleOfFreeze),
    ...(document.narrowing === null ? [] : [narrowingRule(document)]),
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
  grants: readonly Grant[];
  usesDefault: boolean;
  met: readonly string[];
  hasErrors: boolean;
}): DecidingRule[] {
  const { document } = verdict.policy;
  const rules: DecidingRule[] = verdict.grants.map(({ id, file, line, because }) => ({
    id,
    file,
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
      file: document.defaultFile,
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

function missing(open: {
  groups: readonly Group[];
  holds: readonly FiredRule[];
  ticketless: readonly FiredRule[];
  policy: CompiledPolicy;
  facts: Facts;
  isHeld: boolean;
}): Verdict['missing'] {
  const { groups, holds, ticketless, policy, facts, isHeld } = open;
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
  const consents = groups
    // Whoever gives the named consents is also "any approver": asking twice would only confuse.
    .filter(({ isMet, from, reviewers }) => !isMet && (from.length > 0 || reviewers > named))
    .map(({ ids, reviewers, from }) => {
      const who = [...new Set(from.flatMap((source) => peopleBehind(source, facts)))];
      const sources = from.length === 0 ? 'any approver' : from.map(inWords).join(' or ');
      const people = reviewers === 1 ? '1 approval' : `${reviewers} approvals of different people`;
      return { rule: ids.join(', '), what: `${people} from ${sources}`, who };
    });
  const tickets = ticketless.map(({ id }) => ({
    rule: id,
    what: 'a work item or ticket, named in the title, the branch or a trailer',
    who: [],
  }));
  return [...held, ...consents, ...tickets];
}

/** `role:approver` reads `role approver`, `person:ada@acme.example` only the address. */
function inWords(source: string): string {
  if (source === 'owners') return 'its owners';
  if (source === 'expertise') return 'somebody who knows these files';
  if (source === 'owners-of-downstream') return 'owners of services that depend on it';
  return source.replace(/^person:/, '').replace(':', ' ');
}

/** Whom to ask: the people a source stands for here, else the source itself. */
function peopleBehind(source: string, facts: Facts): string[] {
  if (source === 'owners') return [...new Set(facts.owners.flat())].sort();
  if (source === 'owners-of-downstream') return facts.downstreamOwners.flat();
  if (source === 'expertise') return [...facts.experts];
  return [source];
}

/** What ends a hold, in words. */
function wayOut(id: string, because: string, policy: CompiledPolicy, facts: Facts): string {
  const freeze = policy.document.freezes.find((each) => each.id === id);
  if (freeze !== undefined) {
    const { span, zone } = freeze;
    return span.kind === 'once' && zone !== LOCAL_OF_OWNER
      ? `The freeze ends at ${toMoment(span.to, zone).toISOString()}. ${because}`
      : `The end of the freeze. ${because}`;
  }
  if (id === 'built-in.checks-failed') return 'Checks that pass on this commit.';
  if (id === 'built-in.edited-policy-invalid')
    return `A valid policy file. ${facts.note ?? ''}`.trim();
  return because;
}
