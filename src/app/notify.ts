/** Where `notify` steps go in this release: the server's log, for whatever collects it. */
import { z } from 'zod';
import type { Messenger } from '#connectors/contract';
import { checkValue, type Logger } from '#kernel';
import type { OutboxHandler } from '#ledger';

const Notice = z.looseObject({ channel: z.string(), text: z.string().max(10_000) });

export function notifyHandler(log: Logger): OutboxHandler {
  return {
    target: 'notify',
    deliver({ payload, correlationId }) {
      const { channel, text } = checkValue(Notice, payload, 'notify.bad_payload');
      log.info({ channel, text, correlationId }, 'a workflow notifies');
      return Promise.resolve();
    },
  };
}

const Escalation = z.object({
  assignmentId: z.string(),
  to: z.object({ name: z.string(), identities: z.array(z.string()) }),
  subject: z.string(),
  lines: z.array(z.string()),
  deadline: z.string(),
  actions: z.array(z.object({ action: z.string(), label: z.string(), url: z.string() })),
  url: z.string(),
});

/** Words to whoever is asked for a review, through every channel there is; the log always has them. */
export function escalationHandler(
  log: Logger,
  messengers: readonly Messenger[] = [],
): OutboxHandler {
  return {
    target: 'escalation.message',
    async deliver({ payload, idempotencyKey, correlationId }) {
      const message = checkValue(Escalation, payload, 'notify.bad_payload');
      const { assignmentId, subject, deadline } = message;
      log.info({ assignmentId, subject, deadline, correlationId }, 'a review is asked for');
      for (const messenger of messengers) {
        await messenger.sendEscalation(message, `${idempotencyKey}:${messenger.name}`);
      }
    },
  };
}
