/** `/v1/forge/repositories`: making and removing repositories of the local forge. */
import { z } from 'zod';
import { AppError } from '#kernel';
import type { ForgeService, Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import { ForgeRepository } from '../schemas.ts';

const NAME = /^[\w.-]+\/[\w.-]+$/;
const part = z
  .string()
  .regex(/^[\w.-]{1,100}$/, 'has letters, digits, dots, dashes and underscores only')
  .meta({ description: 'Part of the name of the repository.', example: 'shop' });

export function forgeRoutes({ forge }: Services): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/forge/repositories',
      access: 'repositories:import',
      tag: 'forge',
      summary: 'Make a repository',
      description: 'An empty repository hosted here, with a protected main branch.',
      body: z.strictObject({
        name: z.string().max(200).regex(NAME, 'is not of the form owner/name'),
      }),
      bodyExample: { name: 'acme/shop' },
      status: 201,
      answer: ForgeRepository,
      handle: ({ body }) => enabled(forge).createRepository(body.name),
    }),
    route({
      method: 'delete',
      path: '/v1/forge/repositories/{owner}/{name}',
      access: 'repositories:import',
      tag: 'forge',
      summary: 'Remove a repository of the forge',
      description: 'Deletes the hosted repository with all its branches. This cannot be undone.',
      params: z.strictObject({ owner: part, name: part }),
      answer: null,
      async handle({ params: { owner, name } }) {
        await enabled(forge).removeRepository(`${owner}/${name}`);
      },
    }),
  ];
}

function enabled(forge: ForgeService | null): ForgeService {
  if (forge !== null) return forge;
  throw new AppError('not_found', 'http.forge_off', {
    message: 'No git repositories are served here.',
    hint: 'Set forge.enabled (LOOM_FORGE_ENABLED) to serve the local forge.',
  });
}
