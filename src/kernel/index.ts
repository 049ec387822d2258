/**
 * Kernel: what every room stands on. Ids, time, settings, errors, logs, paging, the database. It
 * knows no noun of our field and imports nothing of ours.
 */
export { Bell } from './bell.ts';
export { createBreather } from './breather.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type ConfigSources,
  loadConfig,
  ownEnvironment,
  redactConfig,
  withSettings,
} from './config.ts';
export { lockDataFolder } from './data-folder.ts';
export {
  type Db,
  kysely,
  openDatabase,
  type Queryable,
  type Row,
  type Tx,
} from './database/database.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded.ts';
export { migrate, type Migration, MIGRATIONS_FOLDER, readMigrations } from './database/migrate.ts';
export {
  AppError,
  assert,
  describeError,
  type ErrorDetails,
  type ErrorKind,
  isUnavailable,
  STATUS_OF_KIND,
  toAppError,
} from './errors.ts';
export { createGroupCommit, type GroupCommit } from './group-commit.ts';
export {
  createNewId,
  type Id,
  ID_PREFIXES,
  type IdPrefix,
  idSchema,
  isId,
  type NewId,
} from './ids.ts';
export { canonicalJson, checkValue, Json, JsonObject, parseBytes, parseJson } from './json.ts';
export { packTexts } from './database/packed-texts.ts';
export {
  createLogger,
  type LogContext,
  type Logger,
  type LogLevel,
  withLogContext,
} from './log.ts';
export { type BackgroundLoop, createHealthRecord, type LoopHealth, startLoop } from './loop.ts';
export { decodeCursor, MAX_PAGE_SIZE, type Page, PageRequest, toPage } from './paging.ts';
export { findProcess, isRunning, type ProcessInfo } from './process-table.ts';
export { createSecretBox, type SecretBox } from './secret-box.ts';
export { Config, type Setting, SETTINGS } from './settings.ts';
export { suggest } from './suggest.ts';
