/**
 * The database: one pool, transactions that are tried again when PostgreSQL asks for it, and errors
 * in our own words. The same code serves the embedded server and any PostgreSQL 15 or newer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type pg from 'pg';
import { Client, escapeIdentifier, Pool, types } from 'pg';
import { AppError } from '../errors.ts';
import { sendBatch, type Statement } from './batch.ts';
import { gatheringSocket } from './gathering-socket.ts';

export type Row = Record<string, unknown>;

/** What may run SQL: a transaction, or the pool for a single statement. */
export interface Queryable {
  /** Runs one statement. `name` prepares it once per connection, for hot paths. */
  query<Result extends object = Row>(
    sql: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Result[]>;
}

/** A transaction. Stores take it as their first argument. */
export interface Tx extends Queryable {
  readonly inTransaction: true;
  /**
   * Calls back once the transaction is committed, and never if it is not: for wake-ups, which may be
   * lost with the process. What must happen belongs into the transaction itself.
   */
  afterCommit(call: () => void): void;
  /**
   * Runs a statement as one of the last of the transaction, sent together with the commit: that
   * spares a round trip where nobody waits for its answer. When it fails, nothing is committed. Its
   * rows come once the transaction is committed, before `afterCommit` calls back.
   */
  withCommit<Result extends object = Row>(
    sql: string,
    values?: readonly unknown[],
    name?: string,
    onRows?: (rows: Result[]) => void,
  ): void;
}

export interface Db extends Queryable, AsyncDisposable {
  /**
   * Runs `work` in one transaction and commits it. On a deadlock or a serialisation failure
   * everything is rolled back and `work` runs again: it may only touch the database.
   * @throws AppError `database.unavailable` when the server cannot be reached or is full.
   */
  transaction<Result>(
    work: (tx: Tx) => Promise<Result>,
    options?: { isolation?: 'serializable' },
  ): Promise<Result>;
  /** Listens on a channel until aborted; also calls back once after each (re)connection. */
  listen(channel: string, onNotify: (payload: string) => void, signal: AbortSignal): void;
  /**
   * Wakes whoever listens: those on this database object at once, all others through the server.
   * It may be lost, and many within a moment reach the others as one. To be called after the commit of
   * what it is about: inside a transaction NOTIFY holds a lock of the whole server until its fsync is
   * over, so commits would queue one by one.
   */
  notify(channel: string, payload: string): void;
  readonly url: string;
  /** Connections it may hold at once. */
  readonly poolSize: number;
}

/** A notification is a commit of its own, with nothing in it that must be on disk to be true. */
const NOTIFY = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;
const BEGIN: Statement = { sql: 'begin', name: 'begin' };
const BEGIN_SERIALIZABLE: Statement = { sql: 'begin isolation level serializable' };
/** Each telling is a commit and wakes every listener, so the same news waits this long for more. */
const TELL_AGAIN_MS = 25;
const COMMIT: Statement = { sql: 'commit', name: 'commit' };
const RETRIES = 6;
/** Deadlock and serialisation failure: the transaction did nothing and may be run again. */
const TRY_AGAIN = /^(40001|40P01)$/;
/** Connection lost, refused, shutting down, out of connections, disk or memory. */
const UNAVAILABLE = /^(08|53|57P0|58|ECONN|ENOENT|EPIPE|ETIMEDOUT)/;

/** A NUL in text or JSON: PostgreSQL stores every character but this one. */
const UNSTORABLE = /^(22021|22P05)$/;
const INT8 = 20;
// Counters and sequence numbers stay far below 2^53, so int8 may be a number.
const customTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === INT8 ? Number : types.getTypeParser(oid, format)),
};

export function openDatabase(options: {
  url: string;
  poolSize?: number;
  onError?: (error: Error) => void;
}): Db {
  const { url, poolSize = 16, onError = () => {} } = options;
  const settings: pg.PoolConfig = {
    connectionString: url,
    max: poolSize,
    // Statements that do not wait for each other's answers share one trip to the server.
    pipeline: true,
    stream: gatheringSocket,
    types: customTypes,
    // Every table of ours lives in one schema, beside whatever else a shared database holds.
    options: '-c search_path=loom,public -c timezone=UTC -c statement_timeout=120000',
    connectionTimeoutMillis: 5_000,
    application_name: 'loomstack',
  };
  const pool = new Pool(settings);
  const closing = new AbortController();
  const listeners = new Map<string, Set<(payload: string) => void>>();
  // While we close, connections end because we end them.
  const report = (error: Error) => {
    if (!closing.signal.aborted) onError(error);
  };
  // An idle connection that breaks is replaced by the pool; without a listener it ends the process.
  pool.on('error', report);

  /** Process numbers of the back ends behind our pool: what they are told to say, we know already. */
  const own = new Set<unknown>();
  // The driver has it; its types do not say so.
  const processOf = (client: pg.PoolClient): unknown => Reflect.get(client, 'processID');
  pool.on('connect', (client) => own.add(processOf(client)));
  pool.on('remove', (client) => own.delete(processOf(client)));

  async function send(
    client: pg.PoolClient,
    statements: readonly Statement[],
  ): Promise<Record<string, unknown>[][]> {
    return sendBatch(client, statements, customTypes.getTypeParser);
  }

  /** Lends a connection, and throws it away when it broke meanwhile. */
  async function withClient<Result>(
    work: (client: pg.PoolClient, breaks: (error: Error) => void) => Promise<Result>,
  ): Promise<Result> {
    const client = await pool.connect();
    let broken: Error | undefined;
    const breaks = (error: Error) => {
      broken ??= error;
    };
    client.on('error', breaks);
    try {
      return await work(client, breaks);
    } finally {
      client.off('error', breaks);
      client.release(broken);
    }
  }

  async function run<Result extends object>(
    sql: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<Result[]> {
    const statement = { sql, values, name };
    if (isScript(statement)) return (await pool.query(sql)).rows as Result[];
    const [rows] = await withClient((client) => send(client, [statement]));
    return rows as Result[];
  }

  async function transaction<Result>(
    work: (tx: Tx) => Promise<Result>,
    { isolation }: { isolation?: 'serializable' } = {},
  ): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(work, isolation);
      } catch (error) {
        if (attempt > RETRIES || !TRY_AGAIN.test(codeOf(error))) throw translate(error);
        await delay(5 * 2 ** attempt * (0.5 + Math.random()));
      }
    }
  }

  async function once<Result>(
    work: (tx: Tx) => Promise<Result>,
    isolation?: 'serializable',
  ): Promise<Result> {
    return withClient(async (client, breaks) => {
      const calls: (() => void)[] = [];
      const last: { statement: Statement; onRows: (rows: never[]) => void }[] = [];
      let isBegun = false;
      function begin(statement: Statement): void {
        isBegun = true;
        // It fails only if the connection does, and then the statement after it fails too.
        send(client, [statement]).catch(() => {});
      }
      async function query<Rows extends object>(statement: Statement): Promise<Rows[]> {
        if (isScript(statement)) {
          if (!isBegun) begin(BEGIN);
          return (await client.query(statement.sql)).rows as Rows[];
        }
        const statements = isBegun ? [statement] : [BEGIN, statement];
        isBegun = true;
        return (await send(client, statements)).at(-1) as Rows[];
      }
      const tx: Tx = {
        inTransaction: true,
        query: (sql, values, name) => query({ sql, values, name }),
        afterCommit: (call) => calls.push(call),
        withCommit: (sql, values, name, onRows = () => {}) =>
          last.push({ statement: { sql, values, name }, onRows }),
      };
      try {
        if (isolation === 'serializable') begin(BEGIN_SERIALIZABLE);
        const result = await work(tx);
        const statements = last.map(({ statement }) => statement);
        // What goes as one message is one transaction by itself.
        if (isBegun) statements.push(COMMIT);
        const answers = statements.length === 0 ? [] : await send(client, statements);
        for (const [index, { onRows }] of last.entries()) onRows(answers[index] as never[]);
        for (const call of calls) call();
        return result;
      } catch (error) {
        if (isBegun) await client.query('rollback').catch(breaks);
        throw error;
      }
    });
  }

  function listen(channel: string, onNotify: (payload: string) => void, until: AbortSignal): void {
    // A listener nobody ended must not reconnect for ever to a database that was closed.
    const signal = AbortSignal.any([until, closing.signal]);
    const near = listeners.get(channel) ?? new Set();
    listeners.set(channel, near.add(onNotify));
    signal.addEventListener('abort', () => near.delete(onNotify), { once: true });
    void (async () => {
      while (!signal.aborted) {
        const client = new Client({ ...settings, application_name: 'loomstack listen' });
        try {
          const ended = new Promise<void>((resolve) => {
            client.on('error', () => resolve());
            client.on('end', () => resolve());
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
          client.on('notification', ({ processId, payload }) => {
            if (!own.has(processId)) onNotify(payload ?? '');
          });
          await client.connect();
          await client.query(`listen ${escapeIdentifier(channel)}`);
          onNotify('');
          await ended;
        } catch (error) {
          report(error as Error);
        }
        await client.end().catch(() => {});
        if (!signal.aborted) await delay(500, undefined, { signal }).catch(() => {});
      }
    })();
  }

  /** News told to the server a moment ago, and whether there was more of it since. */
  const told = new Map<string, { isPending: boolean }>();

  function notify(channel: string, payload: string): void {
    for (const onNotify of listeners.get(channel) ?? []) onNotify(payload);
    const news = `${channel} ${payload}`;
    const before = told.get(news);
    if (before === undefined) tellOthers(channel, payload, news);
    else before.isPending = true;
  }

  function tellOthers(channel: string, payload: string, news: string): void {
    const saying = { isPending: false };
    told.set(news, saying);
    setTimeout(() => {
      told.delete(news);
      if (saying.isPending) tellOthers(channel, payload, news);
    }, TELL_AGAIN_MS).unref();
    // A closed pool or a dead server is no news here: those far away will find out by polling.
    run(NOTIFY, [channel, payload], 'notify').catch(() => {});
  }

  return {
    url,
    poolSize,
    transaction,
    listen,
    notify,
    query: (sql, values, name) =>
      run<never>(sql, values, name).catch((error: unknown) => {
        throw translate(error);
      }),
    async [Symbol.asyncDispose]() {
      closing.abort();
      if (!pool.ended) await pool.end();
    },
  };
}

/** A typed query builder over a transaction or the pool: `kysely<Tables>(tx).selectFrom(...)`. */
export function kysely<Tables>(queryable: Queryable): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createDriver: () => ({
        init: async () => {},
        destroy: async () => {},
        releaseConnection: async () => {},
        beginTransaction: refuseNesting,
        commitTransaction: refuseNesting,
        rollbackTransaction: refuseNesting,
        acquireConnection: async () => ({
          async executeQuery<Result>(compiled: { sql: string; parameters: readonly unknown[] }) {
            const rows = await queryable.query(compiled.sql, compiled.parameters);
            return { rows: rows as Result[] };
          },
          streamQuery(): AsyncIterableIterator<never> {
            throw new Error('streaming is not supported; read in pages');
          },
        }),
      }),
    },
  });
}

async function refuseNesting(): Promise<never> {
  throw new Error('use db.transaction, which tries again on a deadlock');
}

/** Without values it may be many statements, which cannot be prepared. */
function isScript({ values = [], name }: Statement): boolean {
  return values.length === 0 && name === undefined;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function translate(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (UNSTORABLE.test(codeOf(error))) {
    return new AppError('invalid', 'database.unstorable_text', {
      message: 'The text holds a character that cannot be stored, such as NUL.',
      hint: 'Send it without control characters.',
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : '';
  const isGone =
    UNAVAILABLE.test(codeOf(error)) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after/.test(
      message,
    );
  if (!isGone) return error;
  return new AppError('unavailable', 'database.unavailable', {
    message: 'The database cannot be reached or refuses work right now.',
    hint: 'Nothing was stored. Try again; `loom doctor` shows the state of the database.',
    cause: error,
  });
}
