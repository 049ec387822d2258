/**
 * `/webhooks/{connector}`: verify the raw bytes, write the delivery down, answer. Acting on it comes
 * later and at our pace, so a sender never waits and an acknowledged delivery is never lost.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#kernel';
import type { Services } from '../services.ts';
import { readBytes } from './body.ts';
import type { Environment } from './environment.ts';

export function mountWebhooks(app: OpenAPIHono<Environment>, services: Services): void {
  app.post('/webhooks/:connector', async (context) => {
    context.set('route', '/webhooks/{connector}');
    const receiver = services.webhooks.get(context.req.param('connector'));
    if (receiver === undefined) {
      throw new AppError('not_found', 'http.unknown_connector', {
        message: `No connector ${context.req.param('connector')} receives webhooks here.`,
        hint: `Known are: ${[...services.webhooks.keys()].join(', ') || 'none'}.`,
      });
    }
    const delivery = {
      headers: context.req.header(),
      body: await readBytes(context.req.raw, services.config.limits.bodyBytes),
    };
    await receiver.verify(delivery);
    const { accepted, isDuplicate } = await receiver.receive(delivery);
    return context.json({ accepted, isDuplicate }, isDuplicate ? 200 : 202);
  });
}
