/** Answers to reviews that come from a channel: by whom, under whose account, and what came of it. */
import type { GovernanceService, Person, Principal } from '#governance';
import { type Id, isId } from '#kernel';
import type { EscalationService, InboxAnswer } from '#orchestration';

export interface ChannelAnswer {
  assignmentId: string;
  decision: InboxAnswer['decision'];
  packageSha256?: string | undefined;
  reason: string;
}

/** A person who is known by a name elsewhere, with the rights that answering needs and no other. */
export function principalOfChannel(person: Person): Principal {
  return { ...person, kind: 'person', scopes: ['changes:read', 'changes:approve', 'work:write'] };
}

/**
 * Gives the answer in the person's own name; every check of the console holds here too.
 * @throws AppError what governance and the inbox refuse.
 */
export async function answerFromChannel(
  deps: { governance: GovernanceService; escalations(): EscalationService },
  person: Person,
  given: ChannelAnswer,
): Promise<void> {
  const principal = principalOfChannel(person);
  const { assignmentId, decision, reason, packageSha256 } = given;
  await deps.governance.authorize(principal, 'changes:approve', {
    kind: 'escalation',
    id: assignmentId,
  });
  const id = (isId('esc', assignmentId) ? assignmentId : 'esc_unknown') as Id<'esc'>;
  await deps.escalations().answer(id, { decision, reason, packageSha256 }, principal);
}
