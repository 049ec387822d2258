/** The GitHub App, from settings or as it was made from here. */
import { readFileSync } from 'node:fs';
import {
  createGitHubHost,
  createGitHubKnowledge,
  createGitHubSource,
  knowledgeOfDelivery,
} from '#connectors/github';
import type { Connector } from '#connectors/contract';
import { AppError } from '#kernel';
import { type ConnectorDeps, type ConnectorEntry, shown, shownSecret } from './entry.ts';

export const githubEntry: ConnectorEntry = {
  description: {
    name: 'github',
    title: 'GitHub',
    summary:
      'Pull requests, checks, issues and deployments; verdicts, reviewers and merges go back.',
    capabilities: ['signals', 'knowledge', 'work-items', 'code-host'],
    documentation: 'docs/connectors/github.md',
  },
  open(deps) {
    const { appId, webhookSecret, privateKey, privateKeyFile, apiUrl } = deps.config.github;
    const settings = [
      shown('github.apiUrl', apiUrl),
      shown('github.appId', appId),
      shownSecret('github.privateKey', privateKey ?? privateKeyFile),
      shownSecret('github.webhookSecret', webhookSecret),
    ];
    const parts: Connector = {
      settings,
      ...(webhookSecret === undefined ? {} : sourceParts(webhookSecret, appId)),
      ...hostParts(deps),
    };
    if (parts.source === undefined && parts.host === undefined) {
      return {
        missing: 'Set github.appId, github.privateKeyFile and github.webhookSecret.',
        settings,
      };
    }
    return parts;
  },
};

function sourceParts(webhookSecret: string, appId: string | undefined): Partial<Connector> {
  return {
    source: createGitHubSource({ webhookSecret, ...(appId === undefined ? {} : { appId }) }),
    toKnowledge: knowledgeOfDelivery,
  };
}

function hostParts({ config, clock, log }: ConnectorDeps): Partial<Connector> {
  const { appId, privateKey: given, privateKeyFile, apiUrl } = config.github;
  const privateKey = given ?? (privateKeyFile === undefined ? undefined : readKey(privateKeyFile));
  if (appId === undefined || privateKey === undefined) return {};
  return {
    host: createGitHubHost({ appId, privateKey, apiUrl, log: log.child({ connector: 'github' }) }),
    knowledge: createGitHubKnowledge({ appId, privateKey, apiUrl, clock }),
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
