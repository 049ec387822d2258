/**
 * Who may know of what. Everything a repository holds is open to whoever may read context here, unless
 * a restriction names its source: then only the named teams and people know that it exists. Pure.
 */

/** For whom knowledge is looked up. */
export interface Viewer {
  /** `usr_…`; null for the system itself, which gets only what everybody may know. */
  personId: string | null;
  teams: readonly string[];
}

export interface SourceRestriction {
  id: string;
  /** Null holds for every repository. */
  repositoryId: string | null;
  /** Where the knowledge comes from, such as `git` or `jira`; `*` is any source. */
  system: string;
  /** Start of the path or of the source's own name of the thing; empty is all of it. */
  prefix: string;
  teams: readonly string[];
  people: readonly string[];
}

/** What one caller may read; made once per request. */
export interface ReadAccess {
  /** True when nothing is kept from the caller, so that nothing needs to be looked at. */
  seesAll: boolean;
  mayRead(source: { system: string; object: string }): boolean;
  /** The same for a file or document of the repository. */
  mayReadPath(path: string): boolean;
}

/** Several restrictions on one thing all have to let the caller in. */
export function accessOf(viewer: Viewer, restrictions: readonly SourceRestriction[]): ReadAccess {
  const closed = restrictions.filter(
    ({ teams, people }) =>
      !teams.some((team) => viewer.teams.includes(team)) &&
      !(viewer.personId !== null && people.includes(viewer.personId)),
  );
  const mayRead = (source: { system: string; object: string }): boolean =>
    !closed.some(
      ({ system, prefix }) =>
        (system === '*' || system === source.system) && source.object.startsWith(prefix),
    );
  return {
    seesAll: closed.length === 0,
    mayRead,
    mayReadPath: (path) => mayRead({ system: 'git', object: path }),
  };
}
