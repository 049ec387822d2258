/** The GitHub App: from settings, or as it was made from the Connections page. */
import { readFileSync } from 'node:fs';
import {
  createGitHubClient,
  createGitHubHost,
  createGitHubKnowledge,
  createGitHubMirror,
  createGitHubSource,
  createGitHubSweep,
  type GitHubClient,
  knowledgeOfDelivery,
  readAppSecrets,
  testConnection,
  toClientOptions,
} from '#connectors/github';
import type { Connector } from '#connectors/contract';
import { AppError } from '#kernel';
import { type ConnectorDeps, type ConnectorEntry, shown, shownSecret } from './entry.ts';

/** Names in the data folder: what GitHub gave for the manifest, and its webhook secret once renewed. */
export const APP_FILE = 'github-app.json';
const HOOK_SECRET = 'github-webhook';

interface GitHubSettings {
  appId: string | undefined;
  privateKey: string | undefined;
  webhookSecret: string | undefined;
  /** The webhook secret is one we may renew. */
  isOurs: boolean;
}

export const githubEntry: ConnectorEntry = {
  description: {
    name: 'github',
    title: 'GitHub',
    summary:
      'Pull requests, checks, issues and deployments; verdicts, reviewers and merges go back.',
    capabilities: ['signals', 'knowledge', 'work-items', 'code-host'],
    documentation: 'docs/connectors/github.md',
  },

  ownSecret: (deps) => (readSettings(deps).isOurs ? HOOK_SECRET : undefined),

  open(deps) {
    const { appId, privateKey, webhookSecret } = readSettings(deps);
    const settings = [
      shown('github.apiUrl', deps.config.github.apiUrl),
      shown('github.appId', appId),
      shownSecret('github.privateKey', privateKey),
      shownSecret('github.webhookSecret', webhookSecret),
    ];
    const source =
      webhookSecret === undefined ? undefined : createGitHubSource({ webhookSecret, appId });
    const client = clientOf(deps, appId, privateKey);
    if (source === undefined && client === undefined) {
      const missing =
        'Make the App from the Connections page, or set github.appId, github.privateKeyFile and github.webhookSecret.';
      return { missing, settings };
    }
    return {
      settings,
      ...(source === undefined ? {} : { source, toKnowledge: knowledgeOfDelivery }),
      ...(client === undefined ? {} : callingParts(deps, client, appId!, privateKey!)),
      ...(client === undefined || source === undefined
        ? {}
        : { sweep: createGitHubSweep({ client, source, clock: deps.clock }) }),
    };
  },
};

/** What is set beats what was made here: settings are what an operator looks at. */
function readSettings({ config, secrets }: ConnectorDeps): GitHubSettings {
  const { appId, privateKey, privateKeyFile, webhookSecret } = config.github;
  const key = privateKey ?? (privateKeyFile === undefined ? undefined : readKey(privateKeyFile));
  const text = appId === undefined ? secrets.read(APP_FILE) : undefined;
  if (text === undefined) return { appId, privateKey: key, webhookSecret, isOurs: false };
  const made = readAppSecrets(text);
  const isOurs = webhookSecret === undefined;
  return {
    appId: String(made.id),
    privateKey: key ?? made.pem,
    webhookSecret: isOurs ? secrets.ensure(HOOK_SECRET) : webhookSecret,
    isOurs,
  };
}

/** Keeps what GitHub gave for the manifest; the connector is then opened again. */
export function keepApp(
  { secrets }: Pick<ConnectorDeps, 'secrets'>,
  app: { webhook_secret: string },
): void {
  secrets.write(HOOK_SECRET, app.webhook_secret);
  secrets.write(APP_FILE, JSON.stringify(app));
}

function clientOf(
  { config, clock }: ConnectorDeps,
  appId: string | undefined,
  privateKey: string | undefined,
): GitHubClient | undefined {
  if (appId === undefined || privateKey === undefined) return undefined;
  const { apiUrl } = config.github;
  return createGitHubClient(toClientOptions({ appId, privateKey, apiUrl, clock }));
}

function callingParts(
  { config, clock, log, publicUrl }: ConnectorDeps,
  client: GitHubClient,
  appId: string,
  privateKey: string,
): Partial<Connector> {
  const { apiUrl, merge } = config.github;
  const common = { appId, privateKey, apiUrl, clock, client };
  return {
    host: createGitHubHost({
      ...common,
      log: log.child({ connector: 'github' }),
      mergeWhenReady: merge === 'by-github',
    }),
    knowledge: createGitHubKnowledge(common),
    workItems: createGitHubMirror(client),
    test: () => testConnection(client, `${publicUrl.replace(/\/$/, '')}/webhooks/github`),
    rate: () => client.rate(),
    async changeSecret(secret) {
      await client.callApp((octokit) => octokit.rest.apps.updateWebhookConfigForApp({ secret }));
    },
  };
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
