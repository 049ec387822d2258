/**
 * Goal: work goes on only when somebody else found it good enough, what they say reaches the maker, and
 * neither verdict nor rework is repeated; what fixes itself is fixed before anybody looks.
 * Method: the real engine, devboxes and processes; makers and judges are shell commands.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase, type TestDatabase, testRepository, type TestRepository } from '#testing';
import { createAutofixStep } from './autofix.ts';
import { createGateStep } from './gate.ts';
import { readScore } from './score.ts';
import { createAgentStep } from './step.ts';
import { testWorkshop } from './test-workshop.ts';

let database: TestDatabase;
let source: TestRepository;
let shop: Awaited<ReturnType<typeof testWorkshop>>;

beforeAll(async () => {
  database = await testDatabase();
  source = await testRepository();
  await source.commit({
    files: {
      'a.txt': 'one\n',
      '.loom/devbox.yaml': `autofix: ["sed -i 's/ *$//' *.txt", "no-such-formatter"]\n`,
    },
  });
  shop = await testWorkshop({
    db: database.db,
    source: source.dir,
    handlers: (deps) => [createAgentStep(deps), createAutofixStep(deps), createGateStep(deps)],
  });
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** Says `better` only once it was told that it lacks it. */
const MAKER = {
  kind: 'agent.run',
  with: {
    agent: 'command',
    command:
      'echo try >> work.txt; case "$LOOM_PROMPT" in *"no better"*) echo better >> work.txt;; esac',
  },
};

async function settle(): Promise<void> {
  for (let idle = 0; idle < 2;) idle = (await shop.worker.runOnce()) === 0 ? idle + 1 : 0;
}

const show = (sha: unknown, path: string) =>
  source.git('--git-dir', shop.mirrorDir, 'show', `${String(sha)}:${path}`);

test('what a check says goes back to the maker, and the corrected work passes', async () => {
  const run = await shop.start({
    work: MAKER,
    gate: {
      kind: 'eval.gate',
      with: { command: 'grep -q better work.txt || { echo "there is no better in it"; exit 1; }' },
    },
  });
  await settle();

  const { gate } = await shop.steps(run.id);
  expect(gate).toMatchObject({
    state: 'done',
    output: { checks: 'passed', rounds: 2, score: null },
  });
  expect(await show(gate!.output!['headSha'], 'work.txt')).toBe('try\ntry\nbetter');
  const rows = await shop.db.query(
    'select round, passed, rework_sha is not null as reworked from loom.evaluations where run_id = $1 order by round',
    [run.id],
  );
  expect(rows).toEqual([
    { round: 1, passed: false, reworked: true },
    { round: 2, passed: true, reworked: false },
  ]);
});

test('after the last allowed correction the gate says no, or leaves it to policy', async () => {
  const never = { command: 'echo "not good"; exit 1', rounds: 1 };
  const failing = await shop.start({ work: MAKER, gate: { kind: 'eval.gate', with: never } });
  const going = await shop.start({
    work: MAKER,
    gate: { kind: 'eval.gate', with: { ...never, rounds: 0, onFail: 'continue' } },
  });
  await settle();

  expect((await shop.steps(failing.id))['gate']).toMatchObject({
    state: 'failed',
    message: expect.stringContaining('after 2 rounds (1 corrections allowed)') as string,
  });
  expect((await shop.steps(going.id))['gate']).toMatchObject({
    state: 'done',
    output: { checks: 'failed', rounds: 1 },
  });
});

test('another agent judges in a session and a devbox of its own, and cannot change the work', async () => {
  const judge = {
    agent: 'command',
    command: `echo spoilt > work.txt; git commit -qam spoilt; echo '{"score": 0.9, "reasons": ["reads well"]}'`,
  };
  const run = await shop.start({ work: MAKER, gate: { kind: 'eval.gate', with: { judge } } });
  await settle();

  const { work, gate } = await shop.steps(run.id);
  expect(gate).toMatchObject({
    state: 'done',
    output: {
      checks: 'passed',
      headSha: work!.output!['headSha'],
      sessionId: work!.output!['sessionId'],
    },
  });
  expect(gate!.output!['score']).toBeCloseTo(0.9);
  expect(gate!.output!['judgeSessionId']).not.toBe(work!.output!['sessionId']);
  expect(await show(gate!.output!['headSha'], 'work.txt')).toBe('try');
});

test('what fixes itself is committed before the gate looks, and a fixer that is missing is no failure', async () => {
  const run = await shop.start({
    work: { kind: 'agent.run', with: { agent: 'command', command: 'printf "two   \\n" > b.txt' } },
    fix: { kind: 'autofix' },
    gate: { kind: 'eval.gate', with: { command: '! grep -q " $" b.txt' } },
  });
  await settle();

  const { fix, gate } = await shop.steps(run.id);
  expect(fix).toMatchObject({
    state: 'done',
    output: {
      isChanged: true,
      fixedFiles: ['b.txt'],
      commands: [{ exitCode: 0 }, { exitCode: 127 }],
    },
  });
  expect(gate).toMatchObject({
    state: 'done',
    output: { rounds: 1, headSha: fix!.output!['headSha'] },
  });
  expect(await show(fix!.output!['headSha'], 'b.txt')).toBe('two');
});

test.each([
  ['All good.\n{"score": 0.75, "reasons": ["a {brace} in it"]}', 0.75],
  ['{"score": 0.1}\nOn second thought:\n```json\n{"score": 1, "reasons": []}\n```', 1],
  ['{"score": 7}', undefined],
  ['{"score": "0.9"}', undefined],
  ['I would give it 0.9.', undefined],
  ['', undefined],
])('the score in %j is %j', (answer, score) => {
  expect(readScore(answer)?.score).toBe(score);
});
