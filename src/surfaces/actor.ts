/** Whom an event names when a caller of a surface did it. */
import type { Principal } from '#governance';
import type { Actor } from '#ledger';

/** Whom agents are counted under: all that we start ourselves under one name. */
export function whoRuns({ id, onBehalfOf, assignment }: Principal): string {
  return assignment === undefined ? (onBehalfOf ?? id) : 'loomstack';
}

export function actorOf(principal: Principal): Actor {
  const kind = principal.kind === 'service' ? 'connector' : principal.kind;
  return principal.onBehalfOf === undefined
    ? { kind, id: principal.id }
    : { kind, id: principal.id, onBehalfOf: principal.onBehalfOf };
}
