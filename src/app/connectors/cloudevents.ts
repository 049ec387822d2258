/** CloudEvents and CDEvents from any sender that signs or has a token. */
import { CLOUD_EVENTS, createCloudEventsSource } from '#connectors/cloudevents';
import { bearerOf, type ConnectorEntry, shownSecret } from './entry.ts';

export const cloudEventsEntry: ConnectorEntry = {
  description: {
    name: CLOUD_EVENTS,
    title: 'CloudEvents',
    summary:
      'Deployments, incidents and anything else that senders tell in the CloudEvents format.',
    capabilities: ['signals'],
    documentation: 'docs/connectors/cloudevents.md',
  },
  open({ config, clock, authorizeSender }) {
    const { webhookSecret } = config.cloudevents;
    const source = createCloudEventsSource({ webhookSecret, clock });
    return {
      settings: [shownSecret('cloudevents.webhookSecret', webhookSecret)],
      source,
      verify(delivery) {
        const token = bearerOf(delivery.headers);
        return token === undefined ? source.verify(delivery) : authorizeSender(token, CLOUD_EVENTS);
      },
    };
  },
};
