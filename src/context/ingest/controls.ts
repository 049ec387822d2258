/**
 * Which regulation binds what: from annotations, tags and `Control` entities of the catalog, and from the
 * data classes a policy names. Pure.
 */
import type { CatalogEntity } from '../catalog.ts';
import type { EntityRef, NewFact } from '../graph/schema.ts';
import { catalogEntityRef } from './catalog-facts.ts';
import { repositoryRef } from './refs.ts';
import type { Draft, RepositoryView } from './repository-view.ts';

/** Paths that hold one class of data, and what binds them; the policy's word, read through the app. */
export interface DataClass {
  name: string;
  paths: readonly string[];
  /** `PCI DSS 3.4`, `HIPAA`, as written. */
  controls: readonly string[];
  source: { path: string; line?: number | undefined; revision: string };
}

const REGULATIONS: readonly [RegExp, string][] = [
  [/^pci(?:[-_ ]?dss)?\b/i, 'PCI'],
  [/^(?:hipaa|phi)\b/i, 'HIPAA'],
  [/^(?:sox|sarbanes)\b/i, 'SOX'],
  [/^(?:gdpr|dsgvo|pii)\b/i, 'GDPR'],
];
/** Annotations whose value lists controls. */
const ANNOTATIONS = ['loomstack.dev/controls', 'compliance/controls', 'backstage.io/compliance'];

/** `pci-dss 3.4` -> PCI with its clause; undefined for words that name no regulation we know. */
export function readControl(
  text: string,
): { ref: EntityRef; title: string; regulation: string } | undefined {
  const plain = text.trim().slice(0, 100);
  for (const [pattern, regulation] of REGULATIONS) {
    const match = pattern.exec(plain);
    if (match === null) continue;
    const clause = plain
      .slice(match[0].length)
      .replace(/^[\s:/_-]+/, '')
      .trim();
    const title = clause === '' ? regulation : `${regulation} ${clause}`;
    return {
      ref: { kind: 'control', key: title.toLowerCase().replace(/\s+/g, '-') },
      title,
      regulation,
    };
  }
  return undefined;
}

/** A standard a policy names is a control, whether we know its regulation or not. */
function otherControl(text: string): { ref: EntityRef; title: string; regulation: string } {
  const title = text.trim().slice(0, 100);
  const key = title.toLowerCase().replace(/\s+/g, '-');
  return { ref: { kind: 'control', key }, title, regulation: 'other' };
}

/** Controls the catalog of a repository puts on its entities and paths, one draft per file. */
export function catalogControlDrafts(
  view: RepositoryView,
  entities: readonly CatalogEntity[],
): Draft[] {
  return [...Map.groupBy(entities, ({ path }) => path)].flatMap(([path, declared]) => {
    const file = view.files.get(path);
    const facts = declared.flatMap((entity) => entityControls(view, entity, path));
    if (file === undefined || facts.length === 0) return [];
    return [
      {
        object: `controls:${file.ref.key}`,
        extractor: 'controls',
        extractorVersion: 1,
        revision: file.blobSha,
        position: file.position,
        facts,
      },
    ];
  });
}

/** Controls a policy's data classes put on paths. */
export function dataClassFacts(repository: string, classes: readonly DataClass[]): NewFact[] {
  return classes.flatMap(({ name, paths, controls, source }) =>
    controls.flatMap((text) => {
      const control = readControl(text) ?? otherControl(text);
      const evidence = {
        path: source.path,
        ...(source.line === undefined ? {} : { startLine: source.line }),
      };
      return [
        existence(control, evidence),
        ...paths.map((slot) => ({
          ...constrains(control.ref, repositoryRef(repository), evidence),
          slot,
          properties: { dataClass: name },
        })),
      ];
    }),
  );
}

function entityControls(view: RepositoryView, entity: CatalogEntity, path: string): NewFact[] {
  const metadata = recordOf(entity.definition['metadata']);
  const spec = recordOf(entity.definition['spec']);
  const annotations = recordOf(metadata['annotations']);
  const evidence = { path };
  if (entity.kind.toLowerCase() === 'control') {
    const control = readControl(textOf(metadata['title']) ?? entity.name) ?? {
      ref: { kind: 'control' as const, key: entity.name.toLowerCase() },
      title: textOf(metadata['title']) ?? entity.name,
      regulation: textOf(spec['regulation']) ?? 'other',
    };
    return [
      existence(control, evidence, textOf(metadata['description'])),
      ...textsOf(spec['paths']).map((slot) => ({
        ...constrains(control.ref, repositoryRef(view.name), evidence),
        slot,
      })),
      ...textsOf(spec['appliesTo']).map((name) =>
        constrains(
          control.ref,
          catalogEntityRef({
            kind: 'Component',
            namespace: 'default',
            name: name.replace(/^component:(?:default\/)?/i, ''),
          }),
          evidence,
        ),
      ),
    ];
  }
  const named = [
    ...textsOf(metadata['tags']),
    ...ANNOTATIONS.flatMap((name) => (textOf(annotations[name]) ?? '').split(',')),
    ...textsOf(spec['controls']),
  ];
  return named.flatMap((text) => {
    const control = readControl(text);
    return control === undefined
      ? []
      : [existence(control, evidence), constrains(control.ref, catalogEntityRef(entity), evidence)];
  });
}

function existence(
  { ref, title, regulation }: { ref: EntityRef; title: string; regulation: string },
  evidence: NonNullable<NewFact['evidence']>,
  description?: string,
): NewFact {
  return {
    kind: 'is',
    from: ref,
    to: ref,
    method: 'declared',
    evidence,
    properties: { title, regulation, ...(description === undefined ? {} : { description }) },
  };
}

function constrains(
  from: EntityRef,
  to: EntityRef,
  evidence: NonNullable<NewFact['evidence']>,
): NewFact {
  return { kind: 'constrains', from, to, method: 'declared', evidence };
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
  return (Array.isArray(value) ? value : [value]).flatMap((one) => textOf(one) ?? []).slice(0, 200);
}
