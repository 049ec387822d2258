/** Cuts a stream into lines without ever holding more than one of limited length. */

const MAX_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

export class LineReader {
  #held: Buffer[] = [];
  #size = 0;
  #isSkipping = false;
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      this.#hold(chunk.subarray(from, end));
      this.#finish();
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
  }

  /** The last line may lack its end. */
  end(): void {
    if (this.#size > 0) this.#finish();
  }

  #hold(part: Buffer): void {
    if (this.#isSkipping) return;
    if (this.#size + part.length > MAX_LINE_BYTES) {
      // No agent says anything we need in a line like this.
      this.#isSkipping = true;
      this.#held = [];
      this.#size = 0;
      return;
    }
    this.#held.push(part);
    this.#size += part.length;
  }

  #finish(): void {
    if (!this.#isSkipping && this.#size > 0)
      this.#onLine(Buffer.concat(this.#held).toString('utf8'));
    this.#held = [];
    this.#size = 0;
    this.#isSkipping = false;
  }
}
