/**
 * One of many processes that race for a claim: `node test-racer.ts URL NAME`. It reads the number of
 * each round from standard input, asks once, and says what it was answered.
 */
import { createInterface } from 'node:readline';
import { openDatabase } from '#kernel';
import { roomsOver, startSession } from '../test-rooms.ts';

const [url = '', name = ''] = process.argv.slice(2);
await using db = openDatabase({ url, poolSize: 1 });
const rooms = roomsOver(db);
const session = await startSession(rooms, { agent: 'racer', externalId: name });
process.stdout.write('ready\n');

for await (const round of createInterface({ input: process.stdin })) {
  const answer = await rooms.claims.acquire({
    sessionId: session.id,
    repository: 'acme/race',
    paths: [`round-${round}`],
  });
  const fence = answer.outcome === 'granted' ? answer.claims[0]!.fence : 0;
  process.stdout.write(`${round} ${fence}\n`);
}
