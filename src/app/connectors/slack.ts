/** Slack: one app in one workspace. */
import {
  createSlackClient,
  createSlackMessenger,
  createSlackSource,
  createSlackThreads,
  openSlackSocket,
  readDelivery,
  SLACK,
} from '#connectors/slack';
import { z } from 'zod';
import { readDocumentPlaces, shownPlaces } from './document-places.ts';
import { type ConnectorEntry, shown, shownSecret } from './entry.ts';

const Me = z.object({ team: z.string(), user: z.string(), url: z.string() });

export const slackEntry: ConnectorEntry = {
  description: {
    name: SLACK,
    title: 'Slack',
    summary:
      'Reviews are asked for and answered in direct messages; /loom works in any channel; threads about work are knowledge.',
    capabilities: ['messages', 'knowledge'],
    documentation: 'docs/connectors/slack.md',
  },
  open({ config, clock, log, slackDesk }) {
    const { botToken, signingSecret, appToken, apiUrl, channels, ...given } =
      config.connectors.slack;
    const settings = [
      shownSecret('connectors.slack.botToken', botToken),
      shownSecret('connectors.slack.signingSecret', signingSecret),
      shownSecret('connectors.slack.appToken', appToken),
      shown('connectors.slack.apiUrl', apiUrl),
      shown('connectors.slack.channels', channels.join(', ') || undefined),
      ...shownPlaces(SLACK, given),
    ];
    if (botToken === undefined) return { missing: 'Set connectors.slack.botToken.', settings };
    const client = createSlackClient({ botToken, apiUrl, clock });
    slackDesk.use(client);
    return {
      settings,
      source: createSlackSource({ signingSecret, clock }),
      messenger: createSlackMessenger(client),
      ...(channels.length === 0
        ? {}
        : {
            knowledge: createSlackThreads(client, {
              channels,
              places: readDocumentPlaces(SLACK, channels, given),
              clock,
            }),
          }),
      reply: (delivery) => slackDesk.handle(readDelivery(delivery)),
      rate: () => client.rate(),
      async test() {
        const { team, user } = await client.post('auth.test', {}, Me);
        const hears = signingSecret !== undefined || appToken !== undefined;
        return {
          account: `${user} in ${team}`,
          findings: hears
            ? [{ level: 'ok' as const, text: 'Buttons and /loom are heard.' }]
            : [
                {
                  level: 'warning' as const,
                  text: 'Buttons and /loom are not heard.',
                  hint: 'Set connectors.slack.signingSecret or connectors.slack.appToken.',
                },
              ],
        };
      },
      ...(appToken === undefined
        ? {}
        : {
            listen: (receive) =>
              openSlackSocket({ appToken, apiUrl, log: log.child({ connector: SLACK }), receive }),
          }),
    };
  },
};
