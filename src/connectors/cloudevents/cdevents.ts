/**
 * Deployments and incidents in the CDEvents vocabulary (https://cdevents.dev, 0.4), any version of a
 * type. A report that does not say which commit of which repository runs is no deployment for us.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { checkValue } from '#kernel';
import type { Signal } from '#connectors/contract';
import { type CloudEvent, UNREADABLE } from './parse.ts';

type Told = Pick<Signal, 'source' | 'dedupeKey' | 'occurredAt'>;

const TYPE =
  /^dev\.cdevents\.(service\.(?:deployed|upgraded|rolledback)|incident\.(?:detected|reported|resolved))\.\d+\.\d+\.\d+/;

const Reference = z.object({ id: z.string().min(1).max(1_000), source: z.string().optional() });
const CDEvent = z.object({
  context: z.object({ id: z.string().optional(), source: z.string().optional() }),
  subject: z.object({
    id: z.string().min(1).max(1_000),
    source: z.string().max(1_000).optional(),
    content: z
      .object({
        environment: Reference.optional(),
        service: Reference.optional(),
        artifactId: z.string().max(4_000).optional(),
        description: z.string().optional(),
        ticketURI: z.string().max(2_000).optional(),
      })
      .default({}),
  }),
  customData: z.unknown().optional(),
});
type CDEvent = z.infer<typeof CDEvent>;

/** What we read of `customData`, for systems whose artefacts do not name their commit. */
const CustomData = z.object({
  repository: z.string().max(200).optional().catch(undefined),
  commit: z.string().optional().catch(undefined),
  severity: z.enum(['low', 'medium', 'high', 'critical']).optional().catch(undefined),
  url: z.url().max(2_000).optional().catch(undefined),
});

/**
 * The deployment or incident an event tells of; undefined when it tells of neither.
 * @throws AppError `cloudevents.unreadable_delivery` when its data is not what its type promises.
 */
export function readCDEvent(event: CloudEvent, told: Told): Signal | undefined {
  const kind = TYPE.exec(event.type)?.[1];
  if (kind === undefined) return undefined;
  const cdevent = checkValue(CDEvent, event.data, UNREADABLE);
  const custom = CustomData.safeParse(cdevent.customData).data ?? {};
  return kind.startsWith('incident.')
    ? toIncident(event, cdevent, custom, told, kind === 'incident.resolved')
    : toDeployment(event, cdevent, custom, told);
}

/**
 * A service that was rolled back runs the older commit that is named, so this too is a deployment that
 * succeeded. Every report is a deployment of its own.
 */
function toDeployment(
  event: CloudEvent,
  { subject: { content } }: CDEvent,
  custom: z.infer<typeof CustomData>,
  told: Told,
): Signal | undefined {
  const place = placeOf(content.artifactId, custom);
  const environment = content.environment?.id;
  if (place.repository === undefined || place.commit === undefined) return undefined;
  if (environment === undefined || environment.length > 200) return undefined;
  return {
    ...told,
    type: 'deployment.reported',
    repository: place.repository,
    environment,
    sha: place.commit,
    status: 'succeeded',
    externalKey: shortKey(event.source, event.id),
    ...(custom.url === undefined ? {} : { url: custom.url }),
  };
}

function toIncident(
  event: CloudEvent,
  { subject }: CDEvent,
  custom: z.infer<typeof CustomData>,
  told: Told,
  isResolved: boolean,
): Signal {
  const { description = '', ticketURI, artifactId, service } = subject.content;
  const { repository } = placeOf(artifactId, custom);
  const url = custom.url ?? (z.url().safeParse(ticketURI).success ? ticketURI : undefined);
  const where = service === undefined ? '' : ` of ${service.id}`;
  return {
    ...told,
    type: 'incident.reported',
    title: (description.trim() || `Incident ${subject.id}${where}`).slice(0, 500),
    severity: custom.severity ?? 'medium',
    state: isResolved ? 'resolved' : 'open',
    externalKey: shortKey(subject.source ?? event.source, subject.id),
    ...(repository === undefined ? {} : { repository }),
    ...(url === undefined ? {} : { url }),
  };
}

const REPOSITORY = /^[\w.-]{1,100}\/[\w.-]{1,100}$/;
const COMMIT = /^[0-9a-f]{40,64}$/;

/**
 * Repository and commit, from `customData` or from the package URL of the artefact: its qualifier
 * `vcs_url`, or `pkg:github/owner/name@commit`. https://github.com/package-url/purl-spec
 */
function placeOf(
  artifactId: string | undefined,
  custom: { repository?: string | undefined; commit?: string | undefined },
): { repository: string | undefined; commit: string | undefined } {
  const named = artifactId === undefined ? {} : placeInPurl(artifactId);
  const repository = custom.repository ?? named.repository;
  const commit = custom.commit ?? named.commit;
  return {
    repository: repository !== undefined && REPOSITORY.test(repository) ? repository : undefined,
    commit: commit !== undefined && COMMIT.test(commit) ? commit : undefined,
  };
}

function placeInPurl(purl: string): {
  repository?: string | undefined;
  commit?: string | undefined;
} {
  const vcsUrl = /[?&]vcs_url=([^&#]+)/.exec(purl)?.[1];
  const address = vcsUrl === undefined ? /^pkg:github\/([^?#]+)/.exec(purl)?.[1] : decode(vcsUrl);
  const match = /([^/:]+\/[^/@]+?)(?:\.git)?(?:@([^?#]+))?$/.exec(address ?? '');
  return { repository: match?.[1], commit: match?.[2] };
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}

/** Equal for equals and at most 300 characters, whatever the outside names are like. */
function shortKey(source: string, id: string): string {
  const whole = `${source}#${id}`;
  if (whole.length <= 300) return whole;
  return `cloudevents:${hash('sha256', JSON.stringify([source, id]), 'hex')}`;
}
