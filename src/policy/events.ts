/** The events of the Policy Engine, one helper each. */
import type { Id } from '#kernel';
import type { Actor, NewEvent } from '#ledger';
import type { Decision } from './schema.ts';
import type { PolicyProblem } from './service.ts';

const POLICY_ACTOR: Actor = { kind: 'system', id: 'policy' };

export interface EventContext {
  cause?: Id<'evt'> | undefined;
  correlationId: string;
}

export function decisionMade(decision: Decision, context: EventContext): NewEvent {
  return {
    type: 'decision.made',
    subject: decision.changeId,
    actor: POLICY_ACTOR,
    cause: context.cause,
    correlationId: context.correlationId,
    occurredAt: decision.decidedAt,
    refs: {
      change: decision.changeId,
      decision: decision.id,
      commit: decision.headSha,
      repository: decision.repository,
    },
    data: {
      lane: decision.lane,
      outcome: decision.outcome,
      baseSha: decision.baseSha,
      policyVersion: decision.policyVersion,
      policySource: decision.policySource,
      score: decision.score,
      rules: decision.rules,
      factors: decision.factors,
      missing: decision.missing,
      facts: decision.facts,
    },
  };
}

export function policyActivated(
  repository: string,
  policy: { version: string; sourceCommit: string; source: string },
): NewEvent {
  return {
    type: 'policy.activated',
    subject: repository,
    actor: POLICY_ACTOR,
    refs: { repository, commit: policy.sourceCommit },
    data: { version: policy.version, source: policy.source },
  };
}

export function policyRemoved(
  repository: string,
  policy: { version: string; sourceCommit: string },
): NewEvent {
  return {
    type: 'policy.removed',
    subject: repository,
    actor: POLICY_ACTOR,
    refs: { repository, commit: policy.sourceCommit },
    data: { version: policy.version },
  };
}

export function policyRefused(
  repository: string,
  refusal: {
    source: string;
    sourceCommit: string;
    problems: readonly PolicyProblem[];
    inForce: string;
  },
): NewEvent {
  return {
    type: 'policy.refused',
    subject: repository,
    actor: POLICY_ACTOR,
    refs: { repository, commit: refusal.sourceCommit },
    data: { source: refusal.source, problems: refusal.problems, inForce: refusal.inForce },
  };
}

/** Another version of the organisation's policy: proposed, agreed to, in force, or withdrawn. */
export function organisationPolicyEvent(
  type: 'policy.proposed' | 'policy.endorsed' | 'policy.published' | 'policy.withdrawn',
  policy: { version: number; reason: string; textHash: string },
  actor: Actor,
): NewEvent {
  const { version, reason, textHash } = policy;
  return {
    type,
    subject: 'organisation',
    actor,
    refs: {},
    data: { version, reason, textSha256: textHash },
  };
}

/** The risk model was fitted to a repository's own history. */
export function riskCalibrated(
  repository: string,
  fit: { model: string; throughSha: string; changes: number; knownDefects: number; at: Date },
): NewEvent {
  return {
    type: 'risk.calibrated',
    subject: repository,
    actor: POLICY_ACTOR,
    occurredAt: fit.at,
    refs: { repository, commit: fit.throughSha },
    data: { model: fit.model, changes: fit.changes, knownDefects: fit.knownDefects },
  };
}
