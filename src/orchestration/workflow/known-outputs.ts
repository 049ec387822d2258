/** Outputs whose values are a closed list, by kind of step: a condition on any other never holds. */
import { LANES } from '#policy';

const CHECKS = ['passed', 'failed', 'unknown'];
const VERDICT = { lane: LANES, outcome: ['ship', 'escalate'], checks: CHECKS };

const KNOWN: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'check.command': { checks: CHECKS },
  'policy.decide': VERDICT,
  'approval.request': VERDICT,
};

/** Undefined where any value may come. */
export function knownValuesOf(
  kind: string | undefined,
  key: string,
): readonly string[] | undefined {
  return kind === undefined ? undefined : KNOWN[kind]?.[key];
}
