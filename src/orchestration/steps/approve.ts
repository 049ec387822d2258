/** `approval.request`: nothing to do when the change ships alone; else waits for consent that counts. */
import { AppError, type Tx } from '#kernel';
import type { Decision } from '#policy';
import { createEscalationService, type EscalationService } from '../escalation/index.ts';
import type { Change } from '../schema.ts';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import { declined, endDeclined, verdictMessage } from './decide.ts';
import type { StepDeps } from './deps.ts';
import { judge, verdictOutput } from './judge.ts';
import { overrideOf, overrideVerdict } from './override.ts';
import { findSubject, stepRefs, toHostChange } from './subject.ts';

/** Whom to ask may change by itself: people come back, and freshly invited ones may approve. */
const LOOK_AGAIN_MS = 15 * 60_000;

export function createApproveStep(deps: StepDeps): StepHandler {
  const escalations = deps.escalations ?? createEscalationService(deps);

  async function consider(context: StepContext, isFirst: boolean): Promise<StepResult> {
    const subject = await findSubject(deps, context);
    if ('failure' in subject) return subject.failure;
    const { change } = subject;
    const { decision, checks, refusal } = await judge(deps, context, change);
    if (refusal !== undefined) return endDeclined(refusal.personName, refusal.reason);
    const verdict = verdictMessage(decision, change, context.cause);
    const closeAll = (why: string) => (tx: Tx) => escalations.closeAll(tx, change.id, why);
    if (decision.outcome === 'ship') {
      return {
        outcome: 'done',
        output: verdictOutput(decision, checks),
        outbox: [verdict],
        write: closeAll('all consents are there'),
      };
    }
    const override = await overrideOf(deps, change, decision);
    if (override !== undefined) {
      return {
        outcome: 'done',
        output: { ...verdictOutput(decision, checks), outcome: 'ship', overrideId: override.id },
        message: `The verdict was put aside: ${override.reason}`.slice(0, 1_000),
        outbox: [overrideVerdict(decision, change, override, context.cause)],
        write: closeAll('the verdict was put aside'),
      };
    }
    return askPeople(decision, change, context, isFirst);
  }

  async function askPeople(
    decision: Decision,
    change: Change,
    context: StepContext,
    isFirst: boolean,
  ): Promise<StepResult> {
    const waiting = waitForConsent(decision, change, context, isFirst);
    const prepared = await prepare(change, decision);
    const isComplete = prepared !== undefined && prepared.unfilled.length === 0;
    const nobody =
      prepared !== undefined && prepared.unfilled.length > 0
        ? ' Nobody can be asked: everybody who may had a hand in it, is away, or lacks the right.'
        : '';
    return {
      ...waiting,
      message: `${waiting.message}${nobody}`.slice(0, 1_000),
      ...(isComplete ? {} : { dueAt: new Date(deps.clock.now().getTime() + LOOK_AGAIN_MS) }),
      ...(prepared === undefined ? {} : { write: (tx: Tx) => prepared.write(tx) }),
    };
  }

  /** Undefined when it cannot be worked out now: the change waits all the same, and it is tried again. */
  async function prepare(
    change: Change,
    decision: Decision,
  ): Promise<Awaited<ReturnType<EscalationService['prepare']>> | undefined> {
    try {
      return await escalations.prepare(change, decision);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      deps.log.warn({ err: error, changeId: change.id }, 'nobody could be asked for a review yet');
      return undefined;
    }
  }

  return {
    kind: 'approval.request',
    run: (context) => consider(context, true),
    async onSignal(context, { body }) {
      return declined(body) ?? consider(context, false);
    },
  };
}

function waitForConsent(
  decision: Decision,
  change: Change,
  context: StepContext,
  isFirst: boolean,
): Extract<StepResult, { outcome: 'waiting' }> {
  const { cause, idempotencyKey } = context;
  const waiting = {
    outcome: 'waiting',
    on: 'review',
    message: describeMissing(decision),
    outbox: [verdictMessage(decision, change, cause)],
  } as const;
  if (!isFirst) return { ...waiting, outbox: [...waiting.outbox] };
  const who = [...new Set(decision.missing.flatMap((missing) => missing.who))];
  return {
    ...waiting,
    outbox: [
      ...waiting.outbox,
      {
        target: 'host.reviewers',
        payload: {
          host: change.host,
          changeId: change.id,
          change: toHostChange(change),
          who,
          logins: loginsOf(who, change.host),
        },
        idempotencyKey: `${idempotencyKey}:reviewers`,
        cause,
        correlationId: change.correlationId,
      },
    ],
    events: [
      {
        type: 'approval.requested',
        subject: change.id,
        actor: { kind: 'system', id: 'workflow' },
        cause,
        correlationId: change.correlationId,
        refs: { ...stepRefs(context, change), decision: decision.id },
        data: { lane: decision.lane, missing: decision.missing, headSha: decision.headSha },
      },
    ],
  };
}

/** One line for lists: what is missing and who can give it. Pure. */
export function describeMissing({ missing, lane }: Decision): string {
  if (missing.length === 0) return `Waits for a review (${lane}).`;
  const parts = missing.map(({ what, who }) => {
    // `1 approval from role approver` has said it; owners are known only by their names.
    const unsaid = who.filter((one) => !what.includes(one.replace(/^\w+:/, '')));
    return unsaid.length === 0 ? what : `${what} (${unsaid.join(', ')})`;
  });
  return `Waits for: ${parts.join('; ')}`.slice(0, 1_000);
}

/** Accounts on the host among those who can give consent: `@ada`, `github:ada`. Pure. */
export function loginsOf(who: readonly string[], host: string): string[] {
  const logins = who.flatMap((one) => {
    const login = new RegExp(`^(?:@|${host}:)(?<login>[A-Za-z0-9][A-Za-z0-9-]*)$`).exec(one);
    return login?.groups?.['login'] ?? [];
  });
  return [...new Set(logins)];
}
