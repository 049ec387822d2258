/** The ranking core over small histories made for the test. */
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { openRepository } from '#git';
import { answerQueries, parseQueries } from './backtest.ts';
import { Twins } from './companion-habits.ts';
import { fitListwise } from './listwise.ts';
import { readPurpose, readScopes } from './messages.ts';
import { readOwnChanges } from './own-backtest.ts';
import { Postings } from './postings.ts';
import { Ranker } from './ranker.ts';
import { Replay } from './replay.ts';
import { stemOf } from './snapshot.ts';
import { TextField } from './text-field.ts';
import { shippedWeights } from './weights.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function makeRepository() {
  const dir = mkdtempSync(join(tmpdir(), 'loom-ranking-'));
  folders.push(dir);
  let day = 0;
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: dir,
      encoding: 'utf8',
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'Ada Lovelace',
        GIT_AUTHOR_EMAIL: 'ada@example.org',
        GIT_COMMITTER_NAME: 'Ada Lovelace',
        GIT_COMMITTER_EMAIL: 'ada@example.org',
        GIT_AUTHOR_DATE: `2025-01-${String((day % 28) + 1).padStart(2, '0')}T10:00:00Z`,
        GIT_COMMITTER_DATE: `2025-01-${String((day % 28) + 1).padStart(2, '0')}T10:00:00Z`,
      },
    }).trim();
  git('init', '-q', '-b', 'main');
  return {
    dir,
    git,
    commit(message: string, files: Record<string, string | null>): string {
      day += 1;
      for (const [path, text] of Object.entries(files)) {
        if (text === null) rmSync(join(dir, path));
        else {
          mkdirSync(dirname(join(dir, path)), { recursive: true });
          writeFileSync(join(dir, path), text);
        }
      }
      git('add', '-A');
      git('commit', '-q', '-m', message);
      return git('rev-parse', 'HEAD');
    },
  };
}

const SHOP = {
  'src/cart/total.ts': 'export function cartTotal(lines) { return sum(lines); }\n',
  'src/cart/total.test.ts': 'test("cart total", () => cartTotal([]));\n',
  'src/mail/send.ts': 'export function sendReceipt(address) { deliver(address); }\n',
  'src/stock/reserve.ts': 'export function reserveStock(item) {}\n',
  'docs/cart.md': '# Cart\nThe total is made in `src/cart/total.ts`.\n',
  'docs/adr/0001-mail.md': '# Mail\nReceipts are sent by src/mail/send.ts.\n',
};

describe('a ranker over a history', () => {
  it('finds the file whose text and past match the task, and says why', async () => {
    const repository = makeRepository();
    repository.commit('Begin', SHOP);
    const head = repository.commit('Round the cart total down', {
      'src/cart/total.ts': 'export function cartTotal(lines) { return Math.floor(sum(lines)); }\n',
      'src/cart/total.test.ts': 'test("cart total is rounded", () => cartTotal([1.5]));\n',
    });
    const replay = new Replay(openRepository(repository.dir));
    await replay.follow(head);
    const ranker = new Ranker(await replay.snapshot());
    const [first] = ranker.rankFiles({ title: 'Cart total is rounded wrongly', body: '' });
    expect(first?.path).toBe('src/cart/total.ts');
    expect(first?.why.length).toBeGreaterThan(0);
    expect(ranker.rankCompanions(['src/cart/total.ts'])[0]?.path).toBe('src/cart/total.test.ts');
    expect(
      ranker.rankDocuments({ title: 'Cart total', body: '' }, ['src/cart/total.ts'])[0]?.path,
    ).toBe('docs/cart.md');
    expect(
      ranker.rankDecisions({ title: 'Receipts', body: '' }, ['src/mail/send.ts'])[0]?.path,
    ).toBe('docs/adr/0001-mail.md');
    expect(ranker.rankPeople(['src/cart/total.ts'], undefined)[0]?.name).toBe('Ada Lovelace');
    expect(ranker.rankPeople(['src/cart/total.ts'], 'ADA lovelace')).toEqual([]);
  });

  it('knows at a base nothing of what came later, whatever else is asked', async () => {
    const repository = makeRepository();
    const base = repository.commit('Begin', SHOP);
    const renamed = repository.commit('Move the cart', {
      'src/cart/total.ts': null,
      'src/basket/total.ts': SHOP['src/cart/total.ts'],
    });
    repository.commit('Drop the mail', { 'src/mail/send.ts': null });
    const line = (id: string, at: string) =>
      JSON.stringify({ id, base: at, query: { title: 'cart total receipt', body: '' } });
    const git = openRepository(repository.dir);
    const together = await answerQueries(
      git,
      parseQueries([line('loc-2', renamed), line('loc-1', base)].join('\n')),
    );
    const alone = await answerQueries(git, parseQueries(line('loc-1', base)));
    expect(together.map(({ id }) => id)).toEqual(['loc-2', 'loc-1']);
    expect(together[1]?.ranked).toEqual(alone[0]?.ranked);
    expect(together[1]?.ranked).toContain('src/cart/total.ts');
    expect(together[1]?.ranked).not.toContain('src/basket/total.ts');
    expect(together[0]?.ranked).toContain('src/basket/total.ts');
    expect(together[0]?.ranked).toContain('src/mail/send.ts');
  });

  it('answers a base beside the main line, and names one it does not know', async () => {
    const repository = makeRepository();
    repository.commit('Begin', SHOP);
    repository.git('switch', '-qc', 'side');
    const side = repository.commit('Add gift cards', { 'src/gift/card.ts': 'giftCard();\n' });
    repository.git('switch', '-q', 'main');
    repository.commit('Reserve stock twice', { 'src/stock/reserve.ts': 'reserve(); reserve();\n' });
    const answers = await answerQueries(
      openRepository(repository.dir),
      parseQueries(
        [
          JSON.stringify({ id: 'loc-a', base: side, query: { title: 'gift card', body: '' } }),
          JSON.stringify({ id: 'loc-b', base: 'f'.repeat(40), query: { title: 'x', body: '' } }),
        ].join('\n'),
      ),
    );
    expect(answers[0]?.ranked?.[0]).toBe('src/gift/card.ts');
    expect(answers[1]).toMatchObject({ ranked: [], problem: 'unknown base' });
  });
});

describe('questions of a history', () => {
  it('asks about a branch that a robot merged as the change of who wrote it', async () => {
    const repository = makeRepository();
    repository.commit('Begin', SHOP);
    repository.git('switch', '-qc', 'side');
    repository.commit('cart: floor', { 'src/cart/total.ts': 'Math.floor(total);\n' });
    repository.git('switch', '-q', 'main');
    const words = 'Merge pull request #7 from ada/side\n\nRound the cart total down';
    repository.git('merge', '-q', '--no-ff', '-m', words, 'side');
    repository.git('commit', '-q', '--amend', '--no-edit', '--author=Prow Robot <ci@example.org>');
    const git = openRepository(repository.dir);

    const changes = await readOwnChanges(git, repository.git('rev-parse', 'HEAD'));

    expect(changes.map(({ title, author }) => [title, author.name])).toEqual([
      ['Round the cart total down', 'Ada Lovelace'],
    ]);
  });
});

describe('parts of the ranker', () => {
  it('ships a model for every kind of question', () => {
    expect(Object.keys(shippedWeights().models).toSorted()).toEqual([
      'co',
      'dec',
      'doc',
      'loc',
      'own',
    ]);
  });

  it('reads what a title is about', () => {
    expect(readScopes('fix(css): keep order')).toEqual(['css']);
    expect(readScopes('[ty] Infer `Self`')).toEqual(['ty']);
    expect(readScopes('cart: round down')).toEqual(['cart']);
    expect(readScopes('chore: tidy')).toEqual([]);
    expect(
      readPurpose({ subject: 'Merge pull request #7 from a/b', body: 'Round totals\n\nBecause.' }),
    ).toEqual({ title: 'Round totals', body: 'Because.' });
  });

  it('knows a file in the place of another folder for a twin', () => {
    const twins = new Twins(['docs/en/cart.md', 'docs/fr/cart.md', 'docs/en/mail.md']);
    expect(twins.of('docs/fr/mail.md')).toEqual({ count: 1, isSeen: true });
    expect(twins.of('docs/de/mail.md')).toEqual({ count: 1, isSeen: false });
    expect(twins.of('docs/en/stock.md')).toEqual({ count: 0, isSeen: false });
  });

  it('fits a list by what tells its right row, and not by what does not', () => {
    const question = (right: number) => ({
      values: Float32Array.from(
        { length: 12 },
        (_, at) => (at % 2 === 0 && at / 2 === right ? 1 : 0) + (at % 2 === 1 ? at % 3 : 0),
      ),
      right: [right],
    });
    const questions = [0, 1, 2, 3, 4, 5].map(question);
    const spread = { mean: new Float64Array(2), scale: Float64Array.of(1, 1) };

    const [tells, doesNot] = fitListwise(questions, spread, { decay: 0.01, steps: 50 });

    expect(tells).toBeGreaterThan(1);
    expect(Math.abs(doesNot!)).toBeLessThan(0.01);
  });

  it('gives a test and its source one stem', () => {
    for (const path of [
      'src/parse-header.ts',
      'src/parse-header.test.ts',
      'tests/test_parse_header.py',
      'java/ParseHeaderTest.java',
    ])
      expect(stemOf(path)).toBe('parseheader');
  });

  it('keeps postings through blocks and compaction', () => {
    const postings = new Postings();
    for (let item = 0; item < 5_000; item += 1)
      postings.add(item % 2 === 0 ? 'even' : 'odd', item, 3);
    const seen: number[] = [];
    postings.each('odd', (item, count) => {
      if (count === 3) seen.push(item);
    });
    expect(seen).toEqual(Array.from({ length: 2_500 }, (_, at) => at * 2 + 1));

    const field = new TextField();
    for (let turn = 0; turn < 6; turn += 1)
      for (let file = 0; file < 1_000; file += 1) field.set(file, [`turn${turn}`, `file${file}`]);
    expect(field.size).toBe(1_000);
    expect(field.rarityOf('turn0')).toBe(0);
    const scores = field.search(new Map([['file7', 1]]), 1_000, { k1: 1, b: 0 });
    expect(scores.findIndex((score) => score > 0)).toBe(7);
  });
});
