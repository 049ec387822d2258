/** The catalog: Backstage descriptors (`catalog-info.yaml`) and our own `.loom/catalog.yaml`. */
import { type Document, isMap, parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** Only the fields we read; Backstage and its plugins may add any others. */
const Descriptor = z.looseObject({
  kind: z.string().min(1).max(100),
  metadata: z.looseObject({
    name: z.string().min(1).max(200),
    namespace: z.string().max(200).default('default'),
  }),
  spec: z.looseObject({ owner: z.string().max(300).optional() }).optional(),
});

export interface CatalogEntity {
  kind: string;
  namespace: string;
  name: string;
  path: string;
  owner: string | null;
  definition: Record<string, unknown>;
}

export function isCatalogFile(path: string): boolean {
  return /(?:^|\/)catalog-info\.ya?ml$|^\.loom\/catalog\.ya?ml$/.test(path);
}

/** Reads every entity of a file. What cannot be read is named; the rest is kept. */
export function readCatalog(
  path: string,
  text: string,
): { entities: CatalogEntity[]; problems: string[] } {
  const entities: CatalogEntity[] = [];
  const problems: string[] = [];
  for (const document of parseAllDocuments(text, { logLevel: 'silent' })) {
    const [error] = document.errors;
    if (error !== undefined) {
      problems.push(`${path}: not valid YAML at line ${error.linePos?.[0].line ?? 1}`);
      continue;
    }
    if (!isMap(document.contents)) continue;
    const parsed = Descriptor.safeParse(toPlain(document));
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.join('.') ?? '';
      problems.push(`${path}: an entity without a valid ${field || 'kind'}`);
      continue;
    }
    const { kind, metadata, spec } = parsed.data;
    entities.push({
      kind,
      namespace: metadata.namespace,
      name: metadata.name,
      path,
      owner: spec?.owner ?? null,
      definition: parsed.data,
    });
  }
  return { entities, problems };
}

/** As JSON would carry it: anchors may make circles and bombs, and the database stores no NUL. */
function toPlain(document: Document): unknown {
  try {
    return JSON.parse(
      JSON.stringify(document.toJS({ maxAliasCount: 50 }), (_key, value: unknown) =>
        typeof value === 'string' ? value.replaceAll('\0', '') : value,
      ),
    );
  } catch {
    return undefined;
  }
}
