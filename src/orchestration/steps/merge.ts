/**
 * `merge`: looks once more (head, base, verdict, consents), then asks the host through the outbox and
 * waits for what became of it. The host refuses when the head moved in between.
 */
import type { Json, JsonObject, Tx } from '#kernel';
import { findHold } from '../changes/index.ts';
import { land, leaveQueue } from '../landing/index.ts';
import type { Change } from '../schema.ts';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import { describeMissing } from './approve.ts';
import { declined, endDeclined, verdictMessage } from './decide.ts';
import type { StepDeps } from './deps.ts';
import { judge } from './judge.ts';
import { overrideOf } from './override.ts';
import { findSubject, forGood, toHostChange } from './subject.ts';

type Waiting = Extract<StepResult, { outcome: 'waiting' }>;

export function createMergeStep(deps: StepDeps): StepHandler {
  async function merge(context: StepContext): Promise<StepResult> {
    const subject = await findSubject(deps, context);
    if ('failure' in subject) return subject.failure;
    const { change } = subject;
    if (change.state === 'merged') return merged(change.mergeSha);
    if (change.headSha !== context.run.input['headSha']) {
      return forGood('The change has a newer commit than the one this run looked at.');
    }
    const hold = await findHold(deps.db, change.id);
    if (hold !== undefined) {
      const why = hold.reason === '' ? '' : `: ${hold.reason}`;
      return {
        outcome: 'waiting',
        on: 'review',
        message: `Kept back by ${hold.heldBy}${why}.`,
        write: stepAside(context),
      };
    }
    const passes = await deps.gateMerge?.(change);
    if (passes?.outcome === 'fenced') return forGood(passes.message);
    const { decision, refusal } = await judge(deps, context, change);
    if (refusal !== undefined) return endDeclined(refusal.personName, refusal.reason);
    const override =
      decision.outcome === 'ship' ? undefined : await overrideOf(deps, change, decision);
    if (override?.isEmergency === true) {
      return {
        ...askHost(context, change, decision.id),
        write: (tx) => deps.governance.useOverride(tx, override.id),
      };
    }
    if (decision.outcome !== 'ship' && override === undefined) {
      return {
        outcome: 'waiting',
        on: 'review',
        message: `The verdict changed before the merge. ${describeMissing(decision)}`,
        outbox: [verdictMessage(decision, change, context.cause)],
        write: stepAside(context),
      };
    }
    const landing = await land(deps.landing, context, change, {
      now: deps.clock.now(),
      ask: (baseSha) => askHost(context, change, decision.id, baseSha),
    });
    // Used once the host is asked: what waits in the queue, or is sent back by it, has not used it.
    return override === undefined || landing.outcome !== 'waiting' || landing.on !== 'merged'
      ? landing
      : also(landing, (tx) => deps.governance.useOverride(tx, override.id));
  }

  /** Who waits for people holds up nobody who could land: it queues up anew once they have spoken. */
  function stepAside(context: StepContext): (tx: Tx) => Promise<void> {
    return leaveQueue(deps.landing, context, { state: 'left' });
  }

  /** Somebody went past the queue: what was tested is not what would be there. */
  async function again(context: StepContext): Promise<StepResult> {
    const subject = await findSubject(deps, context);
    if (!('failure' in subject)) await deps.changes.findMissedSignals(subject.change.repository);
    return merge(context);
  }

  return {
    kind: 'merge',
    run: merge,
    async onSignal(context, { name, body }) {
      if (name === 'merged' && body['outcome'] === 'base-moved') return again(context);
      if (name === 'merged') {
        const isMerged = body['outcome'] === 'merged';
        const state = isMerged ? 'landed' : 'left';
        const mergeSha = isMerged ? textOf(body['mergeSha']) : undefined;
        return { ...toResult(body), write: leaveQueue(deps.landing, context, { state, mergeSha }) };
      }
      return declined(body) ?? merge(context);
    },
  };
}

function also(result: Waiting, write: (tx: Tx) => Promise<void>): Waiting {
  return {
    ...result,
    async write(tx) {
      await result.write?.(tx);
      await write(tx);
    },
  };
}

function askHost(
  context: StepContext,
  change: Change,
  decisionId: string,
  /** What it was tested on; without it whatever is there is taken. */
  expectedBaseSha?: string,
): Waiting {
  const { run, idempotencyKey, cause } = context;
  return {
    outcome: 'waiting',
    on: 'merged',
    message: `Waits for ${change.host} to merge ${change.branch} into ${change.baseBranch}.`,
    outbox: [
      {
        target: 'host.merge',
        payload: {
          host: change.host,
          changeId: change.id,
          runId: run.id,
          decisionId,
          change: toHostChange(change),
          expectedHeadSha: change.headSha,
          ...(expectedBaseSha === undefined ? {} : { expectedBaseSha }),
          message: mergeMessage(change, decisionId),
        },
        // A step taken up again has another cause, and asks again; so does one on another base.
        idempotencyKey: [idempotencyKey, cause ?? 'start', expectedBaseSha ?? ''].join(':'),
        cause,
        correlationId: change.correlationId,
      },
    ],
  };
}

function mergeMessage(change: Change, decisionId: string): string {
  const title = change.number === null ? change.title : `${change.title} (#${change.number})`;
  const trailers = [
    `Loom-Decision: ${decisionId}`,
    // What `git log --grep` finds a change by, to take it back.
    `Loom-Change: ${change.id}`,
    ...(change.sessionId === null ? [] : [`Loom-Session: ${change.sessionId}`]),
    ...(change.workItemId === null ? [] : [`Loom-Work-Item: ${change.workItemId}`]),
  ];
  return `${title}\n\n${trailers.join('\n')}\n`;
}

/** What the host answered, as the end of the step. Pure. */
export function toResult(body: JsonObject): StepResult {
  switch (body['outcome']) {
    case 'merged':
      return merged(textOf(body['mergeSha']) ?? null);
    case 'conflict': {
      const paths = Array.isArray(body['paths']) ? body['paths'].map(String) : [];
      const shown = paths.slice(0, 10).join(', ');
      return forGood(`Conflicts with the base in ${shown || 'some files'}: rebase and push.`);
    }
    case 'head-moved':
      return forGood('The branch moved before the merge; the newer commit gets a run of its own.');
    case 'refused':
      return forGood(`The host refused the merge: ${textOf(body['reason']) ?? 'no reason given'}`);
    default:
      return forGood('The host gave an answer to the merge that is not understood.');
  }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function merged(mergeSha: string | null): StepResult {
  return { outcome: 'done', output: { mergeSha }, message: 'Merged.' };
}
