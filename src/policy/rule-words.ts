/** What a rule, grant or freeze says, in one readable sentence: when it speaks and what it asks. Pure. */
import type { BuiltInRule } from './built-in.ts';
import type { Condition, Freeze, Grant, Rule, Threshold } from './document.ts';

/** `When data is pci: 2 people from team payments or role security; not who deploys.` */
export function ruleInWords(rule: Rule | BuiltInRule): string {
  const signal = 'signal' in rule && rule.signal !== null ? [readable(rule.signal)] : [];
  const when = [...conditionsOf(rule.when), ...signal];
  const asked = [
    ...(rule.isHold ? ['nobody lands it'] : []),
    ...(rule.reviewers > 0 && !rule.isHold
      ? [`${rule.reviewers === 1 ? '1 person' : `${rule.reviewers} people`}${sourcesOf(rule.from)}`]
      : []),
    ...(rule.needsTicket ? ['a ticket'] : []),
    ...(rule.excludesDeployer ? ['not who deploys it'] : []),
  ];
  return `${when.length === 0 ? 'Always' : `When ${when.join(' and ')}`}: ${asked.join('; ')}.`;
}

/** `All files in tier tier3 and risk at most 60: ship, with tests-added; at most 30 a day per service.` */
export function grantInWords(grant: Grant): string {
  const covered = [
    ...(grant.tiers.length > 0 ? [`tier ${grant.tiers.join(' or ')}`] : []),
    ...(grant.paths.length > 0 ? [grant.paths.join(', ')] : []),
  ];
  const limits = [
    `all files in ${covered.join(' or ')}`,
    `risk at most ${grant.maxScore}`,
    ...(grant.maxChangedLines === null ? [] : [`at most ${grant.maxChangedLines} changed lines`]),
    ...(grant.maxFiles === null ? [] : [`at most ${grant.maxFiles} files`]),
  ];
  const needs = grant.needs.length > 0 ? [`needs ${grant.needs.join(', ')}`] : [];
  const more = grant.agentNeeds.filter((need) => !grant.needs.includes(need));
  const agents = !grant.allowsAgents
    ? ['not for agents']
    : more.length > 0
      ? [`agents also need ${more.join(', ')}`]
      : ['agents too'];
  const budgets = [
    ...(grant.dailyPerService === null
      ? []
      : [`at most ${grant.dailyPerService} a day per service`]),
    ...(grant.dailyPerAgent === null ? [] : [`${grant.dailyPerAgent} a day per agent`]),
  ];
  const lane = grant.lane === 'ship' ? 'ships alone' : 'ships alone and is watched';
  return `With ${limits.join(' and ')}: ${[lane, ...needs, ...agents, ...budgets].join('; ')}.`;
}

/** `From 2026-12-18 00:00 to 2027-01-04 08:00 (Europe/Berlin), tier tier0: hold; except hotfix.` */
export function freezeInWords(freeze: Freeze): string {
  const where = [
    ...(freeze.services.length > 0 ? [`service ${freeze.services.join(' or ')}`] : []),
    ...(freeze.tiers.length > 0 ? [`tier ${freeze.tiers.join(' or ')}`] : []),
    ...freeze.paths,
  ];
  const zone = freeze.zone === 'local-of-owner' ? 'where the owners are' : freeze.zone;
  const lane = { hold: 'nothing lands', 'one-reviewer': '1 person', 'two-person': '2 people' };
  const except = freeze.except.length > 0 ? `; except ${freeze.except.join(', ')}` : '';
  const what = where.length === 0 ? 'everything' : where.join(' or ');
  return `${spanInWords(freeze)} (${zone}), ${what}: ${lane[freeze.lane]}${except}.`;
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function spanInWords({ span }: Freeze): string {
  switch (span.kind) {
    case 'once':
      return `From ${wallClock(span.from)} to ${wallClock(span.to)}`;
    case 'weekly':
      return `Every ${weekTime(span.weekly.start)} to ${weekTime(span.weekly.end)}`;
    case 'cron':
      return `At ${span.pattern} for ${Math.round(span.forMs / 3_600_000)} h`;
  }
}

function wallClock(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

function weekTime(minutes: number): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  const ofDay = minutes % 1440;
  const name = DAYS[Math.floor(minutes / 1440) % 7];
  return `${name} ${pad(Math.floor(ofDay / 60))}:${pad(ofDay % 60)}`;
}

function conditionsOf(when: Condition): string[] {
  const oneOf = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${what} ${names.join(' or ')}`];
  const compared = (what: string, threshold: Threshold | null) =>
    threshold === null
      ? []
      : [`${what} ${threshold.operator === '>' ? 'over' : 'at least'} ${threshold.value}`];
  return [
    ...oneOf('it touches', when.paths),
    ...oneOf('the service is', when.services),
    ...oneOf('the tier is', when.tiers),
    ...oneOf('data is', when.data),
    ...oneOf('it is marked', when.tags),
    ...oneOf('the author is', when.authors),
    ...oneOf('its work is labelled', when.labels),
    ...oneOf('the priority of its work is', when.priorities),
    ...compared('changed lines are', when.changedLines),
    ...compared('files are', when.files),
    ...compared('risk is', when.score),
    ...compared('services are', when.serviceCount),
    ...compared('services downstream are', when.downstream),
  ];
}

function sourcesOf(from: readonly string[]): string {
  if (from.length === 0) return '';
  return ` from ${from.map((each) => (each.includes(':') ? each.replace(/^(person|email):/, '').replace(':', ' ') : readable(each))).join(' or ')}`;
}

function readable(name: string): string {
  return name.replaceAll('-', ' ');
}
