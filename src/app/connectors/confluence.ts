/** Confluence: one site, Cloud or Data Center. */
import { z } from 'zod';
import {
  CONFLUENCE,
  createConfluenceClient,
  createConfluenceKnowledge,
} from '#connectors/confluence';
import { readDocumentPlaces, shownPlaces } from './document-places.ts';
import { type ConnectorEntry, shown, shownSecret } from './entry.ts';

const Me = z.object({ displayName: z.string() });

export const confluenceEntry: ConnectorEntry = {
  description: {
    name: CONFLUENCE,
    title: 'Confluence',
    summary: 'Pages of chosen spaces become knowledge, for those who may read them there.',
    capabilities: ['knowledge'],
    documentation: 'docs/connectors/confluence.md',
  },
  open({ config, clock }) {
    const { url, email, token, spaces, ...given } = config.connectors.confluence;
    const settings = [
      shown('connectors.confluence.url', url),
      shown('connectors.confluence.email', email),
      shownSecret('connectors.confluence.token', token),
      shown('connectors.confluence.spaces', spaces.join(', ') || undefined),
      ...shownPlaces(CONFLUENCE, given),
    ];
    if (url === undefined || token === undefined || spaces.length === 0) {
      const missing =
        'Set connectors.confluence.url, connectors.confluence.token and connectors.confluence.spaces.';
      return { missing, settings };
    }
    const client = createConfluenceClient({ url, email, token, clock });
    const knowledge = createConfluenceKnowledge(client, {
      spaces,
      places: readDocumentPlaces(CONFLUENCE, spaces, given),
      clock,
    });
    return {
      settings,
      knowledge,
      rate: () => client.rate(),
      async test() {
        const { displayName } = await client.call({ path: 'rest/api/user/current' }, Me);
        const lists = await Promise.all(spaces.map((space) => knowledge.listObjects(space)));
        return {
          account: `${displayName} at ${new URL(url).host}`,
          findings: lists.map(({ objects }, index) =>
            objects.length > 0
              ? { level: 'ok', text: `${objects.length} pages in ${spaces[index]}.` }
              : {
                  level: 'warning',
                  text: `No page of ${spaces[index]} is open to us.`,
                  hint: 'Check the key, and that the account may view the space.',
                },
          ),
        };
      },
    };
  },
};
