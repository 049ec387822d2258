/** What the checks say of a change: those of the workflow's steps and those of its host. Pure. */
import type { ChangeEvidence } from '#policy';
import type { StepContext } from '../steps.ts';

export type Checks = 'passed' | 'failed' | 'unknown';
export type CheckResult = NonNullable<ChangeEvidence['ci']>[number];

/**
 * What the needed steps say of the checks. One failure is a failure; none heard of is unknown, which
 * policy counts as failed.
 */
export function checksOf(inputs: StepContext['inputs']): Checks {
  const results = Object.values(inputs).flatMap(({ checks }) =>
    typeof checks === 'string' ? [checks] : [],
  );
  if (results.includes('failed')) return 'failed';
  return results.length > 0 && results.every((result) => result === 'passed')
    ? 'passed'
    : 'unknown';
}

/** Results of single steps, as they come and as later steps hand them on; by name. */
export function stepChecks(inputs: StepContext['inputs']): CheckResult[] {
  const byName = new Map<string, CheckResult>();
  for (const [step, output] of Object.entries(inputs)) {
    const { checks, ci } = output;
    if (Array.isArray(ci)) {
      for (const result of ci) if (isResult(result)) byName.set(result.name, result);
    } else if (typeof checks === 'string') {
      byName.set(step, { name: step, conclusion: checks });
    }
  }
  return [...byName.values()].sort(byNameOrder);
}

/**
 * The steps' answer with the host's beside it. Whoever may push can make a host say `success`, so its
 * checks take away and never add: one that failed fails the change, one that was cancelled leaves it
 * open whether the rest is enough.
 */
export function withHostChecks(steps: Checks, host: readonly CheckResult[]): Checks {
  if (host.some(({ conclusion }) => conclusion === 'failure')) return 'failed';
  const isOpen = host.some(({ conclusion }) => conclusion === 'cancelled');
  return isOpen && steps === 'passed' ? 'unknown' : steps;
}

export function byNameOrder(a: CheckResult, b: CheckResult): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function isResult(value: unknown): value is CheckResult {
  const { name, conclusion } = (value ?? {}) as Partial<Record<'name' | 'conclusion', unknown>>;
  return typeof name === 'string' && typeof conclusion === 'string';
}
