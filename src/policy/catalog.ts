/**
 * The services a policy may name, from the catalog files at the very commit whose policy judges. Not
 * from the context layer: an index may lag behind that commit, and a verdict must be repeatable.
 */
import { isMap, parseAllDocuments } from 'yaml';
import type { GitRepository } from '#git';
import type { ServiceTerms } from './document.ts';
import { globProblem } from './glob.ts';

export interface PolicyCatalog {
  services: ReadonlyMap<string, ServiceTerms>;
  /** Teams that own something or are described; lower case. */
  teams: readonly string[];
  /** True when groups are described, and not only named as owners: then there are no others. */
  describesTeams: boolean;
}

export const NO_CATALOG: PolicyCatalog = { services: new Map(), teams: [], describesTeams: false };

const CATALOG_FILE = /(?:^|\/)catalog-info\.ya?ml$|^\.loom\/catalog\.ya?ml$/;
const MAX_FILES = 500;
const MAX_BYTES = 1024 * 1024;
const MAX_REMEMBERED = 32;
const SERVICE_KINDS = new Set(['component', 'service', 'system']);
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;

/** Reads catalogs by commit and remembers the last ones: a commit never changes. */
export function createCatalogReader(): (
  git: GitRepository,
  revision: string,
) => Promise<PolicyCatalog> {
  const known = new Map<string, Promise<PolicyCatalog>>();
  return (git, revision) => {
    const key = `${git.dir}\n${revision}`;
    const found = known.get(key) ?? readCatalogAt(git, revision);
    known.delete(key);
    known.set(key, found);
    // A failure is not remembered: the commit may be fetched in a moment.
    found.catch(() => known.delete(key));
    if (known.size > MAX_REMEMBERED) known.delete([...known.keys()][0]!);
    return found;
  };
}

/** The catalog at a commit. What cannot be read there names no service, so nothing is granted by it. */
export async function readCatalogAt(git: GitRepository, revision: string): Promise<PolicyCatalog> {
  const files = (await git.listFiles(revision))
    .filter(
      ({ path, size, mode }) => CATALOG_FILE.test(path) && size <= MAX_BYTES && mode !== '120000',
    )
    .slice(0, MAX_FILES);
  const texts: { path: string; text: string }[] = [];
  let index = 0;
  for await (const { data } of git.readBlobs(files.map(({ sha }) => sha))) {
    texts.push({ path: files[index]!.path, text: data.toString('utf8') });
    index += 1;
  }
  return parseCatalog(texts);
}

/** Backstage descriptors and ours. Pure; unreadable documents are left out. */
export function parseCatalog(files: readonly { path: string; text: string }[]): PolicyCatalog {
  const services = new Map<string, ServiceTerms>();
  const teams = new Set<string>();
  let describesTeams = false;
  for (const { path, text } of files) {
    for (const entity of entitiesOf(text)) {
      const kind = entity.kind.toLowerCase();
      if (kind === 'group') {
        describesTeams = true;
        teams.add(entity.name.toLowerCase());
      }
      const owner = ownerOf(entity.spec['owner']);
      if (owner?.startsWith('team:') === true) teams.add(owner.slice('team:'.length));
      if (!SERVICE_KINDS.has(kind) || !NAME.test(entity.name)) continue;
      services.set(entity.name, {
        paths: pathsOf(path, entity.spec['paths']),
        dependsOn: namesOf(entity.spec['dependsOn']),
        owner,
      });
    }
  }
  for (const [name, service] of services) {
    const dependsOn = service.dependsOn.filter((other) => other !== name && services.has(other));
    services.set(name, { ...service, dependsOn });
  }
  const byName = [...services].sort(([a], [b]) => (a < b ? -1 : 1));
  return { services: new Map(byName), teams: [...teams].sort(), describesTeams };
}

function entitiesOf(text: string): { kind: string; name: string; spec: Record<string, unknown> }[] {
  try {
    return parseAllDocuments(text, { logLevel: 'silent' }).flatMap((document) => {
      if (document.errors.length > 0 || !isMap(document.contents)) return [];
      const value = document.toJS({ maxAliasCount: 50 }) as Record<string, unknown>;
      const metadata = asRecord(value['metadata']);
      const { kind } = value;
      const name = metadata['name'];
      if (typeof kind !== 'string' || typeof name !== 'string') return [];
      return [{ kind, name, spec: asRecord(value['spec']) }];
    });
  } catch {
    return [];
  }
}

/** Without `spec.paths` a component covers the folder its descriptor lies in. */
function pathsOf(file: string, paths: unknown): string[] {
  if (Array.isArray(paths)) {
    const texts = paths.filter((path): path is string => typeof path === 'string');
    return texts
      .map((path) => path.replace(/^\//, ''))
      .filter((path) => globProblem(path) === undefined);
  }
  if (file.startsWith('.loom/')) return [];
  const folder = file.split('/').slice(0, -1).join('/');
  const pattern = folder === '' ? '**' : `${folder}/**`;
  return globProblem(pattern) === undefined ? [pattern] : [];
}

function ownerOf(owner: unknown): string | null {
  if (typeof owner !== 'string' || owner.trim() === '') return null;
  const lower = owner.trim().toLowerCase();
  const [kind = '', rest] = lower.split(':');
  const name = (rest ?? kind).split('/').at(-1) ?? '';
  return kind === 'user' ? `person:${name}` : `team:${name}`;
}

/** `component:default/payments` is payments. */
function namesOf(references: unknown): string[] {
  if (!Array.isArray(references)) return [];
  return references.flatMap((reference) =>
    typeof reference === 'string' && !/^resource:/i.test(reference)
      ? [
          reference
            .replace(/^[a-z]+:/i, '')
            .split('/')
            .at(-1) ?? '',
        ]
      : [],
  );
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
