/** Who may lift a breaker or widen a budget: a person, and by a token that no agent has been run with. */
import type { Principal } from '#governance';
import { AppError, type Queryable } from '#kernel';
import type { Actor } from '#ledger';

/**
 * An agent that could lift its own breaker would have none. Its operator's token says "person" whoever
 * holds it, so one that a session was run with, or that was made with such a one, does not count.
 * @throws AppError `breakers.people_only`, `breakers.token_of_a_session`.
 */
export async function refuseAgents(
  queryable: Queryable,
  { kind, tokenId, tokenLineage = [] }: Principal,
): Promise<void> {
  if (kind === 'agent') {
    throw new AppError('forbidden', 'breakers.people_only', {
      message: 'Breakers and budgets of sessions are for people.',
      hint: 'Say what you need; the person who runs you can lift it in the console.',
    });
  }
  const tokens = tokenId === undefined ? tokenLineage : [tokenId, ...tokenLineage];
  const [used] = await queryable.query(
    'select 1 from loom.session_tokens where token_id = any($1) limit 1',
    [tokens],
  );
  if (used === undefined) return;
  throw new AppError('forbidden', 'breakers.token_of_a_session', {
    message: 'An agent is run with this token, or it was made with one of an agent.',
    hint: 'Lift it in the console, logged in by the link the server prints when it starts, or with a token that no agent has.',
  });
}

/** Whom the event of it names. */
export function actorOf(by: Principal): Actor {
  return by.kind === 'agent'
    ? {
        kind: 'agent',
        id: by.id,
        ...(by.onBehalfOf === undefined ? {} : { onBehalfOf: by.onBehalfOf }),
      }
    : { kind: 'person', id: by.id };
}
