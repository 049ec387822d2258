/** Reviews: given here or on the host, recorded by governance, and told to the run that waits. */
import type { Signal } from '#connectors/contract';
import type { Person, Principal } from '#governance';
import { AppError, type Id, type Tx } from '#kernel';
import type { ChangeService } from '../service.ts';
import { identitiesOf } from '../work/index.ts';
import type { ChangeDeps } from './deps.ts';
import { reviewIgnored } from './events.ts';
import { freshMirror } from './gather.ts';
import { unknownChange } from './problems.ts';
import * as store from './store.ts';

type Review = Parameters<ChangeService['review']>[1];
export type ReviewSignal = Extract<Signal, { type: 'review.submitted' }>;

/**
 * Consent or refusal, and the word to the run, in one commit.
 * @throws AppError `changes.unknown`, `changes.not_open`, and what governance refuses.
 */
export async function recordReview(
  deps: ChangeDeps,
  id: Id<'chg'>,
  review: Review,
  by: Principal,
  also?: (tx: Tx, change: store.ChangeRow) => Promise<void>,
): Promise<store.ChangeRow> {
  const known = await store.findChange(deps.db, id);
  if (known === undefined) throw unknownChange(id);
  const policyVersion = await policyInForce(deps, known);
  return deps.db.transaction(async (tx) => {
    const row = (await store.findChange(tx, id, { forUpdate: true }))!;
    if (row.state !== 'open') {
      throw new AppError('conflict', 'changes.not_open', {
        message: `The change is ${row.state}; there is nothing left to review.`,
        hint: 'A new push to a branch makes a new change.',
      });
    }
    const approval = await deps.governance.recordApproval(
      tx,
      {
        changeId: id,
        headSha: review.headSha,
        currentHeadSha: row.head_sha,
        policyVersion,
        custody: row.custody,
        decision: review.decision,
        reason: review.reason,
        correlationId: row.correlation_id,
      },
      by,
    );
    if (row.run_id !== null) {
      await deps.workflow.signal(tx, {
        runId: row.run_id,
        name: 'review',
        body: {
          decision: approval.decision,
          approvalId: approval.id,
          by: approval.personName,
          reason: approval.reason,
          headSha: approval.headSha,
        },
        dedupeKey: `review:${approval.id}`,
        actor: { kind: 'person', id: by.id },
      });
    }
    await also?.(tx, row);
    return row;
  });
}

/** The version a consent is bound to: that of the newest verdict, else the one at the base. */
async function policyInForce(deps: ChangeDeps, row: store.ChangeRow): Promise<string> {
  const decision = await deps.db.transaction((tx) => deps.policy.latestDecision(tx, row.id));
  if (decision?.headSha === row.head_sha) return decision.policyVersion;
  const git = await freshMirror(deps, row.repository, row.head_sha);
  const base = await git?.resolve(`refs/heads/${row.base_branch}`);
  if (git === undefined || base === undefined) return decision?.policyVersion ?? 'none';
  return (await deps.policy.activePolicy(row.repository, git, base)).version;
}

/** A review given on the host counts as one given here, if we know who gave it and it may count. */
export async function applyReviewSignal(
  deps: ChangeDeps,
  signal: ReviewSignal,
  cause: Id<'evt'>,
): Promise<void> {
  const { verdict, reviewer, change, source } = signal;
  if (verdict !== 'approved' && verdict !== 'changes-requested') return;
  const row = await store.findOnHost(deps.db, {
    host: source,
    repository: change.repository,
    number: change.number ?? null,
    branch: change.branch,
  });
  if (row?.state !== 'open') return;
  const name = reviewer.login ?? reviewer.email ?? reviewer.name ?? 'unknown';
  const ignore = (reason: string) =>
    deps.db.transaction((tx) =>
      deps.ledger.append(
        tx,
        reviewIgnored(
          row,
          { reviewer: name, verdict, reason },
          { actor: { kind: 'connector', id: source }, cause },
        ),
      ),
    );
  const person = await deps.governance.findPersonByIdentity(identitiesOf(source, reviewer));
  if (person === undefined) {
    await ignore('nobody here has this identity');
    return;
  }
  try {
    await recordReview(
      deps,
      row.id,
      {
        decision: verdict === 'approved' ? 'approve' : 'decline',
        headSha: signal.headSha,
        reason: signal.text.trim() || `${verdict} on ${source}`,
      },
      toPrincipal(person),
    );
  } catch (error) {
    // Refused for good: trying again would be refused again. Anything else comes back later.
    const isRefusal =
      error instanceof AppError && ['forbidden', 'conflict', 'invalid'].includes(error.kind);
    if (!isRefusal) throw error;
    await ignore(error.message);
  }
}

function toPrincipal(person: Person): Principal {
  const { id, name, roles, teams, identities } = person;
  return { kind: 'person', id, name, roles, teams, identities, scopes: 'all' };
}
