/** A collision as it is stored and shown: two sides, how sure it is, and the evidence. */
import { z } from 'zod';
import { idSchema } from '#kernel';

/** From a guess to a fact; a pair stands at the highest level that is known of it. */
export const COLLISION_LEVELS = ['intent', 'path', 'symbol', 'lines', 'merge'] as const;
export const CollisionLevel = z.enum(COLLISION_LEVELS);
export type CollisionLevel = z.infer<typeof CollisionLevel>;

export const CollisionSide = z.object({
  kind: z.enum(['change', 'session']),
  id: z.union([idSchema('chg'), idSchema('ses')]),
  title: z.string(),
  /** The agent or person at it. */
  by: z.string(),
  branch: z.string().nullable(),
  headSha: z.string().nullable(),
  url: z.string().nullable(),
});
export type CollisionSide = z.infer<typeof CollisionSide>;

export const CollisionHunk = z.object({
  path: z.string(),
  /** Both sides between git's markers; what looks like a secret is hidden. */
  text: z.string(),
  isCut: z.boolean(),
});
export type CollisionHunk = z.infer<typeof CollisionHunk>;

export const Collision = z.object({
  id: idSchema('col'),
  repository: z.string(),
  level: CollisionLevel,
  /** The earlier id first. */
  sides: z.tuple([CollisionSide, CollisionSide]),
  /** At most 50. */
  paths: z.array(z.string()),
  /** Definitions one side changes and the other uses. */
  symbols: z.array(z.string()),
  /** What git could not merge; only at level `merge`. */
  hunks: z.array(CollisionHunk),
  why: z.string(),
  state: z.enum(['open', 'cleared']),
  clearReason: z.string().nullable(),
  /** False where the budget of alerts was used up: it is shown, and nobody is interrupted. */
  isAlerted: z.boolean(),
  foundAt: z.date(),
  updatedAt: z.date(),
  clearedAt: z.date().nullable(),
});
export type Collision = z.infer<typeof Collision>;

/** What a check found of one pair, before it is stored. */
export interface Finding {
  sides: [CollisionSide, CollisionSide];
  level: CollisionLevel;
  paths: string[];
  symbols: string[];
  hunks: CollisionHunk[];
  why: string;
}

/** Levels at which git has spoken, or may; the others are guesses and only warn within a budget. */
export function isCertain(level: CollisionLevel): boolean {
  return level === 'merge';
}
