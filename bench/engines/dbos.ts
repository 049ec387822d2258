/** DBOS Transact: durable functions; workflows are started directly, its fastest way. */
import {
  AT_ONCE,
  type BenchEngine,
  type BenchPeer,
  inLanes,
  loadPeer,
  STEPS_PER_RUN,
} from './engine.ts';

interface Handle {
  getResult(): Promise<unknown>;
}
type Chain = () => Promise<void>;
interface DbosModule {
  DBOS: {
    setConfig(config: Record<string, unknown>): void;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
    registerWorkflow(workflow: Chain, config: { name: string }): Chain;
    runStep<Result>(step: () => Promise<Result>, config: { name: string }): Promise<Result>;
    startWorkflow(workflow: Chain): () => Promise<Handle>;
  };
}

let chain: Chain | undefined;

export const dbos: BenchPeer = {
  name: 'DBOS 5.3.0',
  note: 'workflows started in the process; no event log',
  async open(url): Promise<BenchEngine | string> {
    const module = await loadPeer<DbosModule>('@dbos-inc/dbos-sdk');
    if (typeof module === 'string') return module;
    const { DBOS } = module;
    chain ??= DBOS.registerWorkflow(
      async () => {
        for (let step = 0; step < STEPS_PER_RUN; step += 1) {
          await DBOS.runStep(async () => ({}), { name: `step-${step}` });
        }
      },
      { name: 'chain' },
    );
    const workflow = chain;
    DBOS.setConfig({
      name: 'bench',
      systemDatabaseUrl: url,
      systemDatabasePoolSize: AT_ONCE + 4,
      logLevel: 'error',
      runAdminServer: false,
    });
    await DBOS.launch();
    return {
      run: (count) =>
        inLanes(count, AT_ONCE, async () => {
          await (await DBOS.startWorkflow(workflow)()).getResult();
        }),
      [Symbol.asyncDispose]: () => DBOS.shutdown(),
    };
  },
};
