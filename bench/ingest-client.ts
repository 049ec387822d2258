/** Sends signed deliveries over keep-alive connections, from a thread of its own. */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { IngestClientResult, IngestOrder } from './ingest.ts';

const order = workerData as IngestOrder;
const agent = new Agent({ keepAlive: true, maxSockets: order.connections });
const latenciesMs: number[] = [];
let next = 0;

/** An issue as GitHub tells of it, cut to the fields that are read, with half a kilobyte of text. */
function deliveryOf(index: number): string {
  return JSON.stringify({
    action: 'opened',
    repository: { full_name: 'acme/shop', id: 1 },
    sender: { login: 'bench', type: 'User', id: 2 },
    issue: {
      number: order.first + index,
      title: `Issue ${index}`,
      body: 'x'.repeat(450),
      state: 'open',
      updated_at: '2026-11-22T12:00:00Z',
      user: { login: 'bench', type: 'User', id: 2 },
      labels: [],
    },
  });
}

async function send(index: number): Promise<void> {
  const body = deliveryOf(index);
  const signature = createHmac('sha256', order.secret).update(body).digest('hex');
  const before = performance.now();
  await new Promise<void>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-github-event': 'issues',
      'x-github-delivery': `${order.first}-${index}`,
      'x-hub-signature-256': `sha256=${signature}`,
    };
    const { port, path } = order;
    const sending = request(
      { agent, port, host: '127.0.0.1', method: 'POST', path, headers },
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
const cpuBefore = process.threadCpuUsage();
await Promise.all(Array.from({ length: order.connections }, lane));
const cpu = process.threadCpuUsage(cpuBefore);
const result: IngestClientResult = {
  seconds: (performance.now() - start) / 1_000,
  cpuSeconds: (cpu.user + cpu.system) / 1_000_000,
  latenciesMs,
};
agent.destroy();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(result);
