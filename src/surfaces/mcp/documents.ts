/** Documents and decisions of the imported repositories as MCP resources, one repository to a page. */
import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Repository } from '#context';
import type { Principal } from '#governance';
import type { Actor } from '#ledger';
import { actorOf } from '../actor.ts';
import type { Services } from '../services.ts';

const SCHEME = 'loom://documents/';
const MAX_DOCUMENTS = 200;
const MAX_BYTES = 200_000;
/** Where people write things down: decisions, guides, rules for agents. */
const DOCUMENT = /^(?:(?:docs?|adr|rfcs?|decisions|architecture)\/.*|[^/]*)\.(?:md|mdx|rst|adoc)$/i;

export function addDocuments(server: McpServer, services: Services, principal: Principal): void {
  const { context, governance } = services;
  const authorize = () =>
    governance.authorize(principal, 'context:read', { kind: 'document', id: '*' });

  server.server.setRequestHandler('resources/list', async ({ params }) => {
    await authorize();
    const page = await context.listRepositories({ limit: 1, cursor: params?.cursor });
    const documents = await Promise.all(
      page.items.map((item) => listDocuments(services, item, actorOf(principal))),
    );
    return {
      resources: documents.flat(),
      ...(page.nextCursor === null ? {} : { nextCursor: page.nextCursor }),
    };
  });

  server.server.setRequestHandler('resources/templates/list', async () => ({
    resourceTemplates: [
      {
        name: 'document',
        title: 'Document of a repository',
        uriTemplate: `${SCHEME}{owner}/{name}/{+path}`,
        mimeType: 'text/markdown',
      },
    ],
  }));

  server.server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
    await authorize();
    const text = await readDocument(services, uri, actorOf(principal));
    if (text === undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no document ${uri}.`, {
        uri,
      });
    }
    return { contents: [{ uri, mimeType: 'text/markdown', text }] };
  });
}

async function listDocuments(
  { context, log }: Services,
  { id, name, headSha }: Repository,
  reader: Actor,
) {
  if (headSha === null) return [];
  try {
    const access = await context.accessTo(id, reader);
    const git = await context.openMirror(name);
    const files = await git.listFiles(headSha);
    return files
      .filter(
        ({ path, size }) => DOCUMENT.test(path) && size <= MAX_BYTES && access.mayReadPath(path),
      )
      .slice(0, MAX_DOCUMENTS)
      .map(({ path, size }) => ({
        uri: `${SCHEME}${name}/${path.split('/').map(encodeURIComponent).join('/')}`,
        name: `${name}: ${path}`,
        mimeType: 'text/markdown',
        size,
      }));
  } catch (error) {
    log.warn({ err: error, repository: name }, 'documents of a repository not listed');
    return [];
  }
}

async function readDocument(
  { context }: Services,
  uri: string,
  reader: Actor,
): Promise<string | undefined> {
  const match = /^loom:\/\/documents\/([^/]+\/[^/]+)\/(.+)$/.exec(uri);
  if (match === null) return undefined;
  const path = decodeURIComponent(match[2]!);
  const repository = await context.findRepository(decodeURIComponent(match[1]!));
  if (repository?.headSha == null || !DOCUMENT.test(path)) return undefined;
  const access = await context.accessTo(repository.id, reader);
  if (!access.mayReadPath(path)) return undefined;
  const git = await context.openMirror(repository.name);
  return git.readText(repository.headSha, path, MAX_BYTES);
}
