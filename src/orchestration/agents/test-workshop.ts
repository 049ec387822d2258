/** Support for tests: agents in real devboxes of a real repository, driven by a real engine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneMirror, openRepository } from '#git';
import type { Db, Id, JsonObject } from '#kernel';
import { createDevboxService } from '../devbox/index.ts';
import type { GraphStep } from '../service.ts';
import type { StepHandler } from '../steps.ts';
import { roomsOver } from '../test-rooms.ts';
import { aGraph } from '../workflow/test-engine.ts';
import { createWorkflowService, createWorkflowWorker } from '../workflow/index.ts';
import type { AgentDeps } from './deps.ts';
import type { GateDeps } from './gate.ts';

export const REPOSITORY = 'acme/shop';

/** The database stays the caller's. */
export async function testWorkshop(options: {
  db: Db;
  /** Work tree of the repository. */
  source: string;
  handlers(deps: GateDeps): StepHandler[];
  deps?: Partial<AgentDeps>;
}) {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'loom-workshop-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const mirrorDir = join(folder, 'mirror.git');
  await cloneMirror({ url: options.source, dir: mirrorDir });
  const rooms = roomsOver(options.db);
  const context = {
    openMirror: async () => openRepository(mirrorDir),
    findRepository: async () => undefined,
  };
  const place = join(folder, 'devboxes');
  const devboxes = createDevboxService({
    ...rooms,
    context,
    folder: place,
    node: place,
    warm: 0,
    environment: {},
  });
  stack.use(devboxes);
  const deps: AgentDeps = {
    ...rooms,
    context,
    devboxes,
    concurrency: 8,
    environment: process.env,
    termGraceMs: 500,
    ...options.deps,
  };
  const workflow = createWorkflowService(rooms);
  const worker = stack.use(
    createWorkflowWorker({
      ...rooms,
      workerId: `worker-${folder.slice(-6)}`,
      handlers: options.handlers({ ...deps, workflow }),
      isManual: true,
    }),
  );

  return {
    ...rooms,
    deps,
    devboxes,
    workflow,
    worker,
    mirrorDir,
    devboxFolder: place,
    /** Starts a run of these steps, each after the one before. */
    async start(
      steps: Record<string, { kind: string; with?: JsonObject } & Partial<GraphStep>>,
      more: { workItemId?: Id<'wrk'>; title?: string; text?: string } = {},
    ) {
      const names = Object.keys(steps);
      const needs = Object.fromEntries(
        names.map((name, at) => [name, at === 0 ? [] : names.slice(0, at)]),
      );
      return rooms.db.transaction((tx) =>
        workflow.start(tx, {
          definition: aGraph(needs, steps),
          title: more.title ?? 'Round refunds',
          input: { text: more.text ?? 'Cents get lost.' },
          repository: REPOSITORY,
          workItemId: more.workItemId,
          correlationId: rooms.newId('evt'),
        }),
      );
    },
    async steps(runId: Id<'run'>) {
      const run = await workflow.find(runId);
      return Object.fromEntries(run!.steps.map((step) => [step.name, step]));
    },
    /** Lets time pass for everything that sleeps. */
    async wakeAll() {
      await rooms.db.query(
        `update loom.steps set due_at = now() where state = 'waiting' and due_at is not null`,
      );
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
