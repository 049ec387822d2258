/** Long pure work on the main thread, in pieces: requests and hooks are answered between them. */

/** Shorter than anybody notices; a pause costs some microseconds. */
const TURN_MS = 10;

/**
 * Makes a function to be called between small pieces of work: undefined while this work has not had the event
 * loop for long, else a promise after whose wait it goes on.
 *
 *     const breathe = createBreather();
 *     for (const item of items) { work(item); await breathe(); }
 */
export function createBreather(turnMs = TURN_MS): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < turnMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now();
        resolve();
      });
    });
  };
}
