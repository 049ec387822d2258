/** Where sources of one entity do not agree. Both sides are shown; nobody is silently right. Pure. */
import type { Relation, SourceWord } from './read.ts';

export interface Disagreement {
  about: string;
  /** What each source says. */
  sides: { says: string; system: string; object: string; confirmedAt: Date }[];
}

const COMPARED = ['title', 'status', 'type', 'lifecycle', 'declaredKind'] as const;

export function findDisagreements(
  words: readonly SourceWord[],
  relations: readonly Relation[],
  now: Date,
): Disagreement[] {
  const living = words.filter(
    ({ validFrom, validTo }) => validFrom <= now && (validTo === null || validTo > now),
  );
  const found: Disagreement[] = [];
  for (const property of COMPARED) {
    const sides = living.flatMap((word) => {
      const says = word.properties[property];
      return typeof says === 'string' ? [sideOf(says, word)] : [];
    });
    if (new Set(sides.map(({ says }) => says)).size > 1) found.push({ about: property, sides });
  }

  const owners = relations.filter(
    ({ kind, direction, freshness }) =>
      kind === 'owns_declared' && direction === 'in' && freshness !== 'stale',
  );
  // Several owners in one file share the work; owners in several files contradict each other.
  const bySlot = Map.groupBy(owners, ({ slot }) => slot);
  for (const [slot, ofSlot] of bySlot) {
    const sides = ofSlot.flatMap(({ other, sources }) =>
      sources.map((word) => sideOf(other.id, word)),
    );
    const bySource = Map.groupBy(sides, ({ system, object }) => `${system} ${object}`);
    const sets = new Set(
      [...bySource.values()].map((side) =>
        side
          .map(({ says }) => says)
          .sort()
          .join(', '),
      ),
    );
    if (sets.size > 1) found.push({ about: slot === '' ? 'owner' : `owner of ${slot}`, sides });
  }

  for (const { kind, other, sources } of relations) {
    if (kind !== 'contradicts' || isSettled(sources)) continue;
    found.push({
      about: `contradicts ${other.id}`,
      sides: sources.map((word) => sideOf(reasonOf(word), word)),
    });
  }
  return found;
}

/** A person has said how it is. */
export function isSettled(words: readonly Pick<SourceWord, 'system' | 'properties'>[]): boolean {
  return words.some(
    ({ system, properties }) => system === 'human' && properties['settled'] === true,
  );
}

function sideOf(says: string, { system, object, confirmedAt }: SourceWord) {
  return { says, system, object, confirmedAt };
}

/** Why a source says so, in its words where it gave any. */
export function reasonOf({ properties, evidence }: SourceWord): string {
  const reason = properties['because'];
  return typeof reason === 'string' ? reason : (evidence?.quote ?? 'a source says so');
}
