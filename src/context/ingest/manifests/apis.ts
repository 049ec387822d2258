/** Interfaces: OpenAPI and AsyncAPI documents, services of proto files, schemas of GraphQL. Pure. */
import { parseDocument } from 'yaml';
import { lineOf, type ManifestReading, reading, recordOf, textOf } from './reading.ts';

/** True for YAML or JSON whose beginning says that it describes an API. */
export function looksLikeOpenApi(text: string): boolean {
  return /^\s*(?:\{\s*)?"?(?:openapi|swagger|asyncapi)"?\s*:\s*["']?\d/m.test(text.slice(0, 4_000));
}

export function readOpenApi(text: string): ManifestReading {
  const document = recordOf(
    text.trimStart().startsWith('{')
      ? (JSON.parse(text) as unknown)
      : (parseDocument(text, { logLevel: 'silent' }).toJS({ maxAliasCount: 50 }) as unknown),
  );
  const title = textOf(recordOf(document['info'])['title']);
  if (title === undefined) return reading({});
  const format = 'asyncapi' in document ? 'asyncapi' : 'openapi';
  return reading({ apis: [{ name: slug(title), title, format, line: 1 }] });
}

/** Services of a proto file under their full names, as gRPC calls them. */
export function readProto(text: string): ManifestReading {
  const plain = text.replace(/\/\/[^\n]*/g, (comment) => ' '.repeat(comment.length));
  const namespace = /^\s*package\s+([\w.]{1,200})\s*;/m.exec(plain)?.[1];
  const apis = [...plain.matchAll(/^[ \t]*service[ \t]+(\w{1,200})[ \t]*\{?/gm)].map(
    ({ 1: name = '', index }) => {
      const full = namespace === undefined ? name : `${namespace}.${name}`;
      return {
        name: full.toLowerCase(),
        title: full,
        format: 'grpc' as const,
        line: lineOf(plain, index),
      };
    },
  );
  return reading({ apis });
}

/** A schema has a root type; documents of operations use one and define none. */
export function readGraphql(text: string, path: string): ManifestReading {
  const root =
    /^[ \t]*(?:extend[ \t]+)?(?:type[ \t]+(?:Query|Mutation|Subscription)\b|schema[ \t]*(?:@[^{]{0,200})?\{)/m.exec(
      text,
    );
  if (root === null) return reading({});
  const name = path.replace(/\.(?:graphqls?|gql)$/i, '').toLowerCase();
  return reading({
    apis: [{ name, title: path, format: 'graphql', line: lineOf(text, root.index) }],
  });
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
