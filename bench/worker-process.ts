/**
 * One worker in a process of its own: `node bench/worker-process.ts URL WAIT_MS`. Its steps wait that
 * long, 0 for not at all. Says `ready`, works until killed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger, createNewId, openDatabase, systemClock } from '../src/kernel/index.ts';
import { createLedger } from '../src/ledger/index.ts';
import { createWorkflowWorker } from '../src/orchestration/index.ts';
import { AT_ONCE } from './engines/engine.ts';

const db = openDatabase({ url: process.argv[2]!, poolSize: AT_ONCE });
const waitMs = Number(process.argv[3]);
const clock = systemClock;
const newId = createNewId(clock);
const log = createLogger({ level: 'error' });
const ledger = createLedger({ db, clock, newId, log, tenant: 'bench' });
createWorkflowWorker({
  db,
  ledger,
  clock,
  newId,
  log,
  workerId: newId('req'),
  concurrency: AT_ONCE,
  handlers: [
    {
      kind: 'notify',
      async run() {
        if (waitMs > 0) await delay(waitMs);
        return { outcome: 'done' };
      },
    },
  ],
});
await db.query('select 1');
process.stdout.write('ready\n');
