/** Keeps the trace: every event is evidence for nodes and edges. */
import type { Projection } from '#ledger';
import { readEvidence } from './flow.ts';
import { findSignals, saveEdges, saveNodes } from './store.ts';

export const traceProjection: Projection = {
  name: 'observability.trace',
  async apply(tx, events) {
    const evidence = events.map((event) => ({ event, ...readEvidence(event) }));
    await saveNodes(
      tx,
      evidence.flatMap(({ event, nodes }) =>
        nodes.map((node) => ({
          ...node,
          eventId: event.id,
          at: event.occurredAt,
          correlationId: event.correlationId,
        })),
      ),
    );
    const caused = evidence.filter(({ causedBySignal }) => causedBySignal.length > 0);
    const signals = await findSignals(
      tx,
      caused.flatMap(({ event }) => (event.cause === null ? [] : [event.cause])),
    );
    await saveEdges(tx, [
      ...evidence.flatMap(({ event, edges }) =>
        edges.map((edge) => ({ ...edge, eventId: event.id })),
      ),
      ...caused.flatMap(({ event, causedBySignal }) => {
        const from = signals.get(event.cause ?? '');
        return from === undefined
          ? []
          : causedBySignal.map((edge) => ({ ...edge, from, eventId: event.id }));
      }),
    ]);
  },
};
