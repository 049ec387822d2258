/** What of the graph a caller may know: whatever its sources may be read by them. */
import type { Reader } from '#context';
import type { Principal } from '#governance';
import type { Services } from './services.ts';

/**
 * An ACL names a kind and a thing, `repository:acme/shop`; governance decides about each. What a
 * restriction keeps to teams and people the caller is none of is closed inside of that.
 */
export async function readerOf(
  { governance, context }: Pick<Services, 'governance' | 'context'>,
  principal: Principal,
): Promise<Reader> {
  const personId = principal.onBehalfOf ?? principal.id;
  const restrictions = await context.listRestrictions();
  const openSets = await context.openReaderSets(personId);
  return {
    mayRead(acl) {
      // A document that its source opens to some only.
      if (acl.startsWith('readers:') && !openSets.has(acl.slice('readers:'.length))) return false;
      const colon = acl.indexOf(':');
      const resource =
        colon === -1
          ? { kind: acl, id: '*' }
          : { kind: acl.slice(0, colon), id: acl.slice(colon + 1) };
      return governance.isAllowed(principal, 'context:read', resource);
    },
    closed: restrictions
      .filter(
        ({ teams, people }) =>
          !people.includes(personId) && !teams.some((team) => principal.teams.includes(team)),
      )
      .map(({ system, repository, prefix }) => ({ system, scope: repository, prefix })),
  };
}

/** Whether nothing keeps a path of a repository from the reader. */
export function mayReadPath(reader: Reader, repository: string, path: string): boolean {
  return !(reader.closed ?? []).some(
    ({ system, scope, prefix }) =>
      (system === '*' || system === 'git') &&
      (scope === null || scope === repository) &&
      path.startsWith(prefix),
  );
}
