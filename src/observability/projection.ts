/** Keeps the trace: every event is evidence for nodes and edges. */
import type { Projection } from '#ledger';
import { readEvidence } from './flow.ts';
import { saveEdges, saveNodes } from './store.ts';

export const traceProjection: Projection = {
  name: 'observability.trace',
  async apply(tx, events) {
    const evidence = events.map((event) => ({ event, ...readEvidence(event) }));
    await saveNodes(
      tx,
      evidence.flatMap(({ event, nodes }) =>
        nodes.map((node) => ({
          ...node,
          at: event.occurredAt,
          correlationId: event.correlationId,
        })),
      ),
    );
    await saveEdges(
      tx,
      evidence.flatMap(({ event, edges }) => edges.map((edge) => ({ ...edge, eventId: event.id }))),
    );
  },
};
