/**
 * The outside systems of this node: the local forge and the GitHub App as code hosts, and the receivers
 * of what they and senders of CloudEvents tell.
 */
import { CLOUD_EVENTS, createCloudEventsSource } from '#connectors/cloudevents';
import {
  createGitHubHost,
  createGitHubKnowledge,
  createGitHubSource,
  knowledgeOfDelivery,
} from '#connectors/github';
import { createLocalForge, type ForgeUser, type LocalForge } from '#connectors/local';
import type {
  CodeHost,
  Delivery,
  KnowledgeItem,
  KnowledgeSource,
  SignalSource,
} from '#connectors/contract';
import { type GovernanceService } from '#governance';
import { AppError, type Clock, type Config, type Logger } from '#kernel';
import type { IntakeService } from '#orchestration';
import type { ForgeService, WebhookReceiver } from '#surfaces';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openMonitoring } from './monitoring.ts';
import { ownSecret } from './secrets.ts';

const CONNECTORS = ['local', 'github'];

export interface Hosts {
  /** By name; undefined for repositories nobody speaks for. */
  find(name: string): CodeHost | undefined;
  all: readonly CodeHost[];
  /** What hosts know beside code, by the name of the host. */
  knowledge: ReadonlyMap<string, KnowledgeSource>;
  /** Hosts we have a connector for that is off on this node; another node may speak for them. */
  spokenForElsewhere: readonly string[];
  webhooks: ReadonlyMap<string, WebhookReceiver>;
  forge: LocalForge | null;
  forgeService: ForgeService | null;
}

export function openHosts(deps: {
  config: Config;
  clock: Clock;
  log: Logger;
  publicUrl: string;
  governance: GovernanceService;
  /** Known only after the hosts, because it acts on them. */
  intake: () => IntakeService;
  /** Hears what a delivery tells of changes, reviews, issues and deployments. It must not wait. */
  onKnowledge(system: string, items: readonly KnowledgeItem[]): void;
}): Hosts {
  const { config, clock, log, publicUrl, governance } = deps;
  const hosts = new Map<string, CodeHost>();
  const webhooks = new Map<string, WebhookReceiver>();
  const knowledge = new Map<string, KnowledgeSource>();

  function receiver(
    source: SignalSource,
    toKnowledge: (delivery: Delivery) => KnowledgeItem[] = () => [],
  ): WebhookReceiver {
    return {
      verify: (delivery) => source.verify(delivery),
      async receive(delivery) {
        const received = await deps.intake().receive({
          source: source.name,
          deliveryId: source.deliveryId(delivery),
          signals: source.toSignals(delivery),
        });
        deps.onKnowledge(source.name, toKnowledge(delivery));
        return received;
      },
    };
  }

  let forge: LocalForge | null = null;
  if (config.forge.enabled) {
    forge = createLocalForge({
      folder: join(config.data, 'forge'),
      webhookSecret: config.forge.webhookSecret ?? ownSecret(config.data, 'forge-webhook'),
      publicUrl,
      authenticate: (_username, secret) => authenticateGit(governance, secret),
      onDelivery: (delivery: Delivery) => {
        const local = webhooks.get('local')!;
        // Our own forge signs as a foreign one would, and is believed no more easily.
        return Promise.resolve(local.verify(delivery)).then(() => local.receive(delivery));
      },
      clock,
      log: log.child({ connector: 'local' }),
    });
    hosts.set(forge.host.name, forge.host);
    webhooks.set(forge.source.name, receiver(forge.source));
  }

  const { appId, webhookSecret, privateKey, privateKeyFile, apiUrl } = config.github;
  if (webhookSecret !== undefined) {
    webhooks.set(
      'github',
      receiver(
        createGitHubSource({ webhookSecret, ...(appId === undefined ? {} : { appId }) }),
        knowledgeOfDelivery,
      ),
    );
  }
  const cloudEvents = receiver(
    createCloudEventsSource({ webhookSecret: config.cloudevents.webhookSecret, clock }),
  );
  webhooks.set(CLOUD_EVENTS, {
    ...cloudEvents,
    verify: (delivery) => {
      const token = /^Bearer +(\S+) *$/i.exec(delivery.headers['authorization'] ?? '')?.[1];
      return token === undefined ? cloudEvents.verify(delivery) : mayTell(governance, token);
    },
  });
  for (const { source, verify } of openMonitoring({ settings: config.connectors, governance })) {
    webhooks.set(source.name, { ...receiver(source), verify });
  }
  const key = privateKey ?? (privateKeyFile === undefined ? undefined : readKey(privateKeyFile));
  if (appId !== undefined && key !== undefined) {
    const host = createGitHubHost({
      appId,
      privateKey: key,
      apiUrl,
      log: log.child({ connector: 'github' }),
    });
    hosts.set(host.name, host);
    knowledge.set(host.name, createGitHubKnowledge({ appId, privateKey: key, apiUrl, clock }));
  }

  return {
    knowledge,
    find: (name) => hosts.get(name),
    all: [...hosts.values()],
    spokenForElsewhere: CONNECTORS.filter((name) => !hosts.has(name)),
    webhooks,
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

/** A sender that signs nothing proves itself by a token. @throws AppError 401 or 403. */
async function mayTell(governance: GovernanceService, token: string): Promise<void> {
  const principal = await governance.authenticate(token);
  await governance.authorize(principal, 'signals:write', { kind: 'connector', id: CLOUD_EVENTS });
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

function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('invalid', 'config.unreadable_file', {
      message: `The private key of the GitHub App, ${path}, cannot be read.`,
      hint: 'Correct github.privateKeyFile or the permissions of the file.',
      cause,
    });
  }
}
