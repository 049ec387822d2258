/**
 * Socket Mode: Slack tells over a connection that we open, so no address of ours has to be reachable.
 * What arrives is what the webhooks would bring. https://docs.slack.dev/apis/events-api/using-socket-mode
 */
import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import { AppError, type Logger } from '#kernel';
import type { Delivery, DeliveryReply } from '#connectors/contract';

export interface SlackSocketOptions {
  appToken: string;
  apiUrl?: string | undefined;
  log: Logger;
  /** Gives what is answered at once. A throw leaves it to Slack to ask again. */
  receive(delivery: Delivery): Promise<DeliveryReply | undefined>;
}

interface Envelope {
  type: string;
  body: unknown;
  ack(answer?: unknown): Promise<void>;
}

/** Connects, and connects again whenever the line drops, until disposed. */
export async function openSlackSocket(options: SlackSocketOptions): Promise<AsyncDisposable> {
  const { appToken, apiUrl, log } = options;
  const client = new SocketModeClient({
    appToken,
    logLevel: LogLevel.ERROR,
    // Its own log prints what came over the line.
    logger: SILENT,
    ...(apiUrl === undefined ? {} : { clientOptions: { slackApiUrl: apiUrl } }),
  });
  client.on('slack_event', (envelope: Envelope) => {
    answer(envelope, options).catch((error: unknown) => {
      log.warn({ err: error }, 'a message of Slack was not handled');
    });
  });
  try {
    await client.start();
  } catch (cause) {
    throw new AppError('unavailable', 'connector.unreachable', {
      message: 'The connection to Slack (Socket Mode) cannot be opened.',
      hint: 'Check connectors.slack.appToken (xapp-…, scope connections:write) and that Socket Mode is on.',
      cause,
    });
  }
  log.info({}, 'connected to Slack by Socket Mode');
  return {
    async [Symbol.asyncDispose]() {
      await client.disconnect();
    },
  };
}

async function answer(envelope: Envelope, { receive }: SlackSocketOptions): Promise<void> {
  const delivery = toDelivery(envelope);
  // Acknowledged only once it is kept: until then Slack sends it again.
  const reply = delivery === undefined ? undefined : await receive(delivery);
  const isJson = reply?.contentType === 'application/json';
  await (isJson ? envelope.ack(JSON.parse(reply.body)) : envelope.ack());
}

/** As the webhook would have brought it; the connection itself is the proof. */
export function toDelivery({ type, body }: Pick<Envelope, 'type' | 'body'>): Delivery | undefined {
  switch (type) {
    case 'events_api':
      return { headers: { 'content-type': 'application/json' }, body: bytes(JSON.stringify(body)) };
    case 'slash_commands':
      return form(new URLSearchParams(body as Record<string, string>));
    case 'interactive':
      return form(new URLSearchParams({ payload: JSON.stringify(body) }));
    default:
      return undefined;
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const form = (fields: URLSearchParams): Delivery => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: bytes(fields.toString()),
});

const SILENT = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};
