/** Backstage descriptors in the graph: entities under their own names, and the relations they declare. */
import type { CatalogEntity } from '../catalog.ts';
import type { EdgeKind, EntityRef, NewFact } from '../graph/schema.ts';
import { catalogKind, catalogRef, repositoryRef } from './refs.ts';
import type { Draft, RepositoryView } from './repository-view.ts';

/** Fields of `spec` that name others: edge, kind they name when they say none, and whether they point at us. */
const RELATIONS: readonly {
  field: string;
  edge: EdgeKind;
  kind: string;
  isReversed?: boolean;
}[] = [
  { field: 'owner', edge: 'owns_declared', kind: 'group', isReversed: true },
  { field: 'system', edge: 'contains', kind: 'system', isReversed: true },
  { field: 'domain', edge: 'contains', kind: 'domain', isReversed: true },
  { field: 'subcomponentOf', edge: 'contains', kind: 'component', isReversed: true },
  { field: 'subdomainOf', edge: 'contains', kind: 'domain', isReversed: true },
  { field: 'dependsOn', edge: 'depends_on', kind: 'component' },
  { field: 'dependencyOf', edge: 'depends_on', kind: 'component', isReversed: true },
  { field: 'providesApis', edge: 'provides_api', kind: 'api' },
  { field: 'consumesApis', edge: 'consumes_api', kind: 'api' },
  { field: 'memberOf', edge: 'member_of', kind: 'group' },
  { field: 'members', edge: 'member_of', kind: 'user', isReversed: true },
  { field: 'parent', edge: 'member_of', kind: 'group' },
];

/** Entities of a kind we have no word for are kept as resources that say what they are. */
export function catalogEntityRef(
  entity: Pick<CatalogEntity, 'kind' | 'namespace' | 'name'>,
): EntityRef {
  const kind = catalogKind(entity.kind);
  const key = `${entity.namespace}/${entity.name}`.toLowerCase();
  return kind === undefined
    ? { kind: 'resource', key: `${entity.kind.toLowerCase()}:${key}` }
    : { kind, key };
}

/** One draft per file, so that an entity taken out of it is gone. */
export function catalogDrafts(view: RepositoryView, entities: readonly CatalogEntity[]): Draft[] {
  return [...Map.groupBy(entities, ({ path }) => path)].flatMap(([path, declared]) => {
    const file = view.files.get(path);
    if (file === undefined) return [];
    return [
      {
        object: `catalog:${file.ref.key}`,
        extractor: 'catalog',
        extractorVersion: 1,
        revision: file.blobSha,
        position: file.position,
        facts: declared.flatMap((entity) => entityFacts(view, entity, path)),
      },
    ];
  });
}

function entityFacts(view: RepositoryView, entity: CatalogEntity, path: string): NewFact[] {
  const self = catalogEntityRef(entity);
  const spec = recordOf(entity.definition['spec']);
  const metadata = recordOf(entity.definition['metadata']);
  const evidence = { path };
  const facts: NewFact[] = [
    {
      kind: 'is',
      from: self,
      to: self,
      method: 'declared',
      evidence,
      properties: {
        title: textOf(metadata['title']) ?? entity.name,
        declaredKind: entity.kind,
        repository: view.name,
        path,
        ...withText('description', metadata['description']),
        ...withText('type', spec['type']),
        ...withText('lifecycle', spec['lifecycle']),
      },
    },
    {
      kind: 'contains',
      from: repositoryRef(view.name),
      to: self,
      method: 'declared',
      evidence,
      properties: {
        title: textOf(metadata['title']) ?? entity.name,
        declaredKind: entity.kind,
        path,
      },
    },
  ];
  for (const { field, edge, kind, isReversed = false } of RELATIONS) {
    for (const text of textsOf(spec[field])) {
      const other = catalogRef(text, kind, field === 'owner' ? 'default' : entity.namespace);
      if (other.kind === self.kind && other.key === self.key) continue;
      facts.push({
        kind: edge,
        from: isReversed ? other : self,
        to: isReversed ? self : other,
        method: 'declared',
        evidence,
        // Contained things exist by their own descriptor; the edge only adds where they belong.
        properties:
          edge === 'contains'
            ? { title: textOf(metadata['title']) ?? entity.name, declaredKind: entity.kind }
            : {},
      });
    }
  }
  return facts;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 500) : undefined;
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((one) => textOf(one) ?? []).slice(0, 500);
}

function withText(name: string, value: unknown): Record<string, string> {
  const text = textOf(value);
  return text === undefined ? {} : { [name]: text };
}
