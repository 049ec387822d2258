/** One worker in a process of its own, for the test that kills it: `node test-worker.ts URL NAME`. */
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger, createNewId, openDatabase, systemClock } from '#kernel';
import { createLedger } from '#ledger';
import { createWorkflowWorker } from './worker.ts';

const [url = '', workerId = ''] = process.argv.slice(2);
const db = openDatabase({ url, poolSize: 4 });
const clock = systemClock;
const newId = createNewId(clock);
const log = createLogger({ level: 'silent' });
const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });

createWorkflowWorker({
  db,
  ledger,
  clock,
  newId,
  log,
  workerId,
  concurrency: 4,
  leaseMs: 1_000,
  handlers: [
    {
      kind: 'notify',
      async run({ run, step, idempotencyKey }) {
        // The outside world, which knows a repeated call by its key.
        await db.query(
          `insert into calls (key, worker) values ($1, $2)
           on conflict (key) do update set repeated = calls.repeated + 1`,
          [idempotencyKey, workerId],
        );
        await delay(20);
        // Which turn of a repeat it is in, for those that end by it.
        const turn = Number(/\/(?<turn>\d+)\/[^/]+$/.exec(step.name)?.groups?.['turn'] ?? 0);
        return {
          outcome: 'done',
          output: { turn },
          write: async (tx) => {
            await tx.query('insert into effects (run_id, name, worker) values ($1, $2, $3)', [
              run.id,
              step.name,
              workerId,
            ]);
          },
        };
      },
    },
  ],
});

await db.query('insert into workers (name) values ($1)', [workerId]);
