/** Reads repository, service and severity out of the labels or tags of an alert. Pure. */
import type { Severity } from './report.ts';

export type Labels = Readonly<Record<string, string>>;

/** Which labels name what, the first that is there counts. */
export interface LabelNames {
  repository: readonly string[];
  service: readonly string[];
}

/** What Prometheus, Kubernetes, OpenTelemetry and Datadog set-ups commonly use. */
export const COMMON_LABELS: LabelNames = {
  repository: ['repository', 'repo', 'vcs_repository', 'git_repository', 'git.repository'],
  service: [
    'service',
    'service_name',
    'service.name',
    'app_kubernetes_io_name',
    'app',
    'component',
    'job',
  ],
};

const MAX_SERVICE = 200;
const REPOSITORY = /^[\w.-]{1,100}\/[\w.-]{1,100}$/;

/** The given names first, then the common ones. */
export function withCommonLabels(own: Partial<LabelNames>): LabelNames {
  return {
    repository: [...(own.repository ?? []), ...COMMON_LABELS.repository],
    service: [...(own.service ?? []), ...COMMON_LABELS.service],
  };
}

export function placeOf(
  labels: Labels,
  names: LabelNames,
): { repository: string | undefined; service: string | undefined } {
  const service = firstOf(labels, names.service, (value) => value.length <= MAX_SERVICE);
  return {
    repository: firstOf(labels, names.repository, isRepository),
    // An alert's job is often the exporter's address, which names no service.
    service: service !== undefined && /^[\w./ -]+$/.test(service) ? service : undefined,
  };
}

export function isRepository(value: string): boolean {
  return REPOSITORY.test(value);
}

/** `owner/name` of a clone address: https, ssh or `git@host:owner/name.git`. */
export function repositoryOfUrl(url: string): string | undefined {
  const match = /^(?:[a-z+]+:\/\/(?:[^/@]*@)?[^/]+\/|[^/@:]+@[^/:]+:)(.+?)(?:\.git)?\/?$/i.exec(
    url,
  );
  const name = match?.[1]?.split('/').slice(-2).join('/');
  return name !== undefined && isRepository(name) ? name : undefined;
}

const SEVERITIES: ReadonlyMap<string, Severity> = new Map<string, Severity>([
  ['critical', 'critical'],
  ['fatal', 'critical'],
  ['disaster', 'critical'],
  ['page', 'critical'],
  ['emergency', 'critical'],
  ['p1', 'critical'],
  ['sev1', 'critical'],
  ['1', 'critical'],
  ['error', 'high'],
  ['high', 'high'],
  ['major', 'high'],
  ['p2', 'high'],
  ['sev2', 'high'],
  ['2', 'high'],
  ['warning', 'medium'],
  ['warn', 'medium'],
  ['medium', 'medium'],
  ['minor', 'medium'],
  ['p3', 'medium'],
  ['sev3', 'medium'],
  ['3', 'medium'],
  ['info', 'low'],
  ['informational', 'low'],
  ['low', 'low'],
  ['debug', 'low'],
  ['none', 'low'],
  ['p4', 'low'],
  ['p5', 'low'],
  ['sev4', 'low'],
  ['sev5', 'low'],
  ['4', 'low'],
  ['5', 'low'],
]);

/** The system's own word for how bad it is; undefined where it is none we know. */
export function readSeverity(word: string | undefined): Severity | undefined {
  return SEVERITIES.get((word ?? '').trim().toLowerCase());
}

export function severityOf(labels: Labels): Severity {
  const words = ['severity', 'priority', 'level'].map((name) => readSeverity(own(labels, name)));
  return words.find((word) => word !== undefined) ?? 'medium';
}

/** `key:value` tags as labels; of several with one key the first counts. */
export function labelsOfTags(tags: readonly string[]): Labels {
  const labels = new Map<string, string>();
  for (const tag of tags) {
    const at = tag.indexOf(':');
    const name = tag.slice(0, at).trim();
    if (at > 0 && !labels.has(name)) labels.set(name, tag.slice(at + 1).trim());
  }
  return Object.fromEntries(labels);
}

function firstOf(
  labels: Labels,
  names: readonly string[],
  isFit: (value: string) => boolean,
): string | undefined {
  for (const name of names) {
    const value = own(labels, name)?.trim();
    if (value !== undefined && value !== '' && isFit(value)) return value;
  }
  return undefined;
}

function own(labels: Labels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
