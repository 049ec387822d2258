/** Reads the files of an export. What is missing is undefined, never an exception. */
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const CHUNK_BYTES = 1_048_576;
const NEWLINE = 0x0a;

export class ExportFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  has(path: string): boolean {
    return existsSync(join(this.path, path));
  }

  async read(path: string): Promise<Buffer | undefined> {
    return readFile(join(this.path, path)).catch(() => undefined);
  }

  async readText(path: string): Promise<string | undefined> {
    return (await this.read(path))?.toString();
  }

  async list(path: string): Promise<string[]> {
    return readdir(join(this.path, path)).catch(() => []);
  }

  /** The exact bytes of each line, without its end. */
  async *lines(path: string): AsyncGenerator<{ line: Buffer; isTerminated: boolean }> {
    let rest: Buffer[] = [];
    const stream = createReadStream(join(this.path, path), { highWaterMark: CHUNK_BYTES });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        const part = chunk.subarray(from, end);
        yield {
          line: rest.length === 0 ? part : Buffer.concat([...rest, part]),
          isTerminated: true,
        };
        rest = [];
        from = end + 1;
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
    }
    if (rest.length > 0) yield { line: Buffer.concat(rest), isTerminated: false };
  }
}
