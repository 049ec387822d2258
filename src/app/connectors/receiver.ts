/** Takes deliveries of one connector: genuine, written down, and noted for its health. */
import type { Connector, Delivery, KnowledgeItem } from '#connectors/contract';
import type { ConnectionTally, IntakeService } from '#orchestration';
import type { WebhookReceiver } from '#surfaces';

export interface ReceiverDeps {
  intake: () => IntakeService;
  tally: () => ConnectionTally;
  /** Hears what a delivery tells of objects in the graph. It must not wait. */
  onKnowledge(system: string, items: readonly KnowledgeItem[]): void;
}

/**
 * `find` gives the connector as it is now, because it may be opened again while the server runs;
 * `findPrevious` the same with the secret before, while that counts.
 */
export function createReceiver(
  name: string,
  { find, findPrevious }: { find(): Connector; findPrevious(): Connector | undefined },
  { intake, tally, onKnowledge }: ReceiverDeps,
): WebhookReceiver {
  async function noting<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      tally().refused(name, error);
      throw error;
    }
  }

  return {
    verify: (delivery: Delivery) =>
      noting(async () => {
        try {
          await verify(find(), delivery);
        } catch (error) {
          // Signed before the secret was renewed, and not yet too late.
          const before = findPrevious();
          if (before === undefined) throw error;
          await verify(before, delivery);
        }
      }),
    reply: async (delivery) => find().reply?.(delivery),
    receive: (delivery) =>
      noting(async () => {
        const { source, toKnowledge } = find();
        const received = await intake().receive({
          source: name,
          deliveryId: source!.deliveryId(delivery),
          signals: source!.toSignals(delivery),
        });
        tally().delivered(name, received);
        if (toKnowledge !== undefined) onKnowledge(name, toKnowledge(delivery));
        return received;
      }),
  };
}

async function verify(connector: Connector, delivery: Delivery): Promise<void> {
  if (connector.verify === undefined) connector.source!.verify(delivery);
  else await connector.verify(delivery);
}
