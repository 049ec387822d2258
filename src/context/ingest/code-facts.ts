/** Code in the graph: which files import which, which use a name only one file declares, and gRPC. */
import { createBreather } from '#kernel';
import type { CodeOutline, ImportScope, Language } from '../code/index.ts';
import { resolveImport } from '../code/index.ts';
import type { EntityRef, NewFact } from '../graph/schema.ts';
import type { Draft, RepositoryView, ViewedFile } from './repository-view.ts';

export interface OutlinedFile {
  file: ViewedFile;
  language: Language;
  outline: CodeOutline;
}

/** Of the files a file refers to by rare names, those it shares most with. */
const MAX_REFERENCES = 6;
const MAX_IMPORTED = 100;
/** A name used in more files than this is a word and not a name. */
const MAX_USERS = 25;
const MIN_NAME = 5;
/** Of the files of an imported Go package without any shared name, so many stand for it. */
const PACKAGE_FILES = 2;

/** Goes file by file, and lets other work have the event loop between them. */
export async function codeDrafts(
  view: RepositoryView,
  files: readonly OutlinedFile[],
  scope: ImportScope,
  grpc: ReadonlyMap<string, EntityRef>,
): Promise<Draft[]> {
  const breathe = createBreather();
  const declaredIn = new Map<string, Set<string>>();
  const usedIn = new Map<string, number>();
  for (const { file, outline } of files) {
    for (const { name } of outline.definitions) {
      const paths = declaredIn.get(name);
      if (paths === undefined) declaredIn.set(name, new Set([file.path]));
      else paths.add(file.path);
    }
    for (const name of outline.uses) usedIn.set(name, (usedIn.get(name) ?? 0) + 1);
    await breathe();
  }

  const drafts: Draft[] = [];
  for (const { file, language, outline } of files) {
    await breathe();
    const shared = new Map<string, string[]>();
    for (const name of outline.uses) {
      if (name.length < MIN_NAME || (usedIn.get(name) ?? 0) > MAX_USERS) continue;
      const paths = declaredIn.get(name);
      if (paths?.size !== 1) continue;
      const [path] = paths;
      if (path === undefined || path === file.path) continue;
      const names = shared.get(path);
      if (names === undefined) shared.set(path, [name]);
      else names.push(name);
    }
    const imported = importedFiles(file, language, outline, scope, declaredIn);
    const facts: NewFact[] = [];
    for (const path of [...imported].sort().slice(0, MAX_IMPORTED)) {
      const target = view.files.get(path);
      if (target === undefined || target === file) continue;
      facts.push({
        kind: 'imports',
        from: file.ref,
        to: target.ref,
        evidence: { path: file.path },
      });
    }
    const rare = [...shared]
      .filter(([path]) => !imported.has(path))
      .toSorted(([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1))
      .slice(0, MAX_REFERENCES);
    for (const [path, names] of rare) {
      const target = view.files.get(path);
      if (target === undefined) continue;
      facts.push({
        kind: 'references',
        from: file.ref,
        to: target.ref,
        method: 'derived',
        confidence: Math.min(0.9, 0.4 + names.length / 10),
        evidence: { path: file.path },
        properties: { names: names.toSorted().slice(0, 5) },
      });
    }
    facts.push(...grpcFacts(file, outline, grpc));
    if (facts.length === 0) continue;
    drafts.push({
      object: `code:${file.ref.key}`,
      extractor: `code-${language}`,
      extractorVersion: 1,
      revision: file.blobSha,
      position: file.position,
      facts,
    });
  }
  return drafts;
}

function importedFiles(
  file: ViewedFile,
  language: Language,
  outline: CodeOutline,
  scope: ImportScope,
  declaredIn: ReadonlyMap<string, ReadonlySet<string>>,
): Set<string> {
  const imported = new Set<string>();
  for (const written of outline.imports) {
    const paths = resolveImport(language, file.path, written, scope);
    if (language !== 'go' || paths.length <= 1) {
      for (const path of paths) imported.add(path);
      continue;
    }
    // A Go import names a folder; the names that are used tell which of its files are meant.
    const inFolder = new Set(paths);
    const meant = new Set(
      outline.uses.flatMap((name) =>
        [...(declaredIn.get(name) ?? [])].filter((path) => inFolder.has(path)),
      ),
    );
    for (const path of meant.size > 0 ? meant : paths.slice(0, PACKAGE_FILES)) imported.add(path);
  }
  imported.delete(file.path);
  return imported;
}

/** Names that generated code gives to both sides of a gRPC service, in the languages that have them. */
function grpcFacts(
  file: ViewedFile,
  outline: CodeOutline,
  grpc: ReadonlyMap<string, EntityRef>,
): NewFact[] {
  if (grpc.size === 0 || file.class === 'generated') return [];
  const names = new Set([...outline.uses, ...outline.definitions.map(({ name }) => name)]);
  return [...grpc].flatMap(([service, api]): NewFact[] => {
    const provides = [
      `Register${service}Server`,
      `${service}Servicer`,
      `add_${service}Servicer_to_server`,
      `${service}ImplBase`,
      `${service}Base`,
      `${service}CoroutineImplBase`,
    ];
    const consumes = [
      `New${service}Client`,
      `${service}Client`,
      `${service}Stub`,
      `${service}BlockingStub`,
      `${service}CoroutineStub`,
    ];
    const evidence = { path: file.path };
    if (provides.some((name) => names.has(name))) {
      return [{ kind: 'provides_api', from: file.ref, to: api, confidence: 0.85, evidence }];
    }
    return consumes.some((name) => names.has(name))
      ? [{ kind: 'consumes_api', from: file.ref, to: api, confidence: 0.85, evidence }]
      : [];
  });
}
