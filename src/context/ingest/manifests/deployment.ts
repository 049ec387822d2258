/** What runs and what it is made of: Dockerfile, compose, Kubernetes, Terraform. Pure. */
import { isMap, parseAllDocuments } from 'yaml';
import {
  type Dependency,
  imagePurl,
  lineOf,
  listOf,
  type ManifestReading,
  reading,
  recordOf,
  textOf,
} from './reading.ts';

/** Images a Dockerfile starts from; its own earlier stages are none. */
export function readDockerfile(text: string): ManifestReading {
  const stages = new Set<string>();
  const uses: Dependency[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line.slice(0, 2_000));
    if (match === null) continue;
    const [, image = '', stage] = match;
    const purl = stages.has(image.toLowerCase()) ? undefined : imagePurl(image);
    if (purl !== undefined) uses.push({ purl, range: image, scope: 'build' });
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return reading({ uses });
}

/** Services of a compose file with what they wait for and talk to. */
export function readCompose(text: string): ManifestReading {
  const services = yamlDocuments(text).flatMap((document) =>
    Object.entries(recordOf(document['services'])),
  );
  const names = new Set(services.map(([name]) => name));
  return reading({
    services: services.map(([name, value]) => {
      const service = recordOf(value);
      const waits = service['depends_on'];
      const image = textOf(service['image']);
      const links = listOf(service['links']).map((link) => (textOf(link) ?? '').split(':')[0]!);
      return {
        name,
        images: image === undefined ? [] : [image],
        dependsOn: unique([
          ...listOf(waits).flatMap((one) => textOf(one) ?? []),
          ...Object.keys(recordOf(waits)),
          ...links,
          ...addresses(service['environment']),
        ]).filter((other) => other !== name && names.has(other)),
      };
    }),
  });
}

const WORKLOADS = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
  'Job',
  'Rollout',
  'Pod',
  'ReplicaSet',
]);

/** Workloads of Kubernetes manifests; templates that are no YAML yet say nothing. */
export function readKubernetes(text: string): ManifestReading {
  const workloads = yamlDocuments(text).flatMap((document) => {
    const kind = textOf(document['kind']);
    const name = textOf(recordOf(document['metadata'])['name']);
    if (kind === undefined || name === undefined || !WORKLOADS.has(kind)) return [];
    const spec = recordOf(document['spec']);
    const job = recordOf(recordOf(spec['jobTemplate'])['spec']);
    const template = recordOf((job['template'] ?? spec['template']) as unknown);
    const pod = kind === 'Pod' ? spec : recordOf(template['spec']);
    const containers = [...listOf(pod['containers']), ...listOf(pod['initContainers'])].map(
      recordOf,
    );
    return [
      {
        name,
        images: unique(containers.flatMap((container) => textOf(container['image']) ?? [])),
        dependsOn: unique(containers.flatMap((container) => addresses(container['env']))).filter(
          (one) => one !== name,
        ),
      },
    ];
  });
  return reading({ services: workloads });
}

/** Resources and modules of Terraform, by their block headers. */
export function readTerraform(text: string): ManifestReading {
  const resources = [
    ...text.matchAll(/^[ \t]*resource[ \t]+"([\w-]{1,100})"[ \t]+"([\w-]{1,100})"/gm),
  ].map(({ 1: type = '', 2: name = '', index }) => ({ type, name, line: lineOf(text, index) }));
  const uses: Dependency[] = [];
  for (const { index } of text.matchAll(/^[ \t]*module[ \t]+"[\w-]{1,100}"[ \t]*\{/gm)) {
    const source = /\bsource\s{0,20}=\s{0,20}"([^"\n]{1,300})"/.exec(
      text.slice(index, index + 2_000),
    )?.[1];
    if (source === undefined || source.startsWith('.')) continue;
    uses.push({
      purl: `pkg:terraform/${source.replace(/[?#].*$/, '').toLowerCase()}`,
      range: '',
      scope: 'build',
    });
  }
  return reading({ resources, uses });
}

/** True for YAML that holds objects of Kubernetes. */
export function looksLikeKubernetes(text: string): boolean {
  return /^apiVersion:\s*\S/m.test(text) && /^kind:\s*\S/m.test(text);
}

/** Every document of a YAML text that is a map; those with errors are left out. */
export function yamlDocuments(text: string): Record<string, unknown>[] {
  return parseAllDocuments(text, { logLevel: 'silent' }).flatMap((document) =>
    document.errors.length > 0 || !isMap(document.contents)
      ? []
      : [recordOf(document.toJS({ maxAliasCount: 50 }) as unknown)],
  );
}

/** Hosts that environment values name: `http://cart:8080` -> `cart`, `CART_ADDR: cart:7070` -> `cart`. */
function addresses(environment: unknown): string[] {
  const values = [
    ...listOf(environment).flatMap((one) => textOf(one) ?? textOf(recordOf(one)['value']) ?? []),
    ...Object.values(recordOf(environment)).flatMap((one) => textOf(one) ?? []),
  ];
  return values.flatMap((value) => {
    const found =
      /(?:^|=|:\/\/(?:[^@/\s]*@)?)([a-z][a-z0-9-]{1,62})(?:\.[a-z0-9-]+)*:\d{2,5}\b/.exec(
        value.slice(0, 500),
      );
    return found === null || found[1] === 'localhost' ? [] : [found[1]!];
  });
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].slice(0, 200);
}
