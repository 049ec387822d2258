/**
 * What people do in Slack: buttons, forms and `/loom`. Whoever clicks acts under the account here that the
 * name in Slack is tied to, and without one not at all. Answers to reviews are written down first and
 * given from the outbox, because Slack waits three seconds and a verdict may take longer.
 */
import { z } from 'zod';
import {
  reasonForm,
  type SlackClient,
  type SlackDelivery,
  slackErrorOf,
  type SlackUser,
} from '#connectors/slack';
import type { Person } from '#governance';
import { AppError, checkValue, type Db, type Logger } from '#kernel';
import type { Ledger, OutboxHandler } from '#ledger';
import type { WebhookReply } from '#surfaces';
import { answerFromChannel, type ChannelAnswer } from './escalation-answers.ts';
import { type CommandDeps, runSlackCommand } from './slack-commands.ts';

export interface SlackDeskDeps extends CommandDeps {
  db: Db;
  ledger: Ledger;
  log: Logger;
}

export interface SlackDesk {
  /** Speaks through this client from now on: the connector was opened, or opened anew. */
  use(client: SlackClient): void;
  /** What Slack is answered at once. Undefined for what is kept as a delivery like any other. */
  handle(delivery: SlackDelivery): Promise<WebhookReply | undefined>;
  readonly handlers: readonly OutboxHandler[];
}

const Done = z.looseObject({});
const Me = z.object({ team_id: z.string(), user_id: z.string() });
const Answer = z.object({
  userId: z.string(),
  channelId: z.string(),
  assignmentId: z.string(),
  decision: z.enum(['approve', 'approve-with-watch', 'send-back', 'hand-over']),
  packageSha256: z.string().optional(),
  reason: z.string(),
});

export const identityOf = (userId: string) => `slack:${userId.toLowerCase()}`;

export function createSlackDesk(deps: SlackDeskDeps): SlackDesk {
  const { db, ledger, log, governance } = deps;
  let client: SlackClient | undefined;
  let team: Promise<string> | undefined;

  function slack(): SlackClient {
    if (client !== undefined) return client;
    throw new AppError('unavailable', 'slack.not_set_up', {
      message: 'Slack is not set up on this node.',
      hint: 'Set connectors.slack.botToken on every node.',
    });
  }

  /** Whoever shares a channel with us from another company is nobody here. */
  async function isOfOurTeam(user: SlackUser): Promise<boolean> {
    team ??= slack()
      .post('auth.test', {}, Me)
      .then(({ team_id }) => team_id)
      .catch((error: unknown) => {
        team = undefined;
        throw error;
      });
    return (await team) === user.teamId;
  }

  async function personOf(user: SlackUser): Promise<Person | undefined> {
    if (!(await isOfOurTeam(user))) return undefined;
    return governance.findPersonByIdentity([identityOf(user.id)]);
  }

  async function whisper(channelId: string, userId: string, text: string): Promise<void> {
    try {
      await slack().post('chat.postEphemeral', { channel: channelId, user: userId, text }, Done);
    } catch (error) {
      if (slackErrorOf(error) === undefined) throw error;
      log.info({ slackError: slackErrorOf(error) }, 'a word to a user of Slack did not arrive');
    }
  }

  async function enqueue(
    key: string,
    user: SlackUser,
    given: Omit<z.infer<typeof Answer>, 'userId'>,
  ) {
    await db.transaction((tx) =>
      ledger.enqueue(tx, {
        target: 'slack.answer',
        payload: { userId: user.id, ...given },
        idempotencyKey: `slack:answer:${key}`,
      }),
    );
  }

  async function click(told: Extract<SlackDelivery, { kind: 'click' }>): Promise<WebhookReply> {
    const { user, channelId, answer, triggerId } = told;
    if ((await personOf(user)) === undefined) {
      await whisper(channelId, user.id, HOW_TO_LINK);
      return EMPTY;
    }
    if (answer.decision === 'send-back' || answer.decision === 'hand-over') {
      const view = reasonForm(answer, channelId);
      await slack().post('views.open', { trigger_id: triggerId, view }, Done);
      return EMPTY;
    }
    await enqueue(triggerId, user, { channelId, ...answer, reason: 'Approved in Slack.' });
    return EMPTY;
  }

  async function form(told: Extract<SlackDelivery, { kind: 'form' }>): Promise<WebhookReply> {
    const { user, channelId = '', answer, reason, viewId } = told;
    if (reason === '') {
      return json({ response_action: 'errors', errors: { reason: 'Say it in a few words.' } });
    }
    await enqueue(viewId, user, { channelId, ...answer, reason });
    return json({ response_action: 'clear' });
  }

  const answerHandler: OutboxHandler = {
    target: 'slack.answer',
    async deliver({ payload }) {
      const { userId, channelId, ...given } = checkValue(Answer, payload, 'notify.bad_payload');
      const person = await governance.findPersonByIdentity([identityOf(userId)]);
      const problem = person === undefined ? HOW_TO_LINK : await tryAnswer(deps, person, given);
      if (problem !== undefined) await whisper(channelId, userId, problem);
    },
  };

  return {
    use(given) {
      client = given;
      team = undefined;
    },

    async handle(told) {
      switch (told.kind) {
        case 'challenge':
          return { status: 200, contentType: 'text/plain', body: told.challenge };
        case 'command': {
          const isOurs = await isOfOurTeam(told.user);
          return json(
            isOurs ? await runSlackCommand(deps, told, identityOf(told.user.id)) : FOREIGN,
          );
        }
        case 'click':
          return click(told);
        case 'form':
          return form(told);
        case 'message':
          return undefined;
        case 'other':
          return EMPTY;
      }
    },
    handlers: [answerHandler],
  };
}

/** What to tell the person when it did not work; undefined when it did. */
async function tryAnswer(
  deps: SlackDeskDeps,
  person: Person,
  given: ChannelAnswer,
): Promise<string | undefined> {
  try {
    await answerFromChannel(deps, person, given);
    return undefined;
  } catch (error) {
    // What may pass by itself is tried again; a refusal is the answer.
    if (!(error instanceof AppError) || ['unavailable', 'internal'].includes(error.kind)) {
      throw error;
    }
    return [error.message, error.hint].filter(Boolean).join(' ');
  }
}

const HOW_TO_LINK =
  'Your name in Slack is not tied to an account of LoomStack, so this counts for nothing. Type `/loom link` and follow it, or ask an admin.';
const FOREIGN = {
  response_type: 'ephemeral',
  text: 'This works for people of the workspace that LoomStack is installed in.',
};
const EMPTY: WebhookReply = { status: 200, contentType: 'text/plain', body: '' };

function json(body: unknown): WebhookReply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
}
