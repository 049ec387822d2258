/**
 * What a change may break, as packages of its repository: two changes without a package in common do not
 * spoil each other's tests. Pure, and careful: whatever lies in no package, and every manifest, may break
 * everything.
 */

/** Packages by their folder; `everything` where nobody can say. */
export type Targets = 'everything' | ReadonlySet<string>;

export interface Manifest {
  path: string;
  text: string;
}

/** Files that make their folder a package, of whatever language, or a component of a catalog. */
const MANIFEST =
  /(?:^|\/)(?:package\.json|deno\.jsonc?|Cargo\.toml|go\.mod|pyproject\.toml|setup\.(?:py|cfg)|pom\.xml|build\.gradle(?:\.kts)?|composer\.json|mix\.exs|pubspec\.yaml|Package\.swift|catalog-info\.yaml|BUILD(?:\.bazel)?|[^/]+\.(?:csproj|fsproj|gemspec|cabal))$/;

/** What a manifest calls its package: JSON, TOML, YAML, go.mod and Maven each in their way. */
const NAMES = [
  /"name"\s*:\s*"(?<name>[^"\n]{2,200})"/,
  /^\s*name\s*[=:]\s*["']?(?<name>[^"'\s]{2,200})/m,
  /^module\s+(?<name>\S{2,200})/m,
  /<artifactId>(?<name>[^<\s]{2,200})<\/artifactId>/,
];

export function isManifest(path: string): boolean {
  return MANIFEST.test(path);
}

export interface Layout {
  /** Packages the files are in, and all that depend on them. */
  affectedBy(paths: readonly string[]): Targets;
}

/**
 * The packages of a repository, from its manifests. A package depends on another when its manifest so
 * much as mentions the other's name or folder, or when the other lies inside of it: too much keeps changes
 * apart that could land side by side, too little would let them break each other.
 */
export function layoutOf(manifests: readonly Manifest[]): Layout {
  const texts = new Map<string, string>();
  for (const { path, text } of manifests) {
    const folder = folderOf(path);
    if (folder !== '') texts.set(folder, `${texts.get(folder) ?? ''}\n${text}`);
  }
  const dependents = findDependents(texts);
  return {
    affectedBy(paths) {
      const affected = new Set<string>();
      for (const path of paths) {
        const home = isManifest(path) ? undefined : packageOf(path, texts);
        if (home === undefined) return 'everything';
        for (const folder of dependents.get(home)!) affected.add(folder);
      }
      return affected;
    },
  };
}

export function areNear(a: Targets, b: Targets): boolean {
  if (a === 'everything' || b === 'everything') return true;
  return [...a].some((folder) => b.has(folder));
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The innermost package around a file. */
function packageOf(path: string, packages: ReadonlyMap<string, string>): string | undefined {
  for (let folder = folderOf(path); folder !== ''; folder = folderOf(folder)) {
    if (packages.has(folder)) return folder;
  }
  return undefined;
}

/** By package: itself, and whatever depends on it over any number of others. */
function findDependents(texts: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const words = new Map([...texts].map(([folder, text]) => [folder, wordsOf(text)]));
  const direct = new Map<string, string[]>();
  for (const [folder, text] of texts) {
    const names = [...namesOf(folder, text)];
    direct.set(
      folder,
      [...texts.keys()].filter(
        (other) =>
          other !== folder &&
          (folder.startsWith(`${other}/`) || names.some((name) => words.get(other)!.has(name))),
      ),
    );
  }
  return new Map(
    [...texts.keys()].map((folder) => {
      const reached = new Set([folder]);
      for (const one of reached) for (const next of direct.get(one)!) reached.add(next);
      return [folder, reached];
    }),
  );
}

function namesOf(folder: string, text: string): Set<string> {
  const told = NAMES.flatMap((pattern) => pattern.exec(text)?.groups?.['name'] ?? []);
  return new Set([...told, folder].flatMap((name) => [name, lastOf(name)]).map(lower));
}

/** Everything in a text that may name a package: as it stands, and its last part. */
function wordsOf(text: string): Set<string> {
  const words = text.match(/[\w@./:-]{2,}/g) ?? [];
  return new Set(words.flatMap((word) => [word, lastOf(word)]).map(lower));
}

function lastOf(name: string): string {
  return name.replace(/[/:.]+$/, '').replace(/^.*[/:]/, '');
}

const lower = (text: string) => text.toLowerCase();
