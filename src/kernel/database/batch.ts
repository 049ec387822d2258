/**
 * Statements that go to the server as one message and are answered as one: no statement waits for
 * the answer to another, and the server stops at the first that fails. Outside of a transaction
 * block they are one transaction, which ends with the message, so that neither `begin` nor `commit`
 * has to be said (PostgreSQL: Message Flow, Pipelining).
 *
 * What a prepared statement's columns are is asked once per connection: the driver asks each time,
 * and reading the answer of a wide row costs more than reading the row.
 */
import { Query, type QueryResult, type types } from 'pg';

export interface Statement {
  sql: string;
  values?: readonly unknown[] | undefined;
  /** Prepares it once per connection. */
  name?: string | undefined;
}

/** The part of the driver's connection that this file speaks to; its types leave most of it out. */
interface Wire {
  stream: { cork(): void; uncork(): void };
  parsedStatements: Record<string, string | undefined>;
  submittedNamedStatements: Record<string, string | undefined>;
  parse(statement: { text: string; name: string }): void;
  bind(call: { statement: string; values: (string | Buffer | null)[] }): void;
  describe(what: { type: 'P'; name: string }): void;
  execute(): void;
  sync(): void;
}

type Field = QueryResult['fields'][number];

/** How rows of one statement are read. */
interface Shape {
  names: string[];
  parsers: ((text: string) => unknown)[];
  empty: Record<string, unknown>;
}

const NO_COLUMNS: Shape = { names: [], parsers: [], empty: {} };
const shapes = new WeakMap<Wire, Map<string, Shape>>();

/** Gives the rows of each statement, in their order. */
export async function sendBatch(
  client: { query(batch: Query): unknown },
  statements: readonly Statement[],
  parserOf: typeof types.getTypeParser,
): Promise<Record<string, unknown>[][]> {
  const batch = new Batch(statements, parserOf);
  try {
    return await new Promise((resolve, reject) => {
      batch.callback = (error, rows) => {
        if (error === null) resolve(rows);
        else reject(error);
      };
      client.query(batch);
    });
  } catch (error) {
    // The driver made it while reading the socket: the caller is who one wants to see.
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}

/** The driver sends only its own queries one after the other without waiting, so this is one. */
class Batch extends Query {
  callback: (error: unknown, rows: Record<string, unknown>[][]) => void = () => {};
  /** Of the statement that is being answered: the driver notes by them what was prepared. */
  name: string | undefined;
  text: string;
  readonly #statements: readonly Statement[];
  readonly #parserOf: typeof types.getTypeParser;
  readonly #rows: Record<string, unknown>[][];
  #known = new Map<string, Shape>();
  #index = 0;
  #shape: Shape | undefined;
  #failure: unknown;

  constructor(statements: readonly Statement[], parserOf: typeof types.getTypeParser) {
    super({ text: statements[0]!.sql });
    this.#statements = statements;
    this.#parserOf = parserOf;
    this.#rows = statements.map(() => []);
    this.name = statements[0]!.name;
    this.text = statements[0]!.sql;
  }

  override submit = (connection: unknown): Error | null => {
    const wire = connection as Wire;
    const bound = this.#statements.map(({ values = [] }) => values.map(toWire));
    const stranger = this.#statements.find(({ name, sql }) => isOtherText(wire, name, sql));
    if (stranger !== undefined) {
      return new Error(`the prepared statement ${stranger.name} has two texts`);
    }
    this.#known = shapes.get(wire) ?? new Map();
    shapes.set(wire, this.#known);
    wire.stream.cork();
    try {
      for (const [index, { sql, name }] of this.#statements.entries()) {
        if (!isPrepared(wire, name)) {
          wire.parse({ text: sql, name: name ?? '' });
          if (name !== undefined) wire.submittedNamedStatements[name] = sql;
        }
        wire.bind({ statement: name ?? '', values: bound[index]! });
        if (!this.#isKnown(name)) wire.describe({ type: 'P', name: '' });
        wire.execute();
      }
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  };

  #isKnown(name: string | undefined): boolean {
    return name !== undefined && this.#known.has(name);
  }

  handleRowDescription({ fields }: { fields: Field[] }): void {
    this.#shape = {
      names: fields.map(({ name }) => name),
      parsers: fields.map(({ dataTypeID }) => this.#parserOf(dataTypeID, 'text')),
      empty: Object.fromEntries(fields.map(({ name }) => [name, null])),
    };
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    if (this.#failure !== undefined) return;
    const { names, parsers, empty } = this.#shapeNow();
    const row = { ...empty };
    try {
      for (const [index, text] of fields.entries()) {
        if (text !== null) row[names[index]!] = parsers[index]!(text);
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#rows[this.#index]!.push(row);
  }

  #shapeNow(): Shape {
    return this.#shape ?? this.#known.get(this.name ?? '') ?? NO_COLUMNS;
  }

  handleCommandComplete(): void {
    if (this.name !== undefined) this.#known.set(this.name, this.#shapeNow());
    this.#shape = undefined;
    this.#index += 1;
    this.name = this.#statements[this.#index]?.name;
    this.text = this.#statements[this.#index]?.sql ?? '';
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete();
  }

  /** Statements after the failed one were not prepared either: the server passed over them. */
  handleError(error: unknown, connection: unknown): void {
    const { parsedStatements, submittedNamedStatements } = connection as Wire;
    for (const { name } of this.#statements.slice(this.#index)) {
      if (name !== undefined && parsedStatements[name] === undefined) {
        delete submittedNamedStatements[name];
      }
    }
    this.callback(error, []);
  }

  handleReadyForQuery(): void {
    this.callback(this.#failure ?? null, this.#rows);
  }
}

function isPrepared(wire: Wire, name: string | undefined): boolean {
  if (name === undefined) return false;
  return (
    wire.parsedStatements[name] !== undefined || wire.submittedNamedStatements[name] !== undefined
  );
}

function isOtherText(wire: Wire, name: string | undefined, sql: string): boolean {
  if (name === undefined) return false;
  const known = wire.parsedStatements[name] ?? wire.submittedNamedStatements[name];
  return known !== undefined && known !== sql;
}

/** A value as PostgreSQL reads it: text, or the bytes themselves. */
function toWire(value: unknown): string | Buffer | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value);
  }
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? toArrayText(value) : JSON.stringify(value);
}

function toArrayText(values: readonly unknown[]): string {
  let text = '{';
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) text += ',';
    text += toElementText(values[index]);
  }
  return `${text}}`;
}

function toElementText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return toArrayText(value);
  const text = toWire(value)!;
  if (typeof text !== 'string') return `"\\\\x${text.toString('hex')}"`;
  return NEEDS_ESCAPE.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

const NEEDS_ESCAPE = /["\\]/;
