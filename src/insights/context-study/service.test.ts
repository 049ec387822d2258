/**
 * Goal: a repository is asked how well the files of its own last changes would have been found, once per
 * head and in the background. Method: a real repository and the real thread.
 */
import { expect, test } from 'vitest';
import { backtestOwnChanges } from '#context';
import { openRepository } from '#git';
import { createLogger } from '#kernel';
import { testClock, testRepository, waitFor } from '#testing';
import { createContextStudies } from './service.ts';

const DAY_MS = 86_400_000;
const start = Date.parse('2026-01-01T10:00:00.000Z');

async function shop() {
  const repository = await testRepository();
  const commit = (day: number, message: string, files: Record<string, string>) =>
    repository.commit({
      files,
      message,
      author: { name: 'Ada', email: 'ada@example.com' },
      at: new Date(start + day * DAY_MS),
    });
  await commit(0, 'Begin', {
    'src/cart/total.ts': 'export function cartTotal() {}\n',
    'src/mail/receipt.ts': 'export function sendReceipt() {}\n',
    ...Object.fromEntries(
      Array.from({ length: 80 }, (_, at) => [
        `src/part${at}/unit.ts`,
        `export const cart${at} = ${at};\n`,
      ]),
    ),
    'src/zebra.ts': 'export const q = 1;\n',
  });
  await commit(1, 'Round the cart total down', { 'src/cart/total.ts': 'cartTotal floor\n' });
  await commit(2, 'Send the receipt twice', { 'src/mail/receipt.ts': 'sendReceipt twice\n' });
  const head = await commit(3, 'Mend what customers lamented', { 'src/zebra.ts': 'q = 2;\n' });
  return { repository, head };
}

test('the last changes are asked about in the background, and kept for the head', async () => {
  const { repository, head } = await shop();
  await using studies = createContextStudies({
    clock: testClock(),
    log: createLogger({ level: 'silent' }),
  });
  const target = { key: 'repo_1', dir: openRepository(repository.dir).dir, head };

  const first = studies.read(target);
  const study = await waitFor('the study', () => {
    const now = studies.read(target);
    return now.state === 'computing' ? undefined : now;
  });

  expect(first).toEqual({ state: 'computing', done: 0, total: null });
  if (study.state !== 'ready') throw new Error(study.state);
  const { figures } = study;
  expect(figures).toMatchObject({ revision: head, changes: 3, cut: null });
  expect(figures.tasks.map(({ task }) => task)).toEqual(['files']);
  const byTitle = new Map(figures.examples.map((example) => [example.title, example]));
  expect(byTitle.get('Round the cart total down')).toMatchObject({
    isFound: true,
    files: [{ path: 'src/cart/total.ts', place: 1 }],
  });
  expect(byTitle.get('Mend what customers lamented')?.files[0]).toMatchObject({
    path: 'src/zebra.ts',
    reason: expect.stringContaining('shares no word with the title'),
  });
  expect(studies.read(target)).toBe(study);
});

test('a study out of time says how far it came', async () => {
  const { repository } = await shop();

  const figures = await backtestOwnChanges(openRepository(repository.dir), {
    changes: 200,
    budgetMs: 0,
  });

  expect(figures.cut).toMatchObject({ afterMs: 0, asked: 0 });
  expect(figures.tasks).toEqual([]);
});
