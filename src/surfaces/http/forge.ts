/** `/git/…`: the local forge speaks git's own protocol on the socket. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#kernel';
import type { Services } from '../services.ts';
import type { Environment } from './environment.ts';

export function mountForge(app: OpenAPIHono<Environment>, services: Services): void {
  app.all('/git/*', async (context) => {
    context.set('route', '/git/{owner}/{name}.git');
    const { incoming, outgoing } = context.env;
    if (services.forge === null || incoming === undefined || outgoing === undefined) {
      throw new AppError('not_found', 'http.forge_off', {
        message: 'No git repositories are served here.',
        hint: 'Set forge.enabled (LOOM_FORGE_ENABLED) to serve the local forge.',
      });
    }
    await services.forge.handle(incoming, outgoing);
    return RESPONSE_ALREADY_SENT;
  });
}
