/**
 * The opened connectors of this node, by name. The maps it gives are live: what is opened again takes the
 * place of what was there, while the server runs.
 */
import type {
  CodeHost,
  Connector,
  ConnectorDescription,
  KnowledgeSource,
  Messenger,
  WorkItemMirror,
} from '#connectors/contract';
import type { ConnectionPart, ConnectionTally } from '#orchestration';
import { AppError, SETTINGS } from '#kernel';
import { type ConnectorDeps, type ConnectorEntry, isSetUp, type NotSetUp } from './entry.ts';
import { createGivenSettings, type GivenSettings, type GivenValues } from './given-settings.ts';
import { watched } from './watched.ts';

export interface OpenedConnector {
  description: ConnectorDescription;
  opened: Connector | NotSetUp;
  /** Undefined when it lacks settings. */
  connector: Connector | undefined;
  /** The same with the webhook secret before, while that counts. */
  previous: Connector | undefined;
}

export interface ConnectorSet {
  list(): readonly OpenedConnector[];
  find(name: string): Connector | undefined;
  findPrevious(name: string): Connector | undefined;
  /** Reads settings and secrets of one connector anew. */
  reopen(name: string): void;
  hosts: ReadonlyMap<string, CodeHost>;
  knowledge: ReadonlyMap<string, KnowledgeSource>;
  messengers: ReadonlyMap<string, Messenger>;
  workItems: ReadonlyMap<string, WorkItemMirror>;
  /** For the connections service. */
  parts(): ConnectionPart[];
}

export function openConnectors(options: {
  entries: readonly ConnectorEntry[];
  deps: ConnectorDeps;
  tally: () => ConnectionTally;
  /** After a connector was set up or taken down while the server runs. */
  onSetUp: () => void;
}): ConnectorSet {
  const { entries, deps, tally, onSetUp } = options;
  const given = createGivenSettings(deps.config, deps.secrets);
  const opened = new Map<string, OpenedConnector>();
  const hosts = new Map<string, CodeHost>();
  const knowledge = new Map<string, KnowledgeSource>();
  const messengers = new Map<string, Messenger>();
  const workItems = new Map<string, WorkItemMirror>();

  function open(entry: ConnectorEntry): void {
    const { description } = entry;
    const { name } = description;
    const result = openAsGiven(entry);
    const connector = isSetUp(result) ? result : undefined;
    const previous = connector === undefined ? undefined : openWithPreviousSecret(entry);
    opened.set(name, { description, opened: result, connector, previous });
    const watch = <Part extends object>(part: Part) => watched(part, name, tally);
    place(hosts, name, connector?.host, watch);
    place(knowledge, name, connector?.knowledge, watch);
    place(messengers, name, connector?.messenger, watch);
    place(workItems, name, connector?.workItems, watch);
  }

  const depsOf = ({ description: { name } }: ConnectorEntry): ConnectorDeps => ({
    ...deps,
    config: given.configFor(name),
  });

  /** What an operator set wrongly stops the start; what was given on the page stops its connector alone. */
  function openAsGiven(entry: ConnectorEntry): Connector | NotSetUp {
    const { name } = entry.description;
    if (given.originOf(name) !== 'page') return entry.open(deps);
    try {
      return entry.open(depsOf(entry));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      deps.log.warn(
        { connector: name, code: error.code },
        'settings given for a connector do not fit',
      );
      return { missing: error.message, settings: entry.open(deps).settings };
    }
  }

  function ownSecretOf(entry: ConnectorEntry): string | undefined {
    // Without a connector its settings may not even fit.
    const isOpen = opened.get(entry.description.name)?.connector !== undefined;
    return isOpen ? entry.ownSecret?.(depsOf(entry)) : undefined;
  }

  /** Takes them into force, or leaves everything as it was. */
  function give(entry: ConnectorEntry, values: GivenValues | undefined): void {
    const { name } = entry.description;
    const before = given.read(name);
    if (values !== undefined) given.check(name, values);
    given.write(name, values);
    try {
      const tried = values === undefined ? undefined : entry.open(depsOf(entry));
      if (tried !== undefined && !isSetUp(tried)) throw incomplete(tried.missing);
    } catch (error) {
      given.write(name, before);
      throw error;
    }
    open(entry);
    onSetUp();
  }

  function openWithPreviousSecret(entry: ConnectorEntry): Connector | undefined {
    const own = depsOf(entry);
    const secretName = entry.ownSecret?.(own);
    const before = secretName === undefined ? undefined : deps.secrets.previous(secretName);
    if (before === undefined) return undefined;
    const ensure = (name: string) => (name === secretName ? before : deps.secrets.ensure(name));
    const result = entry.open({ ...own, secrets: { ...deps.secrets, ensure } });
    return isSetUp(result) ? result : undefined;
  }

  /** The other system is told last: until it knows, it signs with the old secret, which still counts. */
  async function rotate(entry: ConnectorEntry, secretName: string) {
    const current = deps.secrets.ensure(secretName);
    const connector = opened.get(entry.description.name)?.connector;
    const renewed = deps.secrets.renew(secretName, current);
    try {
      open(entry);
      await connector?.changeSecret?.(renewed.secret);
    } catch (error) {
      deps.secrets.write(secretName, current);
      open(entry);
      throw error;
    }
    return renewed;
  }

  for (const entry of entries) open(entry);

  return {
    list: () => [...opened.values()],
    find: (name) => opened.get(name)?.connector,
    findPrevious(name) {
      const one = opened.get(name);
      const entry = entries.find(({ description }) => description.name === name);
      const secretName = entry === undefined ? undefined : ownSecretOf(entry);
      // Asked anew each time: its day may be over since it was opened.
      const isOver = secretName === undefined || deps.secrets.previous(secretName) === undefined;
      return isOver ? undefined : one?.previous;
    },
    reopen(name) {
      const entry = entries.find(({ description }) => description.name === name);
      if (entry !== undefined) open(entry);
    },
    hosts,
    knowledge,
    messengers,
    workItems,
    parts: () =>
      entries.map((entry) => {
        const secretName = ownSecretOf(entry);
        return {
          ...toPart(opened.get(entry.description.name)!, deps, given),
          giveSettings: (values: GivenValues | undefined) => give(entry, values),
          ...(secretName === undefined ? {} : { rotateSecret: () => rotate(entry, secretName) }),
        };
      }),
  };
}

function incomplete(missing: string): AppError {
  return new AppError('invalid', 'connections.incomplete', {
    message: missing,
    hint: 'Settings are given all at once: what is left out is not kept from before.',
  });
}

function place<Part extends object>(
  parts: Map<string, Part>,
  name: string,
  part: Part | undefined,
  watch: (part: Part) => Part,
): void {
  if (part === undefined) parts.delete(name);
  else parts.set(name, watch(part));
}

function toPart(
  { description, opened, connector }: OpenedConnector,
  deps: ConnectorDeps,
  given: GivenSettings,
): ConnectionPart {
  const { name } = description;
  return {
    ...description,
    settings: opened.settings.map((setting) => {
      const { path } = setting;
      const known = SETTINGS.find((one) => one.path === path);
      return {
        ...setting,
        description: known?.description,
        environment: known?.env,
        isSecret: known?.isSecret,
        isGivable: given.isGivable(path, name),
      };
    }),
    origin: given.originOf(name),
    missing: 'missing' in opened ? opened.missing : undefined,
    webhookUrl:
      connector?.source === undefined
        ? undefined
        : `${deps.publicUrl.replace(/\/$/, '')}/webhooks/${name}`,
    sweep: connector?.sweep,
    test: connector?.test?.bind(connector),
    rate: connector?.rate?.bind(connector),
  };
}
