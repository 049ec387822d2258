/** GitHub as a source of signals: checks that a delivery is genuine and has it translated. Pure. */
import { AppError, parseJson } from '#kernel';
import { z } from 'zod';
import { isSignedBy, type SignalSource } from '#connectors/contract';
import { GITHUB, UNREADABLE } from './naming.ts';
import { TRANSLATIONS } from './signals.ts';

export interface GitHubSourceOptions {
  webhookSecret: string;
  /** Id of our App: the checks it reports itself are no signals. */
  appId?: string | undefined;
}

/** @throws AppError `github.missing_webhook_secret` when the secret is empty: anyone could sign then. */
export function createGitHubSource({ webhookSecret, appId }: GitHubSourceOptions): SignalSource {
  if (webhookSecret.trim() === '') {
    throw new AppError('invalid', 'github.missing_webhook_secret', {
      message: 'The GitHub App has no webhook secret.',
      hint: 'Set github.webhookSecret (LOOM_GITHUB_WEBHOOK_SECRET) to the secret in the settings of the App.',
    });
  }

  return {
    name: GITHUB,

    verify({ headers, body }) {
      if (isSignedBy(webhookSecret, body, headers['x-hub-signature-256'] ?? '')) return;
      throw new AppError('unauthenticated', 'github.bad_signature', {
        message: 'The delivery is not signed with the configured webhook secret.',
        hint: 'Compare the secret in the settings of the GitHub App with github.webhookSecret.',
      });
    },

    deliveryId({ headers }) {
      const id = headers['x-github-delivery'] ?? '';
      if (id !== '' && id.length <= 200) return id;
      throw new AppError('invalid', 'github.missing_delivery_id', {
        message: 'The delivery has no usable X-GitHub-Delivery header.',
        hint: 'Deliver straight from GitHub, or have the proxy pass this header on.',
      });
    },

    toSignals({ headers, body }) {
      const translate = TRANSLATIONS.get(headers['x-github-event'] ?? '');
      if (translate === undefined) return [];
      const signals = translate(body, { appId });
      const repositoryKey = signals.length === 0 ? undefined : repositoryKeyOf(body);
      return repositoryKey === undefined
        ? signals
        : signals.map((signal) => ({ ...signal, repositoryKey }));
    },
  };
}

const OfRepository = z
  .object({ repository: z.object({ id: z.int().positive() }).nullish() })
  .catch({});

/** GitHub's number of the repository, which outlives its names. */
function repositoryKeyOf(body: Uint8Array): string | undefined {
  const id = parseJson(OfRepository, body, UNREADABLE).repository?.id;
  return id === undefined ? undefined : String(id);
}
