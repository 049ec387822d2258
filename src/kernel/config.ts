/**
 * Settings, read once: flags > LOOM_* environment > loom.yaml > defaults. This file alone reads the
 * environment. Unknown keys are errors with a suggestion, so a typo never means "default".
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { AppError } from './errors.ts';
import { Config, type Setting, SETTINGS } from './settings.ts';
import { suggest } from './suggest.ts';

/** Environment names other tools and guides already use. Our own name of a setting beats them. */
const ENV_ALIASES: Record<string, string> = { DATABASE_URL: 'database.url' };
/** LOOM_* names that belong to the command-line client, not to the server. */
const CLIENT_ENV = new Set([
  'LOOM_URL',
  'LOOM_TOKEN',
  'LOOM_SESSION',
  'LOOM_NODE',
  'LOOM_CONFIG',
  'LOOM_TEST_DATABASE_URL',
]);

export interface ConfigSources {
  /** Values from the command line by dotted path. */
  flags?: Record<string, unknown>;
  env?: Record<string, string | undefined>;
  /** Folder in which `loom.yaml` is looked for; the data folder comes second. */
  cwd?: string;
}

/**
 * Reads and freezes the configuration.
 * @throws AppError `config.unknown_key`, `config.invalid_value` or `config.unreadable_file`.
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const env = sources.env ?? process.env;
  const known = new Map(SETTINGS.map((setting) => [setting.path, setting]));
  const values = new Map<string, { value: unknown; origin: string }>();

  const file = findFile(sources, env);
  if (file !== undefined) {
    for (const [path, value] of flatten(readFile(file), [], known)) {
      refuseUnknown(path, known.keys(), file);
      values.set(path, { value, origin: file });
    }
  }

  for (const [name, path] of Object.entries(ENV_ALIASES)) {
    const value = env[name];
    if (value !== undefined && value !== '') {
      values.set(path, { value, origin: `environment variable ${name}` });
    }
  }
  const byEnv = new Map(SETTINGS.map((setting) => [setting.env, setting.path]));
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue;
    const path = byEnv.get(name);
    if (path !== undefined) values.set(path, { value, origin: `environment variable ${name}` });
    else if (name.startsWith('LOOM_') && !CLIENT_ENV.has(name)) {
      refuseUnknown(name, byEnv.keys(), 'the environment');
    }
  }

  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    if (value === undefined) continue;
    refuseUnknown(path, known.keys(), 'the command line');
    values.set(path, { value, origin: `flag --${path}` });
  }

  if (!values.has('data')) values.set('data', { value: defaultDataFolder(env), origin: 'default' });

  for (const [path, { value, origin }] of values) {
    if (known.get(path)?.isSecret === true && typeof value === 'string') {
      values.set(path, { value: resolveSecret(path, value, env), origin });
    }
  }

  const result = Config.safeParse(nest(values));
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const path = issue.path.join('.');
    const setting = known.get(path);
    throw new AppError('invalid', 'config.invalid_value', {
      message: `${path}: ${issue.message} (from ${values.get(path)?.origin ?? 'defaults'}).`,
      hint: setting === undefined ? 'See docs/settings.md.' : setting.description,
      details: { path },
    });
  }
  return deepFreeze({ ...result.data, data: resolve(result.data.data) });
}

/**
 * The configuration with further settings, as text, in place of theirs. A secret is taken as it is written:
 * whoever gives one from outside may not name files or variables of this server.
 * @throws AppError `config.invalid_value`.
 */
export function withSettings(config: Config, values: Readonly<Record<string, string>>): Config {
  const copy = structuredClone(config) as Record<string, unknown>;
  for (const [path, value] of Object.entries(values)) {
    const parts = path.split('.');
    const last = parts.pop()!;
    let part = copy;
    for (const key of parts) part = (part[key] ??= {}) as Record<string, unknown>;
    part[last] = value;
  }
  const result = Config.safeParse(copy);
  if (result.success) return deepFreeze(result.data);
  const [issue] = result.error.issues;
  const path = issue!.path.join('.');
  throw new AppError('invalid', 'config.invalid_value', {
    message: `${path}: ${issue!.message}.`,
    hint: SETTINGS.find((setting) => setting.path === path)?.description ?? 'See docs/settings.md.',
    details: { path },
  });
}

/** Our own environment, for the few who hand parts of it on to programs they start. */
export function ownEnvironment(): Readonly<Record<string, string | undefined>> {
  return { ...process.env };
}

/** The configuration with secrets replaced, fit to be printed. */
export function redactConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    SETTINGS.map(({ path, isSecret }) => {
      const value = path
        .split('.')
        .reduce<unknown>((part, key) => (part as Record<string, unknown>)?.[key], config);
      return [path, isSecret && value !== undefined ? '[redacted]' : (value ?? null)];
    }),
  );
}

/**
 * A secret may be named instead of written: `env:NAME`, or `file:/path` as secret stores mount them. What it
 * names is never shown, also not when it is wrong.
 */
function resolveSecret(
  path: string,
  value: string,
  env: Record<string, string | undefined>,
): string {
  const [, kind, name = ''] = /^(env|file):(.+)$/s.exec(value) ?? [];
  if (kind === undefined) return value;
  let found: string | undefined;
  if (kind === 'env') found = env[name];
  else if (existsSync(name)) found = readFileSync(name, 'utf8');
  // An editor ends a file with a line break that belongs to no secret.
  const secretText = found?.replace(/\r?\n$/, '');
  if (secretText !== undefined && secretText !== '') return secretText;
  throw new AppError('invalid', 'config.unreadable_secret', {
    message: `${path} names ${kind === 'env' ? 'an environment variable' : 'a file'} that is missing or empty.`,
    hint: 'Write env:NAME or file:/path, and see that the server may read it.',
    details: { path },
  });
}

function defaultDataFolder(env: Record<string, string | undefined>): string {
  return join(env['HOME'] ?? homedir(), '.loomstack');
}

function findFile(
  sources: ConfigSources,
  env: Record<string, string | undefined>,
): string | undefined {
  const named = env['LOOM_CONFIG'];
  if (named !== undefined && named !== '') return named;
  const folder = sources.flags?.['data'] ?? env['LOOM_DATA'] ?? defaultDataFolder(env);
  const candidates = [
    join(sources.cwd ?? process.cwd(), 'loom.yaml'),
    join(folder as string, 'loom.yaml'),
  ];
  return candidates.find((path) => existsSync(path));
}

function readFile(path: string): Record<string, unknown> {
  try {
    const value: unknown = parseYaml(readFileSync(path, 'utf8')) ?? {};
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    throw new AppError('invalid', 'config.unreadable_file', {
      message: `${path} must hold a mapping of settings.`,
      hint: 'Write for example `port: 7400`. docs/settings.md lists every setting.',
    });
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const where = cause instanceof YAMLParseError ? ` line ${cause.linePos?.[0].line ?? '?'}` : '';
    throw new AppError('invalid', 'config.unreadable_file', {
      message: `${path}${where} cannot be read: ${cause instanceof Error ? cause.message.split('\n')[0] : 'unknown'}`,
      hint: 'Correct the file, or name another with LOOM_CONFIG.',
      cause,
    });
  }
}

function flatten(
  value: Record<string, unknown>,
  prefix: string[],
  known: ReadonlyMap<string, Setting>,
): [string, unknown][] {
  return Object.entries(value).flatMap(([key, entry]): [string, unknown][] => {
    const path = [...prefix, key];
    const isSection = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
    if (isSection && !known.has(path.join('.'))) {
      return flatten(entry as Record<string, unknown>, path, known);
    }
    return [[path.join('.'), entry]];
  });
}

function refuseUnknown(name: string, known: Iterable<string>, origin: string): void {
  const names = [...known];
  if (names.includes(name)) return;
  const near = suggest(name, names);
  throw new AppError('invalid', 'config.unknown_key', {
    message: `Unknown setting ${name} in ${origin}.`,
    hint: near === undefined ? 'docs/settings.md lists every setting.' : `Did you mean ${near}?`,
    details: { key: name, suggestion: near ?? null },
  });
}

function nest(values: ReadonlyMap<string, { value: unknown }>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, { value }] of values) {
    const parts = path.split('.');
    const last = parts.pop()!;
    let part = root;
    for (const key of parts) part = (part[key] ??= {}) as Record<string, unknown>;
    part[last] = value;
  }
  return root;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
