/**
 * Goal: a pack keeps its budget and cites every item; a session hears news alone and can prove what it
 * knew; nobody learns of what is kept from them; what is old, replaced or disputed says so.
 * Method: real repositories, the real ledger and database; generated repositories for the budget.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, constantFrom, integer, record, string } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger, createNewId, type Id } from '#kernel';
import { type Actor, createLedger } from '#ledger';
import {
  generatedCases,
  testClock,
  testDatabase,
  type TestDatabase,
  testRepository,
} from '#testing';
import { createContextService } from '../context-service.ts';
import { type ContextPack, ContextRequest } from '../schema.ts';
import { countTokens } from '../tokens.ts';
import type { OpenWork } from './open-work.ts';

const START = new Date('2026-03-01T12:00:00Z');
const clock = testClock(START);
const log = createLogger({ level: 'silent' });
const newId = createNewId(clock);
const admin: Actor = { kind: 'person', id: 'usr_admin' };
const folder = mkdtempSync(join(tmpdir(), 'loom-packs-'));
const openWork: OpenWork[] = [];
const teams = new Map([['usr_insider', ['security']]]);
let database: TestDatabase;
/** One for all tests, as on a server: each brings a thread that takes longer to start than most of them. */
let context: ReturnType<typeof createContextService>;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const ledger = createLedger({ db, clock, newId, log, tenant: 'org_test' });
  context = createContextService({
    db,
    ledger,
    clock,
    newId,
    log,
    folder,
    findOpenWork: async () => openWork,
    teamsOf: async (personId) => teams.get(personId) ?? [],
  });
});
afterAll(async () => {
  await context[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (repository: string, title: string, more: Record<string, unknown> = {}) =>
  ContextRequest.parse({ repository, title, ...more });
const agent = (sessionId: Id<'ses'>): Actor => ({
  kind: 'agent',
  id: sessionId,
  onBehalfOf: 'usr_ada',
});
const of = (pack: ContextPack, kind: string) => pack.items.filter((item) => item.kind === kind);

async function shop(name: string, files: Record<string, string> = {}) {
  const made = await testRepository({ start: new Date('2026-02-01T09:00:00Z') });
  await made.commit({
    message: 'Start the shop',
    files: {
      'src/payments/retry.ts': 'export function retryPayment(attempts: number) {}\n',
      'src/payments/backoff.ts': 'export function backoff(attempt: number) {}\n',
      'src/catalog/search.ts': 'export function searchProducts(text: string) {}\n',
      'AGENTS.md': '# Rules\n\nRun the tests before every commit.\n',
      'src/payments/CLAUDE.md': '# Payments\n\nAmounts are integers of cents.\n',
      CODEOWNERS: '* @acme/everyone\n/src/payments/ @acme/payments\n',
      ...files,
    },
  });
  for (const step of [1, 2, 3]) {
    await made.commit({
      message: `Tune the payment retry ${step}`,
      files: {
        'src/payments/retry.ts': `export function retryPayment(attempts: number) {} // ${step}\n`,
        'src/payments/backoff.ts': `export function backoff(attempt: number) {} // ${step}\n`,
      },
    });
  }
  await context.importRepository({ url: made.dir, name }, admin);
  return { made };
}

test('a session hears only what is new, under ids that stay, until it starts over', async () => {
  const { made } = await shop('acme/deltas');
  await using _made = made;
  const sessionId = newId('ses');
  const request = ask('acme/deltas', 'Payments are retried too often', { sessionId });

  const first = await context.buildPack(request, agent(sessionId));
  const second = await context.buildPack(request, agent(sessionId));
  await made.commit({ files: { 'AGENTS.md': '# Rules\n\nRun the linter before every commit.\n' } });
  await context.refreshRepository('acme/deltas');
  const third = await context.buildPack(request, agent(sessionId));
  const whole = await context.buildPack({ ...request, full: true }, agent(sessionId));
  await context.forgetSession(sessionId);
  const fresh = await context.buildPack(request, agent(sessionId));

  expect(first).toMatchObject({ addsTo: null, unchanged: [] });
  expect(second.items).toEqual([]);
  expect(second.addsTo).toBe(first.id);
  expect(second.unchanged.toSorted()).toEqual(first.items.map(({ id }) => id).toSorted());
  expect(second.tokens).toBeLessThan(first.tokens / 1.5);
  const rule = (pack: ContextPack) => of(pack, 'rule').find(({ path }) => path === 'AGENTS.md');
  expect(third.items.map(({ kind }) => kind)).toEqual(['rule']);
  expect(rule(third)).toMatchObject({
    id: rule(first)!.id,
    text: expect.stringContaining('linter'),
  });
  expect(whole.items.length).toBeGreaterThan(third.items.length);
  expect(fresh.addsTo).toBeNull();
  expect(fresh.items.length).toBe(whole.items.length);
  // What was told before can be asked for by the id it has in the later pack.
  const file = of(first, 'file')[0]!;
  expect((await context.expand(second.id, file.id, agent(sessionId))).item).toEqual(file);
});

test('a pack the system makes about a session is no news told to it', async () => {
  const { made } = await shop('acme/system');
  await using _made = made;
  const sessionId = newId('ses');
  const request = ask('acme/system', 'Payments are retried too often', { sessionId });

  await context.buildPack(request, { kind: 'system', id: 'workflow' });
  const told = await context.buildPack(request, agent(sessionId));

  expect(told).toMatchObject({ addsTo: null, unchanged: [] });
});

test('what was handed out is kept byte for byte, by id and by the hash of its text', async () => {
  const { made } = await shop('acme/bytes');
  await using _made = made;

  const pack = await context.buildPack(ask('acme/bytes', 'Ünïcode "payments" \\ retry'), admin);
  const kept = await context.readPack(pack.id, admin);
  const byHash = await context.readPack({ contentHash: pack.contentHash }, admin);

  expect(kept!.body).toBe(JSON.stringify(pack));
  expect(kept!.pack).toEqual(pack);
  expect(byHash!.pack.id).toBe(pack.id);
  expect(pack.contentHash).toBe(createHash('sha256').update(pack.text).digest('hex'));
  expect(pack.text).toContain(pack.id);
});

test('a preview shows the reasons and what was left out, and leaves nothing behind', async () => {
  const { made } = await shop('acme/preview');
  await using _made = made;
  const count = async () =>
    (await database.db.query<{ n: number }>('select count(*)::int as n from context_packs'))[0]!.n;
  const before = await count();

  const { pack, leftOut } = await context.previewPack(
    ask('acme/preview', 'Payments are retried too often', { budgetTokens: 300 }),
    admin,
  );

  expect(pack.items.every(({ why }) => why.length > 0 && why[0]!.evidence !== '')).toBe(true);
  expect(leftOut.length).toBeGreaterThan(0);
  expect(leftOut.every(({ why }) => why.length > 0)).toBe(true);
  expect(await count()).toBe(before);
});

test('the first edit of a file brings what holds for it, once, in at most 300 tokens', async () => {
  const { made } = await shop('acme/edits');
  await using _made = made;
  const sessionId = newId('ses');
  const edit = (path: string) =>
    context.briefPath({ repository: 'acme/edits', path, sessionId }, agent(sessionId));

  const [first, twice] = await Promise.all([
    edit('src/payments/retry.ts'),
    edit('src/payments/retry.ts'),
  ]);
  const again = await edit('src/payments/retry.ts');
  const other = await edit('src/catalog/search.ts');
  const absent = await edit('src/payments/new-file.ts');

  const pack = (first ?? twice)!;
  expect([first, twice].filter((one) => one !== undefined)).toHaveLength(1);
  expect(again).toBeUndefined();
  expect(pack.tokens).toBeLessThanOrEqual(300);
  expect(of(pack, 'rule')[0]).toMatchObject({ path: 'src/payments/CLAUDE.md' });
  expect(of(pack, 'companion').map(({ path }) => path)).toEqual(['src/payments/backoff.ts']);
  // The rule that holds everywhere was said once.
  expect(other).toBeUndefined();
  expect(of(absent!, 'rule').map(({ path }) => path)).toEqual(['src/payments/CLAUDE.md']);
});

test('what is kept from somebody does not exist for them, wherever they look', async () => {
  const { made } = await shop('acme/secret', {
    'docs/adr/0001-fraud.md':
      '# Fraud rules of payment retry\n\nSee `src/payments/retry.ts`. Payments over 900 are held.\n',
    'docs/adr/0002-public.md':
      '---\nstatus: accepted\nsupersedes: [0001]\n---\n# Payment retry in the open\n\nSee `src/payments/retry.ts`.\n',
  });
  await using _made = made;
  const outsider: Actor = { kind: 'agent', id: newId('ses'), onBehalfOf: 'usr_outsider' };
  const insider: Actor = { kind: 'agent', id: newId('ses'), onBehalfOf: 'usr_insider' };
  const request = ask('acme/secret', 'Payment retry and fraud', {
    text: 'See docs/adr/0001-fraud.md',
    paths: ['docs/adr/0001-fraud.md'],
  });
  const before = await context.buildPack(request, insider);
  const restriction = await context.restrictSource(
    {
      repository: 'acme/secret',
      system: 'git',
      prefix: 'docs/adr/0001',
      teams: ['security'],
      people: [],
      reason: 'Not disclosed.',
    },
    admin,
  );

  const seen = await context.buildPack(request, insider);
  const hidden = await context.buildPack(request, outsider);
  const absent = await context.buildPack(
    ask('acme/secret', 'Payment retry and fraud', {
      text: 'See docs/adr/0001-fraud.md',
      paths: ['docs/adr/0009-other.md'],
    }),
    outsider,
  );

  expect(JSON.stringify(seen.items)).toContain('0001-fraud');
  expect(JSON.stringify(hidden.items)).not.toMatch(/0001-fraud|Fraud rules/);
  // A file that is kept from them reads like one that is not there.
  expect(hidden.unknowns).toContain('There is no file docs/adr/0001-fraud.md.');
  expect(absent.unknowns).toContain('There is no file docs/adr/0009-other.md.');
  expect(await context.readPack(before.id, outsider)).toBeUndefined();
  expect(await context.readPack({ contentHash: before.contentHash }, outsider)).toBeUndefined();
  expect(await context.readPack(before.id, insider)).toBeDefined();
  const item = before.items.find(({ path }) => path?.includes('0001'))!;
  await expect(context.expand(before.id, item.id, outsider)).rejects.toMatchObject({
    code: 'context.unknown_item',
  });
  const found = async (actor: Actor) =>
    (await context.search({ text: 'fraud rules', repository: 'acme/secret' }, actor)).map(
      ({ path }) => path,
    );
  expect(await found(outsider)).not.toContain('docs/adr/0001-fraud.md');
  expect(await found(insider)).toContain('docs/adr/0001-fraud.md');
  await context.openSource(restriction.id, admin);
  expect(await found(outsider)).toContain('docs/adr/0001-fraud.md');
});

test('a repository that is kept whole from somebody cannot be told from one that is not there', async () => {
  const { made } = await shop('acme/hidden');
  await using _made = made;
  await context.restrictSource(
    {
      repository: 'acme/hidden',
      system: '*',
      prefix: '',
      teams: [],
      people: ['usr_insider'],
      reason: 'A deal.',
    },
    admin,
  );
  const outsider: Actor = { kind: 'person', id: 'usr_outsider' };
  const failure = (name: string) =>
    context.buildPack(ask(name, 'Payments'), outsider).catch((error: Error) => error);

  const closed = (await failure('acme/hidden')) as Error & { code: string };
  const missing = (await failure('acme/missing')) as Error & { code: string };

  expect(closed.code).toBe(missing.code);
  expect(closed.message.replace('hidden', 'missing')).toBe(missing.message);
  expect(await context.search({ text: 'payments' }, outsider)).not.toContainEqual(
    expect.objectContaining({ repository: 'acme/hidden' }),
  );
  await context.buildPack(ask('acme/hidden', 'Payments'), { kind: 'person', id: 'usr_insider' });
});

test('work of others on the same files is a warning; work elsewhere is none', async () => {
  const { made } = await shop('acme/collide');
  await using _made = made;
  const work = {
    kind: 'claim' as const,
    id: 'clm_1',
    title: 'Rewrite the retry',
    by: 'codex',
    since: START,
    until: new Date('2026-03-01T12:30:00Z'),
    finding: null,
    branch: null,
    url: null,
  };
  const found = { ...work, until: null, finding: 'both change the lines around 12' };
  openWork.push(
    { ...work, paths: ['src/payments/retry.ts'] },
    { ...work, id: 'clm_2', title: 'Elsewhere', paths: ['docs/x.md'] },
    { ...found, kind: 'same-work', id: 'ses_3', title: 'Mend retries', paths: [] },
    { ...found, kind: 'collision', id: 'chg_4', title: 'Cap retries', paths: ['src/api.ts'] },
  );

  const pack = await context.buildPack(ask('acme/collide', 'Payments are retried'), admin);
  openWork.length = 0;

  expect(of(pack, 'collision')).toMatchObject([
    {
      title: 'Cap retries',
      path: 'src/api.ts',
      why: [
        {
          signal: 'collision',
          evidence: 'collides with codex in src/api.ts: both change the lines around 12',
        },
      ],
    },
    {
      title: 'Rewrite the retry',
      path: 'src/payments/retry.ts',
      source: { system: 'loom', object: 'clm_1' },
      why: [{ signal: 'claim', evidence: expect.stringContaining('until 2026-03-01T12:30Z') }],
    },
    {
      title: 'Mend retries',
      why: [
        {
          signal: 'same-work',
          evidence: 'codex seems to do the same (both change the lines around 12)',
        },
      ],
    },
  ]);
  expect(pack.text).toMatch(/## Open work.*\n- \[o1\] Cap retries/);
});

test('records that contradict each other are both told, each with the other, its date and weight', async () => {
  const { made } = await shop('acme/dispute', {
    'docs/payments.md': '# Payment retry\n\nNever retry a declined payment.\n',
    'src/payments/AGENTS.md': '# Retry\n\nAlways retry a declined payment.\n',
  });
  await using _made = made;

  const pack = await context.buildPack(
    ask('acme/dispute', 'Retry of a declined payment', { paths: ['src/payments/retry.ts'] }),
    admin,
  );

  const rule = of(pack, 'rule').find(({ path }) => path === 'src/payments/AGENTS.md');
  const document = of(pack, 'document').find(({ path }) => path === 'docs/payments.md');
  expect(rule).toMatchObject({ freshness: 'contradicted' });
  expect(rule!.why[0]).toEqual({
    signal: 'contradicts',
    evidence:
      'document docs/payments.md of 2026-02-01 (weaker) says: Never retry a declined payment.',
  });
  expect(document).toMatchObject({ freshness: 'contradicted' });
  expect(document!.why[0]!.evidence).toContain(
    'rule src/payments/AGENTS.md of 2026-02-01 (stronger)',
  );
});

test('a document about a file that changed a lot since, or is gone, is stale; an old one unverified', async () => {
  const made = await testRepository({ start: new Date('2024-01-01T09:00:00Z') });
  await using _made = made;
  const say = (name: string, path: string) => `# ${name} widgets\n\nSee \`${path}\` on widgets.\n`;
  await made.commit({
    files: {
      'src/calm.ts': 'export const widgets = 1;\n',
      'src/busy.ts': 'export const widgets = 2;\n',
      'src/gone.ts': 'export const widgets = 3;\n',
      'docs/calm.md': say('Calm', 'src/calm.ts'),
      'docs/busy.md': say('Busy', 'src/busy.ts'),
      'docs/gone.md': say('Gone', 'src/gone.ts'),
      'docs/bare.md': '# Bare widgets\n\nWidgets are nice.\n',
    },
  });
  for (let step = 0; step < 9; step += 1) {
    await made.commit({ files: { 'src/busy.ts': `export const widgets = ${step};\n` } });
  }
  await made.commit({ files: { 'src/gone.ts': null } });
  await context.importRepository({ url: made.dir, name: 'acme/stale' }, admin);

  const pack = await context.buildPack(ask('acme/stale', 'widgets'), admin);

  const freshness = Object.fromEntries(
    of(pack, 'document').map((item) => [item.path, item.freshness]),
  );
  expect(freshness).toEqual({
    'docs/calm.md': 'current',
    'docs/busy.md': 'stale',
    'docs/gone.md': 'stale',
    'docs/bare.md': 'unverified',
  });
  for (const item of of(pack, 'document')) {
    if (item.freshness === 'current') continue;
    expect(pack.text).toMatch(new RegExp(`\\[${item.id}\\].*${item.freshness.toUpperCase()}`));
  }
});

/** A repository whose history one git process writes at once. */
function importHistory(
  dir: string,
  commits: readonly {
    message: string;
    files: readonly (readonly [path: string, text: string])[];
  }[],
): void {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const stream = commits.map(({ message, files }, index) =>
    [
      'commit refs/heads/main\n',
      `committer Ada Lovelace <ada@example.org> ${START.getTime() / 1000 - 86_400 + 60 * index} +0000\n`,
      data(message),
      ...files.map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`),
    ].join(''),
  );
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', dir]);
  execFileSync('git', ['fast-import', '--quiet'], { cwd: dir, input: stream.join('\n') });
}

test('every pack of every generated repository keeps its budget and cites all it says', async () => {
  const word = constantFrom(
    'payment',
    'retry',
    'order',
    'invoice',
    'queue',
    'cents',
    'логика',
    '支払い',
  );
  const text = array(word, { minLength: 1, maxLength: 60 }).map((words) => words.join(' '));
  const path = record({
    folder: constantFrom('src/', 'docs/', 'docs/adr/', 'src/payments/', 'incidents/', ''),
    name: constantFrom('retry', 'order', 'AGENTS', '0001-queue', '0002-cents', 'README', 'größe'),
    ending: constantFrom('.ts', '.md', '.py', '.mdc'),
  }).map(({ folder: place, name, ending }) => `${place}${name}${ending}`);
  const repository = record({
    files: array(record({ path, title: string({ unit: 'binary', maxLength: 60 }), text }), {
      minLength: 1,
      maxLength: 14,
    }),
    commits: array(record({ path, text }), { maxLength: 3 }),
    lesson: text,
    title: text,
    // A repository is dear and a pack is not: many are asked of each.
    budgets: array(integer({ min: 300, max: 8_000 }), { minLength: 4, maxLength: 8 }),
  });
  let made = 0;
  await assert(
    asyncProperty(repository, async ({ files, commits, lesson, title, budgets }) => {
      const content = (one: { title?: string; text: string }) =>
        `# ${one.title ?? ''}\n\n${one.text}\n`;
      const url = join(folder, `generated-${made}`);
      importHistory(url, [
        { message: 'Start', files: files.map((file) => [file.path, content(file)]) },
        ...commits.map((one) => ({
          message: one.text,
          files: [[one.path, content(one)] as const],
        })),
      ]);
      made += 1;
      const name = `acme/generated-${made}`;
      await context.importRepository({ url, name }, admin);
      const { id } = await context.recordLesson({ repository: name, text: lesson }, admin);
      await context.decideLesson(id, { decision: 'approve' }, admin);
      for (const budgetTokens of [1_500, ...budgets]) {
        const pack = await context.buildPack(ask(name, title, { budgetTokens }), admin);

        expect(countTokens(pack.text)).toBeLessThanOrEqual(budgetTokens);
        expect(pack.tokens).toBe(countTokens(pack.text));
        for (const item of pack.items) {
          expect(item.source.system).not.toBe('');
          expect(item.source.object).not.toBe('');
          expect(item.why.length).toBeGreaterThan(0);
          expect(pack.text).toContain(`- [${item.id}] `);
        }
      }
    }),
    { numRuns: generatedCases(8) },
  );
});

test('what could not be read of a repository is said, without names that are kept from the reader', async () => {
  const { made } = await shop('acme/unread');
  await using _made = made;
  await database.db.query(
    `insert into graph_cursors (source, cursor, skipped, updated_at) values
       ('github:acme/unread', '{}', '[{"reason":"the rate limit was reached","count":7,"examples":["docs/hidden.md"]}]', now())`,
  );
  await context.restrictSource(
    {
      repository: 'acme/unread',
      system: 'git',
      prefix: 'docs/hidden',
      teams: ['security'],
      people: [],
      reason: 'Not disclosed.',
    },
    admin,
  );
  const unknowns = async (personId: string) =>
    (await context.buildPack(ask('acme/unread', 'Payments'), { kind: 'person', id: personId }))
      .unknowns;

  const line = 'Not read from github: 7 × the rate limit was reached';
  expect(await unknowns('usr_insider')).toContain(`${line} (such as docs/hidden.md).`);
  expect(await unknowns('usr_outsider')).toContain(`${line}.`);
});
