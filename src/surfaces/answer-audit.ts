/** Answers an audit for a person who had no hand in the change. */
import { type Principal, sharedIdentities } from '#governance';
import { AppError, type Id, isId } from '#kernel';
import { type Audit, unknownAudit } from '#policy';
import type { Services } from './services.ts';

/** @throws AppError `policy.no_such_audit`, `policy.own_audit`, and what answering throws. */
export async function answerAudit(
  { policy, changes, governance }: Services,
  changeId: Id<'chg'>,
  answer: { finding: 'fine' | 'risky'; reason: string },
  by: Principal,
): Promise<Audit> {
  const [audit, change] = await Promise.all([policy.findAudit(changeId), changes.find(changeId)]);
  const person =
    by.kind === 'person' && isId('usr', by.id) ? await governance.findPerson(by.id) : undefined;
  if (audit === undefined || change === undefined || person === undefined) throw unknownAudit();
  if (sharedIdentities(person, change.custody).length > 0) {
    throw new AppError('forbidden', 'policy.own_audit', {
      message: 'Nobody audits a change they had a hand in.',
      hint: 'Leave it to a colleague.',
    });
  }
  return policy.answerAudit(changeId, { ...answer, by: { id: person.id, name: person.name } });
}
