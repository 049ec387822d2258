/** The sample's delivery pipeline: whatever is merged goes to production, and LoomStack is told. */
import type { Logger } from '#kernel';
import type { Api } from './api.ts';
import { REPOSITORY } from './stories.ts';

interface LedgerEvent {
  seq: number;
  type: string;
  refs: { repository?: string; mergeCommit?: string; change?: string };
}

const RECONNECT_MS = 1_000;

/** Deploys each merge of the sample's repository until aborted. */
export async function runDeployer(api: Api, log: Logger, signal: AbortSignal): Promise<void> {
  let after = -1;
  while (!signal.aborted) {
    try {
      for await (const event of follow(api, after, signal)) {
        if (
          event.type === 'change.merged' &&
          event.refs.repository === REPOSITORY &&
          event.refs.mergeCommit !== undefined
        ) {
          await deploy(api, event.refs.mergeCommit);
          log.info({ sha: event.refs.mergeCommit }, 'the sample pipeline deployed a merge');
        }
        after = event.seq;
      }
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'the sample pipeline lost the event stream');
    }
    await pause(RECONNECT_MS, signal);
  }
}

async function deploy(api: Api, sha: string): Promise<void> {
  const deployment = {
    repository: REPOSITORY,
    environment: 'production',
    sha,
    externalKey: `pipeline-${sha.slice(0, 12)}`,
  };
  // The same key twice is one deployment, so a restart in between repeats without harm.
  await api.post('/v1/deployments', { ...deployment, status: 'started' });
  await api.post('/v1/deployments', { ...deployment, status: 'succeeded' });
}

async function* follow(api: Api, after: number, signal: AbortSignal): AsyncGenerator<LedgerEvent> {
  const response = await fetch(new URL(`/v1/stream?after=${after}`, api.url), {
    headers: { authorization: `Bearer ${api.token}`, accept: 'text/event-stream' },
    signal,
  });
  if (!response.ok) throw new Error(`the stream answered ${response.status}`);
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data:') && line.length > 7)
        yield JSON.parse(line.slice(5)) as LedgerEvent;
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
