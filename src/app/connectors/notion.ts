/** Notion: one workspace. */
import { z } from 'zod';
import { createNotionClient, createNotionKnowledge, NOTION } from '#connectors/notion';
import { readDocumentPlaces, shownPlaces } from './document-places.ts';
import { type ConnectorEntry, shown, shownSecret } from './entry.ts';

const Me = z.object({ name: z.string().nullish() });

export const notionEntry: ConnectorEntry = {
  description: {
    name: NOTION,
    title: 'Notion',
    summary: 'Pages that are shared with an integration become knowledge that agents are given.',
    capabilities: ['knowledge'],
    documentation: 'docs/connectors/notion.md',
  },
  open({ config, clock }) {
    const { token, apiUrl, ...given } = config.connectors.notion;
    const settings = [
      shownSecret('connectors.notion.token', token),
      shown('connectors.notion.apiUrl', apiUrl),
      ...shownPlaces(NOTION, given),
    ];
    if (token === undefined) return { missing: 'Set connectors.notion.token.', settings };
    const client = createNotionClient({ token, apiUrl, clock });
    const places = readDocumentPlaces(NOTION, [NOTION], given);
    const knowledge = createNotionKnowledge(client, { places, clock });
    return {
      settings,
      knowledge,
      rate: () => client.rate(),
      async test() {
        const { name } = await client.call({ path: 'users/me' }, Me);
        const { objects } = await knowledge.listObjects(NOTION);
        return {
          account: name ?? 'an integration',
          findings: [
            objects.length > 0
              ? { level: 'ok', text: `${objects.length} pages are shared with it.` }
              : {
                  level: 'warning',
                  text: 'No page is shared with the integration.',
                  hint: 'Open a page in Notion, then Connections, and add the integration.',
                },
          ],
        };
      },
    };
  },
};
