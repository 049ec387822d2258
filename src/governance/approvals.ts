/**
 * Consents to changes. Nobody in the custody of a change consents to it: checked when the consent is
 * given, and again whenever it is counted, because identities become known later.
 */
import {
  AppError,
  checkValue,
  type Clock,
  type Db,
  type Id,
  isId,
  type NewId,
  type Tx,
} from '#kernel';
import type { Ledger } from '#ledger';
import { z } from 'zod';
import type { AccessCheck } from './access.ts';
import { selectLoans } from './absence-store.ts';
import { areOnePerson, sharedIdentities } from './custody.ts';
import { lendPowers } from './delegation.ts';
import type { DenialRecorder } from './denials.ts';
import { actorOf, approvalEvent, SYSTEM_ACTOR } from './events.ts';
import type { Approval, Person, Principal, Role } from './schema.ts';
import * as store from './store.ts';

const Reason = z.string().trim().max(4_000);

interface NewApproval {
  changeId: Id<'chg'>;
  headSha: string;
  /** The head the change has now; another one means the approver saw old code. */
  currentHeadSha: string;
  policyVersion: string;
  custody: readonly string[];
  decision: Approval['decision'];
  reason: string;
  correlationId: string;
}

export interface ApprovalGiver {
  person: string;
  roles: Role[];
  teams: string[];
  identities: string[];
  headSha: string;
  policyVersion: string;
  givenAt: Date;
  /** The absent people in whose place the giver consents too; their teams are among those above. */
  standsInFor: string[];
}

export interface Approvals {
  /**
   * Records a consent or a refusal. Whoever is in the change's custody, any agent, and anyone without
   * the approver role is refused. Bound to the head commit and the policy version.
   * @throws AppError `governance.in_custody`, `governance.agent_cannot_approve`, `governance.forbidden`,
   *   `governance.stale_head`.
   */
  recordApproval(tx: Tx, approval: NewApproval, by: Principal): Promise<Approval>;
  /** After a push: approvals for other heads no longer count. Gives those it voided. */
  voidApprovals(
    tx: Tx,
    changeId: Id<'chg'>,
    currentHeadSha: string,
    correlationId: string,
  ): Promise<Approval[]>;
  /** Consents to one head count for another with the very same code, from when they were given. */
  carryApprovals(
    tx: Tx,
    carried: { changeId: Id<'chg'>; fromHeadSha: string; toHeadSha: string },
    correlationId: string,
  ): Promise<Approval[]>;
  listApprovals(tx: Tx | null, changeId: Id<'chg'>): Promise<Approval[]>;
  /** Who consented to which of these changes, whatever became of the consent: who knows the code. */
  listApprovers(changeIds: readonly string[]): Promise<{ changeId: string; personId: string }[]>;
  /** The refusal that stands for this head: final for it, also where no consent is asked for. */
  findDecline(tx: Tx | null, changeId: Id<'chg'>, headSha: string): Promise<Approval | undefined>;
  /**
   * Empty while anyone declines this head. Valid consents with the roles and teams of their givers as
   * they are now, custody checked again.
   */
  approvalFacts(
    tx: Tx,
    change: {
      changeId: Id<'chg'>;
      headSha: string;
      policyVersion?: string | undefined;
      custody: readonly string[];
    },
  ): Promise<ApprovalGiver[]>;
}

export function createApprovals(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  isAllowed: AccessCheck;
  denials: DenialRecorder;
}): Approvals {
  const { db, ledger, clock, newId, isAllowed, denials } = deps;

  async function recordApproval(tx: Tx, input: NewApproval, by: Principal): Promise<Approval> {
    const person = await refuseUnlessEligible(tx, input, by);
    const approval: Approval = {
      id: newId('apr'),
      changeId: input.changeId,
      headSha: input.headSha,
      policyVersion: input.policyVersion,
      personId: person.id,
      personName: person.name,
      decision: input.decision,
      reason: checkValue(Reason, input.reason, 'governance.bad_reason'),
      state: 'valid',
      givenAt: clock.now(),
    };
    const standing = await store.insertApprovalOnce(tx, approval);
    if (standing.isNew) {
      const type = approval.decision === 'approve' ? 'approval.given' : 'approval.declined';
      await ledger.append(tx, approvalEvent(type, approval, actorOf(by), input.correlationId));
    }
    return standing.approval;
  }

  async function refuseUnlessEligible(tx: Tx, input: NewApproval, by: Principal): Promise<Person> {
    if (by.kind !== 'person' || !isId('usr', by.id)) {
      throw denied(input, by, 'governance.agent_cannot_approve', {
        message: 'Only a person can approve or decline a change.',
        hint: 'Ask somebody with the approver role who had no hand in the change.',
      });
    }
    // The lock makes an identity that is being added at this moment either seen here or added later,
    // and what is added later is found when the consent is counted.
    const person = await store.lockPerson(tx, by.id);
    const current = { ...by, roles: person?.roles ?? [] };
    const resource = { kind: 'change', id: input.changeId };
    if (person === undefined || !isAllowed(current, 'changes:approve', resource)) {
      throw denied(input, by, 'governance.forbidden', {
        message: 'Approving a change needs the approver role and the scope changes:approve.',
        hint: 'An admin can give the role; see docs/roles.md.',
      });
    }
    const shared = sharedIdentities({ ...person, onBehalfOf: by.onBehalfOf }, input.custody);
    if (shared.length > 0) {
      throw denied(input, by, 'governance.in_custody', {
        message: `You had a hand in this change (${shared.join(', ')}), so you cannot judge it.`,
        hint: 'Ask somebody who neither requested, prompted, wrote nor committed it.',
      });
    }
    await refuseTokenOfCustodian(tx, input, by);
    if (input.headSha !== input.currentHeadSha) {
      throw new AppError('conflict', 'governance.stale_head', {
        message: 'The change has moved on since you looked at it.',
        hint: `Look at ${input.currentHeadSha.slice(0, 12)} and decide again.`,
        details: { headSha: input.headSha, currentHeadSha: input.currentHeadSha },
      });
    }
    return person;
  }

  /** Whoever made a token has seen its secret, so a consent with it may be theirs. */
  async function refuseTokenOfCustodian(tx: Tx, input: NewApproval, by: Principal): Promise<void> {
    if (by.tokenMadeBy === undefined) return;
    const maker = isId('usr', by.tokenMadeBy)
      ? await store.selectPerson(tx, by.tokenMadeBy)
      : undefined;
    const known = maker ?? { id: by.tokenMadeBy, identities: [] };
    if (sharedIdentities(known, input.custody).length === 0) return;
    throw denied(input, by, 'governance.in_custody', {
      message: 'This token was made by somebody who had a hand in the change.',
      hint: 'Use the console, or a token that you made yourself.',
    });
  }

  function denied(
    input: NewApproval,
    by: Principal,
    code: string,
    words: { message: string; hint: string },
  ): AppError {
    // The caller's transaction is about to be rolled back, so the event takes one of its own, and is
    // not waited for: this one may hold the pool's last connection.
    void denials.record(by, 'changes:approve', { kind: 'change', id: input.changeId });
    return new AppError('forbidden', code, words);
  }

  async function voidApprovals(
    tx: Tx,
    changeId: Id<'chg'>,
    currentHeadSha: string,
    correlationId: string,
  ): Promise<Approval[]> {
    const voided = await store.voidApprovalsForOtherHeads(
      tx,
      changeId,
      currentHeadSha,
      clock.now(),
    );
    if (voided.length > 0) {
      await ledger.appendMany(
        tx,
        voided.map((approval) =>
          approvalEvent('approval.voided', approval, SYSTEM_ACTOR, correlationId),
        ),
      );
    }
    return voided;
  }

  async function carryApprovals(
    tx: Tx,
    carried: Parameters<Approvals['carryApprovals']>[1],
    correlationId: string,
  ): Promise<Approval[]> {
    const copies = await store.copyApprovals(tx, carried, () => newId('apr'));
    if (copies.length > 0) {
      await ledger.appendMany(
        tx,
        copies.map((approval) =>
          approvalEvent('approval.carried', approval, SYSTEM_ACTOR, correlationId),
        ),
      );
    }
    return copies;
  }

  async function approvalFacts(
    tx: Tx,
    change: Parameters<Approvals['approvalFacts']>[1],
  ): Promise<ApprovalGiver[]> {
    const standing = await store.selectStandingApprovals(tx, change.changeId, change.headSha);
    // A refusal is final for this head, whatever became of the policy or of who gave it.
    if (standing.some(({ decision }) => decision === 'decline')) return [];
    const givers = standing
      .filter(
        ({ personId: id, identities, roles, policyVersion }) =>
          roles.includes('approver') &&
          (change.policyVersion === undefined || policyVersion === change.policyVersion) &&
          sharedIdentities({ id, identities }, change.custody).length === 0,
      )
      .filter(
        ({ personId: id, identities }, index, all) =>
          // Two accounts of one person are one consent, however many rules ask for two.
          all.findIndex((other) =>
            areOnePerson({ id, identities }, { id: other.personId, identities: other.identities }),
          ) === index,
      )
      .map(({ personId, roles, teams, identities, headSha, policyVersion, givenAt }) => ({
        person: personId,
        roles,
        teams,
        identities,
        headSha,
        policyVersion,
        givenAt,
      }));
    const loans = await selectLoans(
      tx,
      givers.map(({ person }) => person),
    );
    return lendPowers(givers, loans, change.custody);
  }

  return {
    recordApproval,
    voidApprovals,
    carryApprovals,
    listApprovals: (tx, changeId) => store.selectApprovals(tx ?? db, changeId),
    listApprovers: (changeIds) => store.selectApprovers(db, changeIds),
    findDecline: (tx, changeId, headSha) => store.selectDecline(tx ?? db, changeId, headSha),
    approvalFacts,
  };
}
