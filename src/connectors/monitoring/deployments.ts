/**
 * Deployments as Argo CD and Flux tell of them. A report that does not say which commit of which
 * repository runs is no deployment for us.
 */
import { z } from 'zod';
import type { Signal } from '#connectors/contract';
import { isRepository, repositoryOfUrl } from './labels.ts';
import { labels, readBody, text, time } from './read.ts';
import { httpUrl, shortKey } from './report.ts';

type Deployment = Extract<Signal, { type: 'deployment.reported' }>;

const COMMIT = /^[0-9a-f]{40,64}$/;

/** A template of the customer's: the one to copy is in docs/connectors/delivery.md. */
const ArgoMessage = z.object({
  application: text.min(1),
  environment: z.string().max(200).nullish(),
  /** `owner/name` of the code, where the application's own repository holds only manifests. */
  repository: z.string().nullish(),
  repoURL: text.nullish(),
  revision: z.string().nullish(),
  /** Phase of the operation: `Running`, `Succeeded`, `Failed`, `Error`. */
  phase: z.string(),
  /** `Healthy`, `Degraded`, … */
  health: z.string().nullish(),
  startedAt: time,
  finishedAt: time.nullish().or(z.literal('').transform(() => null)),
  url: text.nullish(),
});

/** https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/ */
export function readArgoCd(source: string, body: Uint8Array): Deployment[] {
  const message = readBody(ArgoMessage, body);
  const status = argoStatus(message.phase, message.health ?? '');
  const repository = placeOf(message.repository, message.repoURL);
  const sha = message.revision ?? '';
  const environment = message.environment || message.application;
  if (status === undefined || repository === undefined || !COMMIT.test(sha)) return [];
  const startedAt = message.startedAt.getTime();
  return [
    toSignal(source, {
      key: [message.application, startedAt, sha],
      status,
      repository,
      sha,
      environment,
      at: status === 'started' ? message.startedAt : (message.finishedAt ?? message.startedAt),
      url: message.url ?? undefined,
    }),
  ];
}

function argoStatus(phase: string, health: string): Deployment['status'] | undefined {
  switch (phase) {
    case 'Running':
      return 'started';
    case 'Succeeded':
      // Synchronised is not yet well; a rollout that goes wrong is told by its health.
      return health === 'Degraded' ? 'failed' : 'succeeded';
    case 'Failed':
    case 'Error':
      return 'failed';
    default:
      return undefined;
  }
}

const FluxEvent = z.object({
  involvedObject: z.object({
    kind: text,
    name: text,
    namespace: text.nullish(),
  }),
  severity: z.string(),
  reason: z.string(),
  metadata: labels,
  timestamp: time,
});

const FLUX_STATUS: ReadonlyMap<string, Deployment['status']> = new Map<
  string,
  Deployment['status']
>([
  ['Progressing', 'started'],
  ['ReconciliationSucceeded', 'succeeded'],
  ['InstallSucceeded', 'succeeded'],
  ['UpgradeSucceeded', 'succeeded'],
  ['ReconciliationFailed', 'failed'],
  ['InstallFailed', 'failed'],
  ['UpgradeFailed', 'failed'],
  ['HealthCheckFailed', 'failed'],
  ['BuildFailed', 'failed'],
  ['RollbackSucceeded', 'rolled-back'],
]);

/** https://fluxcd.io/flux/components/notification/events/ */
export function readFlux(source: string, body: Uint8Array): Deployment[] {
  const event = readBody(FluxEvent, body);
  const status = FLUX_STATUS.get(event.reason);
  const { namespace, kind, name } = event.involvedObject;
  const repository = placeOf(metadataOf(event.metadata, 'repository'));
  const revision = metadataOf(event.metadata, 'commit') ?? metadataOf(event.metadata, 'revision');
  const sha = shaOfRevision(revision ?? '');
  if (status === undefined || repository === undefined || sha === undefined) return [];
  return [
    toSignal(source, {
      // Flux gives an attempt no id: one commit on one object is one deployment.
      key: [namespace ?? '', kind, name, sha],
      status,
      repository,
      sha,
      environment: (metadataOf(event.metadata, 'environment') ?? namespace ?? name).slice(0, 200),
      at: event.timestamp,
      url: metadataOf(event.metadata, 'url'),
    }),
  ];
}

/** Keys may be prefixed with the API group of the object that the event is about. */
function metadataOf(metadata: Readonly<Record<string, string>>, key: string): string | undefined {
  const found = Object.entries(metadata).find(
    ([name]) => name === key || name.endsWith(`.toolkit.fluxcd.io/${key}`),
  );
  return found?.[1];
}

/** `main@sha1:<commit>`, `main/<commit>` as before Flux 2, or the commit alone. */
function shaOfRevision(revision: string): string | undefined {
  const sha = /(?:^|[:/])([0-9a-f]{40,64})$/.exec(revision)?.[1];
  // A digest of a chart or an image is no commit.
  return sha === undefined || revision.includes('sha256:') ? undefined : sha;
}

function placeOf(repository: string | null | undefined, url?: string | null): string | undefined {
  if (repository != null && isRepository(repository)) return repository;
  return url == null ? undefined : repositoryOfUrl(url);
}

function toSignal(
  source: string,
  told: Pick<Deployment, 'status' | 'repository' | 'sha' | 'environment'> & {
    key: readonly (string | number)[];
    at: Date;
    url: string | undefined;
  },
): Deployment {
  const { key, at, url, ...rest } = told;
  const address = httpUrl(url);
  return {
    type: 'deployment.reported',
    source,
    // Flux reports each reconciliation anew, by the minute: the first word of a state is the news.
    dedupeKey: shortKey(source, ['deployment', ...key, told.status]),
    occurredAt: at,
    externalKey: shortKey(source, key),
    ...rest,
    ...(address === undefined ? {} : { url: address }),
  };
}
