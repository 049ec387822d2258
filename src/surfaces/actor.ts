/** Whom an event names when a caller of a surface did it. */
import type { Principal } from '#governance';
import type { Actor } from '#ledger';

export function actorOf(principal: Principal): Actor {
  const kind = principal.kind === 'service' ? 'connector' : principal.kind;
  return principal.onBehalfOf === undefined
    ? { kind, id: principal.id }
    : { kind, id: principal.id, onBehalfOf: principal.onBehalfOf };
}
