/** Reads the payloads of an export side by side with its entries. */
import { z } from 'zod';
import type { ExportFolder } from './export-folder.ts';
import { commitTo, SALT_BYTES } from './prepare.ts';
import { formatCommitment } from './transparency/entry.ts';
import type { Findings } from './verify-report.ts';

const FILE = 'payloads.ndjson';
const PayloadLine = z.object({
  index: z.int().nonnegative(),
  field: z.string(),
  salt: z.base64(),
  value: z.base64(),
});
type PayloadLine = z.infer<typeof PayloadLine>;

export class PayloadReader {
  readonly isThere: boolean;
  readonly #findings: Findings;
  readonly #lines: AsyncGenerator<{ line: Buffer; isTerminated: boolean }>;
  #next: PayloadLine | undefined;
  #hasBegun = false;

  constructor(folder: ExportFolder, findings: Findings) {
    this.isThere = folder.has(FILE);
    this.#findings = findings;
    this.#lines = folder.lines(FILE);
  }

  /** What the payloads of an entry commit to, by field. Entries are asked for in their order. */
  async commitmentsOf(index: number): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    if (!this.#hasBegun) await this.#advance();
    while (this.#next !== undefined && this.#next.index <= index) {
      const { index: at, field, salt, value } = this.#next;
      if (at < index) this.#findings.add(`${FILE} is out of order`, at);
      else if (found.has(field)) this.#findings.add(`${FILE} holds ${field} twice`, at);
      const saltBytes = Buffer.from(salt, 'base64');
      // Of another length, the end of the salt could be passed off as the start of the value.
      if (saltBytes.length !== SALT_BYTES) this.#findings.add(`${FILE} holds a wrong salt`, at);
      const commitment = commitTo(saltBytes, Buffer.from(value, 'base64'));
      if (at === index) found.set(field, formatCommitment(commitment));
      await this.#advance();
    }
    return found;
  }

  /** Complains about payloads of entries that are not there. */
  async refuseRest(size: number): Promise<void> {
    if (!this.isThere) return;
    await this.commitmentsOf(size - 1);
    if (this.#next !== undefined) {
      this.#findings.add(`${FILE} holds a payload of an entry that is missing`, this.#next.index);
    }
    await this.#lines.return(undefined);
  }

  async #advance(): Promise<void> {
    this.#hasBegun = true;
    this.#next = undefined;
    while (this.#next === undefined) {
      const { value, done } = await this.#lines.next();
      if (done === true) return;
      this.#next = parseLine(value.line);
      if (this.#next === undefined) this.#findings.add(`${FILE} has a line that is no payload`);
    }
  }
}

function parseLine(line: Buffer): PayloadLine | undefined {
  try {
    return PayloadLine.safeParse(JSON.parse(line.toString())).data;
  } catch {
    return undefined;
  }
}
