/** What a manifest says, in words that fit all of them. */

export interface Dependency {
  /** Package URL without a version: `pkg:npm/zod`. https://github.com/package-url/purl-spec */
  purl: string;
  /** As written: `^4.0.0`. */
  range: string;
  scope: 'runtime' | 'development' | 'optional' | 'build';
}

export interface ManifestReading {
  /** Packages the file declares. */
  packages: { purl: string; title: string; dependencies: Dependency[] }[];
  /** Things that run: services of compose, workloads of Kubernetes. */
  services: { name: string; dependsOn: string[]; images: string[] }[];
  /** What the file itself is built from or uses. */
  uses: Dependency[];
  /** Interfaces the file defines. */
  apis: {
    name: string;
    title: string;
    format: 'openapi' | 'grpc' | 'graphql' | 'asyncapi';
    line: number;
  }[];
  /** What services promise: service levels of OpenSLO. */
  objectives: {
    name: string;
    title: string;
    service: string | undefined;
    targetPercent: number | undefined;
    description: string | undefined;
  }[];
  /** Things that are made: resources of Terraform. */
  resources: { name: string; type: string; line: number }[];
}

export const NOTHING_READ: Readonly<ManifestReading> = {
  packages: [],
  services: [],
  uses: [],
  apis: [],
  objectives: [],
  resources: [],
};

export const reading = (some: Partial<ManifestReading>): ManifestReading => ({
  ...NOTHING_READ,
  ...some,
});

/** Something to iterate over, whatever a file holds in its place. */
export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
}

/** `node:24-alpine@sha256:…` -> the image without its tag. */
export function imagePurl(image: string): string | undefined {
  const name = image
    .trim()
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '')
    .toLowerCase();
  return /^[a-z0-9][\w./-]{0,250}$/.test(name) && name !== 'scratch'
    ? `pkg:docker/${name}`
    : undefined;
}

export function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1))
    line += 1;
  return line;
}
