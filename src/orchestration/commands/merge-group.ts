/**
 * The host's own queue asks for our check on a commit it made of several changes. Each was judged by
 * itself; the commit is green when every change it names may land, and red with their names otherwise.
 */
import type { Signal } from '#connectors/contract';
import type { Id } from '#kernel';
import type { PolicyService } from '#policy';
import type { ChangeKeeper } from '../changes/index.ts';
import { findHold } from '../changes/index.ts';
import type { OrchestrationDeps } from '../deps.ts';
import { toHostChange } from '../host-change.ts';

export function createMergeGroupHandler(
  deps: OrchestrationDeps & { changes: ChangeKeeper; policy: PolicyService },
): (signal: Extract<Signal, { type: 'merge-group.requested' }>, cause: Id<'evt'>) => Promise<void> {
  const { db, ledger, changes, policy } = deps;
  return async (signal, cause) => {
    const named = await Promise.all(
      signal.numbers.map((number) => changes.resolve(`${signal.repository}#${number}`)),
    );
    const [first] = named;
    // Of repositories that are not ours nobody asked us.
    if (first === undefined) return;
    const refusals: string[] = [];
    for (const [index, change] of named.entries()) {
      const decision =
        change === undefined
          ? undefined
          : await db.transaction((tx) => policy.latestDecision(tx, change.id));
      const isHeld = change !== undefined && (await findHold(db, change.id)) !== undefined;
      const mayLand = decision?.outcome === 'ship' && decision.headSha === change?.headSha;
      if (!mayLand || isHeld) refusals.push(`#${signal.numbers[index]}`);
    }
    const isGreen = refusals.length === 0;
    const title = isGreen ? 'Every change of the group may land' : 'A change may not land';
    await db.transaction((tx) =>
      ledger.enqueue(tx, {
        target: 'host.verdict',
        payload: {
          host: signal.source,
          changeId: first.id,
          change: {
            ...toHostChange(first),
            headSha: signal.headSha,
            baseBranch: signal.baseBranch,
          },
          lane: first.lane ?? 'hold',
          conclusion: isGreen ? 'success' : 'failure',
          title,
          summary: isGreen
            ? `Judged one by one: ${signal.numbers.map((number) => `#${number}`).join(', ')}.`
            : `Without a verdict that lets it land, or held: ${refusals.join(', ')}.`,
        },
        idempotencyKey: `merge-group:${signal.dedupeKey}`,
        cause,
        correlationId: first.correlationId,
      }),
    );
  };
}
