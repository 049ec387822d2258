/** Settings of the systems that tell us things and that we write to. Nothing is on unless it is set. */
import { z } from 'zod';
import { flag, list, secret } from './setting-types.ts';

/** A system that only tells us of alerts or rollouts. */
function teller(title: string, what: string) {
  return z
    .strictObject({
      secret: secret.optional().describe(`${what} of ${title}. docs/connectors/monitoring.md.`),
    })
    .prefault({});
}

/** Where the documents of a place belong, and who may know of them. */
const places = (place: string) => ({
  repositories: list()
    .default([])
    .describe(`Repository that documents are about: ${place}=acme/shop, with commas between them.`),
  teams: list()
    .default([])
    .describe(
      `The only teams that may know of documents: ${place}=payments, once per team. Everybody who may read context unless set.`,
    ),
});

function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const TOKEN = 'Token in the Authorization header';
const SIGNATURE = 'Secret behind the signatures';

export const ConnectorSettings = z
  .strictObject({
    monitoring: z
      .strictObject({
        repositoryLabels: list()
          .default([])
          .describe('Labels of alerts that name the repository, before the common ones.'),
        serviceLabels: list()
          .default([])
          .describe('Labels of alerts that name the service, before the common ones.'),
      })
      .prefault({}),
    webhooks: z
      .strictObject({
        insideUrls: list()
          .default([])
          .describe(
            'Addresses inside your network that webhook subscriptions may name, such as https://hooks.intern:8443.',
          ),
      })
      .prefault({}),
    digest: z
      .strictObject({
        to: list(
          z
            .string()
            .regex(/^[a-z-]+:[^=]+(=\S+\/\S+)?$/, 'is like slack:#team or email:team@example.com'),
        )
          .default([])
          .describe(
            'Who gets a digest each day: slack:#team, email:team@example.com; of one repository alone as slack:#shop=acme/shop.',
          ),
        at: z
          .string()
          .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is a time such as 08:30')
          .default('08:00')
          .describe('When, by the clock of the zone.'),
        zone: z
          .string()
          .refine(isZone, 'is no time zone such as Europe/Berlin')
          .default('UTC')
          .describe('Time zone of that time.'),
      })
      .prefault({}),
    slack: z
      .strictObject({
        botToken: secret.optional().describe('Bot token of the Slack app (xoxb-…).'),
        signingSecret: secret
          .optional()
          .describe('Signing secret of the Slack app, for requests to /webhooks/slack.'),
        appToken: secret
          .optional()
          .describe('App-level token (xapp-…) for Socket Mode: no address has to be reachable.'),
        apiUrl: z.url().default('https://slack.com/api/').describe('Base address of the Web API.'),
        channels: list()
          .default([])
          .describe('Channels whose threads are knowledge, by id: C0123ABCD. None unless set.'),
        ...places('C0123ABCD'),
      })
      .prefault({}),
    email: z
      .strictObject({
        smtpUrl: secret
          .optional()
          .describe(
            'Mail server: smtps://user:password@host:465, or smtp://host:587 with STARTTLS.',
          ),
        from: z.string().max(320).optional().describe('Sender: LoomStack <loom@example.com>.'),
        allowPlaintext: flag
          .default(false)
          .describe('Send mail to a server beyond loopback that offers no TLS.'),
      })
      .prefault({}),
    linear: z
      .strictObject({
        apiKey: secret
          .optional()
          .describe('Personal API key (lin_api_…) or OAuth token of Linear.'),
        webhookSecret: secret.optional().describe('Signing secret of the webhook in Linear.'),
        repositories: list()
          .default([])
          .describe('Repository of each team’s issues: ENG=acme/shop, with commas between them.'),
        apiUrl: z
          .url()
          .default('https://api.linear.app/graphql')
          .describe('Address of the GraphQL API.'),
      })
      .prefault({}),
    jira: z
      .strictObject({
        url: z
          .url()
          .optional()
          .describe('Address of the Jira site: https://acme.atlassian.net, or your Data Center.'),
        email: z.string().max(320).optional().describe('Account of the API token (Cloud only).'),
        token: secret
          .optional()
          .describe('API token (Cloud) or personal access token (Data Center).'),
        webhookSecret: secret.optional().describe('Secret of the webhook in Jira.'),
        projects: list()
          .default([])
          .describe('Projects to read, by key; all that are visible unless set.'),
        repositories: list()
          .default([])
          .describe(
            'Repository of each project’s issues: SHOP=acme/shop, with commas between them.',
          ),
      })
      .prefault({}),
    folders: z
      .strictObject({
        paths: list(z.string().startsWith('/').max(300))
          .default([])
          .describe('Folders of documents on this machine, each with its whole path.'),
        ...places('/srv/handbook'),
      })
      .prefault({}),
    wiki: z
      .strictObject({
        urls: list()
          .default([])
          .describe('Wikis that are git repositories: https://github.com/acme/shop.wiki.git.'),
        user: z
          .string()
          .max(200)
          .default('x-access-token')
          .describe('User the token is sent with; GitLab takes oauth2.'),
        token: secret.optional().describe('Token that may read the wikis.'),
        ...places('https://github.com/acme/shop.wiki.git'),
      })
      .prefault({}),
    confluence: z
      .strictObject({
        url: z
          .url()
          .optional()
          .describe('Address of Confluence: https://acme.atlassian.net, or your Data Center.'),
        email: z.string().max(320).optional().describe('Account of the API token (Cloud only).'),
        token: secret
          .optional()
          .describe('API token (Cloud) or personal access token (Data Center).'),
        spaces: list().default([]).describe('Spaces to read, by key.'),
        ...places('ENG'),
      })
      .prefault({}),
    notion: z
      .strictObject({
        token: secret.optional().describe('Token of an internal integration (ntn_…).'),
        apiUrl: z.url().default('https://api.notion.com/v1/').describe('Base address of the API.'),
        ...places('notion'),
      })
      .prefault({}),
    web: z
      .strictObject({
        pages: list()
          .default([])
          .describe(
            'Pages to read: https://docs.example/guide, or https://docs.example/guide/* for what it links to below.',
          ),
        insideUrls: list()
          .default([])
          .describe(
            'Addresses inside your network that pages may be read from, such as https://wiki.intern.',
          ),
        ...places('https://docs.example/guide'),
      })
      .prefault({}),
    alertmanager: teller('Alertmanager', TOKEN),
    grafana: teller('Grafana', `${SIGNATURE}, or token,`),
    pagerduty: teller('PagerDuty', SIGNATURE),
    sentry: teller('the Sentry integration', 'Client secret'),
    datadog: teller('Datadog', TOKEN),
    opsgenie: teller('Opsgenie', TOKEN),
    alerts: teller('whatever posts plain alerts', TOKEN),
    argocd: teller('Argo CD notifications', TOKEN),
    flux: teller('the Flux provider', `${SIGNATURE}, or token,`),
  })
  .prefault({});
