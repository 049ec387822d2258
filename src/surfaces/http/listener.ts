/** The app as Node's HTTP server wants it: deliveries take the short way, all else goes to the app. */
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Services } from '../services.ts';
import { createHttpApp } from './app.ts';
import { createMetrics } from './metrics.ts';
import { createWebhookListener } from './webhooks.ts';

export function createHttpListener(services: Services): RequestListener {
  const metrics = createMetrics(services);
  const log = services.log.child({ surface: 'http' });
  const isDelivery = createWebhookListener(services, { metrics, log });
  const handle = getRequestListener(createHttpApp(services, metrics).fetch);
  return (incoming, outgoing) => {
    if (!isDelivery(incoming, outgoing)) void handle(incoming, outgoing);
  };
}
