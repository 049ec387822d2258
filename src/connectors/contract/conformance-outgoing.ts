/**
 * What every connector that calls an outside system must hold to on that system's bad days. For tests
 * only, like the rest of the conformance suite.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '#kernel';
import { answering, type MisbehavingServer, startMisbehavingServer } from './misbehaving-server.ts';

export interface OutgoingCase {
  name: string;
  /** Shown to the system with every call; must never show in an error. */
  secret: string;
  /** Each connector sets up a call that reads something; a new one per test, so that no pause is shared. */
  open(options: { baseUrl: string; timeoutMs: number; secret: string }): () => Promise<unknown>;
  /** Requests that come before the call itself, such as one for a token, and how they are answered. */
  before?: (path: string) => { status: number; body: unknown } | undefined;
}

/** The suite every connector with outgoing calls must pass. */
export function describeOutgoing(subject: OutgoingCase): void {
  describe(`${subject.name} keeps to the contract of outgoing calls`, () => {
    let server: MisbehavingServer;
    beforeAll(async () => {
      server = await startMisbehavingServer();
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });

    function behave(next: Parameters<MisbehavingServer['behave']>[0]): void {
      server.behave((request, response) => {
        const early = subject.before?.(request.url ?? '/');
        if (early === undefined) next(request, response);
        else answering(early.status, {}, early.body)(request, response);
      });
    }

    const open = () =>
      subject.open({ baseUrl: server.url, timeoutMs: 300, secret: subject.secret });

    async function failureOf(call: () => Promise<unknown>): Promise<AppError> {
      const error = await call().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(AppError);
      return error as AppError;
    }

    test.each([500, 502, 503, 504])(
      'an answer of %i is worth another try later',
      async (status) => {
        behave(answering(status, { 'content-type': 'text/html' }, '<h1>Bad gateway</h1>'));

        expect((await failureOf(open())).kind).toBe('unavailable');
      },
    );

    test.each([
      ['429 with seconds', 429, { 'retry-after': '7' }, 7],
      ['429 without a word', 429, {}, undefined],
      ['a secondary limit, 403 with seconds', 403, { 'retry-after': '9' }, 9],
    ])('%s makes us wait, and the wait is told', async (_what, status, headers, seconds) => {
      behave(answering(status, headers as Record<string, string>, { message: 'slow down' }));

      const error = await failureOf(open());

      expect(error.kind).toBe('unavailable');
      if (seconds !== undefined)
        expect(error.details).toMatchObject({ retryAfterSeconds: seconds });
    });

    test('an answer that never comes is given up in time', async () => {
      behave(() => {});

      expect((await failureOf(open())).kind).toBe('unavailable');
    });

    test('a connection that breaks off is worth another try', async () => {
      behave((request) => request.socket.destroy());

      expect((await failureOf(open())).kind).toBe('unavailable');
    });

    test('a web page in place of JSON is no answer', async () => {
      behave(answering(200, { 'content-type': 'text/html' }, '<html>Please log in</html>'));

      expect(['unavailable', 'invalid']).toContain((await failureOf(open())).kind);
    });

    test.each([301, 302, 307, 308])(
      'a redirect (%i) to an address inside is not followed',
      async (status) => {
        behave(answering(status, { location: 'http://169.254.169.254/latest/meta-data' }));

        expect((await failureOf(open())).kind).not.toBe('internal');
      },
    );

    test('credentials that are refused are named as such, and not shown', async () => {
      behave(answering(401, {}, { message: 'Bad credentials' }));

      const error = await failureOf(open());

      expect(error.code).toMatch(/bad_credentials$/);
    });

    test('what unpacks without end is not read to the end', async () => {
      const bomb = gzipSync(Buffer.alloc(64_000_000, 0x20));
      behave((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(bomb);
      });

      await failureOf(open());
    });

    test('no failure shows the secret, whatever the system says', async () => {
      const quoting = (status: number) =>
        answering(status, { 'x-echo': subject.secret }, { message: 'not for you' });
      for (const status of [400, 401, 403, 404, 409, 422, 429, 500]) {
        behave(quoting(status));
        const error = await failureOf(open());
        const cause = error.cause instanceof Error ? [error.cause.message, error.cause.stack] : [];
        const shown = JSON.stringify([
          error.message,
          error.hint,
          error.details,
          error.cause,
          cause,
        ]);
        expect(shown).not.toContain(subject.secret);
      }
    });
  });
}
