/** What the settings say of a place documents are read from: which repository it is about, and for whom. */
import type { Readers } from './knowledge.ts';

export interface DocumentPlaces {
  /** By place: a folder, a space, an address. `owner/name`. */
  repositories: ReadonlyMap<string, string>;
  /** By place: the only teams that may know of what is in it. */
  teams: ReadonlyMap<string, readonly string[]>;
}

export function belongsTo(
  { repositories }: DocumentPlaces,
  place: string,
): { belongsTo?: string | undefined } {
  const repository = repositories.get(place);
  return repository === undefined ? {} : { belongsTo: repository };
}

/** Undefined where everybody who may read context may know of it. */
export function readersOf({ teams }: DocumentPlaces, place: string): Readers | undefined {
  const names = teams.get(place);
  return names === undefined ? undefined : { teams: names, identities: [] };
}
