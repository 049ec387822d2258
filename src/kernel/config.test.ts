/**
 * Goal: every setting comes from the strongest place that names it, a typo is never taken for a
 * default, and no secret is shown.
 * Method: settings given as values and as files in a folder of the test's own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { loadConfig, redactConfig } from './config.ts';
import { SETTINGS } from './settings.ts';

const cwd = mkdtempSync(join(tmpdir(), 'loom-config-'));
const env = { HOME: cwd };
const writeFile = (text: string) => writeFileSync(join(cwd, 'loom.yaml'), text);

beforeEach(() => writeFile(''));
afterAll(() => rmSync(cwd, { recursive: true }));

test('without any setting the defaults hold, and the data lies in the home folder', () => {
  const config = loadConfig({ env, cwd });

  expect(config).toMatchObject({ port: 7400, host: '127.0.0.1', data: join(cwd, '.loomstack') });
  expect(config.database.poolSize).toBe(16);
});

test('the organisation has a name and an id before anyone gave it one, and then the one given', () => {
  const LOOM_ORGANISATION_NAME = ' Acme Widgets ';
  const given = { ...env, LOOM_ORGANISATION_NAME, LOOM_ORGANISATION_ID: 'acme' };

  expect(loadConfig({ env, cwd }).organisation).toEqual({ name: 'My organisation', id: 'default' });
  expect(loadConfig({ env: given, cwd }).organisation).toEqual({
    name: 'Acme Widgets',
    id: 'acme',
  });
});

test('a flag beats the environment, which beats the file, which beats the default', () => {
  writeFile('port: 1\nhost: file\ndatabase:\n  poolSize: 3\n');
  const strong = { ...env, LOOM_PORT: '2', LOOM_HOST: 'environment' };

  const config = loadConfig({ flags: { port: 4 }, env: strong, cwd });

  expect(config).toMatchObject({ port: 4, host: 'environment', database: { poolSize: 3 } });
  expect(config.log.level).toBe('info');
});

test('our own name of a setting beats the one other tools use, in whatever order they come', () => {
  const [ours, theirs] = ['postgres://ours/a', 'postgres://theirs/b'];

  for (const names of [
    { LOOM_DATABASE_URL: ours, DATABASE_URL: theirs },
    { DATABASE_URL: theirs, LOOM_DATABASE_URL: ours },
  ]) {
    expect(loadConfig({ env: { ...env, ...names }, cwd }).database.url).toBe(ours);
  }
  expect(loadConfig({ env: { ...env, DATABASE_URL: theirs }, cwd }).database.url).toBe(theirs);
});

test.each([
  ['the file', 'databse:\n  url: x\n', {}, {}, 'database.url'],
  ['the environment', '', { LOOM_PROT: '1' }, {}, 'LOOM_PORT'],
  ['the command line', '', {}, { prot: 1 }, 'port'],
])('an unknown setting in %s is refused with a suggestion', (_where, file, more, flags, near) => {
  writeFile(file);

  expect(() => loadConfig({ flags, env: { ...env, ...more }, cwd })).toThrow(
    expect.objectContaining({ code: 'config.unknown_key', hint: `Did you mean ${near}?` }),
  );
});

test.each([
  ['a word for a number', 'port', 'port: many'],
  ['nothing for a number', 'port', 'port:'],
  ['a yes for a number', 'port', 'port: true'],
  ['a port that does not exist', 'port', 'port: 70000'],
  ['a fraction', 'port', 'port: 1.5'],
  ['a level that does not exist', 'log.level', 'log: { level: loud }'],
  ['an empty secret', 'database.url', 'database: { url: "" }'],
  ['no name of the organisation', 'organisation.name', 'organisation: { name: " " }'],
  ['an id with a space', 'organisation.id', 'organisation: { id: "Acme Widgets" }'],
])('%s is refused, naming the setting and where it stands', (_what, path, text) => {
  writeFile(text);

  expect(() => loadConfig({ env, cwd })).toThrow(
    expect.objectContaining({
      code: 'config.invalid_value',
      message: expect.stringMatching(new RegExp(`^${path}: .*loom\\.yaml\\)\\.$`)),
    }),
  );
});

test.each(['- a list', 'port: [', '"text"'])('the file "%s" is refused', (text) => {
  writeFile(text);

  expect(() => loadConfig({ env, cwd })).toThrow(
    expect.objectContaining({ code: 'config.unreadable_file' }),
  );
});

test('a file that was named must be there', () => {
  const missing = { ...env, LOOM_CONFIG: join(cwd, 'missing.yaml') };

  expect(() => loadConfig({ env: missing, cwd })).toThrow(
    expect.objectContaining({ code: 'config.unreadable_file' }),
  );
});

test('no secret is shown, and that one is set is', () => {
  const secrets = SETTINGS.filter(({ isSecret }) => isSecret).map(({ path }) => path);
  const flags = Object.fromEntries(secrets.map((path) => [path, 's3cret']));

  const shown = redactConfig(loadConfig({ flags, env, cwd }));

  expect(secrets).toContain('database.url');
  expect(JSON.stringify(shown)).not.toContain('s3cret');
  for (const path of secrets) expect(shown[path]).toBe('[redacted]');
  expect(redactConfig(loadConfig({ env, cwd }))['database.url']).toBeNull();
});

test('the configuration cannot be changed afterwards', () => {
  const config = loadConfig({ env, cwd });

  expect(() => Object.assign(config.database, { poolSize: 1 })).toThrow(TypeError);
});

test('every setting is described and has a name in the environment', () => {
  for (const { path, env: name, description } of SETTINGS) {
    expect({ path, description }).not.toEqual({ path, description: '' });
    expect(name).toMatch(/^LOOM_[A-Z_]+$/);
  }
});

test('a secret may be named by a variable or a file, and what is missing is not guessed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'loom-secret-'));
  const file = join(folder, 'token');
  writeFileSync(file, 'from a file\n');
  const read = (value: string) =>
    loadConfig({
      env: { HOOK: 'from a variable' },
      flags: { data: folder, 'github.webhookSecret': value },
      cwd: folder,
    }).github.webhookSecret;

  expect([read('env:HOOK'), read(`file:${file}`), read('plain: text')]).toEqual([
    'from a variable',
    'from a file',
    'plain: text',
  ]);
  for (const missing of ['env:NOBODY', `file:${file}.none`]) {
    expect(() => read(missing)).toThrow(/missing or empty/);
  }
  rmSync(folder, { recursive: true });
});
