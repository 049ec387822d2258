/**
 * `/webhooks/{connector}`: verify the raw bytes, write the delivery down, answer. Acting on it comes
 * later and at our pace, so a sender never waits and an acknowledged delivery is never lost.
 *
 * There are two doors to the same rule. Deliveries come by the thousand a second, and a web framework
 * around them costs several times what keeping them does; so the server hands them straight to
 * `createWebhookListener`, which leaves whatever is unusual to the app.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError, type Logger, toAppError } from '#kernel';
import type { Services, WebhookDelivery, WebhookReceiver } from '../services.ts';
import { readBytes } from './body.ts';
import type { Environment } from './environment.ts';
import type { Metrics } from './metrics.ts';
import { createOriginGuard } from './origin.ts';
import { problemResponse } from './problem.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

const ROUTE = '/webhooks/{connector}';
const PLAIN_ADDRESS = /^\/webhooks\/([a-z0-9-]+)$/;

/** The server itself waits for ever, since a push of a long history may take that; a delivery is small. */
const BODY_WITHIN_MS = 60_000;

interface Receipt {
  status: number;
  contentType: string;
  body: string;
}

/** Nothing is stored before the delivery is known to be genuine, nor answered before it is stored. */
async function accept(receiver: WebhookReceiver, delivery: WebhookDelivery): Promise<Receipt> {
  await receiver.verify(delivery);
  const reply = await receiver.reply?.(delivery);
  if (reply !== undefined) return reply;
  const { accepted, isDuplicate } = await receiver.receive(delivery);
  return {
    status: isDuplicate ? 200 : 202,
    contentType: 'application/json',
    body: JSON.stringify({ accepted, isDuplicate }),
  };
}

export function mountWebhooks(app: OpenAPIHono<Environment>, services: Services): void {
  app.post('/webhooks/:connector', async (context) => {
    context.set('route', ROUTE);
    const receiver = services.webhooks.get(context.req.param('connector'));
    if (receiver === undefined) {
      throw new AppError('not_found', 'http.unknown_connector', {
        message: `No connector ${context.req.param('connector')} receives webhooks here.`,
        hint: `Known are: ${[...services.webhooks.keys()].join(', ') || 'none'}.`,
      });
    }
    const { status, body, contentType } = await accept(receiver, {
      headers: context.req.header(),
      body: await readBytes(context.req.raw, services.config.limits.bodyBytes),
    });
    return new Response(body, { status, headers: { 'content-type': contentType } });
  });
}

/**
 * Answers deliveries on the socket itself. False when the request is none, or one that the app is to
 * answer: of an unknown connector, without a stated length, or too long.
 */
export function createWebhookListener(
  services: Services,
  { metrics, log }: { metrics: Metrics; log: Logger },
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const { config, webhooks, newId } = services;
  const refuseForeign = createOriginGuard(config);

  async function answer(
    receiver: WebhookReceiver,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const stop = metrics.startRequest();
    const requestId = newId('req');
    let status: number;
    let text: string;
    let headers: Record<string, string>;
    try {
      refuseForeign(incoming.headers.host ?? '', incoming.headers.origin ?? null);
      const delivery = {
        headers: incoming.headers as WebhookDelivery['headers'],
        body: await readBody(incoming),
      };
      const receipt = await accept(receiver, delivery);
      status = receipt.status;
      text = receipt.body;
      headers = { 'content-type': receipt.contentType };
    } catch (error) {
      if (incoming.destroyed && !incoming.complete) return;
      const { code, kind } = toAppError(error);
      log.info({ code, kind, requestId, route: ROUTE }, 'delivery refused');
      const problem = problemResponse(error, { requestId, log });
      status = problem.status;
      text = await problem.text();
      headers = Object.fromEntries(problem.headers);
    }
    outgoing.writeHead(status, {
      ...headers,
      'content-length': Buffer.byteLength(text),
      'x-request-id': requestId,
      ...SECURITY_HEADERS,
    });
    outgoing.end(text);
    stop('POST', ROUTE, status);
  }

  return (incoming, outgoing) => {
    if (incoming.method !== 'POST') return false;
    const name = PLAIN_ADDRESS.exec(incoming.url ?? '')?.[1];
    const receiver = name === undefined ? undefined : webhooks.get(name);
    // Node's parser reads exactly as many bytes as were stated.
    const length = Number(incoming.headers['content-length'] ?? Number.NaN);
    if (receiver === undefined || !(length <= config.limits.bodyBytes)) return false;
    answer(receiver, incoming, outgoing).catch((error: unknown) => {
      log.error({ err: error, route: ROUTE }, 'a delivery was not answered');
      outgoing.destroy();
    });
    return true;
  };
}

/** Rejects, and hangs up, when the body is not there in time: nobody has said who they are yet. */
export function readBody(incoming: Readable, withinMs = BODY_WITHIN_MS): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const timer = setTimeout(
      () => incoming.destroy(new Error('the body did not arrive in time')),
      withinMs,
    );
    incoming.on('close', () => clearTimeout(timer));
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      clearTimeout(timer);
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    // The sender hung up: there is nobody to answer, and nothing was stored.
    incoming.on('error', reject);
  });
}
