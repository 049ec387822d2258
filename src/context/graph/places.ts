/** Where in its repository a service lies, by the file that declares it. Pure. */

export interface DeclaredService {
  id: number;
  name: string;
  repository: string;
  /** Of the file that declares it. */
  path: string;
}

/**
 * The folders of services: that of the declaring file. A file at the top that declares several says
 * nothing of where each is; then a folder of the service's name stands for it, if there is one.
 */
export function foldersOf(
  services: readonly DeclaredService[],
  pathsOf: (repository: string) => readonly string[],
): Map<number, { repository: string; folder: string }[]> {
  const declared = Map.groupBy(services, ({ repository, path }) => `${repository}\n${path}`);
  const byName = new Map<string, Map<string, string>>();
  const found = new Map<number, { repository: string; folder: string }[]>();
  for (const [, together] of declared) {
    for (const { id, name, repository, path } of together) {
      const slash = path.lastIndexOf('/');
      const isShared = slash === -1 && together.length > 1;
      let folder: string | undefined = slash === -1 ? '' : `${path.slice(0, slash)}/`;
      if (isShared) {
        let named = byName.get(repository);
        if (named === undefined) {
          named = foldersByName(pathsOf(repository));
          byName.set(repository, named);
        }
        folder = named.get(name.toLowerCase());
      }
      if (folder === undefined) continue;
      const places = found.get(id);
      if (places === undefined) found.set(id, [{ repository, folder }]);
      else places.push({ repository, folder });
    }
  }
  return found;
}

/** Services whose files change together though no catalog says why, the surest pair of files for each. */
export function coupledServices(
  pairs: readonly { repository: string; from: string; to: string; confidence: number }[],
  folders: ReadonlyMap<number, readonly { repository: string; folder: string }[]>,
): { fromId: number; toId: number; confidence: number }[] {
  const byRepository = Map.groupBy(
    [...folders].flatMap(([id, places]) => places.map((place) => ({ id, ...place }))),
    ({ repository }) => repository,
  );
  // The innermost service that holds a file is the file's.
  for (const places of byRepository.values()) {
    places.sort((a, b) => b.folder.length - a.folder.length || a.id - b.id);
  }
  const serviceOf = (repository: string, path: string) =>
    byRepository.get(repository)?.find(({ folder }) => path.startsWith(folder))?.id;
  const coupled = new Map<string, { fromId: number; toId: number; confidence: number }>();
  for (const { repository, from, to, confidence } of pairs) {
    const [one, other] = [serviceOf(repository, from), serviceOf(repository, to)];
    if (one === undefined || other === undefined || one === other) continue;
    const [fromId, toId] = one < other ? [one, other] : [other, one];
    const key = `${fromId} ${toId}`;
    const known = coupled.get(key);
    if (known === undefined || known.confidence < confidence) {
      coupled.set(key, { fromId, toId, confidence });
    }
  }
  return [...coupled.values()];
}

/** The shortest folder of each name. */
function foldersByName(paths: readonly string[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const path of paths) {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const folder = path.slice(0, end + 1);
      const name = folder.slice(folder.lastIndexOf('/', end - 1) + 1, end).toLowerCase();
      const known = folders.get(name);
      if (known === undefined || folder.length < known.length) folders.set(name, folder);
    }
  }
  return folders;
}
