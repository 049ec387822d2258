/**
 * Slack as a channel to people. A message carries its idempotency key in its metadata, so that one whose
 * answer was lost is found again and not sent twice.
 */
import { z } from 'zod';
import type { EscalationMessage, Messenger, Published } from '#connectors/contract';
import { type Block, escalationBlocks, noticeBlocks, outcomeBlocks } from './blocks.ts';
import { type SlackClient, slackErrorOf } from './client.ts';
import { SLACK } from './source.ts';

const Channel = z.object({ channel: z.object({ id: z.string() }) });
const Posted = z.object({ channel: z.string(), ts: z.string() });
const Found = z.object({ user: z.object({ id: z.string() }) });
const Done = z.looseObject({});
const History = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      metadata: z
        .object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })
        .nullish()
        .catch(undefined),
    }),
  ),
});

const EVENT_TYPE = 'loomstack_message';
/** A retry comes within minutes; what was said since then in a channel is rarely more. */
const LOOK_BACK = 50;
const USER = /^slack:([uw][a-z0-9]{4,30})$/;

export function createSlackMessenger(slack: SlackClient): Messenger {
  async function userOf(identities: readonly string[]): Promise<string | undefined> {
    for (const identity of identities) {
      const id = USER.exec(identity)?.[1];
      if (id !== undefined) return id.toUpperCase();
    }
    for (const identity of identities) {
      const email = /^email:(.+)$/.exec(identity)?.[1];
      if (email === undefined) continue;
      const found = await unless(['users_not_found', 'user_not_found'], () =>
        slack.ask('users.lookupByEmail', { email }, Found),
      );
      if (found !== undefined) return found.user.id;
    }
    return undefined;
  }

  async function post(
    channel: string,
    text: string,
    blocks: Block[],
    key: string,
  ): Promise<Published> {
    const known = await findSent(channel, key);
    if (known !== undefined) return { externalId: `${channel}:${known}` };
    const posted = await slack.post(
      'chat.postMessage',
      {
        channel,
        text,
        blocks,
        unfurl_links: false,
        unfurl_media: false,
        metadata: { event_type: EVENT_TYPE, event_payload: { key } },
      },
      Posted,
    );
    return { externalId: `${posted.channel}:${posted.ts}` };
  }

  /** The message of this key, if an earlier attempt got through. */
  async function findSent(channel: string, key: string): Promise<string | undefined> {
    const history = await unless(['not_in_channel', 'channel_not_found', 'missing_scope'], () =>
      slack.ask(
        'conversations.history',
        { channel, limit: LOOK_BACK, include_all_metadata: true },
        History,
      ),
    );
    return history?.messages.find(
      ({ metadata }) =>
        metadata?.event_type === EVENT_TYPE && metadata.event_payload['key'] === key,
    )?.ts;
  }

  return {
    name: SLACK,

    async sendEscalation(message: EscalationMessage, key) {
      const user = await userOf(message.to.identities);
      if (user === undefined) return undefined;
      const { channel } = await slack.post('conversations.open', { users: user }, Channel);
      return post(channel.id, message.subject, escalationBlocks(message), key);
    },

    async closeEscalation(sent, outcome) {
      const at = sent.externalId.indexOf(':');
      const place = { channel: sent.externalId.slice(0, at), ts: sent.externalId.slice(at + 1) };
      const update = {
        ...place,
        text: `${outcome.subject}: ${outcome.summary}`.slice(0, 3_000),
        blocks: outcomeBlocks(outcome),
      };
      // A message that somebody deleted asks nothing of anybody any more.
      await unless(['message_not_found', 'channel_not_found', 'cant_update_message'], () =>
        slack.post('chat.update', update, Done),
      );
    },

    async sendNotice({ to, subject, text }, key) {
      const channel = to.trim();
      if (channel === '') return undefined;
      const isUser = /^[UW][A-Z0-9]{4,30}$/.test(channel);
      const place = isUser
        ? (await slack.post('conversations.open', { users: channel }, Channel)).channel.id
        : channel;
      return post(place, `${subject}\n${text}`.slice(0, 3_000), noticeBlocks(subject, text), key);
    },
  };
}

/** Undefined where Slack names one of these errors, which then are an answer. */
async function unless<Result>(
  errors: readonly string[],
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    const name = slackErrorOf(error);
    if (name !== undefined && errors.includes(name)) return undefined;
    throw error;
  }
}
