/**
 * Goal: history read forward says what every change did to code and which earlier change a fix or a
 * revert marks as defective.
 * Method: small real repositories with commits whose authorship of lines is known.
 */
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { testRepository, type TestRepository } from '#testing';
import { createHistoryStudy, type StudiedChange } from './study.ts';

const body = (...lines: string[]) => `${lines.join('\n')}\n`;

async function readAll(repository: TestRepository): Promise<StudiedChange[]> {
  const study = createHistoryStudy();
  const changes: StudiedChange[] = [];
  const git = openRepository(repository.dir);
  for await (const each of study.readTo(git, await repository.sha())) changes.push(each);
  return changes;
}

const PAY = body(
  'import { tax } from "./tax";',
  'export function pay(sum: number) {',
  '  if (sum < 0) throw new Error("no");',
  '  return sum * 2;',
  '}',
);

test('code is counted without imports, braces and comments; control flow apart', async () => {
  await using repository = await testRepository();
  await repository.commit({ files: { 'src/pay.ts': PAY, 'README.md': 'Pay\n' } });

  const [landed] = await readAll(repository);

  expect(landed!.change.code).toMatchObject({
    addedLines: 3,
    addedControlLines: 2,
    files: 1,
    hunks: 1,
    linesBefore: 0,
  });
  expect(landed!.change.content).toEqual({
    codeLines: 3,
    commentLines: 0,
    importLines: 1,
    deepest: 1,
    characters: 84,
    numbers: 1,
    texts: 1,
    absences: 0,
    calls: 2,
    arithmetic: 1,
    movedLines: 0,
    names: 9,
  });
  expect(landed!.change.files.map(({ path, kind }) => [path, kind])).toEqual([
    ['README.md', 'docs'],
    ['src/pay.ts', 'source'],
  ]);
  expect(landed!.change.isCode).toBe(true);
});

test('a fix marks the change that wrote the lines it deletes, through a rename', async () => {
  await using repository = await testRepository();
  await repository.commit({ message: 'Add pay', files: { 'src/pay.ts': PAY } });
  await repository.commit({
    message: 'Move pay',
    files: { 'src/pay.ts': null, 'src/till/pay.ts': PAY },
  });
  await repository.commit({
    message: 'Fix a wrong sum',
    files: { 'src/till/pay.ts': PAY.replace('sum * 2', 'sum') },
  });

  const [, , fix] = await readAll(repository);

  expect(fix!.defects).toEqual([{ index: 0, foundAt: fix!.change.landedAt, kind: 'fix' }]);
  expect(fix!.change.deleted).toMatchObject({ lines: 1, youngShare: 1 });
});

test('new indentation keeps the owner of a line, and is no code added', async () => {
  await using repository = await testRepository();
  await repository.commit({ message: 'Add pay', files: { 'src/pay.ts': PAY } });
  await repository.commit({
    message: 'Indent',
    files: { 'src/pay.ts': PAY.replace('  return sum * 2;', '      return sum * 2;') },
  });
  await repository.commit({
    message: 'Fix a wrong sum',
    files: { 'src/pay.ts': PAY.replace('  return sum * 2;', '      return sum;') },
  });

  const [, indented, fix] = await readAll(repository);

  expect(indented!.change.code.whitespaceLines).toBe(1);
  expect(indented!.change.deleted).toBeNull();
  expect(fix!.defects.map(({ index }) => index)).toEqual([0]);
});

test('a revert marks what it takes back; a fix of tests marks nothing', async () => {
  await using repository = await testRepository();
  await repository.commit({ message: 'Start', files: { 'src/a.ts': 'let a = 1;\n' } });
  const sha = await repository.commit({
    message: 'Add pay (#12)',
    files: { 'src/pay.ts': PAY },
  });
  await repository.commit({
    message: 'Fix flaky tests',
    files: { 'src/pay.ts': PAY.replace('sum * 2', 'sum') },
  });
  await repository.commit({
    message: `Revert "Add pay"\n\nThis reverts commit ${sha}.`,
    files: { 'src/pay.ts': null },
  });

  const changes = await readAll(repository);

  expect(changes.map(({ defects }) => defects.map(({ index, kind }) => [index, kind]))).toEqual([
    [],
    [],
    [],
    [[1, 'revert']],
  ]);
});

test('reading on gives what reading at once gives', async () => {
  await using repository = await testRepository();
  await repository.commit({ message: 'Add pay', files: { 'src/pay.ts': PAY } });
  const middle = await repository.commit({
    message: 'Add more',
    files: { 'src/pay.ts': PAY + body('export const more = pay(3);') },
  });
  const head = await repository.commit({
    message: 'Fix a wrong sum',
    files: { 'src/pay.ts': PAY },
  });
  const git = openRepository(repository.dir);
  const study = createHistoryStudy();

  const inSteps: StudiedChange[] = [];
  for (const to of [middle, head, head])
    for await (const each of study.readTo(git, to)) inSteps.push(each);

  expect(inSteps).toEqual(await readAll(repository));
  expect(study.through).toBe(head);
});

test('a proposed change is measured like the same change landed', async () => {
  await using repository = await testRepository();
  const base = await repository.commit({ message: 'Add pay', files: { 'src/pay.ts': PAY } });
  const head = await repository.commit({
    message: 'Pay once',
    files: { 'src/pay.ts': PAY.replace('sum * 2', 'sum'), 'src/new.ts': 'let b = 2;\n' },
  });
  const git = openRepository(repository.dir);
  const study = createHistoryStudy();
  for await (const _ of study.readTo(git, base));

  const proposed = study.propose(
    'Pay once',
    await git.changedFiles(base, head),
    await git.hunks(base, head, undefined, { withLines: true }),
  );

  const [, landed] = await readAll(repository);
  expect({ ...proposed, landedAt: 0, deleted: null }).toEqual({
    ...landed!.change,
    landedAt: 0,
    deleted: null,
  });
  expect(proposed.deleted?.lines).toBe(landed!.change.deleted?.lines);
});
