/** The events of agents at work in our devboxes. */
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { StepContext } from '../steps.ts';

export interface AgentFacts {
  agent: string;
  branch: string;
  baseSha: string;
  headSha: string;
  sessionId: string | null;
  starts: number;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  costUsdMicros: number | null;
  toolCalls: number;
  workMs: number;
}

type Kind = 'agent.finished' | 'agent.slept' | 'agent.stopped';

/** How a start of an agent ended. `code` says why where it was not by itself. */
export function agentEnded(
  { run, step, cause }: StepContext,
  type: Kind,
  facts: AgentFacts,
  why: { code: string | null; message: string; wakeAt?: Date | undefined },
): NewEvent {
  return {
    type,
    subject: step.id,
    actor: ORCHESTRATION,
    cause,
    correlationId: run.correlationId,
    refs: {
      run: run.id,
      step: step.id,
      commit: facts.headSha,
      ...(run.repository === null ? {} : { repository: run.repository }),
      ...(run.workItemId === null ? {} : { workItem: run.workItemId }),
      ...(run.changeId === null ? {} : { change: run.changeId }),
      ...(facts.sessionId === null ? {} : { session: facts.sessionId }),
    },
    data: {
      ...facts,
      code: why.code,
      message: why.message,
      wakeAt: why.wakeAt?.toISOString() ?? null,
    },
  };
}
