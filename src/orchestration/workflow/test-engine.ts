/** Support for the tests of this room: an engine on a database of its own. */
import { createLogger, createNewId, type Db, systemClock, type Tx } from '#kernel';
import { createLedger, type Ledger } from '#ledger';
import type { Run, StepKind } from '../schema.ts';
import type { WorkflowGraph, WorkflowService } from '../service.ts';
import type { StepHandler } from '../steps.ts';
import { createWorkflowService } from './service.ts';
import { createWorkflowWorker, type WorkflowWorker, type WorkflowWorkerDeps } from './worker.ts';

type Handlers = Partial<
  Record<StepKind, StepHandler['run'] | Pick<StepHandler, 'run' | 'onSignal'>>
>;

export interface TestEngine extends AsyncDisposable {
  readonly db: Db;
  readonly url: string;
  readonly ledger: Ledger;
  readonly service: WorkflowService;
  /** Moves only by `runOnce`. */
  readonly worker: WorkflowWorker;
  /** A further one; it is disposed with the engine. */
  newWorker(
    workerId: string,
    handlers: Handlers,
    settings?: Partial<WorkflowWorkerDeps>,
  ): WorkflowWorker;
  start(definition: WorkflowGraph, more?: { input?: Run['input'] }): Promise<Run>;
  signal(run: Run, name: string, dedupeKey: string, body?: Run['input']): Promise<number>;
  /** Types of the thread's events, in the order they were written. */
  eventTypes(correlationId: string): Promise<string[]>;
  write<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
}

/** The database is disposed with the engine. */
export function testEngine(
  database: AsyncDisposable & { db: Db; url: string },
  handlers: Handlers = {},
): TestEngine {
  const stack = new AsyncDisposableStack();
  stack.use(database);
  const { db, url } = database;
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const deps = { db, ledger, clock, newId, log };
  const service = createWorkflowService(deps);

  const newWorker: TestEngine['newWorker'] = (workerId, kinds, settings = {}) =>
    stack.use(
      createWorkflowWorker({
        ...deps,
        workerId,
        handlers: toHandlers(kinds),
        isManual: true,
        ...settings,
      }),
    );
  const worker = newWorker('worker-1', handlers);

  return {
    db,
    url,
    ledger,
    service,
    worker,
    newWorker,
    start: (definition, more = {}) =>
      db.transaction((tx) =>
        service.start(tx, {
          definition,
          title: definition.name,
          input: more.input ?? {},
          correlationId: newId('evt'),
        }),
      ),
    signal: (run, name, dedupeKey, body = {}) =>
      db.transaction((tx) =>
        service.signal(tx, {
          runId: run.id,
          name,
          body,
          dedupeKey,
          actor: { kind: 'person', id: 'usr_test' },
        }),
      ),
    async eventTypes(correlationId) {
      const rows = await db.query<{ type: string }>(
        'select type from loom.events where correlation_id = $1 order by position',
        [correlationId],
      );
      return rows.map(({ type }) => type);
    },
    write: (work) => db.transaction(work),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export function toHandlers(kinds: Handlers): StepHandler[] {
  return Object.entries(kinds).map(([kind, handler]) =>
    Object.assign(
      { kind: kind as StepKind },
      typeof handler === 'function' ? { run: handler } : handler,
    ),
  );
}

/** A graph by name of step and what it needs; every step is a `notify` unless said otherwise. */
export function aGraph(
  needs: Record<string, string[]>,
  steps: Record<string, Partial<WorkflowGraph['steps'][number]>> = {},
): WorkflowGraph {
  return {
    name: 'test',
    source: 'built-in',
    steps: Object.entries(needs).map(([name, needed]) =>
      Object.assign(
        {
          name,
          kind: 'notify',
          needs: needed,
          with: {},
          origin: 'test',
          maxAttempts: 3,
          backoffMs: 0,
          timeoutMs: null,
        },
        steps[name],
      ),
    ),
  };
}
