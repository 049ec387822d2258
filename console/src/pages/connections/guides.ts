/** What to do in the other system before and after its settings are given here, and what settings are called. */

interface Field {
  label: string;
  placeholder?: string;
  isRequired?: boolean;
  /** Shown with the required ones; the others are folded away. */
  isUsual?: boolean;
}

export interface Guide {
  /** In the other system, before. */
  before: string[];
  /** Names of settings without their prefix; others are called as they are. */
  fields: Readonly<Record<string, Field>>;
  /** Where its webhooks are set up. */
  deliver?: string;
}

const PLACES: Guide['fields'] = {
  repositories: { label: 'Repositories' },
  teams: { label: 'Teams' },
};

const ATLASSIAN_ACCOUNT: Guide['fields'] = {
  url: { label: 'Address', placeholder: 'https://acme.atlassian.net', isRequired: true },
  email: { label: 'E-mail', placeholder: 'loomstack@acme.com', isUsual: true },
};

const ATLASSIAN_TOKEN =
  'Cloud: make an API token at id.atlassian.com/manage-profile/security/api-tokens and give the e-mail beside it. Data Center: make a personal access token, and leave the e-mail out.';

/** Systems that only tell us things, by the secret each proves itself with. */
function teller(title: string, secret: string): Guide {
  return {
    before: [],
    fields: { secret: { label: secret, isRequired: true } },
    deliver: `In ${title}, have its notifications posted to this address, with the secret beside it.`,
  };
}

const BEARER = 'Token it sends in the Authorization header';

const GUIDES: Readonly<Record<string, Guide>> = {
  gitlab: {
    before: [
      'In GitLab, make an access token of the project or group with the scope api and the role Maintainer, of an account of its own.',
    ],
    fields: {
      url: { label: 'Address', placeholder: 'https://gitlab.com', isUsual: true },
      token: { label: 'Access token', placeholder: 'glpat-…', isRequired: true },
      webhookSecret: { label: 'Webhook secret', isUsual: true },
    },
    deliver:
      'Settings, Webhooks of the project or group: this address, the secret (Renew the secret shows one of ours), and the triggers Push, Comments, Issues, Merge requests, Pipelines, Deployments.',
  },
  jira: {
    before: [
      'Make an account for LoomStack that may browse the projects, add comments, move and link issues.',
      ATLASSIAN_TOKEN,
    ],
    fields: {
      ...ATLASSIAN_ACCOUNT,
      token: { label: 'API token', isRequired: true },
      webhookSecret: { label: 'Webhook secret', isUsual: true },
      projects: { label: 'Projects', placeholder: 'SHOP, OPS', isUsual: true },
      repositories: { label: 'Repositories', placeholder: 'SHOP=acme/shop', isUsual: true },
    },
    deliver:
      'System, WebHooks, Create: this address, the webhook secret, and the events issue created, updated, deleted.',
  },
  linear: {
    before: ['In Linear, Settings, API: make a personal key of a user for LoomStack.'],
    fields: {
      apiKey: { label: 'API key', placeholder: 'lin_api_…', isRequired: true },
      webhookSecret: { label: 'Webhook secret', isUsual: true },
      repositories: { label: 'Repositories', placeholder: 'ENG=acme/shop', isUsual: true },
      apiUrl: { label: 'Address of the API' },
    },
    deliver:
      'Settings, API, Webhooks: this address and the data change events Issues. Its signing secret goes into the field above.',
  },
  slack: {
    before: [
      'At api.slack.com/apps, create an app from the manifest in docs/connectors/slack.md and install it to the workspace.',
      'Its Bot User OAuth Token and Signing Secret go below. Where Slack cannot reach this server, give an app-level token with connections:write in place of the secret.',
    ],
    fields: {
      botToken: { label: 'Bot token', placeholder: 'xoxb-…', isRequired: true },
      signingSecret: { label: 'Signing secret', isUsual: true },
      appToken: { label: 'App-level token', placeholder: 'xapp-…', isUsual: true },
      apiUrl: { label: 'Address of the API' },
      channels: { label: 'Channels', placeholder: 'C0123ABCD, C0456EFGH', isUsual: true },
      ...PLACES,
    },
    deliver: 'Interactivity and the command /loom of the app post to this address.',
  },
  email: {
    before: ['Have a mail account ready that may send as the address below.'],
    fields: {
      smtpUrl: {
        label: 'Mail server with its account',
        placeholder: 'smtps://user:password@mail.example.com:465',
        isRequired: true,
      },
      from: {
        label: 'Sender',
        placeholder: 'LoomStack <loom@example.com>',
        isRequired: true,
      },
    },
  },
  confluence: {
    before: [
      'Make an account for LoomStack that may view the spaces. What it may not view does not exist here.',
      ATLASSIAN_TOKEN,
    ],
    fields: {
      ...ATLASSIAN_ACCOUNT,
      token: { label: 'API token', isRequired: true },
      spaces: { label: 'Spaces', placeholder: 'ENG, OPS', isRequired: true },
      ...PLACES,
    },
  },
  notion: {
    before: [
      'At notion.so/profile/integrations, make an internal integration with Read content.',
      'Open the top page of what is to be read, Connections, and add the integration: all below it is shared with it.',
    ],
    fields: {
      token: { label: 'Token of the integration', placeholder: 'ntn_…', isRequired: true },
      apiUrl: { label: 'Address of the API' },
      ...PLACES,
    },
  },
  wiki: {
    before: ['Have a token ready that may read the wikis, unless they are public.'],
    fields: {
      urls: {
        label: 'Wikis',
        placeholder: 'https://github.com/acme/shop.wiki.git',
        isRequired: true,
      },
      user: { label: 'User' },
      token: { label: 'Token', isUsual: true },
      ...PLACES,
    },
  },
  folders: {
    before: ['Check the documents out, or have them synchronised, to a folder on this server.'],
    fields: {
      paths: { label: 'Folders', placeholder: '/srv/handbook', isRequired: true },
      ...PLACES,
    },
  },
  web: {
    before: [],
    fields: {
      pages: {
        label: 'Pages',
        placeholder: 'https://docs.example/guide/*',
        isRequired: true,
      },
      insideUrls: { label: 'Addresses inside your network' },
      ...PLACES,
    },
  },
  cloudevents: {
    before: [],
    fields: { webhookSecret: { label: 'Secret behind the signatures', isRequired: true } },
    deliver: 'Senders post CloudEvents to this address, signed, or with a token of ours.',
  },
  alertmanager: teller('Alertmanager', BEARER),
  grafana: teller('Grafana', 'Secret behind the signatures, or token'),
  pagerduty: teller('PagerDuty', 'Secret behind the signatures'),
  sentry: teller('Sentry', 'Client secret of the integration'),
  datadog: teller('Datadog', BEARER),
  opsgenie: teller('Opsgenie', BEARER),
  alerts: teller('whatever raises alerts', BEARER),
  argocd: teller('Argo CD', BEARER),
  flux: teller('Flux', 'Secret behind the signatures, or token'),
};

const NOTHING_KNOWN: Guide = { before: [], fields: {} };

export function guideOf(name: string): Guide {
  return GUIDES[name] ?? NOTHING_KNOWN;
}

/** `connectors.jira.webhookSecret` -> `webhookSecret`. */
export function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
