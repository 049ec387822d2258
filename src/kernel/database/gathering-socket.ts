/**
 * A socket that sends what is written within one tick as one packet. The driver hands over each
 * statement by itself, and every write to the server costs a system call and wakes its back end:
 * `begin` and the first statement, or the last ones and `commit`, are to cost that once.
 */
import { Socket } from 'node:net';

export class GatheringSocket extends Socket {
  #isGathering = false;

  override write(...given: unknown[]): boolean {
    if (!this.#isGathering) {
      this.#isGathering = true;
      this.cork();
      // Runs when the promises that are settled by now have had their say.
      process.nextTick(() => {
        this.#isGathering = false;
        this.uncork();
      });
    }
    return super.write(...(given as Parameters<Socket['write']>));
  }
}
