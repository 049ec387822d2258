/**
 * How a connector comes to life in this server: one entry each, in `registry.ts`. An entry reads the
 * settings, says what is missing, and opens the connector; nothing else in the server names it.
 */
import type { Connector, ConnectorDescription, ShownSetting } from '#connectors/contract';
import type { Clock, Config, Logger } from '#kernel';
import type { SlackDesk } from '../slack-desk.ts';
import type { OwnSecrets } from './own-secrets.ts';

export interface ConnectorDeps {
  config: Config;
  clock: Clock;
  log: Logger;
  /** Where people and outside systems reach this server. */
  publicUrl: string;
  /** Secrets this server made, in its data folder. */
  secrets: OwnSecrets;
  /** Answers what people do in Slack. */
  slackDesk: SlackDesk;
  /** Checks a token of ours that a sender shows in place of a signature. @throws AppError 401 or 403 */
  authorizeSender(token: string, connector: string): Promise<void>;
}

/** A connector that lacks settings. */
export interface NotSetUp {
  /** One sentence: what to set. */
  missing: string;
  settings: readonly ShownSetting[];
}

export interface ConnectorEntry {
  readonly description: ConnectorDescription;
  /**
   * Called at start, and again when something was set up or a secret changed.
   * @throws AppError when a setting is there and wrong: the server then does not start.
   */
  open(deps: ConnectorDeps): Connector | NotSetUp;
  /**
   * Name in `deps.secrets` of the webhook secret where it is ours to renew: made here because the settings
   * hold none. `open` reads it by `deps.secrets.ensure(name)`.
   */
  ownSecret?(deps: ConnectorDeps): string | undefined;
}

export function isSetUp(opened: Connector | NotSetUp): opened is Connector {
  return !('missing' in opened);
}

/** A plain setting as it may be shown. */
export function shown(path: string, value: string | number | boolean | undefined): ShownSetting {
  return { path, value: value === undefined ? undefined : String(value) };
}

/** A secret as it may be shown: whether it is set. */
export function shownSecret(path: string, value: string | undefined): ShownSetting {
  return { path, value: value === undefined ? undefined : '[set]' };
}

/** The token of `Authorization: Bearer …`, if any. */
export function bearerOf(
  headers: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers['authorization'] ?? '')?.[1];
}
