/** Linear: one workspace. */
import {
  createLinearClient,
  createLinearMirror,
  createLinearSource,
  createLinearSweep,
  LINEAR,
} from '#connectors/linear';
import type { Connector } from '#connectors/contract';
import { z } from 'zod';
import { type ConnectorEntry, shown, shownSecret } from './entry.ts';
import { readPlaces } from './places.ts';

const Me = z.object({
  viewer: z.object({ name: z.string() }),
  organization: z.object({ name: z.string() }),
});

export const linearEntry: ConnectorEntry = {
  description: {
    name: LINEAR,
    title: 'Linear',
    summary: 'Issues are work items; their state, a comment and links to changes go back.',
    capabilities: ['signals', 'work-items'],
    documentation: 'docs/connectors/linear.md',
  },
  open({ config, clock }) {
    const { apiKey, webhookSecret, repositories, apiUrl } = config.connectors.linear;
    const settings = [
      shownSecret('connectors.linear.apiKey', apiKey),
      shownSecret('connectors.linear.webhookSecret', webhookSecret),
      shown('connectors.linear.repositories', repositories.join(', ') || undefined),
      shown('connectors.linear.apiUrl', apiUrl),
    ];
    if (apiKey === undefined && webhookSecret === undefined) {
      return {
        missing: 'Set connectors.linear.apiKey and connectors.linear.webhookSecret.',
        settings,
      };
    }
    const places = { repositories: readPlaces('connectors.linear.repositories', repositories) };
    const client = apiKey === undefined ? undefined : createLinearClient({ apiKey, apiUrl, clock });
    const outgoing: Partial<Connector> =
      client === undefined
        ? {}
        : {
            sweep: createLinearSweep(client, { places, clock }),
            workItems: createLinearMirror(client),
            rate: () => client.rate(),
            async test() {
              const query = 'query Who { viewer { name } organization { name } }';
              const { viewer, organization } = await client.query(query, {}, Me);
              return {
                account: `${viewer.name} in ${organization.name}`,
                findings: [{ level: 'ok', text: 'Issues can be read.' }],
              };
            },
          };
    return {
      settings,
      ...(webhookSecret === undefined
        ? {}
        : { source: createLinearSource({ webhookSecret, places, clock }) }),
      ...outgoing,
    };
  },
};
