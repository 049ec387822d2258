/** Runbooks and postmortems: what they are told by, and what a postmortem says in its sections. */
import { shorten } from '../../tokens.ts';
import type { DocumentForm, Section } from './document.ts';

const POSTMORTEM =
  /(?:^|\/)(?:post-?mortems?|incidents?|incident-reports?|rca)\/[^/]+|post-?mortem|incident-report/i;
const RUNBOOK = /(?:^|\/)(?:run-?books?|playbooks?|oncall|on-call)\/|run-?book|playbook/i;
const NOT_ONE = /(?:^|\/)(?:readme|index|template|[\w-]*template)\.\w+$/i;

/** Headings by which a field is known, best first. */
const FIELDS: readonly (readonly [string, RegExp])[] = [
  ['impact', /^(?:customer |user |business )?impact\b|^what was affected|^severity and impact/i],
  ['trigger', /^triggers?\b|^what triggered|^detonator/i],
  ['rootCause', /^root[- ]causes?\b|^causes?\b|^contributing factors?|^why did|^what went wrong/i],
  [
    'actions',
    /^(?:corrective |follow[- ]?up |preventive )?action(?: items?)?s?\b|^follow[- ]?ups?\b|^remediations?|^next steps/i,
  ],
  ['detection', /^detection\b|^how (?:was it|did we) (?:detect|find|notice)/i],
  ['resolution', /^resolution\b|^mitigation|^how (?:was it|did we) (?:fix|resolve)/i],
];
const MAX_FIELD = 600;

export function operationsForm(path: string, sections: readonly Section[]): DocumentForm {
  if (NOT_ONE.test(path)) return 'page';
  const fields = Object.keys(postmortemFields(sections));
  if (
    POSTMORTEM.test(path) ? fields.length > 0 : fields.includes('rootCause') && fields.length >= 3
  ) {
    return 'postmortem';
  }
  return RUNBOOK.test(path) ? 'runbook' : 'page';
}

/** Impact, trigger, root cause and actions, in the document's own words, each in short. */
export function postmortemFields(sections: readonly Section[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { heading, text } of sections) {
    const title = heading
      .split(' > ')
      .at(-1)!
      .replace(/^[\d.)\s]+/, '');
    const field = FIELDS.find(([, pattern]) => pattern.test(title))?.[0];
    if (field === undefined || fields[field] !== undefined) continue;
    const body = text.slice(text.indexOf('\n') + 1).trim();
    if (body !== '' && text.includes('\n')) fields[field] = shorten(body, MAX_FIELD);
  }
  return fields;
}
