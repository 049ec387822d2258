/** A verdict in Markdown, as a host shows it. Pure. */
import type { VerdictReport } from '#connectors/contract';
import type { DecidingRule, Decision, Lane } from '#policy';
import type { Change } from '../schema.ts';

const MAX_FACTORS = 8;

const LANE_TITLES: Record<Lane, string> = {
  ship: 'Ships on its own',
  'ship-and-watch': 'Ships on its own, watched',
  'one-reviewer': 'Needs one reviewer',
  'two-person': 'Needs two people',
  hold: 'Held',
};

const CONCLUSIONS: Record<Decision['outcome'], VerdictReport['conclusion']> = {
  ship: 'success',
  escalate: 'action-required',
  block: 'failure',
};

export function renderVerdict(
  decision: Decision,
  change: Pick<Change, 'title' | 'authorKind'>,
): Pick<VerdictReport, 'title' | 'summary' | 'conclusion'> {
  const isReviewed = decision.outcome === 'ship' && !decision.lane.startsWith('ship');
  const title = isReviewed ? 'Reviewed: may merge' : LANE_TITLES[decision.lane];
  const sections = [
    `**${title}** · ${escapeText(change.title)}`,
    decision.missing.length === 0 ? '' : missingSection(decision),
    rulesSection(decision.rules),
    factorsSection(decision),
    footer(decision),
  ];
  return {
    title,
    summary: sections.filter((section) => section !== '').join('\n\n'),
    conclusion: CONCLUSIONS[decision.outcome],
  };
}

function missingSection({ missing }: Decision): string {
  const lines = missing.map(({ what, who }) => {
    const givers = who.length === 0 ? '' : `: ${who.map(code).join(', ')}`;
    return `- ${escapeText(what)}${givers}`;
  });
  return `### What is missing\n${lines.join('\n')}`;
}

function rulesSection(rules: readonly DecidingRule[]): string {
  if (rules.length === 0) return '';
  const lines = rules.map((rule) => {
    const place = rule.line === 0 ? 'built in' : `${rule.file}:${rule.line}`;
    return `| ${rule.isMet ? 'met' : 'open'} | ${code(rule.id)} | ${cell(rule.because)} | ${cell(place)} |`;
  });
  return `### Rules that decided\n| | rule | because | where |\n|---|---|---|---|\n${lines.join('\n')}`;
}

function factorsSection({ factors, score }: Decision): string {
  const heaviest = factors.toSorted((a, b) => b.points - a.points).slice(0, MAX_FACTORS);
  const lines = heaviest.map(
    ({ name, points, explanation }) => `| ${cell(name)} | ${points} | ${cell(explanation)} |`,
  );
  const table =
    lines.length === 0 ? '' : `\n| factor | points | why |\n|---|--:|---|\n${lines.join('\n')}`;
  return `### Risk: ${score} of 100${table}`;
}

function footer(decision: Decision): string {
  const { headSha, policySource, policyVersion, id } = decision;
  return `Commit ${code(headSha.slice(0, 12))} · policy ${code(policyVersion)} from ${code(policySource)} · decision ${code(id)}`;
}

/** Titles and reasons come from people: they must not become links, mentions or markup. */
function escapeText(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>#|~]/g, String.raw`\$&`)
    .replaceAll('@', '@\u{200B}');
}

function cell(text: string): string {
  return escapeText(text).slice(0, 300);
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '/').replaceAll(/\s+/g, ' ')}\``;
}
