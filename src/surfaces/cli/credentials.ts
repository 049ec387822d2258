/**
 * Where the command line finds its server: flags, then LOOM_URL and LOOM_TOKEN, then what the server
 * itself left in its data folder for its own user. Free of libraries: the hook command loads it on
 * every tool call of an agent.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Credentials {
  url: string;
  token: string | undefined;
  /** The server's wishes for hooks, kept here so that they hold while it is down. */
  hooks: { failClosed: boolean; timeoutMs: number };
}

/** Written by the server at start, readable by its own user alone. */
export const CREDENTIALS_FILE = 'cli.json';

export function findCredentials(flags: {
  url?: string | undefined;
  token?: string | undefined;
  data?: string | undefined;
}): Credentials {
  // Empty is unset: some agents hand a variable on that was never there.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([, value]) => value !== ''),
  );
  const data =
    flags.data ?? environment['LOOM_DATA'] ?? join(environment['HOME'] ?? homedir(), '.loomstack');
  const left = readLeft(join(data, CREDENTIALS_FILE));
  const url = flags.url ?? environment['LOOM_URL'] ?? left?.url ?? 'http://127.0.0.1:7400';
  // A token is for one server: what was left for one address is never sent to another.
  const own = left !== undefined && originOf(left.url) === originOf(url) ? left.token : undefined;
  return {
    url,
    token: flags.token ?? environment['LOOM_TOKEN'] ?? own,
    hooks: readHooks(left, environment),
  };
}

/** What is no address equals only itself: the hook command must get by with any setting. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

interface LeftFile {
  url: string;
  token: string;
  hooks?: { failClosed?: unknown; timeoutMs?: unknown };
}

function readLeft(path: string): LeftFile | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<LeftFile>;
    return typeof value.url === 'string' && typeof value.token === 'string'
      ? (value as LeftFile)
      : undefined;
  } catch {
    return undefined;
  }
}

function readHooks(
  left: LeftFile | undefined,
  environment: NodeJS.ProcessEnv,
): Credentials['hooks'] {
  const wish = environment['LOOM_HOOKS_FAIL_CLOSED'] ?? left?.hooks?.failClosed;
  const timeoutMs = Number(environment['LOOM_HOOKS_TIMEOUT_MS'] ?? left?.hooks?.timeoutMs);
  return {
    failClosed: wish === true || wish === 'true' || wish === '1' || wish === 'yes',
    timeoutMs: Number.isFinite(timeoutMs) && timeoutMs > 0 ? timeoutMs : 3_000,
  };
}
