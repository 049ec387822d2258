import type { CollisionLevel } from '../../api/collisions.ts';
import type { Tone } from '../../parts/badges.tsx';
import type { IconName } from '../../parts/icon.tsx';

/** From a guess to a fact. */
export const LEVELS: Record<CollisionLevel, { label: string; tone: Tone; icon: IconName }> = {
  intent: { label: 'Guess', tone: 'neutral', icon: 'info' },
  path: { label: 'Same file', tone: 'info', icon: 'file' },
  symbol: { label: 'Same definition', tone: 'watch', icon: 'flow' },
  lines: { label: 'Same lines', tone: 'warn', icon: 'alert' },
  merge: { label: 'Cannot be merged', tone: 'bad', icon: 'merge' },
};
