/**
 * A repository on the server's own forge whose small changes ship alone, and a developer who pushes
 * to it with real git: the way a change comes in everywhere.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testRepository, waitFor } from '#testing';
import type { ServerProcess } from './server.ts';

const execute = promisify(execFile);

export const POLICY = `version: 1
default: { lane: one-reviewer }
services:
  shop: ["src/**"]
tiers:
  tier2: { paths: ["src/**", "docs/**"] }
autonomy:
  tier2:
    because: Small changes of the shop may ship alone
    max_score: 100
    agents: true
`;

export interface Shop extends AsyncDisposable {
  readonly repository: string;
  /** Bare repository in the forge. */
  readonly bare: string;
  /** Pushes a branch with one commit and gives its head. */
  push(branch: string, file?: string): Promise<string>;
  /** While this is set, the check command of a change runs on. */
  holdChecks(): void;
  letChecksGo(): void;
  /** Processes of the checks that have begun so far. */
  checkPids(): number[];
  /** Sha of a revision in the forge. */
  sha(revision: string): Promise<string>;
  git(...args: string[]): Promise<string>;
}

/** Makes the repository. `server()` is asked anew each time: it may have been killed meanwhile. */
export async function openShop(
  server: () => ServerProcess,
  options: { repository?: string; files?: Record<string, string> } = {},
): Promise<Shop> {
  const { repository = 'acme/shop', files = {} } = options;
  const work = await testRepository({ start: new Date(Date.now() - 3_600_000) });
  const { data } = server();
  // A check runs as nobody in particular and may write only where everyone may.
  const open = mkdtempSync(join(tmpdir(), 'loom-shop-'));
  chmodSync(open, 0o777);
  const hold = join(open, 'hold');
  const begun = join(open, 'begun');
  await work.commit({
    message: 'Start the shop',
    files: {
      'README.md': '# Shop\n',
      'src/cart.js': 'export const total = (lines) => lines.length;\n',
      '.loom/policy.yaml': POLICY,
      '.loom/workflows/change.yaml': workflow({ hold, begun }),
      ...files,
    },
  });
  const { cloneUrl } = await server().post<{ cloneUrl: string }>('/v1/forge/repositories', {
    name: repository,
  });
  const path = new URL(cloneUrl).pathname;
  const bare = join(data, 'forge', `${repository}.git`);

  async function push(ref: string): Promise<void> {
    const { url, token } = server();
    const remote = new URL(path, url);
    remote.username = 'loom';
    remote.password = token;
    await work.git('push', '--quiet', '--force', remote.href, ref);
  }

  const git = async (...args: string[]) =>
    (await execute('git', ['--git-dir', bare, ...args])).stdout.trim();

  await push('main');
  await server().post('/v1/repositories', { url: cloneUrl, name: repository });
  return {
    repository,
    bare,
    git,
    async push(branch, file = `src/${branch}.js`) {
      const isNew = (await work.git('branch', '--list', branch)) === '';
      await (isNew ? work.branch(branch, 'main') : work.switchTo(branch));
      const count = (await work.git('rev-list', '--count', 'HEAD')).trim();
      const head = await work.commit({
        message: `Change ${branch}`,
        files: { [file]: `export const name = '${branch}-${count}';\n` },
        at: new Date(),
      });
      await work.switchTo('main');
      await push(branch);
      return head;
    },
    holdChecks: () => writeFileSync(hold, ''),
    letChecksGo: () => rmSync(hold, { force: true }),
    checkPids: () =>
      readdirSync(open)
        .filter((name) => name.startsWith('begun.'))
        .map((name) => Number(name.slice('begun.'.length))),
    sha: (revision) => git('rev-parse', '--verify', `${revision}^{commit}`),
    async [Symbol.asyncDispose]() {
      await work[Symbol.asyncDispose]();
      rmSync(open, { recursive: true, force: true });
    },
  };
}

/** The built-in steps, with a check that can be held and retries that do not wait long. */
function workflow({ hold, begun }: { hold: string; begun: string }): string {
  return `name: change
on: [change.opened, change.updated]
steps:
  - name: context
    kind: context.pack
    retries: { max: 5, backoff: 1s }
  - name: check
    kind: check.command
    with: { command: "echo $$ > ${begun}.$$; while [ -e ${hold} ]; do sleep 0.05; done" }
    retries: { max: 5, backoff: 1s }
  - name: decide
    kind: policy.decide
    needs: [context, check]
    retries: { max: 5, backoff: 1s }
  - name: approve
    kind: approval.request
    needs: [decide]
    retries: { max: 5, backoff: 1s }
  - name: merge
    kind: merge
    needs: [decide, approve]
    retries: { max: 5, backoff: 1s }
  - name: deployed
    kind: wait.signal
    needs: [merge]
    with: { signal: deployed, match: { status: [succeeded] }, timeout: 1h, onTimeout: fail }
  - name: tell
    kind: notify
    needs: [merge, deployed]
    with: { to: host, message: "Shipped: {title}" }
`;
}

export interface ShopChange {
  id: string;
  branch: string;
  state: string;
  headSha: string;
  mergeSha: string | null;
  runId: string | null;
  lane: string | null;
}

export interface ShopRun {
  id: string;
  state: string;
  steps: {
    id: string;
    name: string;
    kind: string;
    state: string;
    message: string | null;
    worker: string | null;
    attempt: number;
  }[];
}

/** The change of a branch, once the server knows it. */
export async function findChange(
  server: ServerProcess,
  shop: Pick<Shop, 'repository'>,
  branch: string,
): Promise<ShopChange | undefined> {
  const query = `repository=${encodeURIComponent(shop.repository)}&limit=200`;
  const { items } = await server.get<{ items: ShopChange[] }>(`/v1/changes?${query}`);
  return items.find((change) => change.branch === branch);
}

export async function waitForChange(
  server: ServerProcess,
  shop: Pick<Shop, 'repository'>,
  branch: string,
  isReached: (change: ShopChange) => boolean,
): Promise<ShopChange> {
  return waitFor(
    `the change ${branch}`,
    async () => {
      const change = await findChange(server, shop, branch);
      return change !== undefined && isReached(change) ? change : undefined;
    },
    { timeoutMs: 60_000, everyMs: 20 },
  );
}

export function runOf(server: ServerProcess, change: Pick<ShopChange, 'runId'>): Promise<ShopRun> {
  return server.get<ShopRun>(`/v1/runs/${change.runId ?? ''}`);
}

export interface LedgerEvent {
  seq: number;
  type: string;
  subject: string;
  recordedAt: string;
  refs: Record<string, string>;
  data: Record<string, unknown> | null;
}

/** All events that name this, oldest first. */
export async function eventsAbout(server: ServerProcess, ref: string): Promise<LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ ref, order: 'oldest', limit: '200' });
    if (cursor !== null) query.set('cursor', cursor);
    const page: { items: LedgerEvent[]; nextCursor: string | null } = await server.get(
      `/v1/events?${query.toString()}`,
    );
    events.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return events;
}
