/**
 * Threads of chosen channels: an address, a short extract and who may read it, never the archive. Which of
 * them are kept is decided where they are taken in: only those linked with work, a decision or an incident.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError, type Clock, decodeCursor } from '#kernel';
import {
  belongsTo,
  type DocumentPlaces,
  type KnowledgeItem,
  type KnowledgeSource,
  type Readers,
  readersOf,
} from '#connectors/contract';
import { type SlackClient, slackErrorOf } from './client.ts';
import { SLACK } from './source.ts';

const PREFIX = 'thread/';
const DAY_MS = 24 * 3_600_000;
/** How far back the first reading goes, and how long a thread of a private channel is kept. */
const WINDOW_MS = 90 * DAY_MS;
/** Threads that began within this time are looked at for new replies. */
const LOOK_BACK_MS = 7 * DAY_MS;
/** A thread is read again for a day after its last word: what links to it may come later. */
const OVERLAP_MS = DAY_MS;
const PER_PAGE = 50;
const MAX_REPLIES = 100;
const MAX_MEMBERS = 5_000;
const MAX_TEXT = 20_000;
/** Slack's words for what is not there, or not there for us. */
const AWAY =
  /^(?:channel_not_found|not_in_channel|is_archived|thread_not_found|message_not_found)$/;

const Cursor = z.object({
  since: z.iso.datetime(),
  oldest: z.iso.datetime(),
  began: z.iso.datetime(),
  /** Who is in a private channel: others in it, and everything is read anew. */
  members: z.string(),
  next: z.string().nullable(),
});
const Message = z.object({
  ts: z.string().regex(/^\d{1,12}\.\d{1,9}$/),
  user: z.string().optional(),
  text: z.string().default(''),
  reply_count: z.int().optional(),
  latest_reply: z.string().optional(),
  reactions: z.array(z.object({ count: z.int() })).optional(),
});
type Message = z.infer<typeof Message>;
const Next = z.object({ next_cursor: z.string().optional() }).optional();
const History = z.object({ messages: z.array(Message), response_metadata: Next });
const Channel = z.object({
  channel: z.object({ name: z.string().default(''), is_private: z.boolean().default(true) }),
});
const Members = z.object({ members: z.array(z.string()), response_metadata: Next });
const Permalink = z.object({ permalink: z.string() });
const User = z.object({ user: z.object({ real_name: z.string().optional(), name: z.string() }) });

export function createSlackThreads(
  slack: SlackClient,
  options: { channels: readonly string[]; places: DocumentPlaces; clock: Clock },
): KnowledgeSource {
  const { channels, places, clock } = options;
  const names = new Map<string, string>();

  /** Whoever is in a private channel; a public one is open, unless the settings name teams. */
  async function audienceOf(channel: string): Promise<Readers | undefined> {
    const { is_private: isPrivate } = (await slack.ask('conversations.info', { channel }, Channel))
      .channel;
    const own = readersOf(places, channel);
    if (!isPrivate) return own;
    const members: string[] = [];
    let cursor = '';
    do {
      const page: z.output<typeof Members> = await slack.ask(
        'conversations.members',
        { channel, limit: 200, ...(cursor === '' ? {} : { cursor }) },
        Members,
      );
      members.push(...page.members);
      cursor = page.response_metadata?.next_cursor ?? '';
    } while (cursor !== '' && members.length < MAX_MEMBERS);
    // Teams of the settings cannot open what the channel keeps to its members.
    return { teams: [], identities: members.map((id) => `slack:${id}`) };
  }

  async function nameOf(user: string | undefined): Promise<string | undefined> {
    if (user === undefined) return undefined;
    if (!names.has(user)) {
      const found = await slack.ask('users.info', { user }, User).catch((error: unknown) => {
        if (slackErrorOf(error) === undefined) throw error;
        return undefined;
      });
      names.set(user, found?.user.real_name || (found?.user.name ?? ''));
    }
    return names.get(user) || undefined;
  }

  async function toItem(
    channel: string,
    first: Message,
    readers: Readers | undefined,
  ): Promise<KnowledgeItem> {
    const query = { channel, ts: first.ts, limit: MAX_REPLIES };
    const { messages } = await slack.ask('conversations.replies', query, History);
    const link = { channel, message_ts: first.ts };
    const { permalink } = await slack.ask('chat.getPermalink', link, Permalink);
    const words = messages.map(({ text }) => toMarkdown(text)).filter((text) => text !== '');
    const author = await nameOf(first.user);
    const topic = toMarkdown(first.text).replace(/\s+/g, ' ').slice(0, 120);
    return {
      kind: 'thread',
      object: `${PREFIX}${first.ts}`,
      repository: channel,
      updatedAt: timeOf(messages.at(-1)?.ts ?? first.ts),
      url: permalink.replace(/\?.*$/, ''),
      author,
      title: author === undefined ? topic : `${author}: ${topic}`,
      text: words.join('\n\n').slice(0, MAX_TEXT),
      reactions: (first.reactions ?? []).reduce((sum, { count }) => sum + count, 0),
      replies: Math.max(0, messages.length - 1),
      ...belongsTo(places, channel),
      readers,
    };
  }

  return {
    name: SLACK,
    listScopes: async () => [...channels],

    async sweep(channel, cursor) {
      need(channel);
      const now = clock.now().getTime();
      const audience = await audienceOf(channel);
      const members = createHash('sha256')
        .update(JSON.stringify(audience ?? null))
        .digest('hex');
      const last = cursor === null ? undefined : decodeCursor(Cursor, cursor);
      const at = continueAt(last, members, now);
      const page = await slack.ask(
        'conversations.history',
        {
          channel,
          oldest: String(Date.parse(at.oldest) / 1_000),
          limit: PER_PAGE,
          ...(at.next === null ? {} : { cursor: at.next }),
        },
        History,
      );
      const since = Date.parse(at.since);
      const items: KnowledgeItem[] = [];
      for (const message of page.messages) {
        const isThread = (message.reply_count ?? 0) > 0;
        const saidAt = timeOf(message.latest_reply ?? message.ts).getTime();
        if (isThread && saidAt >= since) items.push(await toItem(channel, message, audience));
      }
      const next = page.response_metadata?.next_cursor || null;
      return {
        items,
        cursor: Buffer.from(JSON.stringify({ ...at, next })).toString('base64url'),
        hasMore: next !== null,
      };
    },

    // Nobody lists what was kept but we: each thread is asked for itself.
    listObjects: async () => ({ prefixes: [PREFIX], objects: [] }),

    async isGone(channel, object) {
      need(channel);
      const ts = object.slice(PREFIX.length);
      try {
        const { is_private: isPrivate } = (
          await slack.ask('conversations.info', { channel }, Channel)
        ).channel;
        // Who may read it is looked at for so long, and what nobody looks at is shown to nobody.
        if (isPrivate && clock.now().getTime() - timeOf(ts).getTime() > WINDOW_MS) return true;
        const { messages } = await slack.ask(
          'conversations.replies',
          { channel, ts, limit: 1 },
          History,
        );
        return !messages.some((message) => message.ts === ts);
      } catch (error) {
        if (AWAY.test(slackErrorOf(error) ?? '')) return true;
        throw error;
      }
    },
  };

  function need(channel: string): void {
    if (channels.includes(channel) && /^[CG][A-Z0-9]{2,20}$/.test(channel)) return;
    throw new AppError('invalid', 'slack.unknown_channel', {
      message: `${channel.slice(0, 60)} is none of the channels that are read.`,
      hint: 'connectors.slack.channels names them by id, such as C0123ABCD.',
    });
  }
}

function continueAt(
  last: z.infer<typeof Cursor> | undefined,
  members: string,
  now: number,
): z.infer<typeof Cursor> {
  const began = new Date(now).toISOString();
  const window = new Date(now - WINDOW_MS).toISOString();
  if (last === undefined || last.members !== members) {
    return { since: window, oldest: window, began, members, next: null };
  }
  if (last.next !== null) return last;
  const lookBack = Math.min(Date.parse(last.began), now) - LOOK_BACK_MS;
  return {
    since: new Date(Date.parse(last.began) - OVERLAP_MS).toISOString(),
    oldest: new Date(lookBack).toISOString(),
    began,
    members,
    next: null,
  };
}

/** Slack's markup as Markdown; people stay unnamed. */
export function toMarkdown(text: string): string {
  return text
    .replace(/<(https?:\/\/[^|>\s]{1,1000})\|([^>]{1,500})>/g, '[$2]($1)')
    .replace(/<(https?:\/\/[^|>\s]{1,1000})>/g, '$1')
    .replace(/<#\w{1,30}\|([^>]{1,100})>/g, '#$1')
    .replace(/<[@!#][^>]{0,200}>/g, '@somebody')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .trim();
}

const timeOf = (ts: string): Date => new Date(Math.round(Number(ts) * 1_000));
