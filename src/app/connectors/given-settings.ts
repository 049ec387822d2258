/**
 * Settings of connectors that people give on the Connections page. They are kept in the data folder for this
 * server's user alone, and never shown again. A connector that loom.yaml or the environment sets up is left to
 * them: else whoever may use the page could send a secret of theirs to an address of his own.
 */
import { z } from 'zod';
import { AppError, type Config, parseJson, type Setting, SETTINGS, withSettings } from '#kernel';
import type { OwnSecrets } from './own-secrets.ts';

const Values = z.record(z.string(), z.string());
export type GivenValues = Readonly<Record<string, string>>;

/** These open this machine, or the network it is in: only its operator says so. */
const OPERATORS: ReadonlySet<string> = new Set([
  'connectors.folders.paths',
  'connectors.web.insideUrls',
]);

/** Made by its manifest; its key is a file of this machine. */
const SET_UP_ELSEWHERE: ReadonlySet<string> = new Set(['github', 'local']);

export type Origin = 'none' | 'file' | 'page';

export interface GivenSettings {
  /** The configuration with what was given for the connector. @throws AppError `config.invalid_value` */
  configFor(name: string): Config;
  /** Whether a setting can be given on the page. */
  isGivable(path: string, name: string): boolean;
  /** Who set the connector up. */
  originOf(name: string): Origin;
  /** What is kept; undefined where nothing is. */
  read(name: string): GivenValues | undefined;
  /** @throws AppError `connections.settings_elsewhere`, `connections.unknown_setting`, `config.invalid_value` */
  check(name: string, values: GivenValues): void;
  write(name: string, values: GivenValues | undefined): void;
}

export function createGivenSettings(config: Config, secrets: OwnSecrets): GivenSettings {
  const fileOf = (name: string) => `connection-${name}.json`;

  function read(name: string): GivenValues | undefined {
    const text = secrets.read(fileOf(name));
    return text === undefined ? undefined : parseJson(Values, text, 'app.unreadable_secret');
  }

  const isSetByOperator = (name: string): boolean =>
    settingsOf(name).some(({ path, defaultValue }) => {
      const value = valueAt(config, path);
      return value !== undefined && JSON.stringify(value) !== JSON.stringify(defaultValue);
    });

  const isGivable = (path: string, name: string): boolean =>
    !SET_UP_ELSEWHERE.has(name) &&
    !OPERATORS.has(path) &&
    settingsOf(name).some((setting) => setting.path === path);

  return {
    read,
    isGivable,
    configFor(name) {
      const values = isSetByOperator(name) ? undefined : read(name);
      return values === undefined ? config : withSettings(config, values);
    },
    originOf(name) {
      if (isSetByOperator(name)) return 'file';
      return read(name) === undefined ? 'none' : 'page';
    },
    check(name, values) {
      if (isSetByOperator(name)) {
        throw new AppError('conflict', 'connections.settings_elsewhere', {
          message: `Settings of ${name} are in loom.yaml or the environment of the server.`,
          hint: 'Change them there and restart, or remove them there first.',
        });
      }
      const foreign = Object.keys(values).find((path) => !isGivable(path, name));
      if (foreign !== undefined) {
        throw new AppError('invalid', 'connections.unknown_setting', {
          message: `${foreign.slice(0, 100)} cannot be set from here for ${name}.`,
          hint: 'Set what opens this machine or its network in loom.yaml; docs/settings.md lists every setting.',
        });
      }
      // Git would read a path of this machine as gladly as an address.
      const wikis = values['connectors.wiki.urls']?.split(',') ?? [];
      const local = wikis.find((url) => !/^https?:\/\//.test(url.trim()));
      if (local !== undefined) {
        throw new AppError('invalid', 'connections.unknown_setting', {
          message: `${local.trim().slice(0, 100)} is no address of a wiki.`,
          hint: 'Write for example https://github.com/acme/shop.wiki.git.',
        });
      }
      withSettings(config, values);
    },
    write(name, values) {
      if (values === undefined) secrets.remove(fileOf(name));
      else secrets.write(fileOf(name), JSON.stringify(values));
    },
  };
}

function settingsOf(name: string): readonly Setting[] {
  const prefixes = [`connectors.${name}.`, `${name}.`];
  return SETTINGS.filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)));
}

function valueAt(config: Config, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], config);
}
