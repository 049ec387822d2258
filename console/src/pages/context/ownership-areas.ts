/** Which folders are shown below one, and how much each hangs on few people. Pure. */
import type { FolderOwnership } from '../../api/context-types.ts';
import type { Tone } from '../../parts/badges.tsx';

/** How deep the server tells folders apart. */
export const MOST_DEPTH = 5;

export function depthOf(under: string): number {
  return Math.min(MOST_DEPTH, under === '' ? 1 : under.split('/').length + 1);
}

/** What lies directly in a folder: its own files first named by it, then its folders. */
export function areasOf(folders: readonly FolderOwnership[], under: string): FolderOwnership[] {
  if (under === '') return [...folders];
  return folders.filter(({ folder }) => folder === under || folder.startsWith(`${under}/`));
}

/** Name within the folder it is shown in. */
export function nameIn(folder: string, under: string): string {
  if (folder === under) return folder === '' ? 'Files at the top' : 'Files directly here';
  return `${under === '' ? folder : folder.slice(under.length + 1)}/`;
}

/** Share of the work done by people who still change it. */
export function activeShare({ people }: Pick<FolderOwnership, 'people'>): number {
  const sum = (list: FolderOwnership['people']) => list.reduce((all, { share }) => all + share, 0);
  const total = sum(people);
  return total === 0 ? 0 : sum(people.filter(({ isActive }) => isActive)) / total;
}

export function riskOf(area: Pick<FolderOwnership, 'busFactor' | 'people'>): {
  tone: Tone;
  word: string;
} {
  const { busFactor } = area;
  if (busFactor === 0) return { tone: 'neutral', word: 'no person changed it lately' };
  if (activeShare(area) < 0.5)
    return { tone: 'bad', word: 'those who did most of it have not changed it for long' };
  if (busFactor === 1) return { tone: 'bad', word: 'one person did most of it' };
  if (busFactor === 2) return { tone: 'warn', word: 'two people did most of it' };
  return { tone: 'good', word: `${busFactor} people did most of it` };
}
