/** Jira: one site, Cloud or Data Center. */
import {
  createJiraClient,
  createJiraMirror,
  createJiraSource,
  createJiraSweep,
  JIRA,
} from '#connectors/jira';
import type { Connector } from '#connectors/contract';
import { z } from 'zod';
import { bearerOf, type ConnectorEntry, shown, shownSecret } from './entry.ts';
import { readPlaces } from './places.ts';

const Me = z.object({ displayName: z.string() });

export const jiraEntry: ConnectorEntry = {
  description: {
    name: JIRA,
    title: 'Jira',
    summary: 'Issues are work items; their state, a comment and links to changes go back.',
    capabilities: ['signals', 'work-items'],
    documentation: 'docs/connectors/jira.md',
  },
  open({ config, clock, authorizeSender }) {
    const { url, email, token, webhookSecret, projects, repositories } = config.connectors.jira;
    const settings = [
      shown('connectors.jira.url', url),
      shown('connectors.jira.email', email),
      shownSecret('connectors.jira.token', token),
      shownSecret('connectors.jira.webhookSecret', webhookSecret),
      shown('connectors.jira.projects', projects.join(', ') || undefined),
      shown('connectors.jira.repositories', repositories.join(', ') || undefined),
    ];
    if (url === undefined) return { missing: 'Set connectors.jira.url.', settings };
    const places = {
      siteUrl: url,
      repositories: readPlaces('connectors.jira.repositories', repositories),
    };
    const source = createJiraSource({ webhookSecret, places });
    const client = token === undefined ? undefined : createJiraClient({ url, email, token, clock });
    const outgoing: Partial<Connector> =
      client === undefined
        ? {}
        : {
            sweep: createJiraSweep(client, { projects, places, clock }),
            workItems: createJiraMirror(client),
            rate: () => client.rate(),
            async test() {
              const { displayName } = await client.call({ path: 'myself' }, Me);
              return {
                account: `${displayName} at ${new URL(url).host}`,
                findings: [{ level: 'ok', text: 'Jira knows us.' }],
              };
            },
          };
    return {
      settings,
      source,
      verify(delivery) {
        // Rules of Jira Automation send a header and sign nothing.
        const given = bearerOf(delivery.headers);
        return given === undefined ? source.verify(delivery) : authorizeSender(given, JIRA);
      },
      ...outgoing,
    };
  },
};
