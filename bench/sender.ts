/**
 * Sends prepared requests over keep-alive connections, from a thread of its own, and times each
 * answer. It writes to sockets itself: Node's HTTP client would take as much of the processor as the
 * server that is measured.
 */
// oxlint-disable unicorn/require-post-message-target-origin -- threads, not windows
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';

export interface SendOrder {
  port: number;
  /** Whole requests, byte for byte, each sent once. */
  requests: Uint8Array[];
  connections: number;
  /** Any other status ends the benchmark. */
  status: number;
}

export interface SendResult {
  seconds: number;
  /** Processor time of the sending thread. */
  cpuSeconds: number;
  latenciesMs: number[];
}

/** A request of which the sender only knows the bytes. */
export function rawRequest(path: string, headers: Record<string, string>, body: string): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

export interface Sender extends AsyncDisposable {
  /** Resolves with the last answer. */
  send(): Promise<SendResult>;
}

/** Resolves when all connections stand, so that starting a thread is not part of what is measured. */
export async function openSender(order: SendOrder): Promise<Sender> {
  const worker = new Worker(new URL(import.meta.url), { workerData: order });
  await once(worker, 'message');
  return {
    async send() {
      const answered = once(worker, 'message');
      worker.postMessage('go');
      const [result] = (await answered) as [SendResult];
      return result;
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

async function run(
  { port, requests, connections, status }: SendOrder,
  parent: MessagePort,
): Promise<void> {
  const latenciesMs: number[] = [];
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );
  parent.postMessage('ready');
  await once(parent, 'message');
  let next = 0;
  const take = () => requests[next++];
  const start = performance.now();
  const cpuBefore = process.threadCpuUsage();
  await Promise.all(sockets.map((socket) => lane(socket, take, status, latenciesMs)));
  const cpu = process.threadCpuUsage(cpuBefore);
  const result: SendResult = {
    seconds: (performance.now() - start) / 1_000,
    cpuSeconds: (cpu.user + cpu.system) / 1_000_000,
    latenciesMs,
  };
  parent.postMessage(result);
  for (const socket of sockets) socket.destroy();
}

function lane(
  socket: Socket,
  take: () => Uint8Array | undefined,
  status: number,
  latenciesMs: number[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    let sentAt = 0;
    const send = () => {
      const request = take();
      if (request === undefined) return resolve();
      sentAt = performance.now();
      socket.write(request);
    };
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      received += text;
      if (!isWhole(received)) return;
      latenciesMs.push(performance.now() - sentAt);
      if (!received.startsWith(`HTTP/1.1 ${status} `)) {
        reject(new Error(`answered ${received.slice(0, 1_000)}`));
        return;
      }
      received = '';
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server hung up')));
    send();
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /content-length: *(\d+)/i.exec(answer)?.[1];
  return length === undefined
    ? answer.endsWith('0\r\n\r\n')
    : answer.length >= end + 4 + Number(length);
}

if (parentPort !== null) await run(workerData as SendOrder, parentPort);
