/** Which repository a host means by a name and its own lasting id. Pure. */
import type { Repository } from '../schema.ts';

/** A repository as far as names go. */
export interface NamedRepository {
  id: Repository['id'];
  name: string;
  host: string;
  /** The host's own id; null until it told one. */
  hostKey: string | null;
  /** When its present name was last said to hold. */
  namedAt: Date;
  formerNames: readonly string[];
}

export interface ToldName {
  name: string;
  key?: string | undefined;
  at: Date;
}

export type Meant =
  /** `learns` where the host's id is news. */
  | { outcome: 'ours'; repository: NamedRepository; learns: boolean }
  /** Its host calls it otherwise by now, and nobody told us. */
  | { outcome: 'renamed'; repository: NamedRepository }
  /** Another repository has the name of one of ours. */
  | { outcome: 'another'; repository: NamedRepository }
  | { outcome: 'unknown' };

/**
 * The lasting id decides where both sides have one. A former name counts only for whoever gives no id or
 * the right one: a new repository may have taken it. `candidates` are all of the host that have the id or
 * bear or bore the name.
 */
export function whoIsMeant(candidates: readonly NamedRepository[], told: ToldName): Meant {
  const byKey = candidates.find(({ hostKey }) => told.key !== undefined && hostKey === told.key);
  if (byKey !== undefined) {
    const isKnownName = byKey.name === told.name || byKey.formerNames.includes(told.name);
    return isKnownName || told.at <= byKey.namedAt
      ? { outcome: 'ours', repository: byKey, learns: false }
      : { outcome: 'renamed', repository: byKey };
  }
  const bearer = candidates.find(({ name }) => name === told.name);
  if (bearer !== undefined) {
    if (told.key === undefined) return { outcome: 'ours', repository: bearer, learns: false };
    return bearer.hostKey === null
      ? { outcome: 'ours', repository: bearer, learns: true }
      : { outcome: 'another', repository: bearer };
  }
  const former = candidates.find(({ formerNames }) => formerNames.includes(told.name));
  return former === undefined || told.key !== undefined
    ? { outcome: 'unknown' }
    : { outcome: 'ours', repository: former, learns: false };
}

/** The address under another name, where the address says the name at its end. */
export function renamedUrl(url: string, from: string, to: string): string {
  const match = /^(?<before>.*[/:])(?<name>[^/:]+\/[^/:]+?)(?<end>(?:\.git)?\/?)$/.exec(
    url,
  )?.groups;
  if (match === undefined || match['name']!.toLowerCase() !== from.toLowerCase()) return url;
  return `${match['before']}${to}${match['end']}`;
}
