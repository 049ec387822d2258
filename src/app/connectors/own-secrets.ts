/**
 * Secrets this server made for connectors, in its data folder for its own user alone. A renewed secret
 * keeps the one before for a while, so that deliveries under way are not lost.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import { writePrivately } from '../secrets.ts';

/** How long the secret before still counts. */
const GRACE_MS = 24 * 3_600_000;

const Pair = z.object({
  current: z.string(),
  previous: z.string().optional(),
  until: z.iso.datetime().optional(),
});

export interface OwnSecrets {
  /** What was kept under the name; undefined when nothing was. */
  read(name: string): string | undefined;
  write(name: string, text: string): void;
  remove(name: string): void;
  /** The secret of this name, made on first use. */
  ensure(name: string): string;
  /** The one before, while it counts. */
  previous(name: string): string | undefined;
  /** Makes a new one in place of `current`, which counts on for a day. */
  renew(name: string, current: string): { secret: string; acceptedUntil: Date };
}

export function createOwnSecrets(dataFolder: string, clock: Clock): OwnSecrets {
  const pathOf = (name: string) => join(dataFolder, 'secrets', name);
  const read = (name: string): string | undefined => {
    const path = pathOf(name);
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
  };
  const write = (name: string, text: string) => writePrivately(pathOf(name), text);

  /** A secret is kept as it is, or as JSON once it was renewed. */
  function readPair(name: string): z.infer<typeof Pair> | undefined {
    const text = read(name);
    if (text === undefined || !text.startsWith('{')) {
      return text === undefined ? undefined : { current: text };
    }
    try {
      return Pair.parse(JSON.parse(text));
    } catch {
      throw new AppError('invalid', 'app.unreadable_secret', {
        message: `The file secrets/${name} in the data folder is damaged.`,
        hint: 'Restore it from a backup, or remove it to have a new secret made.',
      });
    }
  }

  return {
    read,
    write,
    remove: (name) => rmSync(pathOf(name), { force: true }),
    ensure(name) {
      const known = readPair(name)?.current;
      if (known !== undefined) return known;
      const secret = randomBytes(32).toString('hex');
      write(name, secret);
      return secret;
    },
    previous(name) {
      const pair = readPair(name);
      const isOver = pair?.until === undefined || new Date(pair.until) <= clock.now();
      return isOver ? undefined : pair.previous;
    },
    renew(name, current) {
      const secret = randomBytes(32).toString('hex');
      const acceptedUntil = new Date(clock.now().getTime() + GRACE_MS);
      write(
        name,
        JSON.stringify({ current: secret, previous: current, until: acceptedUntil.toISOString() }),
      );
      return { secret, acceptedUntil };
    },
  };
}
