/** A place to wait that remembers a wake-up which came while nobody waited. */
import { setTimeout as delay } from 'node:timers/promises';

export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /**
   * Resolves at the next ring, after the time, or on abort; true when it rang. A process with nothing
   * else to do is not kept alive by waiting.
   */
  async wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#rung && !signal.aborted) {
      const ended = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const both = AbortSignal.any([signal, ended.signal]);
      await Promise.race([
        rung,
        delay(milliseconds, undefined, { signal: both, ref: false }).catch(() => {}),
      ]);
      ended.abort();
      this.#wake = undefined;
    }
    const rang = this.#rung;
    this.#rung = false;
    return rang;
  }
}
