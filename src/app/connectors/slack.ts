/** Slack: one app in one workspace. */
import {
  createSlackClient,
  createSlackMessenger,
  createSlackSource,
  openSlackSocket,
  readDelivery,
  SLACK,
} from '#connectors/slack';
import { z } from 'zod';
import { type ConnectorEntry, shown, shownSecret } from './entry.ts';

const Me = z.object({ team: z.string(), user: z.string(), url: z.string() });

export const slackEntry: ConnectorEntry = {
  description: {
    name: SLACK,
    title: 'Slack',
    summary: 'Reviews are asked for and answered in direct messages; /loom works in any channel.',
    capabilities: ['messages'],
    documentation: 'docs/connectors/slack.md',
  },
  open({ config, clock, log, slackDesk }) {
    const { botToken, signingSecret, appToken, apiUrl } = config.connectors.slack;
    const settings = [
      shownSecret('connectors.slack.botToken', botToken),
      shownSecret('connectors.slack.signingSecret', signingSecret),
      shownSecret('connectors.slack.appToken', appToken),
      shown('connectors.slack.apiUrl', apiUrl),
    ];
    if (botToken === undefined) return { missing: 'Set connectors.slack.botToken.', settings };
    const client = createSlackClient({ botToken, apiUrl, clock });
    slackDesk.use(client);
    return {
      settings,
      source: createSlackSource({ signingSecret, clock }),
      messenger: createSlackMessenger(client),
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
