/** Secrets a server makes for itself, kept in its data folder for its own user alone. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, createSecretBox, type SecretBox } from '#kernel';
import { CREDENTIALS_FILE } from '#surfaces';

/** The secret of this name, made on first use. */
export function ownSecret(dataFolder: string, name: string): string {
  const path = join(dataFolder, 'secrets', name);
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const secret = randomBytes(32).toString('hex');
  writePrivately(path, secret);
  return secret;
}

/**
 * Seals what the database keeps for us. The key is a setting, or made in the data folder; to change that
 * one, `secrets/database-key` is renamed to `secrets/database-key.previous` before a start.
 */
export function openSecretBox({ data, secrets: { key, previousKey } }: Config): SecretBox {
  const readOwn = (name: string): string | undefined => {
    const path = join(data, 'secrets', name);
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
  };
  const current = key ?? ownSecret(data, DATABASE_KEY);
  // Whoever moves from the data folder to a setting keeps what was sealed until then.
  const before = [previousKey, readOwn(`${DATABASE_KEY}.previous`), readOwn(DATABASE_KEY)];
  const others = before.filter((one) => one !== undefined && one !== current);
  return createSecretBox([current, ...(others as string[])]);
}

const DATABASE_KEY = 'database-key';

export interface LeftCredentials {
  url: string;
  token: string;
  hooks: { failClosed: boolean; timeoutMs: number };
}

export function readLeftToken(dataFolder: string): string | undefined {
  try {
    const text = readFileSync(join(dataFolder, CREDENTIALS_FILE), 'utf8');
    const { token } = JSON.parse(text) as { token?: unknown };
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined;
  }
}

/** Leaves address and token for the command line of the user who runs the server. */
export function leaveCredentials(dataFolder: string, credentials: LeftCredentials): void {
  writePrivately(join(dataFolder, CREDENTIALS_FILE), `${JSON.stringify(credentials, null, 2)}\n`);
}

/** Whole or not at all, and for the server's own user alone. */
export function writePrivately(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const half = `${path}.${process.pid}.half`;
  writeFileSync(half, text, { mode: 0o600 });
  chmodSync(half, 0o600);
  renameSync(half, path);
}
