/**
 * How our App stands with GitHub: who it is, what it may do, where it is installed, and whether GitHub
 * delivers to us.
 */
import type { ConnectionTest, TestFinding } from '#connectors/contract';
import { AppError } from '#kernel';
import type { GitHubClient } from './client.ts';
import { statusOf } from './failures.ts';

/** What the App needs; docs/connectors/github.md says what for. */
export const PERMISSIONS = {
  actions: 'read',
  administration: 'read',
  checks: 'write',
  contents: 'write',
  deployments: 'read',
  issues: 'write',
  merge_queues: 'read',
  metadata: 'read',
  pull_requests: 'write',
  repository_advisories: 'read',
  security_events: 'read',
  statuses: 'read',
  vulnerability_alerts: 'read',
} as const;

/** What it works without, at a loss. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'actions',
  'administration',
  'merge_queues',
  'repository_advisories',
  'security_events',
  'vulnerability_alerts',
]);

export const EVENTS = [
  'check_run',
  'check_suite',
  'code_scanning_alert',
  'dependabot_alert',
  'deployment',
  'deployment_status',
  'issue_comment',
  'issues',
  'merge_group',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'push',
  'repository',
  'repository_advisory',
  'status',
  'workflow_run',
] as const;

/** Events that tell what the product cannot do without. */
const NEEDED_EVENTS: ReadonlySet<string> = new Set([
  'pull_request',
  'pull_request_review',
  'push',
  'check_run',
]);

const LEVELS = ['none', 'read', 'write', 'admin'];

export async function testConnection(
  client: GitHubClient,
  webhookUrl: string,
): Promise<ConnectionTest> {
  return client.callApp(async (octokit) => {
    const { data: app } = await octokit.rest.apps.getAuthenticated();
    if (app === null) throw noApp();
    const { data: installations } = await octokit.rest.apps.listInstallations({ per_page: 100 });
    const accounts = installations.map(({ account, suspended_at: suspendedAt }) => ({
      name: nameOf(account),
      isSuspended: suspendedAt !== null && suspendedAt !== undefined,
    }));
    const url = await octokit.rest.apps.getWebhookConfigForApp().then(
      ({ data }) => data.url ?? '',
      (error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        throw error;
      },
    );
    return {
      account: `${app.slug ?? app.name}[bot]`,
      findings: [
        ...judgePermissions(app.permissions as Record<string, string | undefined>),
        ...judgeEvents(app.events),
        ...judgeAccounts(accounts),
        ...judgeWebhook(url, webhookUrl),
      ],
    };
  });
}

/** People and organisations have a login, enterprises a slug. */
function nameOf(account: object | null): string {
  const { login, slug } = (account ?? {}) as { login?: unknown; slug?: unknown };
  return typeof login === 'string' ? login : typeof slug === 'string' ? slug : 'unknown';
}

/** Pure. */
export function judgePermissions(
  given: Readonly<Record<string, string | undefined>>,
): TestFinding[] {
  const lacking = Object.entries(PERMISSIONS).filter(
    ([name, level]) => LEVELS.indexOf(given[name] ?? 'none') < LEVELS.indexOf(level),
  );
  if (lacking.length === 0)
    return [{ level: 'ok', text: 'The App has every permission it needs.' }];
  return lacking.map(([name, level]) => ({
    level: OPTIONAL.has(name) ? 'warning' : 'problem',
    text: `The App lacks the permission ${name}: ${level}.`,
    hint: 'Add it in the settings of the App; an owner of each installation has to accept it.',
  }));
}

function judgeEvents(subscribed: readonly string[]): TestFinding[] {
  const lacking = EVENTS.filter((event) => !subscribed.includes(event));
  if (lacking.length === 0) return [{ level: 'ok', text: 'The App hears of every event.' }];
  return [
    {
      level: lacking.some((event) => NEEDED_EVENTS.has(event)) ? 'problem' : 'warning',
      text: `The App does not hear of: ${lacking.join(', ')}.`,
      hint: 'Subscribe to them in the settings of the App.',
    },
  ];
}

function judgeAccounts(accounts: readonly { name: string; isSuspended: boolean }[]): TestFinding[] {
  if (accounts.length === 0) {
    return [
      {
        level: 'problem',
        text: 'The App is installed nowhere.',
        hint: 'Install it on the repositories it is to look after.',
      },
    ];
  }
  return accounts.map(({ name, isSuspended }) =>
    isSuspended
      ? {
          level: 'warning' as const,
          text: `The installation on ${name} is suspended.`,
          hint: `An owner of ${name} can lift that in its settings.`,
        }
      : { level: 'ok' as const, text: `Installed on ${name}.` },
  );
}

function judgeWebhook(url: string | undefined, expected: string): TestFinding[] {
  if (url === undefined) {
    return [{ level: 'warning', text: 'GitHub does not say where it delivers to.' }];
  }
  if (url === expected) return [{ level: 'ok', text: `GitHub delivers to ${expected}.` }];
  return [
    {
      level: 'warning',
      text: `GitHub delivers to ${url === '' ? 'nowhere' : url}, and this server believes to be ${expected}.`,
      hint: 'Correct the webhook URL in the settings of the App, or publicUrl here.',
    },
  ];
}

function noApp(): AppError {
  return new AppError('unavailable', 'github.bad_credentials', {
    message: 'GitHub does not know the App.',
    hint: 'Compare github.appId with the private key.',
  });
}
