/** absurd: durable functions with checkpoints in PostgreSQL. Its schema does not come with the package. */
import { existsSync, readFileSync } from 'node:fs';
import { openDatabase } from '../../src/kernel/index.ts';
import {
  AT_ONCE,
  type BenchEngine,
  type BenchPeer,
  inLanes,
  loadPeer,
  STEPS_PER_RUN,
  until,
} from './engine.ts';

interface TaskContext {
  step<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
}
interface Absurd {
  createQueue(): Promise<void>;
  registerTask(
    options: { name: string },
    handler: (params: unknown, context: TaskContext) => Promise<unknown>,
  ): void;
  spawn(name: string, params: unknown): Promise<{ taskID: string }>;
  awaitTaskResult(taskId: string, options: { timeout: number }): Promise<{ state: string }>;
  startWorker(options: {
    concurrency: number;
    batchSize: number;
    pollInterval: number;
  }): Promise<unknown>;
  close(): Promise<void>;
}
type AbsurdModule = { Absurd: new (options: { db: string; queueName: string }) => Absurd };

export const absurd: BenchPeer = {
  name: 'absurd 0.5.0',
  note: 'checkpoints per step in its own tables; no event log',
  async open(url): Promise<BenchEngine | string> {
    const module = await loadPeer<AbsurdModule>('absurd-sdk');
    if (typeof module === 'string') return module;
    const schema = process.env['ABSURD_SQL'];
    if (schema === undefined || !existsSync(schema)) {
      return 'its schema is not part of the package; point ABSURD_SQL to sql/absurd.sql of github.com/earendil-works/absurd';
    }
    {
      await using db = openDatabase({ url, poolSize: 1 });
      const [known] = await db.query(`select 1 from pg_namespace where nspname = 'absurd'`);
      if (known === undefined) await db.query(readFileSync(schema, 'utf8'));
    }
    const app = new module.Absurd({ db: url, queueName: 'bench' });
    await app.createQueue();
    let ended = 0;
    app.registerTask({ name: 'chain' }, async (_params, context) => {
      for (let step = 0; step < STEPS_PER_RUN; step += 1) {
        await context.step(`step-${step}`, async () => ({}));
      }
      ended += 1;
      return {};
    });
    await app.startWorker({ concurrency: AT_ONCE, batchSize: AT_ONCE, pollInterval: 0.005 });
    return {
      async run(count) {
        const goal = ended + count;
        const ids: string[] = [];
        await inLanes(count, AT_ONCE, async () => {
          ids.push((await app.spawn('chain', {})).taskID);
        });
        // Asking for each result would load the database; only the last ones may still be writing.
        await until(() => ended >= goal, count);
        const last = ids.slice(-AT_ONCE);
        await Promise.all(last.map((id) => app.awaitTaskResult(id, { timeout: 60 })));
      },
      [Symbol.asyncDispose]: () => app.close(),
    };
  },
};
