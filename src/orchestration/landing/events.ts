/** The events of landing; one helper each. */
import type { Id } from '#kernel';
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { Change } from '../schema.ts';
import type { StepContext } from '../steps.ts';
import {
  type LaneBuild,
  type LandingStrategy,
  type LaneKey,
  nameOfLane,
  type Red,
} from './lane.ts';

export function landingReturned(
  { run, step, cause }: StepContext,
  change: Change,
  note: string,
): NewEvent {
  return {
    type: 'landing.returned',
    subject: change.id,
    actor: ORCHESTRATION,
    cause,
    correlationId: change.correlationId,
    refs: {
      change: change.id,
      repository: change.repository,
      commit: change.headSha,
      run: run.id,
      step: step.id,
      session: change.sessionId,
      workItem: change.workItemId,
    },
    data: { note },
  };
}

function laneEvent(type: string, lane: LaneKey, data: NonNullable<NewEvent['data']>): NewEvent {
  return {
    type,
    subject: nameOfLane(lane),
    actor: ORCHESTRATION,
    refs: { repository: lane.repository },
    data: { ...data, baseBranch: lane.baseBranch },
  };
}

/** A build has ended. */
export function landingTested(
  lane: LaneKey,
  build: Pick<LaneBuild, 'kind' | 'changes' | 'assumed' | 'tree' | 'attempt' | 'baseSha'>,
  result: { outcome: 'passed' | 'failed'; command: string | null },
): NewEvent {
  const { kind, changes, assumed, tree, attempt, baseSha } = build;
  return laneEvent('landing.tested', lane, {
    ...result,
    kind,
    changes,
    assumed,
    tree,
    attempt,
    baseSha,
  });
}

/** A failure that did not come again on the same tree. */
export function landingFlaked(lane: LaneKey, it: { changeId: Id<'chg'>; tree: string }): NewEvent {
  return {
    ...laneEvent('landing.flaked', lane, { tree: it.tree }),
    subject: it.changeId,
    refs: { repository: lane.repository, change: it.changeId },
  };
}

export function landingPaused(lane: LaneKey, red: Red): NewEvent {
  const { source, check, sha, suspects } = red;
  return {
    ...laneEvent('landing.paused', lane, { source, check, suspects: suspects.length }),
    refs: { repository: lane.repository, commit: sha },
  };
}

export function landingResumed(
  lane: LaneKey,
  it: { sha: string; reason: string; actor?: NewEvent['actor'] },
): NewEvent {
  const event = laneEvent('landing.resumed', lane, { reason: it.reason });
  return {
    ...event,
    actor: it.actor ?? event.actor,
    refs: { repository: lane.repository, commit: it.sha },
  };
}

/** How a branch is landed on from now on, by the word of a person. */
export function strategySet(
  lane: LaneKey,
  it: {
    strategy: LandingStrategy;
    before: LandingStrategy;
    reason: string;
    actor: NewEvent['actor'];
  },
): NewEvent {
  const { actor, ...data } = it;
  return { ...laneEvent('landing.strategy-set', lane, data), actor };
}

export function culpritFound(
  lane: LaneKey,
  it: { sha: string; changeId: Id<'chg'> | undefined; check: string },
): NewEvent {
  return {
    ...laneEvent('culprit.found', lane, { check: it.check }),
    refs: { repository: lane.repository, commit: it.sha, change: it.changeId ?? null },
  };
}

export function revertProposed(
  lane: LaneKey,
  it: { sha: string; changeId: Id<'chg'> | undefined; branch: string },
): NewEvent {
  return {
    ...laneEvent('revert.proposed', lane, { branch: it.branch }),
    refs: { repository: lane.repository, commit: it.sha, change: it.changeId ?? null },
  };
}
