/** Drafts what the files of a repository say beside its documents: manifests, code, controls, submodules. */
import type { GitRepository } from '#git';
import type { Queryable } from '#kernel';
import type { CatalogEntity } from '../catalog.ts';
import { looksBinary } from '../file-class.ts';
import { MAX_TEXT_BYTES } from '../survey.ts';
import type { CodeReader, ImportScope } from '../code/index.ts';
import type { EntityRef } from '../graph/schema.ts';
import { catalogEntityRef } from './catalog-facts.ts';
import { codeDrafts } from './code-facts.ts';
import { catalogControlDrafts } from './controls.ts';
import { apiRef, manifestDraft } from './manifest-facts.ts';
import { isManifest, MAX_MANIFEST_BYTES, readManifest } from './manifests/read-manifest.ts';
import type { ManifestReading } from './manifests/reading.ts';
import { readCode } from './read-code.ts';
import { readTexts } from './read-texts.ts';
import type { Draft, RepositoryView, ViewedFile } from './repository-view.ts';
import type { Skipped } from './skipped.ts';
import { submoduleDrafts } from './submodules.ts';
import { symbolDrafts } from './symbol-facts.ts';

const MAX_MANIFESTS = 5_000;

export interface SourceDeps {
  db: Queryable;
  git: GitRepository;
  reader: CodeReader;
  skipped: Skipped;
  onProgress(done: number, total: number): void;
}

export async function draftSources(
  deps: SourceDeps,
  view: RepositoryView,
  catalog: readonly CatalogEntity[],
): Promise<Draft[]> {
  const { db, git, reader, skipped } = deps;
  countUnread(view, skipped);
  const manifests = await readManifests(git, view, skipped);
  const components = new Map<string, EntityRef>();
  for (const entity of catalog) {
    if (entity.kind === 'Component')
      components.set(entity.name.toLowerCase(), catalogEntityRef(entity));
  }
  const code = await readCode(db, git, reader, view, skipped, deps.onProgress);
  return [
    ...manifests.flatMap(
      ({ file, reading }) => manifestDraft(view, file, reading, components) ?? [],
    ),
    ...(await codeDrafts(view, code, importScope(view, manifests), grpcServices(view, manifests))),
    ...symbolDrafts(code, skipped),
    ...catalogControlDrafts(view, catalog),
    ...(await submoduleDrafts(view, git)),
  ];
}

/** What every reader leaves alone. */
function countUnread(view: RepositoryView, skipped: Skipped): void {
  for (const { path, size, class: kind } of view.files.values()) {
    if (kind === 'generated') skipped.add('generated files are known by their names only', path);
    else if (size > MAX_TEXT_BYTES && !looksBinary(path)) {
      skipped.add('files over 200 kB are known by their names only', path);
    }
  }
}

async function readManifests(
  git: GitRepository,
  view: RepositoryView,
  skipped: Skipped,
): Promise<{ file: ViewedFile; reading: ManifestReading }[]> {
  const wanted: ViewedFile[] = [];
  for (const file of view.files.values()) {
    if (!isManifest(file.path) || file.class === 'generated' || file.blobSha === '') continue;
    if (file.size > MAX_MANIFEST_BYTES) skipped.add('manifests over 2 MB', file.path);
    else if (wanted.length >= MAX_MANIFESTS)
      skipped.add('manifests beyond 5,000 of one repository', file.path);
    else wanted.push(file);
  }
  const found: { file: ViewedFile; reading: ManifestReading }[] = [];
  await using texts = readTexts(
    git,
    wanted.map(({ blobSha }) => blobSha),
  );
  for (const file of wanted) {
    const text = (await texts.next()).value;
    if (typeof text !== 'string') {
      skipped.add('manifests that are no text', file.path);
      continue;
    }
    const read = readManifest(file.path, text);
    if (text.includes('\ufffd'))
      skipped.add('files with broken encoding are read with gaps', file.path);
    if (read === undefined) continue;
    if ('problem' in read) skipped.add(read.problem, file.path);
    else found.push({ file, reading: read.reading });
  }
  return found;
}

function importScope(
  view: RepositoryView,
  manifests: readonly { file: ViewedFile; reading: ManifestReading }[],
): ImportScope {
  const byName = Map.groupBy(view.files.keys(), (path) => path.slice(path.lastIndexOf('/') + 1));
  const byFolder = Map.groupBy(view.files.keys(), folderOf);
  const packages = new Map<string, string>();
  const goModules = new Map<string, string>();
  for (const { file, reading } of manifests) {
    for (const { purl, title } of reading.packages) {
      if (purl.startsWith('pkg:npm/')) packages.set(title, folderOf(file.path));
      else if (purl.startsWith('pkg:golang/')) goModules.set(title, folderOf(file.path));
    }
  }
  return {
    has: (path) => view.files.has(path),
    byName,
    inFolder: (folder) => byFolder.get(folder) ?? [],
    packages,
    goModules,
  };
}

/** gRPC services by their short name, where only one has it. */
function grpcServices(
  view: RepositoryView,
  manifests: readonly { reading: ManifestReading }[],
): Map<string, EntityRef> {
  const services = new Map<string, EntityRef>();
  const twice = new Set<string>();
  for (const { reading } of manifests) {
    for (const { name, title, format } of reading.apis) {
      if (format !== 'grpc') continue;
      const short = title.slice(title.lastIndexOf('.') + 1);
      const ref = apiRef(view, format, name);
      const known = services.get(short);
      if (known !== undefined && known.key !== ref.key) twice.add(short);
      services.set(short, ref);
    }
  }
  for (const short of twice) services.delete(short);
  return services;
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}
