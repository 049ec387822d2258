/**
 * Making a GitHub App by one click: GitHub shows the person what our manifest asks for, sends them back
 * with a code, and gives the App's secrets for that code, once and within an hour.
 * https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
import { z } from 'zod';
import { AppError, checkValue, type Clock } from '#kernel';
import { createHttpClient } from '#connectors/contract';
import { EVENTS, PERMISSIONS } from './connection.ts';

/** What GitHub gives for the code, as far as we keep it. */
export const GitHubAppSecrets = z.object({
  id: z.number(),
  slug: z.string(),
  name: z.string(),
  html_url: z.url(),
  pem: z.string().min(1),
  webhook_secret: z.string().min(1),
});
export type GitHubAppSecrets = z.infer<typeof GitHubAppSecrets>;

/** The manifest as GitHub's form takes it. */
export function appManifest(options: {
  name: string;
  publicUrl: string;
  /** Where GitHub sends the person with the code. */
  redirectUrl: string;
}): Record<string, unknown> {
  const base = options.publicUrl.replace(/\/$/, '');
  return {
    // GitHub takes 34 characters.
    name: options.name.slice(0, 34),
    url: base,
    hook_attributes: { url: `${base}/webhooks/github`, active: true },
    redirect_url: options.redirectUrl,
    public: false,
    default_permissions: PERMISSIONS,
    default_events: EVENTS,
  };
}

/** Where the form with the manifest is sent: of an organisation, or of the person. */
export function manifestFormUrl(apiUrl: string, organisation: string | undefined): string {
  const web = webUrlOf(apiUrl);
  return organisation === undefined
    ? `${web}/settings/apps/new`
    : `${web}/organizations/${encodeURIComponent(organisation)}/settings/apps/new`;
}

/** `https://api.github.com` is that of github.com; Enterprise Server has its API below `/api/v3`. */
export function webUrlOf(apiUrl: string): string {
  const url = new URL(apiUrl);
  if (url.hostname === 'api.github.com') return 'https://github.com';
  return url.hostname.startsWith('api.') && url.hostname.endsWith('.ghe.com')
    ? `https://${url.hostname.slice('api.'.length)}`
    : url.origin;
}

/** @throws AppError `connector.not_found` for a code that was used or is too old. */
export async function exchangeManifestCode(
  code: string,
  { apiUrl, clock }: { apiUrl: string; clock: Clock },
): Promise<GitHubAppSecrets> {
  if (!/^[\w-]{1,200}$/.test(code)) {
    throw new AppError('invalid', 'github.bad_manifest_code', {
      message: 'The code is none that GitHub gives.',
      hint: 'Begin again on the Connections page.',
    });
  }
  const client = createHttpClient({ title: 'GitHub', baseUrl: apiUrl, clock });
  const { body } = await client.json({
    method: 'POST',
    path: `/app-manifests/${code}/conversions`,
    headers: { accept: 'application/vnd.github+json' },
  });
  return checkValue(GitHubAppSecrets, body, 'github.unreadable_answer');
}

/** Secrets as they were kept. @throws AppError `github.unreadable_secrets` */
export function readAppSecrets(text: string): GitHubAppSecrets {
  try {
    return GitHubAppSecrets.parse(JSON.parse(text));
  } catch {
    // The cause is left out: it may quote the key.
    throw new AppError('invalid', 'github.unreadable_secrets', {
      message: 'The kept secrets of the GitHub App cannot be read.',
      hint: 'Restore secrets/github-app.json in the data folder from a backup, or make the App anew.',
    });
  }
}
