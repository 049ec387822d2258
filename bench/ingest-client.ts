/** Sends signed deliveries over keep-alive connections, from a thread of its own. */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { IngestClientResult, IngestOrder } from './ingest.ts';

const order = workerData as IngestOrder;
const agent = new Agent({ keepAlive: true, maxSockets: order.connections });
const latenciesMs: number[] = [];
let next = 0;

async function send(index: number): Promise<void> {
  const body = JSON.stringify({
    key: `${order.name}-${index}`,
    title: `Issue ${index}`,
    text: 'x'.repeat(450),
  });
  const signature = createHmac('sha256', order.secret).update(body).digest('hex');
  const before = performance.now();
  await new Promise<void>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'x-signature': signature };
    const sending = request(
      { agent, port: order.port, host: '127.0.0.1', method: 'POST', path: '/', headers },
      (response) => {
        response.resume();
        response.on('end', () => {
          if (response.statusCode === 202) resolve();
          else reject(new Error(`answered ${response.statusCode}`));
        });
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
  latenciesMs.push(performance.now() - before);
}

async function lane(): Promise<void> {
  while (next < order.count) {
    next += 1;
    await send(next);
  }
}

const start = performance.now();
await Promise.all(Array.from({ length: order.connections }, lane));
const result: IngestClientResult = { seconds: (performance.now() - start) / 1_000, latenciesMs };
agent.destroy();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(result);
