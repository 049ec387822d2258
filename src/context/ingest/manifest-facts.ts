/** Manifests in the graph: packages, services, interfaces and what they need. */
import type { EntityRef, NewFact } from '../graph/schema.ts';
import { componentRef, repositoryRef } from './refs.ts';
import { type Dependency, imagePurl, type ManifestReading } from './manifests/reading.ts';
import type { Draft, RepositoryView, ViewedFile } from './repository-view.ts';

/** @param components Names the catalog of this repository gives its components, by lower-case name. */
export function manifestDraft(
  view: RepositoryView,
  file: ViewedFile,
  read: ManifestReading,
  components: ReadonlyMap<string, EntityRef>,
): Draft | undefined {
  const evidence = { path: file.path };
  const facts: NewFact[] = [];
  const own = (name: string) => components.get(name.toLowerCase()) ?? componentRef(view.name, name);

  for (const { purl, title, dependencies } of read.packages) {
    const self = packageRef(purl);
    facts.push(
      {
        kind: 'contains',
        from: repositoryRef(view.name),
        to: self,
        method: 'declared',
        evidence,
        properties: { title, path: file.path, isOwn: true },
      },
      ...dependencyFacts(self, dependencies, file.path),
    );
  }
  facts.push(...dependencyFacts(file.ref, read.uses, file.path));

  for (const { name, dependsOn, images } of read.services) {
    const self = own(name);
    facts.push({
      kind: 'contains',
      from: repositoryRef(view.name),
      to: self,
      evidence,
      confidence: 0.9,
      properties: { title: name, path: file.path },
    });
    for (const other of dependsOn) {
      facts.push({ kind: 'depends_on', from: self, to: own(other), evidence, confidence: 0.9 });
    }
    for (const image of images) {
      const purl = imagePurl(image);
      if (purl !== undefined)
        facts.push(...dependencyFacts(self, [{ purl, range: image, scope: 'runtime' }], file.path));
    }
  }

  for (const { name, title, format, line } of read.apis) {
    const self = apiRef(view, format, name);
    facts.push(
      {
        kind: 'contains',
        from: file.ref,
        to: self,
        method: 'declared',
        evidence: { ...evidence, startLine: line, endLine: line },
        properties: { title, type: format, path: file.path },
      },
      { kind: 'provides_api', from: repositoryRef(view.name), to: self, confidence: 0.8, evidence },
    );
  }

  for (const { name, title, service, targetPercent, description } of read.objectives) {
    const self: EntityRef = { kind: 'slo', key: `${view.name}/${name}`.toLowerCase() };
    facts.push({
      kind: 'contains',
      from: repositoryRef(view.name),
      to: self,
      method: 'declared',
      evidence,
      properties: {
        title,
        path: file.path,
        ...(targetPercent === undefined ? {} : { targetPercent }),
        ...(description === undefined ? {} : { description }),
      },
    });
    if (service !== undefined) {
      facts.push({
        kind: 'constrains',
        from: self,
        to: own(service),
        method: 'declared',
        evidence,
      });
    }
  }

  for (const { name, type, line } of read.resources) {
    facts.push({
      kind: 'contains',
      from: repositoryRef(view.name),
      to: {
        kind: 'resource',
        key: `${view.name}:terraform:${folderOf(file.path)}:${type}.${name}`.toLowerCase(),
      },
      method: 'declared',
      evidence: { ...evidence, startLine: line, endLine: line },
      properties: { title: `${type}.${name}`, type, path: file.path },
    });
  }
  if (facts.length === 0) return undefined;
  return {
    object: `manifest:${file.ref.key}`,
    extractor: 'manifests',
    extractorVersion: 1,
    revision: file.blobSha,
    position: file.position,
    facts,
  };
}

/** A gRPC service has one name everywhere; other interfaces are of their repository. */
export function apiRef(
  view: Pick<RepositoryView, 'name'>,
  format: string,
  name: string,
): EntityRef {
  return {
    kind: 'api',
    key: format === 'grpc' ? `grpc/${name}` : `${view.name}/${name}`.toLowerCase(),
  };
}

const packageRef = (purl: string): EntityRef => ({ kind: 'package', key: purl.slice(0, 500) });

/** A package exists by being needed; who declares it says more. */
function dependencyFacts(
  self: EntityRef,
  dependencies: readonly Dependency[],
  path: string,
): NewFact[] {
  return dependencies.flatMap(({ purl, range, scope }): NewFact[] => {
    const other = packageRef(purl);
    return [
      {
        kind: 'depends_on',
        from: self,
        to: other,
        method: 'declared',
        evidence: { path },
        properties: { scope, ...(range === '' ? {} : { range: range.slice(0, 200) }) },
      },
      {
        kind: 'is',
        from: other,
        to: other,
        confidence: 0.5,
        properties: { title: purl.replace(/^pkg:[^/]+\//, '') },
      },
    ];
  });
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}
