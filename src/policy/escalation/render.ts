/** A package as lines of text and as Markdown for a host's page. What people wrote stays text. Pure. */
import type { EscalationPackage, EscalationSlots } from './schema.ts';

/** One word each: they count. */
export const SLOT_LABELS: Readonly<Record<keyof EscalationSlots, string>> = {
  decision: 'Decide',
  whyYou: 'You',
  rules: 'Rules',
  risk: 'Risk',
  blastRadius: 'Reaches',
  hunks: 'Read',
  evidence: 'Evidence',
  provenance: 'From',
  rollback: 'Undo',
  actions: 'Answer',
};
const ORDER = Object.keys(SLOT_LABELS) as (keyof EscalationSlots)[];

/** All that is above the fold, one line per slot, in the order of the slots. */
export function foldLines(slots: EscalationSlots): string[] {
  return ORDER.map((name) => `${SLOT_LABELS[name]}: ${slots[name].text}`);
}

/** A comment for the page of the change. `inboxUrl` is where it is answered. */
export function renderEscalationMarkdown(
  { slots, headSha }: EscalationPackage,
  inboxUrl: string,
): string {
  const lines = ORDER.map((name) => `**${SLOT_LABELS[name]}:** ${lineOf(name, slots)}`);
  return [
    `### Review asked of ${escapeText(slots.whyYou.personName)}`,
    lines.join('  \n'),
    `<details><summary>More</summary>\n\n${details(slots)}\n\n</details>`,
    `Answer in [the inbox](${inboxUrl}) · commit \`${headSha.slice(0, 12)}\``,
  ].join('\n\n');
}

function lineOf(name: keyof EscalationSlots, slots: EscalationSlots): string {
  // A command must be copied as it is, so it stands in code.
  if (name === 'rollback') {
    const { command, text } = slots.rollback;
    return `${code(command)}${escapeText(text.slice(command.length))}`;
  }
  return escapeText(slots[name].text);
}

function details(slots: EscalationSlots): string {
  const rules = slots.rules.rules.map(
    ({ id, file, line, words }) =>
      `- ${code(id)} ${escapeText(words)} (${line === 0 ? 'built in' : code(`${file}:${line}`)})`,
  );
  const factors = slots.risk.factors.map(
    ({ name, points, explanation }) =>
      `- ${code(name)} ${Math.round(points * 10) / 10}: ${escapeText(explanation)}`,
  );
  const hunks = slots.hunks.hunks.map(
    ({ path, startLine, endLine, why }) =>
      `- ${code(`${path}:${startLine}-${endLine}`)} ${escapeText(why)}`,
  );
  const incidents = slots.evidence.incidents.map(
    ({ title, severity, at }) =>
      `- ${at.slice(0, 10)} ${escapeText(severity)}: ${escapeText(title)}`,
  );
  const sections: [string, string[]][] = [
    ['Rules', rules],
    ['Risk', factors],
    ['Hunks', hunks],
    ['Incidents', incidents],
    ['Undo', [`- ${escapeText(slots.blastRadius.reversibility.because)}`]],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `**${title}**\n${lines.join('\n')}`)
    .join('\n\n');
}

/** Nothing becomes a link, a mention, markup, or a reference to another item. */
function escapeText(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>#|~!&]/g, String.raw`\$&`)
    .replaceAll('@', '@\u{200B}')
    .replaceAll('://', ':\u{200B}//')
    .replaceAll(/\bwww\./gi, 'www\u{200B}.');
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll(/\s+/g, ' ')}\``;
}
