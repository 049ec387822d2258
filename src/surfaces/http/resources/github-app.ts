/** `/v1/connections/github/…`: making the GitHub App by its manifest. */
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';

export function githubAppRoutes({ githubApp }: Services): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/connections/github/manifest',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Begin making the GitHub App',
      description:
        'A browser sends `manifest` as a form field of that name to `formUrl`. GitHub shows what the App asks for, makes it, and sends the person back to /connections/github with `code` and `state`, which go to /v1/connections/github/app.',
      body: z.strictObject({
        name: z.string().trim().min(1).max(34).default('LoomStack'),
        organisation: z
          .string()
          .regex(/^[A-Za-z0-9-]{1,100}$/, 'is no name of an organisation on GitHub')
          .optional(),
      }),
      bodyExample: { name: 'LoomStack', organisation: 'acme' },
      answer: named(
        'GitHubAppManifest',
        z.object({ formUrl: z.string(), manifest: z.string(), state: z.string() }),
      ),
      isSecret: true,
      handle: ({ body, actor }) => Promise.resolve(githubApp.begin(body, actor)),
    }),
    route({
      method: 'post',
      path: '/v1/connections/github/app',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Finish making the GitHub App',
      description:
        'Exchanges the code GitHub sent the person back with for the secrets of the App, keeps them in the data folder, and takes them into force at once. The next step is to install the App at `installUrl`.',
      body: z.strictObject({
        code: z.string().min(1).max(200),
        state: z.string().min(1).max(200),
      }),
      bodyExample: { code: 'the code GitHub gave', state: 'the state of the beginning' },
      answer: named(
        'GitHubAppMade',
        z.object({ slug: z.string(), url: z.string(), installUrl: z.string() }),
      ),
      handle: ({ body, actor }) => githubApp.finish(body, actor),
    }),
  ];
}
