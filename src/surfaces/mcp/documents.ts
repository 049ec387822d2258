/** Documents and decisions of the imported repositories as MCP resources, one repository to a page. */
import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Repository } from '#context';
import type { Principal } from '#governance';
import type { Actor } from '#ledger';
import { actorOf } from '../actor.ts';
import type { Services } from '../services.ts';

const SCHEME = 'loom://documents/';
const PAGE = 200;
const MAX_BYTES = 200_000;
/** Where people write things down: decisions, guides, rules for agents. */
const DOCUMENT = /^(?:(?:docs?|adr|rfcs?|decisions|architecture)\/.*|[^/]*)\.(?:md|mdx|rst|adoc)$/i;

export function addDocuments(server: McpServer, services: Services, principal: Principal): void {
  const { context, governance } = services;
  const authorize = () =>
    governance.authorize(principal, 'context:read', { kind: 'document', id: '*' });

  server.server.setRequestHandler('resources/list', async ({ params }) => {
    await authorize();
    const { repositories, skip } = readCursor(params?.cursor);
    const page = await context.listRepositories({ limit: 1, cursor: repositories });
    const [repository] = page.items;
    const files =
      repository === undefined ? [] : await documentPaths(services, repository, actorOf(principal));
    const shown = files.slice(skip, skip + PAGE);
    const next =
      skip + PAGE < files.length
        ? { repositories, skip: skip + PAGE }
        : page.nextCursor === null
          ? undefined
          : { repositories: page.nextCursor, skip: 0 };
    return {
      resources: shown.map((file) => describe(repository!.name, file)),
      ...(next === undefined ? {} : { nextCursor: writeCursor(next) }),
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

/** Where a listing goes on: after how many repositories, and how many documents of the next one. */
const Place = z.object({ repositories: z.string().optional(), skip: z.int().nonnegative() });

function readCursor(cursor: string | undefined): z.output<typeof Place> {
  if (cursor === undefined) return { skip: 0 };
  try {
    return Place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'This cursor is not one of ours.');
  }
}

function writeCursor(place: z.output<typeof Place>): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function describe(repository: string, { path, size }: { path: string; size: number }) {
  return {
    uri: `${SCHEME}${repository}/${path.split('/').map(encodeURIComponent).join('/')}`,
    name: `${repository}: ${path}`,
    mimeType: 'text/markdown',
    size,
  };
}

/** Documents of a repository that the reader may see, in the order of git. */
export async function documentPaths(
  { context, log }: Services,
  { id, name, headSha }: Repository,
  reader: Actor,
): Promise<{ path: string; size: number }[]> {
  if (headSha === null) return [];
  try {
    const access = await context.accessTo(id, reader);
    const git = await context.openMirror(name);
    const files = await git.listFiles(headSha);
    return files.filter(
      ({ path, size }) => DOCUMENT.test(path) && size <= MAX_BYTES && access.mayReadPath(path),
    );
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
