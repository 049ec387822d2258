/** Completion of what a person types into a prompt or an address of a document. */
import type { McpServer } from '@modelcontextprotocol/server';
import type { Principal } from '#governance';
import { actorOf } from '../actor.ts';
import type { Services } from '../services.ts';
import { documentPaths } from './documents.ts';

/** The protocol allows no more in one answer. */
const MAX_VALUES = 100;
const MAX_REPOSITORIES = 200;

export function addCompletion(server: McpServer, services: Services, principal: Principal): void {
  const { context, governance } = services;

  server.server.setRequestHandler('completion/complete', async ({ params }) => {
    await governance.authorize(principal, 'context:read', { kind: 'document', id: '*' });
    const { argument } = params;
    const known = params.context?.arguments ?? {};
    const { items } = await context.listRepositories({ limit: MAX_REPOSITORIES });
    const names = items.map(({ name }) => name);
    const values = await valuesOf(argument.name, known, names);
    const matching = [...new Set(values)].filter((value) =>
      value.toLowerCase().startsWith(argument.value.toLowerCase()),
    );
    return {
      completion: {
        values: matching.slice(0, MAX_VALUES),
        total: matching.length,
        hasMore: matching.length > MAX_VALUES,
      },
    };
  });

  /** Of `repository` in a prompt, and of the parts of a document's address. */
  async function valuesOf(
    argument: string,
    known: Record<string, string>,
    names: readonly string[],
  ): Promise<string[]> {
    switch (argument) {
      case 'repository':
        return [...names];
      case 'owner':
        return names.map((name) => name.split('/')[0]!);
      case 'name':
        return names
          .filter((name) => known['owner'] === undefined || name.startsWith(`${known['owner']}/`))
          .map((name) => name.slice(name.indexOf('/') + 1));
      case 'path': {
        const repository = await context.findRepository(`${known['owner']}/${known['name']}`);
        if (repository === undefined) return [];
        const files = await documentPaths(services, repository, actorOf(principal));
        return files.map(({ path }) => path);
      }
      default:
        return [];
    }
  }
}
