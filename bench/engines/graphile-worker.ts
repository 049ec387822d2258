/** graphile-worker: a job queue; a chain is a job that adds the next one. */
import {
  AT_ONCE,
  type BenchEngine,
  type BenchPeer,
  inLanes,
  loadPeer,
  STEPS_PER_RUN,
  until,
} from './engine.ts';

type AddJob = (name: string, payload: { step: number }) => Promise<unknown>;
interface GraphileModule {
  run(options: {
    connectionString: string;
    concurrency: number;
    maxPoolSize: number;
    noHandleSignals: boolean;
    logger: unknown;
    taskList: Record<
      string,
      (payload: { step: number }, helpers: { addJob: AddJob }) => Promise<void>
    >;
  }): Promise<{ addJob: AddJob; stop(): Promise<void> }>;
  Logger: new (factory: () => () => void) => unknown;
}

export const graphileWorker: BenchPeer = {
  name: 'graphile-worker 0.18.0',
  note: 'a queue near its defaults: no graph, no saved results, no event log',
  async open(url): Promise<BenchEngine | string> {
    const module = await loadPeer<GraphileModule>('graphile-worker');
    if (typeof module === 'string') return module;
    let ended = 0;
    const runner = await module.run({
      connectionString: url,
      concurrency: AT_ONCE,
      maxPoolSize: AT_ONCE + 4,
      noHandleSignals: true,
      logger: new module.Logger(() => () => {}),
      taskList: {
        async step({ step }, { addJob }) {
          if (step + 1 < STEPS_PER_RUN) await addJob('step', { step: step + 1 });
          else ended += 1;
        },
      },
    });
    return {
      async run(count) {
        const goal = ended + count;
        await inLanes(count, AT_ONCE, async () => {
          await runner.addJob('step', { step: 0 });
        });
        await until(() => ended >= goal, count);
      },
      [Symbol.asyncDispose]: () => runner.stop(),
    };
  },
};
