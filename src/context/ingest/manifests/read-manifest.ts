/** Which manifest a path is, and what it says. A file that cannot be read gives the reason. */
import { looksLikeOpenApi, readGraphql, readOpenApi, readProto } from './apis.ts';
import {
  looksLikeKubernetes,
  readCompose,
  readDockerfile,
  readKubernetes,
  readTerraform,
} from './deployment.ts';
import { looksLikeOpenSlo, readOpenSlo } from './objectives.ts';
import { readCargo, readGo, readNpm, readPyproject, readRequirements } from './packages.ts';
import type { ManifestReading } from './reading.ts';

export const MAX_MANIFEST_BYTES = 2 * 1024 * 1024;
const MAX_LINE_CHARACTERS = 200_000;

type Read = (text: string, path: string) => ManifestReading | undefined;

const READERS: readonly [RegExp, Read][] = [
  [/(?:^|\/)package\.json$/, readNpm],
  [/(?:^|\/)go\.mod$/, readGo],
  [/(?:^|\/)pyproject\.toml$/, readPyproject],
  [/(?:^|\/)requirements[\w.-]*\.(?:txt|in)$/, readRequirements],
  [/(?:^|\/)Cargo\.toml$/, readCargo],
  [/(?:^|\/)(?:Dockerfile|Containerfile)(?:\.[\w.-]+)?$|\.dockerfile$/i, readDockerfile],
  [/(?:^|\/)(?:docker-)?compose(?:[\w.-]*)\.ya?ml$/, readCompose],
  [/\.tf$/, readTerraform],
  [/\.proto$/, readProto],
  [/\.(?:graphqls?|gql)$/i, readGraphql],
  [/\.(?:ya?ml|json)$/, readByContent],
];

/** Folders and names under which YAML and JSON may be an API or a manifest of Kubernetes. */
const BY_CONTENT =
  /(?:^|\/)(?:k8s|kubernetes|manifests?|deploy(?:ments?)?|charts?|helm|kustomize|base|overlays|config|openapi|swagger|asyncapi|apis?|specs?|slos?|openslo|sre|observability|monitoring)\/|(?:openapi|openslo|slo|swagger|asyncapi|deployment|statefulset|api)[\w.-]*\.(?:ya?ml|json)$/i;

export function isManifest(path: string): boolean {
  if (
    /\.(?:ya?ml|json)$/.test(path) &&
    !/(?:^|\/)package\.json$|compose[\w.-]*\.ya?ml$/.test(path)
  ) {
    return BY_CONTENT.test(path);
  }
  return READERS.some(([pattern]) => pattern.test(path));
}

/** @returns The reading, or why there is none. Never throws for what a file holds. */
export function readManifest(
  path: string,
  text: string,
): { reading: ManifestReading } | { problem: string } | undefined {
  if (hasLongLine(text)) return { problem: 'manifests with a line over 200,000 characters' };
  const read = READERS.find(([pattern]) => pattern.test(path))?.[1];
  if (read === undefined) return undefined;
  try {
    const found = read(text, path);
    return found === undefined ? undefined : { reading: found };
  } catch {
    return { problem: 'manifests that are not valid in their own format' };
  }
}

function readByContent(text: string, path: string): ManifestReading | undefined {
  if (looksLikeOpenApi(text)) return readOpenApi(text);
  if (/\.ya?ml$/.test(path) && looksLikeOpenSlo(text)) return readOpenSlo(text);
  return /\.ya?ml$/.test(path) && looksLikeKubernetes(text) ? readKubernetes(text) : undefined;
}

function hasLongLine(text: string): boolean {
  for (let start = 0; ;) {
    const end = text.indexOf('\n', start);
    if ((end === -1 ? text.length : end) - start > MAX_LINE_CHARACTERS) return true;
    if (end === -1) return false;
    start = end + 1;
  }
}
