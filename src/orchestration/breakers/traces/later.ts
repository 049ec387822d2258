/**
 * Sessions written after the rules, without a look at them: long cycles of edit and test, builds that are
 * waited for, edits that swing, failures that move, searches, permissions. See docs/breakers.md.
 */
import { begin, Script, type Trace } from './builder.ts';

type Session = [about: string, play: (script: Script) => unknown];

const SHOP = '/home/ada/shop/src';

const STUCK_SESSIONS: readonly Session[] = [
  [
    'whack-a-mole: each fix breaks the test that the last one mended, three of them in turn',
    (it) =>
      it.repeat(15, (n) => {
        it.edit(`${SHOP}/price.ts`, `round${n}`, `round${n + 1}`);
        it.vitest(
          [`src/price.test.ts > ${['rounds up', 'rounds down', 'keeps cents'][n % 3]!}`],
          41,
        );
      }),
  ],
  [
    'an edit that swings between two ways to await, with a type check after each',
    (it) =>
      it.repeat(8, (n) => {
        const [from, to] = n % 2 === 0 ? ['await load()', 'load()'] : ['load()', 'await load()'];
        it.edit(`${SHOP}/load.ts`, from!, to!);
        it.bash(
          'npx tsc --noEmit',
          n % 2 === 0
            ? "src/load.ts(9,3): error TS2322: Type 'Promise<Row>' is not assignable to type 'Row'."
            : "src/load.ts(9,3): error TS1308: 'await' expressions are only allowed within async functions.",
          false,
        );
      }),
  ],
  [
    'a permission that is refused, asked for through ever other commands',
    (it) =>
      [
        'git push',
        'git push origin HEAD',
        'git push -u origin fix',
        'gh pr create --fill',
        'git push --no-verify',
        'GIT_TRACE=1 git push',
        'bash -c "git push"',
        'env git push origin fix',
        'git push origin fix:fix',
      ].forEach((command) =>
        it.add({
          tool: 'Bash',
          args: { command },
          ok: false,
          result: `Permission to use Bash with command ${command} has been denied.`,
          tokens: 300,
        }),
      ),
  ],
  [
    'the same grep over other folders and the same file read after each',
    (it) =>
      it.repeat(14, (n) => {
        it.grep('legacyTotals', 'No matches found');
        it.bash(`ls ${SHOP}`, 'cart.ts\ncreate.ts\nvalidate.ts');
        if (n % 2 === 0) it.read(`${SHOP}/cart.ts`);
      }),
  ],
  [
    'a pipeline that is red for a reason outside, pushed again with empty commits',
    (it) =>
      it.repeat(9, (n) => {
        it.bash(
          'git commit --allow-empty -m "Trigger checks"',
          `[fix ${it.hex(7)}] Trigger checks`,
        );
        it.bash(
          'git push',
          `To github.com:acme/shop.git\n   ${it.hex(7)}..${it.hex(7)}  fix -> fix`,
        );
        it.bash(
          'gh pr checks 41',
          `deploy-preview\tfail\t${n + 1}m${it.any(59)}s\thttps://github.com/acme/shop/actions/runs/${it.any(9_999_999)}\nSecret VERCEL_TOKEN is not set`,
          false,
        );
      }),
  ],
  [
    'Codex: a container build that fails at the same line under ever other base images',
    (it) =>
      it.repeat(12, (n) => {
        it.shell(
          `sed -i '1s/.*/FROM node:${18 + (n % 7)}-slim/' Dockerfile && docker build -t shop .`,
          `#8 [4/6] RUN npm ci\n#8 ${it.any(30)}.${it.any(900)} npm error code EUSAGE\n#8 npm error npm ci can only install packages when your package.json and package-lock.json are in sync\nERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1`,
          1,
        );
      }),
  ],
  [
    'a port in use: the server is started, looked at and killed by a name that is not its own',
    (it) =>
      it.repeat(10, () => {
        it.bash(
          'npm run dev',
          `Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle [as _listen2] (node:net:1898:16)`,
          false,
        );
        it.bash('pkill -f next-dev', '', false);
        it.bash(`sleep ${1 + it.any(4)}`, '');
      }),
  ],
];

const FINE_SESSIONS: readonly Session[] = [
  [
    'forty rounds of edit and test in which one more passes each time',
    (it) =>
      it.repeat(40, (n) => {
        it.edit(`${SHOP}/parser.ts`, `// rule ${n}`, `rule(${n});\n// rule ${n + 1}`);
        it.vitest(n % 4 === 3 ? [`src/parser.test.ts > rule ${n}`] : [], 60 + n);
      }),
  ],
  [
    'failures that move because the suite stops at the first, and get further each time',
    (it) =>
      it.repeat(9, (n) => {
        it.read(`${SHOP}/step${n}.py`);
        it.edit(`${SHOP}/step${n}.py`, 'old()', 'new()');
        it.pytest([`test_steps.py::test_${n + 1}`], 10 * (n + 1), `TypeError: step ${n + 1}`);
      }),
  ],
  [
    'a container build that takes long, asked after every half minute, each time a layer on',
    (it) =>
      it.repeat(25, (n) =>
        it.bash(
          'docker compose logs build --tail 2',
          `build-1  | #${n + 4} [${n + 1}/25] RUN make part${n}\nbuild-1  | #${n + 4} DONE ${it.seconds()}`,
        ),
      ),
  ],
  [
    'a benchmark run five times for its spread, then an edit, then five times more',
    (it) =>
      it.repeat(2, (round) => {
        it.repeat(5, (n) =>
          it.bash(
            'npx vitest bench --run',
            `sort  ${4_100 + round * 900 + n * 37} ops/s ±${it.any(3)}.${it.any(9)}%`,
          ),
        );
        it.edit(`${SHOP}/sort.ts`, `pass ${round}`, `pass ${round + 1}`);
      }),
  ],
  [
    'permissions refused twice and a way around that is allowed',
    (it) => {
      for (const command of ['rm -rf dist', 'git clean -fdx dist'])
        it.add({
          tool: 'Bash',
          args: { command },
          ok: false,
          result: 'Permission to use Bash has been denied.',
          tokens: 200,
        });
      it.write('/home/ada/shop/scripts/clean.mjs', "rmSync('dist')");
      it.bash('npm run clean', 'removed 31 files').bash('npm run build', 'built in 4.1s');
    },
  ],
  [
    'the same search after each of twelve renames, until nothing is found',
    (it) =>
      it.repeat(12, (n) => {
        it.grep(
          'legacyTotals',
          Array.from({ length: 12 - n }, (_, at) => `src/f${at + n}.ts:3:legacyTotals()`).join(
            '\n',
          ),
        );
        it.edit(`${SHOP}/f${n}.ts`, 'legacyTotals()', 'totals()');
      }),
  ],
  [
    'Codex: snapshots updated package by package with one and the same command line',
    (it) =>
      it.repeat(11, (n) => {
        it.shell(
          `cd packages/p${n} && npx jest -u`,
          ` › ${n + 1} snapshots updated.\nTests: ${n + 8} passed`,
        );
        it.shell(`git -C packages/p${n} diff --stat`, ` __snapshots__/p${n}.snap | ${n + 3} +-`);
      }),
  ],
  [
    'a rebase of nine commits with a conflict in one file each time',
    (it) =>
      it
        .repeat(9, (n) => {
          it.bash(
            'git rebase --continue',
            `CONFLICT (content): Merge conflict in src/cart.ts\nCould not apply ${it.hex(7)}... Step ${n}`,
            false,
          );
          it.read(`${SHOP}/cart.ts`, n * 40);
          it.edit(`${SHOP}/cart.ts`, `<<<<<<< HEAD ${n}`, `merged ${n}`);
          it.bash('git add src/cart.ts', '');
        })
        .bash('git rebase --continue', 'Successfully rebased and updated refs/heads/fix.'),
  ],
];

function record(sessions: readonly Session[], isStuck: boolean): Trace[] {
  return sessions.map(([about, play], index) => {
    const script = new Script(index + (isStuck ? 2_000 : 3_000));
    begin(script);
    const onset = isStuck ? script.steps.length : null;
    play(script);
    const id = `later-${isStuck ? 'stuck' : 'fine'}-${index + 1}`;
    return { id, about, isStuck, onset, steps: script.steps };
  });
}

export const LATER_STUCK: readonly Trace[] = record(STUCK_SESSIONS, true);
export const LATER_FINE: readonly Trace[] = record(FINE_SESSIONS, false);
