/** `notify`: leaves a word in the log, at a webhook, or on the change's page of its host. */
import { z } from 'zod';
import { checkValue } from '#kernel';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import type { StepDeps } from './deps.ts';
import { findSubject, toHostChange } from './subject.ts';

const Options = z.strictObject({
  /** `host` comments on the change; anything else names a channel of the notifier. */
  to: z.string().min(1).max(200).default('log'),
  /** `{title}`, `{branch}`, `{repository}` and `{change}` are filled in. */
  message: z.string().max(2_000).default('{title}'),
});

export function createNotifyStep(deps: StepDeps): StepHandler {
  return {
    kind: 'notify',
    async run(context) {
      const { to, message } = checkValue(Options, context.step.with, 'steps.bad_options');
      if (context.run.changeId === null) return notifyOfWork(context, to, message);
      const subject = await findSubject(deps, context);
      if ('failure' in subject) return subject.failure;
      const { change } = subject;
      const text = fillIn(message, {
        title: change.title,
        branch: change.branch,
        repository: change.repository,
        change: change.id,
      });
      const isComment = to === 'host';
      return {
        outcome: 'done',
        outbox: [
          {
            target: isComment ? 'host.comment' : 'notify',
            payload: isComment
              ? {
                  host: change.host,
                  changeId: change.id,
                  change: toHostChange(change),
                  markdown: text,
                }
              : { channel: to, text, changeId: change.id, repository: change.repository },
            idempotencyKey: context.idempotencyKey,
            cause: context.cause,
            correlationId: change.correlationId,
          },
        ],
      };
    },
  };
}

/** Without a change there is no page on a host to comment on: the word goes to the log. */
function notifyOfWork(context: StepContext, to: string, message: string): StepResult {
  const { run, idempotencyKey, cause } = context;
  const text = fillIn(message, { title: run.title, repository: run.repository ?? '' });
  return {
    outcome: 'done',
    outbox: [
      {
        target: 'notify',
        payload: {
          channel: to === 'host' ? 'log' : to,
          text,
          workItemId: run.workItemId,
          repository: run.repository,
        },
        idempotencyKey,
        cause,
        correlationId: run.correlationId,
      },
    ],
  };
}

/** Names in braces become their values; unknown ones stay as they are. Pure. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(?<name>[a-z]+)\}/g, (whole, name: string) => values[name] ?? whole);
}
