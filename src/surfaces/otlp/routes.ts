/**
 * `/otlp/v1/{traces,metrics,logs}`: OpenTelemetry of agents, as JSON or protobuf, plain or gzip. What it
 * tells of a session's spend goes beside what hooks told; see #observability for what is kept of it.
 */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Principal } from '#governance';
import { AppError, isId } from '#kernel';
import type { TelemetrySignal, ToldSpend } from '#observability';
import type { Session } from '#orchestration';
import { createAgentActivity } from '../agents/activity.ts';
import { TELEMETRY_EVENT } from '../agents/status.ts';
import { readBytes } from '../http/body.ts';
import type { Environment } from '../http/environment.ts';
import type { Gate } from '../http/gate.ts';
import type { Services } from '../services.ts';

const SIGNALS: readonly string[] = ['traces', 'metrics', 'logs'] satisfies TelemetrySignal[];
const unpack = { gzip: promisify(gunzip), deflate: promisify(inflate) };

export function mountOtlp(app: OpenAPIHono<Environment>, services: Services, gate: Gate): void {
  const { telemetry, sessions, breakers, config, log } = services;
  const activity = createAgentActivity(services);

  app.post('/otlp/v1/:signal', async (context) => {
    context.set('route', '/otlp/v1/{signal}');
    const { signal } = context.req.param();
    const operator = await gate.authorize(context, 'sessions:write', {
      kind: 'session',
      id: 'telemetry',
    });
    if (!isSignal(signal) || operator === undefined) {
      throw new AppError('not_found', 'telemetry.unknown_signal', {
        message: `There is no signal ${signal}.`,
        hint: `Known are ${SIGNALS.join(', ')}.`,
      });
    }
    const personId = operator.onBehalfOf ?? operator.id;
    const encoding = encodingOf(context.req.header('content-type'));
    const { told, rejected } = await telemetry.receive({
      signal,
      encoding,
      bytes: await readBody(context.req.raw, config.limits.bodyBytes),
      personId,
      async findSession(id) {
        const session = isId('ses', id) ? await sessions.find(id) : undefined;
        return session !== undefined && isOf(session, operator) ? session : undefined;
      },
    });
    await Promise.all(told.map((spend) => tell(operator, spend)));
    for (const agent of new Set(told.map((spend) => spend.agent))) {
      await activity.record({ agent, personId, repository: '' }, TELEMETRY_EVENT);
    }
    if (rejected > 0) log.info({ signal, rejected }, 'a batch of telemetry was too long');
    return encoding === 'json'
      ? context.json(rejected === 0 ? {} : { partialSuccess: partOf(signal, rejected) })
      : context.body(null, 200, { 'content-type': 'application/x-protobuf' });
  });

  /** A session may be told of before its hooks speak; the next batch finds it then. */
  async function tell(operator: Principal, spend: ToldSpend): Promise<void> {
    const session = await sessions.findByExternalId(spend.agent, spend.externalId);
    if (session === undefined || !isOf(session, operator)) return;
    await breakers.tellSpend(session.id, spend);
    if (session.model === null && spend.model !== null) {
      await sessions.noteModel(session.id, spend.model);
    }
  }
}

function isSignal(text: string): text is TelemetrySignal {
  return SIGNALS.includes(text);
}

/** Nobody adds to the spend of somebody else's session. */
function isOf({ operatorId }: Session, operator: Principal): boolean {
  return operatorId === null || operatorId === (operator.onBehalfOf ?? operator.id);
}

function partOf(signal: TelemetrySignal, rejected: number): Record<string, unknown> {
  const counted = {
    traces: 'rejectedSpans',
    metrics: 'rejectedDataPoints',
    logs: 'rejectedLogRecords',
  };
  return {
    [counted[signal]]: rejected,
    errorMessage: 'A batch may hold 20,000 records; send smaller ones.',
  };
}

function encodingOf(contentType: string | undefined): 'json' | 'protobuf' {
  const type = contentType?.split(';')[0]!.trim().toLowerCase();
  if (type === 'application/json') return 'json';
  if (type === 'application/x-protobuf') return 'protobuf';
  throw new AppError('invalid', 'telemetry.unsupported_encoding', {
    message: `OTLP is read as JSON or protobuf over HTTP, not as ${contentType ?? 'a body of no stated type'}.`,
    hint: 'Set OTEL_EXPORTER_OTLP_PROTOCOL to http/json or http/protobuf.',
  });
}

/** The body unpacked, never longer than the limit: a few bytes may unpack to gigabytes. */
async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const bytes = await readBytes(request, limit);
  const packing = request.headers.get('content-encoding')?.toLowerCase() ?? 'identity';
  if (packing === 'identity') return bytes;
  if (packing !== 'gzip' && packing !== 'deflate') {
    throw new AppError('invalid', 'telemetry.unsupported_encoding', {
      message: `Bodies packed by ${packing} are not read.`,
      hint: 'Send them plain or with gzip.',
    });
  }
  try {
    return await unpack[packing](bytes, { maxOutputLength: limit });
  } catch (cause) {
    const isTooLong = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLong
      ? new AppError('limit_exceeded', 'http.body_too_large', {
          message: `The unpacked body is larger than ${limit} bytes.`,
          hint: 'Send less at once, or raise limits.bodyBytes.',
          details: { limit },
        })
      : new AppError('invalid', 'telemetry.malformed', {
          message: `The body is not packed by ${packing}.`,
          hint: 'Send OTLP over HTTP as application/json or application/x-protobuf, plain or with gzip.',
          cause,
        });
  }
}
