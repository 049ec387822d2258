/** `.loom/devbox.yaml`: what a devbox of a repository needs, read at the base. The schema is closed. */
import { createHash } from 'node:crypto';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { GitRepository } from '#git';
import { AppError } from '#kernel';

export const DEVBOX_FILE = '.loom/devbox.yaml';
const MAX_BYTES = 64 * 1024;

/** Inside the work tree: neither absolute nor climbing, and never git's own folder. */
const Folder = z
  .string()
  .max(200)
  .regex(
    /^(?!\/)(?!\.git(?:\/|$))(?!.*(?:^|\/)\.\.?(?:\/|$))[^\0\\]+$/,
    'is a path inside the repository',
  )
  .transform((path) => path.replace(/\/+$/, ''));
const Command = z.string().min(1).max(4_000);
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.union([item.transform((one) => [one]), z.array(item).max(20)]);
const VariableName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'is capitals, digits and underscores');

export const DevboxFile = z.strictObject({
  /** Run once when a devbox is made, in a shell, in order. */
  setup: listOf(Command).default([]),
  /** How long each of them may take, in minutes. */
  setupMinutes: z.int().min(1).max(120).default(15),
  /** Folders the set-up fills, such as node_modules: kept and shared by devboxes of equal `cacheKey`. */
  caches: listOf(Folder).default([]),
  /** Files that decide what is in the caches, such as a lock file. */
  cacheKey: listOf(Folder).default([]),
  /** Names of ports each devbox gets for itself: `web` becomes PORT_WEB; the first is PORT too. */
  ports: z
    .array(z.string().regex(/^[a-z][a-z0-9_]{0,30}$/, 'is small letters, digits and underscores'))
    .max(20)
    .default([]),
  /** Added to the environment of everything in the devbox. Not for secrets: the file is in the repository. */
  environment: z.record(VariableName, z.string().max(4_000)).default({}),
  /** Commands of the `autofix` step: formatter, linter, lock file. Unset: those we know of. */
  autofix: listOf(Command).optional(),
});
export type DevboxFile = z.infer<typeof DevboxFile>;

export interface DevboxPlan extends DevboxFile {
  /** Equal for two commits whose devboxes are set up alike. */
  key: string;
}

/**
 * What a devbox at this commit needs; nothing where there is no such file.
 * @throws AppError `devbox.bad_file` with the place of the first problem.
 */
export async function readDevboxPlan(git: GitRepository, sha: string): Promise<DevboxPlan> {
  const text = await git.readText(sha, DEVBOX_FILE, MAX_BYTES);
  const file = parseDevboxFile(text ?? '');
  const hash = createHash('sha256').update(JSON.stringify(file));
  for (const path of file.cacheKey) {
    hash.update(`\0${path}\0`).update((await git.readFile(sha, path)) ?? '');
  }
  return { ...file, key: hash.digest('hex').slice(0, 32) };
}

/** Pure. @throws AppError `devbox.bad_file`. */
export function parseDevboxFile(text: string): DevboxFile {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 20 }) ?? {};
  } catch (cause) {
    throw badFile(
      cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'it is no YAML',
      cause,
    );
  }
  const parsed = DevboxFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const at = issue.path.join('.');
  throw badFile(at === '' ? issue.message : `${at}: ${issue.message}`);
}

function badFile(what: string, cause?: unknown): AppError {
  return new AppError('invalid', 'devbox.bad_file', {
    message: `${DEVBOX_FILE} cannot be used: ${what}`.slice(0, 500),
    hint: 'docs/devboxes.md lists its keys. It is read from the base, so a change of it counts once merged.',
    cause,
  });
}
