/** Subscriptions: who is told of events over HTTP. It judges no event and keeps no copy of one. */
export { subscriptionHandler, subscriptionProjection } from './deliver.ts';
export { EventType, WebhookSubscription } from './schema.ts';
export { createSubscriptionService, type SubscriptionService } from './service.ts';
