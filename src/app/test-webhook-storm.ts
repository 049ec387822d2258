/**
 * For tests: a stretch of GitHub's webhooks for issues and deployments, told once in order to one database
 * and redelivered, shuffled and duplicated to another; and what each database says in the end.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createGitHubSource } from '#connectors/github';
import type { Delivery } from '#connectors/contract';
import { createLogger, type Db, loadConfig, systemClock } from '#kernel';
import { testRepository } from '#testing';
import { compose } from './compose.ts';

/** Whose webhooks the recorded ones are. */
const NAME = 'Codertocat/Hello-World';

type Payload = Record<string, Record<string, unknown>>;

/** mulberry32: the same numbers for the same seed on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `count` deliveries in order: issues are opened, edited, labelled, closed, reopened; commits deployed. */
export function makeDeliveries(count: number, seed: number): Delivery[] {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
  const subjects = Math.max(3, Math.floor(count / 12));
  const states = new Map<number, string>();
  let deployments = 0;
  let isRunning = false;
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString().replace('.000', '');
    const number = 1 + Math.floor(random() * subjects);
    if (random() < 0.25) {
      if (!isRunning) deployments += 1;
      isRunning = !isRunning;
      const state = isRunning ? 'in_progress' : pick(['success', 'failure']);
      return deployment(deployments, at, state);
    }
    const known = states.get(number);
    const action = known === undefined ? 'opened' : pick(['edited', 'labeled', known]);
    states.set(number, action === 'closed' ? 'reopened' : 'closed');
    const isClosed = action === 'closed';
    return issue(number, at, action, isClosed, pick(['bug', 'feature', 'chore']));
  });
}

const EXAMPLES = JSON.parse(
  readFileSync(
    createRequire(import.meta.url).resolve('@octokit/webhooks-examples/api.github.com/index.json'),
    'utf8',
  ),
) as { name: string; examples: Payload[] }[];
const exampleOf = (event: string) => EXAMPLES.find(({ name }) => name === event)!.examples[0]!;

function toDelivery(event: string, payload: object): Delivery {
  return {
    headers: { 'x-github-event': event, 'x-github-delivery': randomUUID() },
    body: Buffer.from(JSON.stringify(payload)),
  };
}

function issue(number: number, at: string, action: string, isClosed: boolean, label: string) {
  const { repository, issue: recorded, sender } = exampleOf('issues');
  return toDelivery('issues', {
    action,
    repository,
    sender,
    issue: {
      ...recorded,
      number,
      title: `Issue ${number} at ${at}`,
      state: isClosed ? 'closed' : 'open',
      labels: [{ name: label }],
      updated_at: at,
    },
  });
}

let statusIds = 0;
function deployment(number: number, at: string, state: string): Delivery {
  const recorded = exampleOf('deployment_status');
  statusIds += 1;
  return toDelivery('deployment_status', {
    ...recorded,
    deployment: {
      ...recorded['deployment'],
      id: number,
      sha: number.toString(16).padStart(40, '0'),
      environment: 'production',
    },
    deployment_status: { ...recorded['deployment_status'], id: statusIds, state, created_at: at },
  });
}

/** Each at least once: some redelivered as they were, some under another id, all in another order. */
export function stormOf(deliveries: readonly Delivery[], seed: number): Delivery[] {
  const random = seededRandom(seed);
  const storm = deliveries.flatMap((one) => {
    const again: Delivery[] = [one];
    if (random() < 0.5) again.push(one);
    if (random() < 0.5) {
      again.push({ ...one, headers: { ...one.headers, 'x-github-delivery': randomUUID() } });
    }
    return again;
  });
  for (let at = storm.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [storm[at], storm[other]] = [storm[other]!, storm[at]!];
  }
  return storm;
}

/** Has a composed product take the deliveries in this order, and gives what it says then. */
export async function takeAll(
  db: Db,
  folder: string,
  deliveries: readonly Delivery[],
  atOnce: number,
): Promise<{ state: unknown; signals: number }> {
  await using app = await compose({
    config: loadConfig({
      env: {},
      flags: { data: folder, 'forge.enabled': false, 'github.webhookSecret': 'secret' },
      cwd: folder,
    }),
    storage: { db, kind: 'external', version: '0', [Symbol.asyncDispose]: async () => {} },
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
    publicUrl: 'http://127.0.0.1:7400',
    work: false,
  });
  await using repository = await testRepository();
  await repository.commit({ message: 'Begin', files: { 'README.md': 'Hello.\n' } });
  await app.services.context.importRepository(
    { url: repository.dir, name: NAME, host: 'github' },
    { kind: 'system', id: 'test' },
    () => {},
  );
  const source = createGitHubSource({ webhookSecret: 'secret' });
  for (let from = 0; from < deliveries.length; from += atOnce) {
    await Promise.all(
      deliveries.slice(from, from + atOnce).map((delivery) =>
        app.intake.receive({
          source: source.name,
          deliveryId: source.deliveryId(delivery),
          signals: source.toSignals(delivery),
        }),
      ),
    );
    // Acting keeps pace with telling, as it does in a running server.
    while ((await app.intake.processOnce(1_000)) > 0);
  }
  const [{ signals }] = (await db.query<{ signals: number }>(
    `select count(*)::int as signals from loom.events where type = 'signal.received'`,
  )) as [{ signals: number }];
  return { state: await stateOf(db), signals };
}

/** Everything that is said of the world, without our own ids and clocks. */
async function stateOf(db: Db): Promise<unknown> {
  const items = await db.query(
    `select external_key, title, body, labels, state, source_at from loom.work_items order by 1`,
  );
  const deployments = await db.query(
    `select external_key, environment, sha, status, started_at, finished_at
     from loom.deployments order by 1`,
  );
  const waiting = await db.query(
    `select type, error from loom.inbox_signals where state <> 'done' order by position`,
  );
  return { items, deployments, waiting };
}
