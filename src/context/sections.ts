/** The sections of a pack, in the order an agent reads them. */
import { assert } from '#kernel';
import type { PackItem } from './schema.ts';

export interface PackSection {
  heading: string;
  kinds: readonly PackItem['kind'][];
  /** Letter of the item ids. */
  letter: string;
  /** Taken before sections compete by score, as long as they fit. */
  floor: number;
  limit: number;
  /** Whose floor goes first when not all fit: 1 is first. */
  turn: number;
  /** An item here is its words: it is told with them or not at all. */
  needsText: boolean;
}

export const SECTIONS: readonly PackSection[] = [
  {
    heading: 'Must know',
    kinds: ['rule', 'control', 'decision'],
    letter: 'r',
    floor: 2,
    limit: 5,
    turn: 3,
    needsText: true,
  },
  {
    heading: 'Lessons',
    kinds: ['lesson'],
    letter: 'l',
    floor: 1,
    limit: 4,
    turn: 7,
    needsText: true,
  },
  {
    heading: 'Likely files',
    kinds: ['file'],
    letter: 'f',
    floor: 5,
    limit: 10,
    turn: 1,
    needsText: false,
  },
  {
    heading: 'Usually changes with them',
    kinds: ['companion'],
    letter: 'c',
    floor: 1,
    limit: 6,
    turn: 6,
    needsText: false,
  },
  {
    heading: 'Owners and reviewers',
    kinds: ['owner', 'person'],
    letter: 'p',
    floor: 2,
    limit: 7,
    turn: 4,
    needsText: false,
  },
  {
    heading: 'Open work and recent changes on these files',
    kinds: ['collision', 'change'],
    letter: 'o',
    floor: 2,
    limit: 6,
    turn: 2,
    needsText: false,
  },
  {
    heading: 'Incidents',
    kinds: ['incident'],
    letter: 'i',
    floor: 1,
    limit: 3,
    turn: 8,
    needsText: false,
  },
  {
    heading: 'Documents',
    kinds: ['document'],
    letter: 'd',
    floor: 1,
    limit: 5,
    turn: 9,
    needsText: false,
  },
  {
    heading: 'No longer so',
    kinds: ['warning'],
    letter: 'w',
    floor: 3,
    limit: 8,
    turn: 5,
    needsText: false,
  },
];

/** What was replaced is told among what no longer holds, whatever it was. */
export function sectionOf(item: Pick<PackItem, 'kind' | 'freshness'>): PackSection {
  const isReplaced = item.freshness === 'superseded';
  const section = SECTIONS.find(({ kinds }) => kinds.includes(isReplaced ? 'warning' : item.kind));
  assert(section !== undefined, `a section of packs takes ${item.kind}`);
  return section;
}
