/** Where `notify` steps go in this release: the server's log, for whatever collects it. */
import { z } from 'zod';
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
