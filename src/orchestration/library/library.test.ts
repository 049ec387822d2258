/**
 * Goal: the built-in workflow is a good one, and a bad file never takes the place of a good one.
 * Method: real repositories with files at their base.
 */
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { testDatabase, testRepository } from '#testing';
import { roomsOn } from '../test-rooms.ts';
import { builtInChangeWorkflow } from './change.ts';
import { CHANGE_WORKFLOW_PATH, loadChangeWorkflow } from './load.ts';

const GOOD = `name: change
steps:
  - name: decide
    kind: policy.decide
`;
const repository = 'acme/shop';

test('the built-in workflow goes from context to the last word, and merges only after consent', () => {
  const kinds = builtInChangeWorkflow.steps.map(({ kind }) => kind);
  const merge = builtInChangeWorkflow.steps.find(({ kind }) => kind === 'merge');

  expect(kinds).toEqual([
    'context.pack',
    'check.command',
    'policy.decide',
    'approval.request',
    'merge',
    'wait.signal',
    'notify',
  ]);
  expect(merge?.needs).toEqual(['decide', 'approve']);
  expect(builtInChangeWorkflow.steps.every(({ origin }) => /^built-in:\d+$/.test(origin))).toBe(
    true,
  );
});

test('a repository without a file runs the built-in workflow', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using work = await testRepository();
  const baseSha = await work.commit({ files: { 'a.txt': 'a' } });

  const graph = await loadChangeWorkflow(rooms, {
    git: openRepository(work.dir),
    baseSha,
    repository,
  });

  expect(graph).toBe(builtInChangeWorkflow);
});

test('a refused file leaves the last good one in force and is told once, with its line', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using work = await testRepository();
  const git = openRepository(work.dir);
  const good = await work.commit({ files: { [CHANGE_WORKFLOW_PATH]: GOOD } });
  const typo = GOOD.replace('kind: policy', 'knid: policy');
  const bad = await work.commit({ files: { [CHANGE_WORKFLOW_PATH]: typo } });
  await loadChangeWorkflow(rooms, { git, baseSha: good, repository });

  const graphs = [];
  for (let turn = 0; turn < 3; turn += 1) {
    graphs.push(await loadChangeWorkflow(rooms, { git, baseSha: bad, repository }));
  }

  expect(graphs.every(({ source }) => source.endsWith(good.slice(0, 12)))).toBe(true);
  const { items } = await rooms.ledger.list({ type: 'workflow.refused', limit: 10 });
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({
    subject: repository,
    data: {
      problems: expect.arrayContaining([
        expect.objectContaining({ line: 4, suggestion: 'kind' }),
      ]) as unknown[],
    },
  });
});

test('a first file that is refused leaves the built-in workflow in force', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using work = await testRepository();
  const baseSha = await work.commit({ files: { [CHANGE_WORKFLOW_PATH]: 'name: [' } });

  const graph = await loadChangeWorkflow(rooms, {
    git: openRepository(work.dir),
    baseSha,
    repository,
  });

  expect(graph).toBe(builtInChangeWorkflow);
});

test('the file is read at the base, whatever the change says', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using work = await testRepository();
  const baseSha = await work.commit({ files: { [CHANGE_WORKFLOW_PATH]: GOOD } });
  await work.branch('topic');
  await work.commit({ files: { [CHANGE_WORKFLOW_PATH]: 'name: change\nsteps: []\n' } });

  const graph = await loadChangeWorkflow(rooms, {
    git: openRepository(work.dir),
    baseSha,
    repository,
  });

  expect(graph.steps.map(({ name }) => name)).toEqual(['decide']);
});
