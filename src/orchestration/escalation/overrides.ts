/** Break-glass as it is asked for: the policy in force says who may and how, governance records it. */
import type { GovernanceService, Override, OverrideTerms, Person, Principal } from '#governance';
import { AppError, type Id, type Tx } from '#kernel';
import { findChange, toChange } from '../changes/index.ts';
import type { Change } from '../schema.ts';
import type { WorkflowService } from '../service.ts';
import type { EscalationDeps } from './deps.ts';
import { asConsent } from './people.ts';

export interface OverrideService {
  /**
   * Asks to put the verdict on the change's head aside.
   * @throws AppError `inbox.no_verdict`, and what governance refuses.
   */
  request(
    changeId: Id<'chg'>,
    request: {
      headSha: string;
      reason: string;
      ticket?: string | undefined;
      /** Land past the tests of the queue too; without it only the verdict gives way. */
      isEmergency?: boolean | undefined;
    },
    by: Principal,
  ): Promise<Override>;
  /** The second person agrees; the run of the change goes on. */
  confirm(id: Id<'ovr'>, by: Principal): Promise<Override>;
  list: GovernanceService['listOverrides'];
}

export function createOverrideService(
  deps: EscalationDeps & { workflow: WorkflowService },
): OverrideService {
  const { db, governance } = deps;

  async function find(changeId: Id<'chg'>): Promise<Change> {
    const row = await findChange(db, changeId);
    if (row === undefined) {
      throw new AppError('not_found', 'changes.unknown', {
        message: `There is no change ${changeId}.`,
        hint: 'GET /v1/changes lists them.',
      });
    }
    return toChange(row);
  }

  async function termsFor(change: Change): Promise<{
    version: string;
    terms: OverrideTerms | null;
    isEntitled: (person: Person) => boolean;
  }> {
    const decision = await db.transaction((tx) => deps.policy.latestDecision(tx, change.id));
    if (decision === undefined || change.state !== 'open') {
      throw new AppError('conflict', 'inbox.no_verdict', {
        message: 'There is no verdict on an open change to put aside.',
        hint: 'Wait for the verdict; it comes with the checks.',
      });
    }
    const git = await deps.changes.openMirror(change);
    const base = (await git.resolve(`refs/heads/${change.baseBranch}`)) ?? decision.baseSha;
    const terms = await deps.policy.leaderTerms(change.repository, git, base);
    return {
      version: terms.version,
      terms: terms.override,
      isEntitled: (person) =>
        terms.override !== null &&
        terms.satisfies(asConsent(person), terms.override.by, decision.facts),
    };
  }

  /** What waits for people looks again. */
  async function wake(tx: Tx, change: Change, override: Override): Promise<void> {
    if (override.state !== 'active' || change.runId === null) return;
    await deps.workflow.signal(tx, {
      runId: change.runId,
      name: 'review',
      body: { decision: 'reconsider', reason: 'the verdict was put aside' },
      dedupeKey: `override:${override.id}`,
      actor: { kind: 'person', id: override.confirmedBy ?? override.requestedBy },
    });
  }

  return {
    async request(changeId, { headSha, reason, ticket, isEmergency }, by) {
      const change = await find(changeId);
      const { version, terms, isEntitled } = await termsFor(change);
      return db.transaction(async (tx) => {
        const current = (await findChange(tx, changeId, { forUpdate: true }))!;
        const override = await governance.requestOverride(
          tx,
          {
            changeId,
            repository: change.repository,
            headSha,
            currentHeadSha: current.head_sha,
            custody: current.custody,
            policyVersion: version,
            reason,
            ticket: ticket ?? null,
            isEmergency: isEmergency ?? false,
            correlationId: change.correlationId,
            terms,
            isEntitled,
          },
          by,
        );
        await wake(tx, toChange(current), override);
        return override;
      });
    },

    async confirm(id, by) {
      const known = await governance.findOverride(id);
      if (known === undefined) {
        throw new AppError('not_found', 'governance.no_such_override', {
          message: 'There is no such override.',
          hint: 'GET /v1/overrides lists them.',
        });
      }
      const change = await find(known.changeId);
      const { isEntitled } = await termsFor(change);
      return db.transaction(async (tx) => {
        const current = (await findChange(tx, change.id, { forUpdate: true }))!;
        const override = await governance.confirmOverride(
          tx,
          id,
          {
            changeId: change.id,
            repository: change.repository,
            currentHeadSha: current.head_sha,
            custody: current.custody,
            isEntitled,
          },
          by,
        );
        await wake(tx, toChange(current), override);
        return override;
      });
    },

    list: governance.listOverrides,
  };
}
