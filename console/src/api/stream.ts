/**
 * Keeps the pages live: follows the ledger by server-sent events and marks what an event touches as
 * out of date. The stream carries no truth of its own; losing it costs freshness, never facts.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { LedgerEvent } from './types.ts';

export type Connection = 'connecting' | 'live' | 'lost';

/** Which lists show an event, by the noun it starts with; `overview` and `events` show all. */
const TOUCHES: Record<string, readonly string[]> = {
  change: ['changes', 'runs', 'work', 'trace', 'diff'],
  decision: ['changes', 'autonomy', 'trace'],
  approval: ['changes', 'trace'],
  escalation: ['inbox', 'changes', 'trace'],
  absence: ['inbox', 'people'],
  override: ['overrides', 'changes', 'trace'],
  autonomy: ['autonomy'],
  session: ['sessions', 'claims', 'trace'],
  claim: ['sessions', 'claims', 'trace'],
  run: ['runs', 'changes', 'trace'],
  step: ['runs', 'changes', 'trace'],
  work: ['work', 'trace'],
  deployment: ['changes', 'trace'],
  incident: ['autonomy', 'trace'],
  repository: ['repositories', 'xray'],
  pack: ['sessions', 'trace'],
  context: ['sessions', 'trace'],
  policy: ['policy'],
  token: ['tokens'],
  signal: ['work'],
  checkpoint: ['checkpoint'],
  person: ['people', 'graph'],
  graph: ['graph'],
  contradiction: ['graph'],
  lesson: ['lessons'],
};

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Events come in bursts (a run's steps); one refresh serves them all. */
const GATHER_MS = 400;

let connection: Connection = 'connecting';
const listeners = new Set<() => void>();

function setConnection(next: Connection): void {
  if (next === connection) return;
  connection = next;
  for (const listener of listeners) listener();
}

/** Whether the page is being kept up to date right now. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}

/** Opens the stream; the answer closes it. */
export function followLedger(client: QueryClient): () => void {
  let source: EventSource | undefined;
  let retryTimer: number | undefined;
  let gatherTimer: number | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let lastSeq: string | undefined;
  const stale = new Set<string>();

  const refresh = () => {
    gatherTimer = undefined;
    const names = [...stale];
    stale.clear();
    for (const name of names) void client.invalidateQueries({ queryKey: [name] });
  };

  const onLedger = (message: MessageEvent<string>) => {
    if (message.lastEventId !== '') lastSeq = message.lastEventId;
    const noun = nounOf(message.data);
    for (const name of ['overview', 'events', ...(TOUCHES[noun] ?? [])]) stale.add(name);
    gatherTimer ??= window.setTimeout(refresh, GATHER_MS);
  };

  const connect = () => {
    const after = lastSeq === undefined ? '' : `?after=${encodeURIComponent(lastSeq)}`;
    source = new EventSource(`/v1/stream${after}`);
    source.addEventListener('ledger', onLedger);
    source.addEventListener('open', () => {
      // What happened while we were away came without events, so everything is asked for again.
      if (connection === 'lost') void client.invalidateQueries();
      pauseMs = FIRST_PAUSE_MS;
      setConnection('live');
    });
    source.addEventListener('error', () => {
      source?.close();
      setConnection('lost');
      retryTimer = window.setTimeout(connect, pauseMs * (0.75 + Math.random() / 2));
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    });
  };

  const reconnectNow = () => {
    if (connection === 'live') return;
    window.clearTimeout(retryTimer);
    source?.close();
    connect();
  };

  connect();
  window.addEventListener('online', reconnectNow);
  return () => {
    window.removeEventListener('online', reconnectNow);
    window.clearTimeout(retryTimer);
    window.clearTimeout(gatherTimer);
    source?.close();
    setConnection('connecting');
  };
}

function nounOf(data: string): string {
  try {
    const event = JSON.parse(data) as Pick<LedgerEvent, 'type'>;
    return event.type.split(/[.-]/)[0] ?? '';
  } catch {
    return '';
  }
}
