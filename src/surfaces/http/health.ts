/** `/healthz`: this process lives. `/readyz`: it can do its work. `/metrics`: how much it does. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError, readMigrations } from '#kernel';
import type { Services } from '../services.ts';
import { type Environment, isLoopback, remoteAddress } from './environment.ts';
import type { Gate } from './gate.ts';
import type { Metrics } from './metrics.ts';

export function mountHealth(
  app: OpenAPIHono<Environment>,
  services: Services,
  gate: Gate,
  metrics: Metrics,
): void {
  const newest = readMigrations().at(-1)?.number ?? 0;

  app.get('/healthz', (context) => context.json({ status: 'ok', version: services.version }));

  app.get('/readyz', async (context) => {
    const [row] = await services.db.query<{ applied: number | null }>(
      'select max(number) as applied from loom.migrations',
    );
    if ((row?.applied ?? 0) < newest) {
      throw new AppError('unavailable', 'http.not_migrated', {
        message: `The database stands at migration ${row?.applied ?? 0}; this release needs ${newest}.`,
        hint: 'Migrations run when a server starts; restart one of them.',
      });
    }
    return context.json({ status: 'ready', version: services.version, migration: newest });
  });

  app.get('/metrics', async (context) => {
    const isProxied = context.req.header('x-forwarded-for') !== undefined;
    if (isProxied || !isLoopback(remoteAddress(context))) {
      await gate.authorize(context, 'system:read', { kind: 'system', id: 'metrics' });
    }
    const { text, contentType } = await metrics.render();
    return new Response(text, { headers: { 'content-type': contentType } });
  });
}
