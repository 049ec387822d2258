/** The work one step hands to the next: a branch of commits, and whose it is. Pure. */
import type { JsonObject } from '#kernel';
import type { StepContext } from '../steps.ts';

export interface Work {
  branch: string;
  baseSha: string;
  headSha: string;
}

/** What this step is given to go on with: that of the last of the steps it needs. */
export function workOf(context: Pick<StepContext, 'inputs' | 'step'>): Work | undefined {
  for (const output of latestFirst(context)) {
    const { branch, baseSha, headSha } = output;
    if (typeof branch === 'string' && typeof baseSha === 'string' && typeof headSha === 'string') {
      return { branch, baseSha, headSha };
    }
  }
  return undefined;
}

/** Whose work it is stays said by the steps that only look at it. */
export function makerOf(context: Pick<StepContext, 'inputs' | 'step'>): JsonObject {
  for (const { sessionId, agent } of latestFirst(context)) {
    if (typeof sessionId !== 'string') continue;
    return { sessionId, ...(typeof agent === 'string' ? { agent } : {}) };
  }
  return {};
}

/** In the order of `needs`: the order of the outputs themselves is that of their storage. */
function latestFirst({ inputs, step }: Pick<StepContext, 'inputs' | 'step'>): JsonObject[] {
  return step.needs.toReversed().flatMap((name) => {
    const output = inputs[name];
    return output === undefined ? [] : [output];
  });
}
