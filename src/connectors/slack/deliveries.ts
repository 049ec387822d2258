/**
 * What Slack sends to the one address of the app, told apart: events as JSON, commands and clicks as
 * forms. Pure. https://docs.slack.dev/apis/events-api, https://docs.slack.dev/interactivity
 */
import { z } from 'zod';
import { AppError, checkValue } from '#kernel';
import type { Delivery } from '#connectors/contract';

const UNREADABLE = 'slack.unreadable_delivery';
const id = z.string().min(1).max(100);
const words = z.string().max(10_000);

/** Who did something, and in which workspace; of a guest of another workspace both differ. */
export interface SlackUser {
  id: string;
  teamId: string;
}

export interface SlackMessage {
  channelId: string;
  /** Names the message within the channel. */
  ts: string;
  /** Of the thread's first message; undefined for one that is no reply. */
  threadTs: string | undefined;
  userId: string | undefined;
  text: string;
}

/** What a button or a form says it is about. */
export interface SlackAnswer {
  assignmentId: string;
  decision: 'approve' | 'approve-with-watch' | 'send-back' | 'hand-over';
  packageSha256: string | undefined;
}

export type SlackDelivery =
  | { kind: 'challenge'; challenge: string }
  | { kind: 'message'; eventId: string; teamId: string; message: SlackMessage }
  | {
      kind: 'command';
      user: SlackUser;
      channelId: string;
      text: string;
      triggerId: string;
      responseUrl: string;
    }
  | {
      kind: 'click';
      user: SlackUser;
      channelId: string;
      messageTs: string;
      triggerId: string;
      answer: SlackAnswer;
    }
  | {
      kind: 'form';
      user: SlackUser;
      /** Slack's id of the opened form: one form is one answer. */
      viewId: string;
      channelId: string | undefined;
      answer: SlackAnswer;
      reason: string;
    }
  /** Genuine, and nothing to us. */
  | { kind: 'other' };

export const ANSWER_ACTION = 'loom-answer';
export const REASON_FORM = 'loom-reason';

const AnswerValue = z.object({
  a: z.string().min(1).max(100),
  d: z.enum(['approve', 'approve-with-watch', 'send-back', 'hand-over']),
  p: z.string().max(64).optional(),
  c: id.optional(),
});

/** An answer in a button or form, where Slack gives room for 2,000 characters. */
export function packAnswer(answer: SlackAnswer, channelId?: string): string {
  const { assignmentId: a, decision: d, packageSha256: p } = answer;
  return JSON.stringify({ a, d, ...(p === undefined ? {} : { p }), c: channelId });
}

function unpackAnswer(text: string): { answer: SlackAnswer; channelId: string | undefined } {
  const { a, d, p, c } = checkValue(AnswerValue, parse(text), UNREADABLE);
  return { answer: { assignmentId: a, decision: d, packageSha256: p }, channelId: c };
}

const EventBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('url_verification'), challenge: z.string().min(1).max(500) }),
  z.object({
    type: z.literal('event_callback'),
    team_id: id,
    event_id: id,
    event: z.looseObject({ type: z.string() }),
  }),
]);
const MessageEvent = z.object({
  channel: id,
  ts: id,
  thread_ts: id.optional(),
  user: id.optional(),
  text: words.catch(''),
});
const CommandBody = z.object({
  command: z.string(),
  team_id: id,
  user_id: id,
  channel_id: id,
  text: words.default(''),
  trigger_id: z.string().min(1).max(300),
  response_url: z.string().max(2_000).default(''),
});
const User = z.object({ id, team_id: id.optional() });
const ClickBody = z.object({
  type: z.literal('block_actions'),
  user: User,
  team: z.object({ id }),
  trigger_id: z.string().min(1).max(300),
  container: z.object({ channel_id: id.optional(), message_ts: id.optional() }),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).min(1),
});
const FormBody = z.object({
  type: z.literal('view_submission'),
  user: User,
  team: z.object({ id }),
  view: z.object({
    id,
    callback_id: z.string(),
    private_metadata: z.string().max(3_000),
    state: z.object({
      values: z.record(
        z.string(),
        z.record(z.string(), z.looseObject({ value: z.string().nullish() })),
      ),
    }),
  }),
});

/** @throws AppError `slack.unreadable_delivery`. */
export function readDelivery({ headers, body }: Delivery): SlackDelivery {
  const type = headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return readEvent(parse(decode(body)));
  const form = Object.fromEntries(new URLSearchParams(decode(body)));
  return form['payload'] === undefined
    ? readCommand(form)
    : readInteraction(parse(form['payload']));
}

export function readEvent(body: unknown): SlackDelivery {
  const told = checkValue(EventBody, body, UNREADABLE);
  if (told.type === 'url_verification') return { kind: 'challenge', challenge: told.challenge };
  const { event } = told;
  // Edits, joins and what bots say are `subtype` or `bot_id`: no words of a person.
  const isPlain = event.type === 'message' && !('subtype' in event) && !('bot_id' in event);
  const message = isPlain ? MessageEvent.safeParse(event) : undefined;
  if (message?.success !== true) return { kind: 'other' };
  const { channel, ts, thread_ts: threadTs, user, text } = message.data;
  return {
    kind: 'message',
    eventId: told.event_id,
    teamId: told.team_id,
    message: {
      channelId: channel,
      ts,
      threadTs: threadTs === ts ? undefined : threadTs,
      userId: user,
      text,
    },
  };
}

export function readCommand(form: unknown): SlackDelivery {
  const told = checkValue(CommandBody, form, UNREADABLE);
  return {
    kind: 'command',
    user: { id: told.user_id, teamId: told.team_id },
    channelId: told.channel_id,
    text: told.text.trim(),
    triggerId: told.trigger_id,
    responseUrl: told.response_url,
  };
}

export function readInteraction(payload: unknown): SlackDelivery {
  const type = checkValue(z.looseObject({ type: z.string() }), payload, UNREADABLE).type;
  if (type === 'block_actions') return readClick(checkValue(ClickBody, payload, UNREADABLE));
  if (type === 'view_submission') return readForm(checkValue(FormBody, payload, UNREADABLE));
  return { kind: 'other' };
}

function readClick({ user, team, trigger_id, container, actions }: z.infer<typeof ClickBody>) {
  const action = actions.find(({ action_id }) => action_id.startsWith(ANSWER_ACTION));
  if (action?.value === undefined) return { kind: 'other' as const };
  return {
    kind: 'click' as const,
    user: { id: user.id, teamId: user.team_id ?? team.id },
    channelId: container.channel_id ?? '',
    messageTs: container.message_ts ?? '',
    triggerId: trigger_id,
    answer: unpackAnswer(action.value).answer,
  };
}

function readForm({ user, team, view }: z.infer<typeof FormBody>): SlackDelivery {
  if (view.callback_id !== REASON_FORM) return { kind: 'other' };
  const inputs = Object.values(view.state.values).flatMap((block) => Object.values(block));
  return {
    kind: 'form',
    user: { id: user.id, teamId: user.team_id ?? team.id },
    viewId: view.id,
    ...unpackAnswer(view.private_metadata),
    reason: inputs.find(({ value }) => value)?.value?.trim() ?? '',
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw unreadable(cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): AppError {
  return new AppError('invalid', UNREADABLE, {
    message: 'The body is not what Slack sends.',
    hint: 'See docs/connectors/slack.md for the addresses of the app.',
    cause,
  });
}
