/** Which source documents somebody may know of, beside what restrictions keep from them. */
import type { Queryable } from '#kernel';
import type { Actor } from '#ledger';
import { findOpenSets } from './store.ts';

export interface AudienceDeps {
  db: Queryable;
  teamsOf(personId: string): Promise<readonly string[]>;
  /** `email:ada@example.org`, `slack:u123`. */
  identitiesOf(personId: string): Promise<readonly string[]>;
}

/** Ids of the sets of readers an actor belongs to; none for the system itself. */
export async function openSetsOf(deps: AudienceDeps, actor: Actor): Promise<string[]> {
  const personId = actor.onBehalfOf ?? (actor.kind === 'person' ? actor.id : null);
  if (personId === null) return [];
  const [teams, identities] = await Promise.all([
    deps.teamsOf(personId),
    deps.identitiesOf(personId),
  ]);
  return findOpenSets(deps.db, { teams, identities: [...identities, personId] });
}
