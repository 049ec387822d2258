/** The events of observability; docs/events/observability.md says when each is appended. */
import type { Id } from '#kernel';
import type { Actor, NewEvent } from '#ledger';
import type { Deployment, Incident } from './schema.ts';

const OF_DEPLOYMENT: Record<Deployment['status'], string> = {
  started: 'deployment.started',
  succeeded: 'deployment.succeeded',
  failed: 'deployment.failed',
  'rolled-back': 'deployment.rolled-back',
};

const OF_CHANGE: Record<Deployment['status'], string> = {
  started: 'change.deployment-started',
  succeeded: 'change.deployed',
  failed: 'change.deployment-failed',
  'rolled-back': 'change.deployment-rolled-back',
};

/** A merged change that a deployment carries. */
export interface CarriedChange {
  id: Id<'chg'>;
  correlationId: string;
  mergeSha: string;
}

export function deploymentReported(deployment: Deployment, actor: Actor, at: Date): NewEvent {
  return {
    type: OF_DEPLOYMENT[deployment.status],
    subject: deployment.id,
    actor,
    occurredAt: at,
    refs: { deployment: deployment.id, repository: deployment.repository },
    data: {
      environment: deployment.environment,
      sha: deployment.sha,
      changes: deployment.changeIds,
      url: deployment.url,
    },
  };
}

export function changeCarried(
  change: CarriedChange,
  deployment: Deployment,
  by: { actor: Actor; cause: Id<'evt'>; at: Date },
): NewEvent {
  return {
    type: OF_CHANGE[deployment.status],
    subject: change.id,
    actor: by.actor,
    cause: by.cause,
    correlationId: change.correlationId,
    occurredAt: by.at,
    refs: {
      change: change.id,
      deployment: deployment.id,
      mergeCommit: change.mergeSha,
      repository: deployment.repository,
    },
    data: { environment: deployment.environment },
  };
}

/** The ledger keeps what was said before; this says what holds now. */
export function momentsCorrected(deployment: Deployment, actor: Actor): NewEvent {
  return {
    type: 'deployment.moments-corrected',
    subject: deployment.id,
    actor,
    refs: { deployment: deployment.id, repository: deployment.repository },
    data: {
      environment: deployment.environment,
      startedAt: deployment.startedAt.toISOString(),
      finishedAt: deployment.finishedAt?.toISOString() ?? null,
    },
  };
}

export function incidentReported(
  known: Incident | undefined,
  next: Incident,
  by: { actor: Actor; at: Date },
): NewEvent {
  return {
    type: typeOfIncidentEvent(known, next),
    subject: next.id,
    actor: by.actor,
    occurredAt: by.at,
    refs: {
      incident: next.id,
      ...(next.deploymentId === null ? {} : { deployment: next.deploymentId }),
      ...(next.repository === null ? {} : { repository: next.repository }),
    },
    data: { title: next.title, severity: next.severity, state: next.state, url: next.url },
  };
}

function typeOfIncidentEvent(known: Incident | undefined, next: Incident): string {
  if (known === undefined) return 'incident.detected';
  return known.state !== next.state && next.state === 'resolved'
    ? 'incident.resolved'
    : 'incident.updated';
}
