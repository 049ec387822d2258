/** The events of governance, one helper each. None carries a secret. */
import type { Actor, NewEvent } from '#ledger';
import type { Resource } from './service.ts';
import type { Pass } from './pass-store.ts';
import type { Absence, Action, Approval, Override, Person, Principal, Token } from './schema.ts';

export function actorOf(principal: Principal): Actor {
  return {
    kind: principal.kind === 'service' ? 'system' : principal.kind,
    id: principal.id,
    ...(principal.onBehalfOf === undefined ? {} : { onBehalfOf: principal.onBehalfOf }),
  };
}

export const SYSTEM_ACTOR: Actor = { kind: 'system', id: 'governance' };

export function authorizationDenied(
  principal: Principal,
  action: Action,
  resource: Resource,
  unreported: number,
): NewEvent {
  return {
    type: 'authorization.denied',
    subject: principal.id,
    actor: actorOf(principal),
    refs: {
      person: principal.onBehalfOf ?? principal.id,
      ...(resource.repository === undefined ? {} : { repository: resource.repository }),
    },
    data: {
      action,
      resource: { kind: resource.kind, id: resource.id.slice(0, 200) },
      roles: principal.roles,
      tokenId: principal.tokenId ?? null,
      // Denials like this one since the last event: a loop is counted, not written down each time.
      unreported,
    },
  };
}

export function personCreated(person: Person, actor: Actor): NewEvent {
  return {
    type: 'person.created',
    subject: person.id,
    actor,
    refs: { person: person.id },
    data: {
      name: person.name,
      roles: person.roles,
      teams: person.teams,
      identities: person.identities,
    },
  };
}

export function personUpdated(before: Person, after: Person, actor: Actor): NewEvent {
  const view = ({ name, roles, teams, identities }: Person) => ({ name, roles, teams, identities });
  return {
    type: 'person.updated',
    subject: after.id,
    actor,
    refs: { person: after.id },
    data: { before: view(before), after: view(after) },
  };
}

export function tokenCreated(token: Token, actor: Actor): NewEvent {
  return {
    type: 'token.created',
    subject: token.id,
    actor,
    refs: { person: token.personId },
    data: {
      name: token.name,
      kind: token.kind,
      scopes: token.scopes,
      hint: token.hint,
      expiresAt: token.expiresAt,
    },
  };
}

export function tokenRevoked(token: Token, actor: Actor): NewEvent {
  return {
    type: 'token.revoked',
    subject: token.id,
    actor,
    refs: { person: token.personId },
    data: { name: token.name, kind: token.kind, hint: token.hint },
  };
}

export function passIssued(pass: Pass): NewEvent {
  const { holder, hint, expiresAt } = pass;
  return { ...ofPass(pass), type: 'pass.issued', data: { holder, hint, expiresAt } };
}

export function passRevoked(pass: Pass): NewEvent {
  const { holder, hint } = pass;
  return { ...ofPass(pass), type: 'pass.revoked', data: { holder, hint } };
}

function ofPass({ id, repository }: Pass): Omit<NewEvent, 'type'> {
  return { subject: id, actor: SYSTEM_ACTOR, refs: { repository } };
}

export function loginCodeCreated(personId: Person['id'], expiresAt: Date, actor: Actor): NewEvent {
  return {
    type: 'login-code.created',
    subject: personId,
    actor,
    refs: { person: personId },
    data: { expiresAt },
  };
}

export function personLoggedIn(personId: Person['id'], tokenId: Token['id']): NewEvent {
  return {
    type: 'person.logged-in',
    subject: personId,
    actor: { kind: 'person', id: personId },
    refs: { person: personId },
    data: { tokenId },
  };
}

type ApprovalEventType =
  | 'approval.given'
  | 'approval.declined'
  | 'approval.carried'
  | 'approval.voided';

export function approvalEvent(
  type: ApprovalEventType,
  approval: Approval,
  actor: Actor,
  correlationId: string,
): NewEvent {
  return {
    type,
    subject: approval.changeId,
    actor,
    correlationId,
    refs: {
      change: approval.changeId,
      approval: approval.id,
      commit: approval.headSha,
      person: approval.personId,
    },
    data: {
      decision: approval.decision,
      policyVersion: approval.policyVersion,
      reason: approval.reason,
    },
  };
}

export function absenceEvent(
  type: 'absence.recorded' | 'absence.cancelled',
  absence: Absence,
  actor: Actor,
): NewEvent {
  const { id, from, to, delegateId, note } = absence;
  return {
    type,
    subject: absence.personId,
    actor,
    refs: { person: absence.personId },
    data: { absence: id, from, to, delegateId, note },
  };
}

/** A verdict put aside: asked for, in force, made use of. */
export function overrideEvent(
  type: 'override.requested' | 'override.activated' | 'override.used',
  override: Override,
  actor: Actor,
  correlationId: string,
): NewEvent {
  const { reason, ticket, isEmergency, requestedBy, confirmedBy, expiresAt } = override;
  const { policyVersion, reportTo } = override;
  return {
    type,
    subject: override.changeId,
    actor,
    correlationId,
    refs: {
      change: override.changeId,
      commit: override.headSha,
      repository: override.repository,
      person: requestedBy,
    },
    data: {
      override: override.id,
      reason,
      ticket,
      isEmergency,
      requestedBy,
      confirmedBy,
      expiresAt,
      policyVersion,
      reportTo,
    },
  };
}
