/** Numbers that follow from words, so that two arms draw alike however their steps interleave. */
import { createHash } from 'node:crypto';

/** From 0 to 1. Pure. */
export function drawFrom(words: string): number {
  return createHash('sha256').update(words).digest().readUInt32BE(0) / 2 ** 32;
}

/** In an order that follows from the words. Pure. */
export function shuffled<Item extends { name: string }>(
  items: readonly Item[],
  words: string,
): Item[] {
  return items.toSorted((a, b) => drawFrom(`${words} ${a.name}`) - drawFrom(`${words} ${b.name}`));
}
