/** The database a node works on: the embedded server of its data folder, or the one named by a URL. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  AppError,
  type Config,
  type Db,
  type EmbeddedPostgres,
  lockDataFolder,
  type Logger,
  migrate,
  openDatabase,
  startEmbeddedPostgres,
} from '#kernel';

export interface Storage extends AsyncDisposable {
  db: Db;
  kind: 'embedded' | 'external';
  version: string;
}

/** Locks the data folder, starts or finds the database and brings its schema up to date. */
export async function openStorage(config: Config, log: Logger): Promise<Storage> {
  const stack = new AsyncDisposableStack();
  try {
    stack.use(lockDataFolder(config.data));
    closeFolders(config.data);
    const url = config.database.url ?? (await startOwn(stack, config, log));
    const db = stack.use(
      openDatabase({
        url,
        poolSize: config.database.poolSize,
        onError: (error) => log.warn({ reason: error.message }, 'database connection lost'),
      }),
    );
    const { applied } = await migrate(db);
    if (applied.length > 0) log.info({ applied }, 'database schema brought up to date');
    const [row] = await db.query<{ version: string }>(
      "select current_setting('server_version') as version",
    );
    return {
      db,
      kind: config.database.url === undefined ? 'embedded' : 'external',
      version: row?.version ?? 'unknown',
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/**
 * Who may enter the folders of the data folder. Where we are root, checks and the database run as
 * users who must be able to pass through it: secrets and the forge are closed to them, and mirrors
 * can be read by those who were told their names, as a checkout borrows objects from its mirror.
 */
function closeFolders(data: string): void {
  for (const [name, mode] of [
    ['secrets', 0o700],
    ['forge', 0o700],
    ['mirrors', 0o711],
    ['checkouts', 0o711],
  ] as const) {
    const folder = join(data, name);
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, mode);
  }
}

/** Keeps the embedded server running: one that dies is started again, and the pool reconnects. */
async function startOwn(stack: AsyncDisposableStack, config: Config, log: Logger): Promise<string> {
  const folder = join(config.data, 'database');
  const closing = new AbortController();
  let server = await startEmbeddedPostgres({ folder, log });
  let restarting: ReturnType<typeof restart> | undefined;
  const { url } = server;
  stack.defer(async () => {
    closing.abort();
    // One that is just being started again would be left behind.
    const restarted = await restarting;
    await (restarted ?? server)[Symbol.asyncDispose]();
  });

  async function watch(): Promise<void> {
    for (;;) {
      await server.exited;
      if (closing.signal.aborted) return;
      log.error({}, 'the embedded database ended by itself and is started again');
      restarting = restart(folder, log, closing.signal);
      const restarted = await restarting;
      if (restarted === undefined) return;
      server = restarted;
      if (server.url !== url) {
        throw new AppError('internal', 'database.moved', {
          message: 'The embedded database came back at another address.',
        });
      }
    }
  }
  watch().catch((error: unknown) => {
    log.fatal({ err: error }, 'the embedded database cannot be started again');
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  });
  return url;
}

/**
 * Tries for as long as it takes: a full disk may be noticed tomorrow morning, and until then this node
 * says what is the matter instead of being gone.
 */
async function restart(
  folder: string,
  log: Logger,
  closing: AbortSignal,
): Promise<EmbeddedPostgres | undefined> {
  for (let attempt = 1; !closing.aborted; attempt += 1) {
    try {
      return await startEmbeddedPostgres({ folder, log });
    } catch (error) {
      log.error({ err: error, attempt }, 'the embedded database does not start yet');
      await delay(Math.min(attempt * 200, 5_000), undefined, { signal: closing }).catch(() => {});
    }
  }
  return undefined;
}
