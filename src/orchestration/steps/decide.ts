/** `policy.decide`: asks for the verdict and publishes it. What is held waits here. */
import type { Decision } from '#policy';
import type { NewOutboxMessage } from '#ledger';
import { stepsOfVerdict } from '../composition/weave.ts';
import type { Change } from '../schema.ts';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import type { StepDeps } from './deps.ts';
import { judge, type Judged, verdictOutput } from './judge.ts';
import { overrideOf, overrideVerdict } from './override.ts';
import { renderVerdict } from './render-verdict.ts';
import { findSubject, forGood, toHostChange } from './subject.ts';

/** A hold is lifted by the policy at the base or by somebody's word; both are looked for now and then. */
const LOOK_AGAIN_MS = 5 * 60_000;

export function createDecideStep(deps: StepDeps): StepHandler {
  async function decide(context: StepContext): Promise<StepResult> {
    const subject = await findSubject(deps, context);
    if ('failure' in subject) return subject.failure;
    const { decision, checks } = await judge(deps, context, subject.change);
    const override =
      decision.outcome === 'block' ? await overrideOf(deps, subject.change, decision) : undefined;
    if (override !== undefined) {
      return {
        outcome: 'done',
        output: {
          ...verdictOutput(decision, checks),
          outcome: 'escalate',
          overrideId: override.id,
        },
        outbox: [overrideVerdict(decision, subject.change, override, context.cause)],
      };
    }
    const result = toResult(deps, decision, checks, subject.change, context);
    return result.outcome === 'done' ? withObligations(deps, context, decision, result) : result;
  }
  return {
    kind: 'policy.decide',
    run: decide,
    async onSignal(context, { body }) {
      return declined(body) ?? decide(context);
    },
  };
}

function toResult(
  { clock }: StepDeps,
  decision: Decision,
  checks: Judged,
  change: Change,
  { cause }: StepContext,
): StepResult {
  const outbox = [verdictMessage(decision, change, cause)];
  if (decision.outcome === 'block') {
    return {
      outcome: 'waiting',
      on: 'review',
      message: describeHold(decision),
      dueAt: new Date(clock.now().getTime() + LOOK_AGAIN_MS),
      outbox,
    };
  }
  return { outcome: 'done', output: verdictOutput(decision, checks), outbox };
}

/** What the verdict asks of the rest of the run, as far as the run does not have it yet. */
async function withObligations(
  { db }: StepDeps,
  { run }: StepContext,
  decision: Decision,
  result: Extract<StepResult, { outcome: 'done' }>,
): Promise<StepResult> {
  // A step of such a name that comes in between fails this attempt, and the next one sees it.
  const present = await db.query<{ name: string; kind: string; needs: string[] }>(
    'select name, kind, needs from loom.steps where run_id = $1 order by position',
    [run.id],
  );
  const steps = stepsOfVerdict(present, decision);
  if (steps.length === 0) return result;
  return { ...result, grow: { steps, why: `The verdict is ${decision.lane}.` } };
}

function describeHold(decision: Decision): string {
  const reasons = decision.rules
    .filter(({ isMet }) => !isMet)
    .map(({ because }) => because)
    .slice(0, 3);
  const missing = decision.missing.map(({ what }) => what).slice(0, 3);
  const words = [...new Set([...reasons, ...missing])].join('; ');
  return `Held by policy${words === '' ? '' : `: ${words}`}.`;
}

/** The verdict for the host. Its key names the decision: each is published once. */
export function verdictMessage(
  decision: Decision,
  change: Change,
  cause: StepContext['cause'],
): NewOutboxMessage {
  return {
    target: 'host.verdict',
    payload: {
      host: change.host,
      changeId: change.id,
      decisionId: decision.id,
      change: toHostChange(change),
      lane: decision.lane,
      ...renderVerdict(decision, change),
    },
    idempotencyKey: `verdict:${decision.id}`,
    cause,
    correlationId: change.correlationId,
  };
}

/** A refusal ends the run in the reviewer's words; any other word on the change asks policy again. */
export function declined(body: Record<string, unknown>): StepResult | undefined {
  if (body['decision'] !== 'decline') return undefined;
  const by = typeof body['by'] === 'string' ? body['by'] : 'a reviewer';
  const reason = typeof body['reason'] === 'string' ? body['reason'] : '';
  return endDeclined(by, reason);
}

/** The end of a run whose change somebody refused. */
export function endDeclined(by: string, reason: string): StepResult {
  return forGood(`Declined by ${by}${reason === '' ? '.' : `: ${reason.slice(0, 1_000)}`}`);
}
