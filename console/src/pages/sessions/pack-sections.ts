/** The sections of the text an agent reads, with the kinds of item in each. */
import type { PackItem } from '../../api/types.ts';

export interface PackSection {
  title: string;
  colour: string;
  items: PackItem[];
}

const SECTIONS: readonly { title: string; kinds: readonly string[]; colour: string }[] = [
  { title: 'Must know', kinds: ['rule', 'control', 'decision'], colour: 'var(--bad-strong)' },
  { title: 'Lessons', kinds: ['lesson'], colour: 'var(--caution-strong)' },
  { title: 'Likely files', kinds: ['file'], colour: 'var(--info-strong)' },
  { title: 'Usually changes with them', kinds: ['companion'], colour: 'var(--watch-strong)' },
  { title: 'Owners and reviewers', kinds: ['owner', 'person'], colour: 'var(--good-strong)' },
  {
    title: 'Open work and recent changes',
    kinds: ['collision', 'change'],
    colour: 'var(--warn-strong)',
  },
  { title: 'Incidents', kinds: ['incident'], colour: 'var(--bad)' },
  { title: 'Documents', kinds: ['document'], colour: 'var(--neutral-strong)' },
  { title: 'No longer so', kinds: ['warning'], colour: 'var(--neutral)' },
];

/** Items by section, in the order of the text; empty sections are left out. */
export function toSections(items: readonly PackItem[]): PackSection[] {
  return SECTIONS.map(({ title, colour, kinds }) => ({
    title,
    colour,
    items: items.filter(({ kind }) => kinds.includes(kind)),
  })).filter((section) => section.items.length > 0);
}
