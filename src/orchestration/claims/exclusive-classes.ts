/** Paths no two sessions may ever share: their content is an order or a whole, and merges break it. Pure. */
import picomatch from 'picomatch';
import type { Target } from './target.ts';

/** Named so that a denial can say why. Patterns are matched anywhere in the tree. */
export const EXCLUSIVE_CLASSES: Readonly<Record<string, readonly string[]>> = {
  migrations: ['**/migrations/**', '**/migrate/**', '**/alembic/versions/**', '**/db/schema.rb'],
  'lock files': [
    '**/package-lock.json',
    '**/npm-shrinkwrap.json',
    '**/yarn.lock',
    '**/pnpm-lock.yaml',
    '**/bun.lock',
    '**/Cargo.lock',
    '**/poetry.lock',
    '**/uv.lock',
    '**/Gemfile.lock',
    '**/composer.lock',
    '**/go.sum',
    '**/flake.lock',
  ],
  'generated files': [
    '**/*.generated.*',
    '**/*_generated.*',
    '**/*.pb.go',
    '**/*_pb2.py',
    '**/__generated__/**',
  ],
  'release files': ['**/CHANGELOG.md', '**/VERSION', '**/.release-please-manifest.json'],
};

export type ClassOfPath = (target: Target) => string | undefined;

/**
 * Makes the look-up: the class a file or a definition in it is of, if any. `extra` are patterns of the
 * deployment; one that begins with `!` takes paths out of every class.
 */
export function createClassOfPath(extra: readonly string[] = []): ClassOfPath {
  const taken = extra.filter((pattern) => pattern.startsWith('!')).map((it) => it.slice(1));
  const added = extra.filter((pattern) => !pattern.startsWith('!'));
  const options = { dot: true };
  const isOut = picomatch(taken, options);
  const classes = Object.entries({ ...EXCLUSIVE_CLASSES, 'exclusive files': added }).map(
    ([name, patterns]) => ({ name, isIn: picomatch([...patterns], options) }),
  );
  return ({ kind, path }) => {
    if ((kind !== 'path' && kind !== 'symbol') || path.endsWith('/')) return undefined;
    if (taken.length > 0 && isOut(path)) return undefined;
    return classes.find(({ isIn }) => isIn(path))?.name;
  };
}

const MIGRATION = /(?:^|\/)(?:migrations|migrate|versions)\/(?:[^/]+\/)*?[Vv]?(\d{1,20})[^/]*$/;

/** The resource a migration file stands for: two files of one number are one place in the order. */
export function migrationOf(path: string): Target | undefined {
  const number = MIGRATION.exec(path)?.[1];
  return number === undefined
    ? undefined
    : { kind: 'resource', path: `migration:${number}`, detail: '' };
}
