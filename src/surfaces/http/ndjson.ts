/** Answers that tell how far they are: one JSON value per line, as it becomes known. */
import type { RequestContext } from './environment.ts';
import { problemResponse } from './problem.ts';

/** Runs the work while its lines are read. A failure is the last line: the status is long sent. */
export function ndjson(
  context: RequestContext,
  work: (send: (value: unknown) => void) => Promise<void>,
): Response {
  const [requestId, log] = [context.get('requestId'), context.get('log')];
  const encoder = new TextEncoder();
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (value: unknown) => {
        if (isOpen) controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      };
      work(send)
        .catch(async (error: unknown) => {
          const problem: unknown = await problemResponse(error, { requestId, log }).json();
          send({ type: 'problem', problem });
        })
        .finally(() => {
          if (isOpen) controller.close();
          isOpen = false;
        });
    },
    cancel() {
      isOpen = false;
    },
  });
  return new Response(body, {
    headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
  });
}
