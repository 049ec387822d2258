/** The check a repository's own files at the base ask for, where its workflow names none. */
import { z } from 'zod';
import type { GitRepository } from '#git';

const PackageFile = z.object({
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

/** Npm's own placeholder, which fails on purpose. */
const NO_TEST = /no test specified/;

export async function findDefaultCommand(
  git: GitRepository,
  baseSha: string,
): Promise<string | undefined> {
  const read = (path: string) => git.readText(baseSha, path).catch(() => undefined);
  const packageText = await read('package.json');
  if (packageText !== undefined) {
    const hasLock = (await read('package-lock.json')) !== undefined;
    const command = npmCommand(packageText, hasLock);
    if (command !== undefined) return command;
  }
  const makefile = await read('Makefile');
  if (makefile !== undefined && /^test\s*:/m.test(makefile)) return 'make test';
  if ((await read('Cargo.toml')) !== undefined) return 'cargo test';
  if ((await read('go.mod')) !== undefined) return 'go test ./...';
  return undefined;
}

/** `npm test`, after a clean install where there is something to install. Pure. */
export function npmCommand(packageText: string, hasLock: boolean): string | undefined {
  let parsed: z.infer<typeof PackageFile>;
  try {
    parsed = PackageFile.parse(JSON.parse(packageText));
  } catch {
    return undefined;
  }
  const test = parsed.scripts['test'];
  if (test === undefined || NO_TEST.test(test)) return undefined;
  const packages = [parsed.dependencies, parsed.devDependencies].flatMap(Object.keys);
  if (packages.length === 0) return 'npm test --silent';
  return `${hasLock ? 'npm ci' : 'npm install'} --no-audit --no-fund && npm test --silent`;
}
