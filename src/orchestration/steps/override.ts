/**
 * Where a verdict has been put aside in an emergency. What a leader wrote gives way; what is built in
 * (failed checks, unreadable diffs, edits of the policy itself) never does. The landing queue tests the
 * change all the same, unless the override says that it is an emergency.
 */
import type { Override } from '#governance';
import type { NewOutboxMessage } from '#ledger';
import type { Decision } from '#policy';
import { toHostChange } from '../host-change.ts';
import type { Change } from '../schema.ts';
import type { StepContext } from '../steps.ts';
import type { StepDeps } from './deps.ts';

export async function overrideOf(
  { governance }: StepDeps,
  change: Change,
  decision: Decision,
): Promise<Override | undefined> {
  if (!mayGiveWay(decision)) return undefined;
  const { id: changeId, headSha, custody } = change;
  return governance.activeOverride(null, { changeId, headSha, custody });
}

/** Line 0 is where rules stand that no file can remove. Pure. */
export function mayGiveWay({ rules }: Pick<Decision, 'rules'>): boolean {
  return rules.every(({ kind, line, isMet, file }) => {
    const isBuiltIn = line === 0 && file === 'built-in';
    return isMet || kind === 'grant' || kind === 'default' || !isBuiltIn;
  });
}

/** The verdict for the host: green, and by whose word. */
export function overrideVerdict(
  decision: Decision,
  change: Change,
  override: Override,
  cause: StepContext['cause'],
): NewOutboxMessage {
  const givers = [override.requesterName, override.confirmerName].filter((name) => name !== null);
  return {
    target: 'host.verdict',
    payload: {
      host: change.host,
      changeId: change.id,
      decisionId: decision.id,
      change: toHostChange(change),
      lane: decision.lane,
      conclusion: 'success',
      title: 'Put aside in an emergency',
      summary: `The verdict was put aside by ${givers.length} ${
        givers.length === 1 ? 'person' : 'people'
      } until ${override.expiresAt.toISOString()}. It is in the list of overrides as \`${override.id}\`.`,
    },
    idempotencyKey: `override:${override.id}:verdict`,
    cause,
    correlationId: change.correlationId,
  };
}
