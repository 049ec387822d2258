/**
 * Words to people, through every channel that is set up: reviews that are asked for, what became of them,
 * and what workflows have to say. The server's log has all of it in any case.
 */
import { z } from 'zod';
import type { EscalationOutcome, Messenger } from '#connectors/contract';
import { AppError, checkValue, type Db, idSchema, type Logger } from '#kernel';
import type { Ledger, OutboxHandler, Projection } from '#ledger';
import type { EscalationService } from '#orchestration';
import { findSent, listSentOf, saveSent } from './sent-messages.ts';

export interface NotifyDeps {
  db: Db;
  log: Logger;
  /** Those that are set up now. */
  messengers(): readonly Messenger[];
  escalations: Pick<EscalationService, 'show'>;
  inboxUrl(assignmentId: string): string;
}

const Notice = z.looseObject({ channel: z.string(), text: z.string().max(10_000) });

/** Steps `notify`: the channel is `slack:#deploys` or `email:team@example.com`; any other is the log alone. */
export function notifyHandler({ db, log, messengers }: NotifyDeps): OutboxHandler {
  return {
    target: 'notify',
    async deliver({ payload, idempotencyKey, correlationId }) {
      const { channel, text } = checkValue(Notice, payload, 'notify.bad_payload');
      log.info({ channel, text, correlationId }, 'a workflow notifies');
      const at = channel.indexOf(':');
      const messenger = messengers().find(({ name }) => name === channel.slice(0, at));
      if (messenger?.sendNotice === undefined) return;
      if ((await findSent(db, messenger.name, idempotencyKey)) !== undefined) return;
      const notice = { to: channel.slice(at + 1), subject: 'LoomStack', text };
      const sent = await messenger.sendNotice(notice, idempotencyKey);
      if (sent === undefined) return;
      const { externalId } = sent;
      await saveSent(db, {
        messenger: messenger.name,
        idempotencyKey,
        assignmentId: null,
        externalId,
      });
    },
  };
}

const Escalation = z.object({
  assignmentId: idSchema('esc'),
  packageSha256: z.string().optional(),
  to: z.object({ name: z.string(), identities: z.array(z.string()) }),
  subject: z.string(),
  lines: z.array(z.string()),
  deadline: z.string(),
  actions: z.array(z.object({ action: z.string(), label: z.string(), url: z.string() })),
  url: z.string(),
});

/** Words to whoever is asked for a review. One channel that is down keeps no other from being tried. */
export function escalationHandler(deps: NotifyDeps): OutboxHandler {
  const { db, log, messengers } = deps;
  return {
    target: 'escalation.message',
    async deliver({ payload, idempotencyKey, correlationId }) {
      const message = checkValue(Escalation, payload, 'notify.bad_payload');
      const { assignmentId, subject, deadline } = message;
      log.info({ assignmentId, subject, deadline, correlationId }, 'a review is asked for');
      const failures: unknown[] = [];
      for (const messenger of messengers()) {
        if (!(await isAsked(deps, assignmentId))) return;
        try {
          if ((await findSent(db, messenger.name, idempotencyKey)) !== undefined) continue;
          const sent = await messenger.sendEscalation(message, idempotencyKey);
          if (sent === undefined) continue;
          const { externalId } = sent;
          await saveSent(db, {
            messenger: messenger.name,
            idempotencyKey,
            assignmentId,
            externalId,
          });
        } catch (error) {
          failures.push(error);
        }
      }
      // It may have been decided while it was being sent: then nobody else takes it back.
      if (!(await isAsked(deps, assignmentId))) await takeBack(deps, { assignmentId });
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function isAsked({ escalations }: NotifyDeps, id: `esc_${string}`): Promise<boolean> {
  const found = await find(escalations, id);
  return found === undefined || ['open', 'acknowledged'].includes(found.assignment.state);
}

/** Undefined for an assignment nobody knows: a message of an older day, which still may be read. */
async function find(escalations: NotifyDeps['escalations'], id: `esc_${string}`) {
  return escalations.show(id).catch((error: unknown) => {
    if (error instanceof AppError && error.kind === 'not_found') return undefined;
    throw error;
  });
}

const Outcome = z.object({
  assignmentId: idSchema('esc'),
  isReissued: z.boolean().optional(),
  reason: z.string().optional(),
});

/** Takes questions back in place once they are answered, handed on or over. */
export function escalationOutcomeHandler(deps: NotifyDeps): OutboxHandler {
  return {
    target: 'escalation.outcome',
    deliver: ({ payload }) => takeBack(deps, checkValue(Outcome, payload, 'notify.bad_payload')),
  };
}

async function takeBack(deps: NotifyDeps, given: z.infer<typeof Outcome>): Promise<void> {
  const { assignmentId } = given;
  const found = await find(deps.escalations, assignmentId);
  if (found === undefined) return;
  const { assignment } = found;
  const isOpen = assignment.state === 'open' || assignment.state === 'acknowledged';
  if (isOpen && given.isReissued !== true) return;
  const outcome: EscalationOutcome = {
    assignmentId,
    subject: `Review asked: ${assignment.title} (${assignment.repository})`.slice(0, 200),
    state: isOpen ? 'changed' : (assignment.state as EscalationOutcome['state']),
    summary: summaryOf(assignment, given.reason),
    url: deps.inboxUrl(assignmentId),
  };
  for (const { messenger: name, ...published } of await listSentOf(deps.db, assignmentId)) {
    const messenger = deps.messengers().find((one) => one.name === name);
    await messenger?.closeEscalation?.(published, outcome);
  }
}

function summaryOf(
  assignment: {
    state: string;
    personName: string;
    decision: string | null;
    endedWhy: string | null;
  },
  reason: string | undefined,
): string {
  switch (assignment.state) {
    case 'decided': {
      const answer = (assignment.decision ?? 'answered').replaceAll('-', ' ');
      return `${assignment.personName}: ${answer}.${reason === undefined ? '' : ` ${reason}`}`;
    }
    case 'handed-over':
      return `It was handed on: ${assignment.endedWhy ?? 'somebody else is asked now'}.`;
    case 'closed':
      return `Nothing is asked any more: ${assignment.endedWhy ?? 'it is over'}.`;
    default:
      return 'The verdict is another one now. Open it and decide on what it says.';
  }
}

/**
 * Every end of a question becomes a message to the channels it went to, in one transaction with the place
 * in the log: whoever ends it, wherever, knows of no channel.
 */
export function escalationOutcomes(ledger: Pick<Ledger, 'enqueue'>): Projection {
  return {
    name: 'app.escalation-outcomes',
    types: [
      'escalation.decided',
      'escalation.handed-over',
      'escalation.closed',
      'escalation.reissued',
    ],
    async apply(tx, events) {
      for (const event of events) {
        const { escalation, reason } = event.data ?? {};
        if (typeof escalation !== 'string') continue;
        await ledger.enqueue(tx, {
          target: 'escalation.outcome',
          payload: {
            assignmentId: escalation,
            isReissued: event.type === 'escalation.reissued',
            ...(typeof reason === 'string' ? { reason } : {}),
          },
          idempotencyKey: `escalation:${escalation}:outcome:${event.id}`,
          cause: event.id,
          correlationId: event.correlationId,
        });
      }
    },
  };
}
