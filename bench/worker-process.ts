/** One worker in a process of its own: `node bench/worker-process.ts URL`. Says `ready`, works until killed. */
import { createLogger, createNewId, openDatabase, systemClock } from '../src/kernel/index.ts';
import { createLedger } from '../src/ledger/index.ts';
import { createWorkflowWorker } from '../src/orchestration/index.ts';
import { AT_ONCE } from './engines/engine.ts';

const db = openDatabase({ url: process.argv[2]!, poolSize: AT_ONCE });
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
  handlers: [{ kind: 'notify', run: async () => ({ outcome: 'done' }) }],
});
await db.query('select 1');
process.stdout.write('ready\n');
