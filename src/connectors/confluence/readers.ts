/** Who may read a page of Confluence: its own restrictions and those of every page above it. Pure. */
import { createHash } from 'node:crypto';
import type { Readers } from '#connectors/contract';
import type { Content } from './shapes.ts';

/** Undefined: not restricted here. */
export function restrictionOf(content: Pick<Content, 'restrictions'>): Readers | undefined {
  const read = content.restrictions?.read.restrictions;
  if (read === undefined) return { teams: [], identities: [] };
  const { user, group } = read;
  if (user.results.length === 0 && group.results.length === 0) return undefined;
  return {
    teams: group.results.map(({ name }) => name),
    identities: user.results.flatMap(({ accountId, username, email }) => [
      ...(email ? [`email:${email}`] : []),
      ...(accountId ? [`confluence:${accountId}`] : []),
      ...(username ? [`confluence:${username}`] : []),
    ]),
  };
}

/**
 * Whom every one of the restrictions lets in. Of two, a team or person counts only where both name it: who
 * is let in by a group here and by name there is kept out, which errs on the side of the secret.
 */
export function narrow(restrictions: readonly (Readers | undefined)[]): Readers | undefined {
  let result: Readers | undefined;
  for (const next of restrictions) {
    if (next === undefined) continue;
    if (result === undefined) result = next;
    else
      result = {
        teams: both(result.teams, next.teams),
        identities: both(result.identities, next.identities),
      };
  }
  return result;
}

/** Another text whenever a page has another version or other readers. */
export function markOf(version: number, readers: Readers | undefined): string {
  if (readers === undefined) return `${version}`;
  const sorted = [readers.teams.toSorted(), readers.identities.toSorted()];
  return `${version} ${createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 12)}`;
}

const both = (one: readonly string[], other: readonly string[]): string[] => {
  const names = new Set(other.map((name) => name.toLowerCase()));
  return one.filter((name) => names.has(name.toLowerCase()));
};
