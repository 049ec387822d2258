/**
 * The outside systems of this node: the local forge, and every connector of the registry, as code hosts,
 * sources of knowledge and receivers of what they tell.
 */
import { createLocalForge, type ForgeUser, type LocalForge } from '#connectors/local';
import type {
  CodeHost,
  Connector,
  Delivery,
  KnowledgeItem,
  KnowledgeSource,
} from '#connectors/contract';
import { type GovernanceService } from '#governance';
import { AppError, type Clock, type Config, type Logger } from '#kernel';
import type { ConnectionPart, ConnectionTally, IntakeService, PushGate } from '#orchestration';
import type { ForgeService, WebhookReceiver } from '#surfaces';
import { join } from 'node:path';
import { type ConnectorSet, openConnectors } from './connectors/open.ts';
import type { ConnectorEntry } from './connectors/entry.ts';
import { createOwnSecrets, type OwnSecrets } from './connectors/own-secrets.ts';
import { createReceiver } from './connectors/receiver.ts';
import { CONNECTORS } from './connectors/registry.ts';
import { ownSecret } from './secrets.ts';
import type { SlackDesk } from './slack-desk.ts';

export interface Hosts {
  /** By name; undefined for repositories nobody speaks for. */
  find(name: string): CodeHost | undefined;
  /** What connectors know beside code, by name. Live. */
  knowledge: ReadonlyMap<string, KnowledgeSource>;
  /** Hosts we have a connector for that is off on this node; another node may speak for them. */
  spokenForElsewhere(): readonly string[];
  /** By the name in `/webhooks/{name}`. Live. */
  webhooks: ReadonlyMap<string, WebhookReceiver>;
  connectors: ConnectorSet;
  secrets: OwnSecrets;
  /** For the connections service. */
  parts(): ConnectionPart[];
  forge: LocalForge | null;
  forgeService: ForgeService | null;
}

export function openHosts(deps: {
  config: Config;
  clock: Clock;
  log: Logger;
  publicUrl: string;
  governance: GovernanceService;
  slackDesk: SlackDesk;
  /** Known only after the hosts, because it acts on them. */
  intake: () => IntakeService;
  /** Known only after the hosts, because it shows them. */
  tally: () => ConnectionTally;
  /** Asked before the local forge takes a push. */
  gatePush: PushGate;
  /** Hears what a delivery tells of changes, reviews, issues and deployments. It must not wait. */
  onKnowledge(system: string, items: readonly KnowledgeItem[]): void;
}): Hosts {
  const { config, clock, log, publicUrl, governance, tally } = deps;
  const webhooks = new Map<string, WebhookReceiver>();

  let forge: LocalForge | null = null;
  if (config.forge.enabled) {
    forge = createLocalForge({
      folder: join(config.data, 'forge'),
      webhookSecret: config.forge.webhookSecret ?? ownSecret(config.data, 'forge-webhook'),
      publicUrl,
      authenticate: (_username, secret) => authenticateGit(governance, secret),
      gatePush: deps.gatePush,
      onDelivery: async (delivery: Delivery) => {
        const local = webhooks.get('local')!;
        // Our own forge signs as a foreign one would, and is believed no more easily.
        await local.verify(delivery);
        return local.receive(delivery);
      },
      clock,
      log: log.child({ connector: 'local' }),
    });
  }

  const entries: readonly ConnectorEntry[] = [localEntry(forge), ...CONNECTORS];
  const secrets = createOwnSecrets(config.data, clock);
  const connectors = openConnectors({
    entries,
    deps: {
      config,
      clock,
      log,
      publicUrl,
      secrets,
      slackDesk: deps.slackDesk,
      authorizeSender: (token, connector) => mayTell(governance, token, connector),
    },
    tally,
    onSetUp: () => placeReceivers(),
  });

  /** A connector that is set up later, while the server runs, gets its receiver then. */
  function placeReceivers(): void {
    for (const { description, connector } of connectors.list()) {
      const { name } = description;
      if (connector?.source === undefined) webhooks.delete(name);
      else if (!webhooks.has(name)) {
        const of = {
          find: (): Connector => connectors.find(name)!,
          findPrevious: () => connectors.findPrevious(name),
        };
        webhooks.set(name, createReceiver(name, of, deps));
      }
    }
  }
  placeReceivers();

  return {
    find: (name) => connectors.hosts.get(name),
    knowledge: connectors.knowledge,
    spokenForElsewhere: () =>
      entries
        .filter(({ description: { capabilities, name } }) => {
          return capabilities.includes('code-host') && !connectors.hosts.has(name);
        })
        .map(({ description }) => description.name),
    webhooks,
    connectors: {
      ...connectors,
      reopen(name) {
        connectors.reopen(name);
        placeReceivers();
      },
    },
    parts: () => connectors.parts(),
    secrets,
    forge,
    forgeService:
      forge === null
        ? null
        : {
            createRepository: async (name) => {
              const { repository, cloneUrl } = await forge.createRepository(name);
              return { name: repository, cloneUrl };
            },
            removeRepository: (name) => forge.removeRepository(name),
            handle: (incoming, outgoing) => forge.handle(incoming, outgoing),
          },
  };
}

/** The forge of this node is made before the connectors, because it serves git as well. */
function localEntry(forge: LocalForge | null): ConnectorEntry {
  return {
    description: {
      name: 'local',
      title: 'Local forge',
      summary: 'Git repositories on this server, with a protected main.',
      capabilities: ['signals', 'code-host'],
      documentation: 'docs/connectors/local.md',
    },
    open({ config }) {
      const settings = [{ path: 'forge.enabled', value: String(config.forge.enabled) }];
      if (forge === null) return { missing: 'Set forge.enabled.', settings };
      return {
        settings,
        source: forge.source,
        host: forge.host,
        async test() {
          const repositories = await forge.listRepositories();
          const text = `${repositories.length} ${repositories.length === 1 ? 'repository' : 'repositories'} under /git`;
          return { account: 'this server', findings: [{ level: 'ok', text }] };
        },
      };
    },
  };
}

/** A sender that signs nothing proves itself by a token. @throws AppError 401 or 403. */
async function mayTell(
  governance: GovernanceService,
  token: string,
  connector: string,
): Promise<void> {
  const principal = await governance.authenticate(token);
  await governance.authorize(principal, 'signals:write', { kind: 'connector', id: connector });
}

/** Git sends any user name and a token of ours as the password. */
async function authenticateGit(
  governance: GovernanceService,
  secret: string,
): Promise<ForgeUser | undefined> {
  try {
    const principal = await governance.authenticate(secret);
    return {
      // An agent pushes for its operator, who answers for what is pushed.
      id: principal.onBehalfOf ?? principal.id,
      name: principal.name,
      identities: principal.identities.map((identity) => identity.replace(/^email:/, '')),
      mayPush: governance.isAllowed(principal, 'sessions:write', { kind: 'forge', id: 'local' }),
    };
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unauthenticated') return undefined;
    throw error;
  }
}
