/**
 * Which files an import means. Each language has its own way to write it; what cannot be told apart for
 * sure is left out rather than guessed. Pure.
 */
import type { Language } from './languages.ts';

export interface ImportScope {
  has(path: string): boolean;
  /** Paths by their last part. */
  byName: ReadonlyMap<string, readonly string[]>;
  /** Source files of a folder, without its subfolders. */
  inFolder(folder: string): readonly string[];
  /** Folders of packages of this repository, by package name: `@acme/shop` -> `packages/shop`. */
  packages: ReadonlyMap<string, string>;
  /** Folders of Go modules, by module path. */
  goModules: ReadonlyMap<string, string>;
}

const SCRIPT_ENDINGS = [
  '.ts',
  '.tsx',
  '.mts',
  '.cts',
  '.d.ts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '.vue',
  '.svelte',
  '.json',
];

/** Paths an import of the file at `from` means; none for what is outside the repository or unclear. */
export function resolveImport(
  language: Language,
  from: string,
  written: string,
  scope: ImportScope,
): string[] {
  switch (language) {
    case 'typescript':
    case 'tsx':
    case 'javascript':
      return resolveScript(from, written, scope);
    case 'python':
      return resolvePython(from, written, scope);
    case 'go':
      return resolveGo(written, scope);
    case 'java':
    case 'kotlin':
      return resolveJava(from, written, scope);
    case 'rust':
      return resolveRust(from, written, scope);
    case 'ruby':
      return resolveRuby(from, written, scope);
    case 'php':
      return resolvePhp(from, written, scope);
    case 'c-sharp':
      // A namespace is no file; references of rare names tell what is meant.
      return [];
  }
}

function resolveScript(from: string, written: string, scope: ImportScope): string[] {
  const specifier = written.replace(/[?#].*$/, '');
  if (specifier.startsWith('.')) return one(findScript(join(folderOf(from), specifier), scope));
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
  const folder = scope.packages.get(name);
  if (folder === undefined) return [];
  const rest = specifier.slice(name.length + 1);
  const candidates =
    rest === '' ? ['src/index', 'index', 'src/main', 'lib/index'] : [rest, `src/${rest}`];
  for (const candidate of candidates) {
    const found = findScript(join(folder, candidate), scope);
    if (found !== undefined) return [found];
  }
  return [];
}

function findScript(base: string, scope: ImportScope): string | undefined {
  if (/\.\w+$/.test(base) && scope.has(base)) return base;
  // TypeScript is imported under the name of what it becomes.
  const stem = base.replace(/\.(?:js|jsx|mjs|cjs)$/, '');
  for (const candidate of stem === base ? [base] : [stem, base]) {
    for (const ending of SCRIPT_ENDINGS) {
      if (scope.has(candidate + ending)) return candidate + ending;
    }
  }
  for (const ending of SCRIPT_ENDINGS) {
    if (scope.has(`${base}/index${ending}`)) return `${base}/index${ending}`;
  }
  return undefined;
}

function resolvePython(from: string, written: string, scope: ImportScope): string[] {
  const match = /^from\s+(\.*)([\w.]*)\s+import\s+([\s\S]*)$/.exec(written);
  if (match === null) return findPython(written.trim().split('.'), from, scope);
  const [, dots = '', module = '', names = ''] = match;
  const parts = module === '' ? [] : module.split('.');
  const imported = names
    .replace(/[()\\]/g, ' ')
    .split(',')
    .map((name) => name.trim().split(/\s+/)[0] ?? '')
    .filter((name) => /^\w+$/.test(name));
  if (dots === '') {
    const deeper = imported.flatMap((name) => findPython([...parts, name], from, scope));
    return deeper.length > 0 ? unique(deeper) : findPython(parts, from, scope);
  }
  let folder = folderOf(from);
  for (let up = 1; up < dots.length; up += 1) folder = folderOf(folder);
  const base = join(folder, parts.join('/'));
  const deeper = imported.flatMap((name) => one(pythonAt(join(base, name), scope)));
  return deeper.length > 0 ? unique(deeper) : one(pythonAt(base, scope));
}

function findPython(parts: readonly string[], from: string, scope: ImportScope): string[] {
  if (parts.length === 0) return [];
  const path = parts.join('/');
  for (const root of ['', 'src', 'lib', 'python', folderOf(from)]) {
    const found = pythonAt(join(root, path), scope);
    if (found !== undefined) return [found];
  }
  if (parts.length < 2) return [];
  return one(
    nearest(from, bySuffix(`${path}.py`, scope).concat(bySuffix(`${path}/__init__.py`, scope))),
  );
}

function pythonAt(base: string, scope: ImportScope): string | undefined {
  return [`${base}.py`, `${base}/__init__.py`, `${base}.pyi`].find((path) => scope.has(path));
}

/** A package is a folder: all its files, which the names they declare then tell apart. */
function resolveGo(written: string, scope: ImportScope): string[] {
  const path = written.replace(/^["`]|["`]$/g, '');
  let best: { module: string; folder: string } | undefined;
  for (const [module, folder] of scope.goModules) {
    const isInside = path === module || path.startsWith(`${module}/`);
    if (isInside && (best === undefined || module.length > best.module.length))
      best = { module, folder };
  }
  if (best === undefined) return [];
  const folder = join(best.folder, path.slice(best.module.length + 1));
  return scope
    .inFolder(folder)
    .filter((file) => file.endsWith('.go') && !file.endsWith('_test.go'));
}

function resolveJava(from: string, written: string, scope: ImportScope): string[] {
  const name = written
    .replace(/^import\s+(?:static\s+)?/, '')
    .replace(/\s+as\s+\w+/, '')
    .replace(/[;\s]+$/, '');
  const parts = name.split('.');
  if (parts.at(-1) === '*') return [];
  // The last parts may be a member or an inner class.
  for (let length = parts.length; length >= Math.max(2, parts.length - 2); length -= 1) {
    const path = parts.slice(0, length).join('/');
    const found = [...bySuffix(`${path}.java`, scope), ...bySuffix(`${path}.kt`, scope)];
    const closest = nearest(from, found);
    if (closest !== undefined) return [closest];
  }
  return [];
}

function resolveRust(from: string, written: string, scope: ImportScope): string[] {
  const parts = written
    .replace(/::\{[\s\S]*$|\s+as\s+\w+$|::\*$/g, '')
    .split('::')
    .map((part) => part.trim());
  const name = from.slice(from.lastIndexOf('/') + 1);
  const isRoot = name === 'mod.rs' || name === 'lib.rs' || name === 'main.rs';
  const own = isRoot ? folderOf(from) : from.replace(/\.rs$/, '');
  let folder: string;
  switch (parts[0]) {
    case 'crate': {
      const source = /^(?<root>(?:.*\/)?src)\//.exec(from)?.groups?.['root'];
      if (source === undefined) return [];
      folder = source;
      break;
    }
    case 'super':
      folder = folderOf(own);
      break;
    case 'self':
      folder = own;
      break;
    default:
      return [];
  }
  for (let length = parts.length; length > 1; length -= 1) {
    const base = join(folder, parts.slice(1, length).join('/'));
    const found = [`${base}.rs`, `${base}/mod.rs`].find((path) => scope.has(path));
    if (found !== undefined) return [found];
  }
  return [];
}

function resolveRuby(from: string, written: string, scope: ImportScope): string[] {
  const match = /^(require|require_relative)\b[^'"]*['"]([^'"]+)['"]/.exec(written);
  if (match === null) return [];
  const file = match[2]!.endsWith('.rb') ? match[2]! : `${match[2]}.rb`;
  if (match[1] === 'require_relative') {
    const path = join(folderOf(from), file);
    return scope.has(path) ? [path] : [];
  }
  return one(
    nearest(
      from,
      [`lib/${file}`, `app/${file}`, file]
        .filter((path) => scope.has(path))
        .concat(bySuffix(`lib/${file}`, scope)),
    ),
  );
}

function resolvePhp(from: string, written: string, scope: ImportScope): string[] {
  const included = /['"]([^'"]+\.php)['"]/.exec(written)?.[1];
  if (included !== undefined) {
    const path = join(folderOf(from), included.replace(/^\//, ''));
    return scope.has(path) ? [path] : [];
  }
  const body = written.replace(/^use\s+(?:function\s+|const\s+)?/, '').replace(/[;\s]+$/, '');
  const group = /^(?<prefix>[^{]*)\{(?<names>[^}]*)\}/.exec(body)?.groups;
  const names =
    group === undefined
      ? body.split(',')
      : group['names']!.split(',').map((name) => group['prefix']! + name.trim());
  return unique(
    names.flatMap((name) => {
      const parts = name
        .trim()
        .replace(/\s+as\s+\w+$/i, '')
        .split('\\')
        .filter((part) => part !== '');
      // PSR-4: the first parts of a namespace stand for a folder of any name.
      for (let from_ = 0; from_ < Math.max(1, parts.length - 1); from_ += 1) {
        const found = bySuffix(`${parts.slice(from_).join('/')}.php`, scope);
        if (found.length > 0) return one(nearest(from, found));
      }
      return [];
    }),
  );
}

function bySuffix(suffix: string, scope: ImportScope): string[] {
  const name = suffix.slice(suffix.lastIndexOf('/') + 1);
  return (scope.byName.get(name) ?? []).filter(
    (path) => path === suffix || path.endsWith(`/${suffix}`),
  );
}

/** The one that shares most folders with the importer; none when two are equally near. */
function nearest(from: string, paths: readonly string[]): string | undefined {
  const scored = unique(paths)
    .map((path) => ({ path, shared: sharedFolders(from, path) }))
    .toSorted((a, b) => b.shared - a.shared);
  const [first, second] = scored;
  return second !== undefined && second.shared === first?.shared ? undefined : first?.path;
}

function sharedFolders(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  let count = 0;
  while (count < left.length - 1 && left[count] === right[count]) count += 1;
  return count;
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function join(folder: string, rest: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${rest}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const one = (path: string | undefined): string[] => (path === undefined ? [] : [path]);
const unique = (paths: readonly string[]): string[] => [...new Set(paths)];
