/**
 * Structured logs: an object plus a fixed sentence. Ids of the current request, run or session are
 * added from an async context, so that every line of one piece of work can be found together.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger } from 'pino';
import { toReadableLine } from './readable-log.ts';

export type { Logger } from 'pino';
export type LogLevel = 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface LogContext {
  requestId?: string;
  runId?: string;
  stepName?: string;
  sessionId?: string;
  correlationId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `work` with these ids added to each log line it writes, nested contexts included. */
export function withLogContext<Result>(context: LogContext, work: () => Result): Result {
  return storage.run({ ...storage.getStore(), ...context }, work);
}

export function currentLogContext(): LogContext {
  return storage.getStore() ?? {};
}

/** Whatever is named so never reaches the log, at any of the usual depths. */
const SECRET_KEYS = ['authorization', 'cookie', 'token', 'secret', 'password', 'privateKey'];

export function createLogger(
  options: { level: LogLevel; pretty?: boolean },
  destination?: DestinationStream,
): Logger {
  const redact = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  const settings = {
    level: options.level,
    base: null,
    redact: { paths: redact, censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => ({ ...currentLogContext() }),
  };
  const out = destination ?? process.stdout;
  const readable = { write: (line: string) => void out.write(toReadableLine(line)) };
  if (options.pretty === true) return pino(settings, readable);
  return destination === undefined ? pino(settings) : pino(settings, destination);
}
