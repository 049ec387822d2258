/** Sessions that look repetitive and are not: stopping one of them is a false alarm. */
import { begin, Script, type Trace } from './builder.ts';

type Work = [about: string, work: (script: Script) => unknown];

const FILES = [
  'orders',
  'totals',
  'tax',
  'users',
  'carts',
  'mail',
  'jobs',
  'stock',
  'auth',
  'search',
];

const WORKS: readonly Work[] = [
  [
    'test-driven: a failing test, the code, a green run, many times',
    (it) =>
      it.repeat(12, (n) => {
        it.edit('/home/ada/shop/src/cart.test.ts', '});', `  test('case ${n}', () => {});\n});`);
        it.vitest([`src/cart.test.ts > case ${n}`], 10 + n);
        it.edit('/home/ada/shop/src/cart.ts', `// case ${n}`, `handle(${n});\n// case ${n + 1}`);
        it.vitest([], 11 + n);
      }),
  ],
  [
    'failing tests that shrink slowly',
    (it) =>
      it.repeat(12, (n) => {
        it.edit('/home/ada/shop/src/tax.py', `# ${n}`, `# ${n + 1}`);
        it.pytest(
          Array.from({ length: 12 - n }, (_, test) => `test_tax.py::test_${test}`),
          20 + n,
        );
      }),
  ],
  [
    'a hard bug: four runs fail the same way, then it is found',
    (it) => {
      it.repeat(4, (n) => {
        it.read(`/home/ada/shop/src/${FILES[n]!}.py`);
        it.edit('/home/ada/shop/src/orders.py', `x${n}`, `x${n + 1}`);
        it.pytest(['test_orders.py::test_stock'], 30);
      });
      it.edit('/home/ada/shop/src/stock.py', 'a', 'b').pytest([], 31);
    },
  ],
  [
    'a long hunt in which every run fails in a new way',
    (it) => {
      it.repeat(7, (n) => {
        it.edit('/home/ada/shop/src/parse.py', `step ${n}`, `step ${n + 1}`);
        it.pytest(['test_parse.py::test_nested'], 30, `KeyError: 'field_${'abcdefg'[n]!}'`);
      });
      it.pytest([], 31);
    },
  ],
  [
    'compiler errors one after another',
    (it) =>
      it
        .repeat(14, (n) => {
          it.bash(
            'cargo build',
            `error[E0${300 + n * 7}]: ${['mismatched types', 'cannot find value `x`', 'use of moved value', 'unresolved import', 'borrowed value does not live long enough'][n % 5]!} in part ${n}\n --> src/lib.rs:${n * 9}:5\nerror: could not compile \`shop\``,
            false,
          );
          it.edit('/home/ada/shop/src/lib.rs', `fn a${n}`, `fn b${n}`);
        })
        .bash('cargo build', `   Finished dev profile in ${it.seconds()}`),
  ],
  [
    'many type errors, fewer on each run',
    (it) =>
      it
        .repeat(10, (n) => {
          it.bash(
            'npx tsc --noEmit',
            `${Array.from({ length: 40 - n * 4 }, (_, e) => `src/m${e}.ts(${e},3): error TS2322: Type 'string' is not assignable to type 'number'.`).join('\n')}\nFound ${40 - n * 4} errors.`,
            false,
          );
          it.repeat(3, (m) =>
            it.edit(`/home/ada/shop/src/m${n * 3 + m}.ts`, 'string', `number /* ${n} */`),
          );
        })
        .bash('npx tsc --noEmit', ''),
  ],
  [
    'polling a build whose output moves',
    (it) =>
      it
        .repeat(50, (n) =>
          it.add({
            tool: 'BashOutput',
            args: { bash_id: 'bash_1' },
            ok: true,
            result: `<status>running</status>\n<stdout>\n[${n * 2}/100] Building CXX object src/m${n}.cc.o\n</stdout>\n<timestamp>${it.now()}</timestamp>`,
          }),
        )
        .add({
          tool: 'BashOutput',
          args: { bash_id: 'bash_1' },
          ok: true,
          result: '<status>completed</status>\n<exit_code>0</exit_code>',
        }),
  ],
  [
    'polling quietly until it is done',
    (it) =>
      it
        .repeat(14, () =>
          it.add({
            tool: 'BashOutput',
            args: { bash_id: 'bash_2' },
            ok: true,
            result: `<status>running</status>\n<timestamp>${it.now()}</timestamp>`,
          }),
        )
        .add({
          tool: 'BashOutput',
          args: { bash_id: 'bash_2' },
          ok: true,
          result: '<status>completed</status>\n<exit_code>0</exit_code>',
        }),
  ],
  [
    'waiting for continuous integration',
    (it) => {
      it.bash('git push -u origin topic', "branch 'topic' set up to track 'origin/topic'.");
      it.repeat(12, (n) =>
        it.bash(
          'sleep 60 && gh pr checks 42',
          `build\tpending\t0\thttps://github.com/acme/shop/actions/runs/1\nlint\t${n > 3 ? 'pass' : 'pending'}\t${n * 31}s`,
          false,
        ),
      );
      it.bash('gh pr checks 42', 'build\tpass\t9m2s\nlint\tpass\t41s');
    },
  ],
  [
    'waiting for a server to come up',
    (it) => {
      it.bash('docker compose up -d', ' Container shop-db-1  Started');
      it.repeat(6, () => it.bash('sleep 5; curl -sf localhost:3000/healthz', '', false));
      it.bash('curl -sf localhost:3000/healthz', '{"status":"ok"}');
    },
  ],
  [
    'waiting for pods',
    (it) => {
      it.bash('kubectl apply -f k8s/', 'deployment.apps/shop configured');
      it.repeat(8, (n) =>
        it.bash(
          'kubectl get pods',
          `NAME           READY   STATUS              RESTARTS   AGE\nshop-7d9c5-x   0/1     ${n < 5 ? 'ContainerCreating' : 'Running'}   0          ${n * 10}s`,
        ),
      );
      it.bash('kubectl rollout status deploy/shop', 'deployment "shop" successfully rolled out');
    },
  ],
  [
    'bisecting',
    (it) => {
      it.bash(
        'git bisect start HEAD v1.0',
        'Bisecting: 60 revisions left to test after this (roughly 6 steps)',
      );
      it.repeat(7, (n) => {
        it.bash(
          'npm test -- totals',
          n % 2 === 0 ? `✖ rounds (${it.any(9)}ms)\nℹ fail 1` : 'ℹ pass 4\nℹ fail 0',
          n % 2 === 1,
        );
        it.bash(
          `git bisect ${n % 2 === 0 ? 'bad' : 'good'}`,
          `Bisecting: ${Math.floor(60 / 2 ** (n + 1))} revisions left to test after this\n[${it.hex(40)}] Commit ${n}`,
        );
      });
      it.bash('git bisect reset', 'Switched to branch main');
    },
  ],
  [
    'a flaky test run again until it is understood',
    (it) => {
      it.vitest(['src/jobs.test.ts > retries'], 60)
        .vitest([], 61)
        .vitest(['src/jobs.test.ts > retries'], 60)
        .vitest([], 61);
      it.edit('/home/ada/shop/src/jobs.test.ts', 'sleep(10)', 'waitFor(done)');
      it.repeat(4, () => it.vitest([], 61));
    },
  ],
  [
    'a network hiccup and one retry',
    (it) => {
      it.bash(
        'git fetch origin',
        'fatal: unable to access: Could not resolve host: github.com',
        false,
      );
      it.bash('git fetch origin', 'From github.com:acme/shop');
    },
  ],
  [
    'long exploration before the first edit',
    (it) => {
      it.repeat(45, (n) => {
        if (n % 3 === 0) it.grep(`symbol${n}`, `src/${FILES[n % 10]!}.ts:${n}: symbol${n}`);
        else it.read(`/home/ada/shop/src/${FILES[n % 10]!}/${n}.ts`);
      });
      it.edit('/home/ada/shop/src/orders.ts', 'a', 'b').vitest([], 80);
    },
  ],
  [
    'reading a long file part by part',
    (it) => it.repeat(25, (n) => it.read('/home/ada/shop/src/legacy.ts', n * 200)),
  ],
  [
    'one rename over many files',
    (it) =>
      it
        .repeat(30, (n) => it.edit(`/home/ada/shop/src/f${n}.ts`, 'oldName', 'newName'))
        .vitest([], 90),
  ],
  [
    'reading back after each edit',
    (it) =>
      it.repeat(10, (n) => {
        it.edit('/home/ada/shop/README.md', `line ${n}`, `line ${n} better`);
        it.add({
          tool: 'Read',
          args: { file_path: '/home/ada/shop/README.md' },
          ok: true,
          result: `readme version ${'abcdefghij'[n]!}`,
        });
      }),
  ],
  [
    'git status, add and commit after each piece',
    (it) =>
      it.repeat(8, (n) => {
        it.edit(`/home/ada/shop/src/${FILES[n]!}.ts`, 'x', `y${n}`);
        it.vitest([], 100);
        it.bash('git status --short', ` M src/${FILES[n]!}.ts`);
        it.bash(
          'git add -A && git commit -m "Improve a part"',
          `[topic ${it.hex(7)}] Improve a part\n 1 file changed, 1 insertion(+), 1 deletion(-)`,
        );
        it.bash('git status --short', '');
      }),
  ],
  [
    'one change tried and undone',
    (it) => {
      it.edit('/home/ada/shop/src/app.ts', 'cache: true', 'cache: false').vitest(
        ['src/app.test.ts > caches'],
        70,
      );
      it.edit('/home/ada/shop/src/app.ts', 'cache: false', 'cache: true').vitest([], 71);
      it.edit('/home/ada/shop/src/app.ts', 'ttl: 5', 'ttl: 10').vitest([], 71);
    },
  ],
  [
    'mutants tried one by one to see whether the tests notice',
    (it) =>
      it.repeat(6, (n) => {
        it.edit('/home/ada/shop/src/total.py', 'return a + b', `return a ${'-*/%^|'[n]!} b`);
        it.pytest([`test_total.py::test_${n}`], 8);
        it.edit('/home/ada/shop/src/total.py', `return a ${'-*/%^|'[n]!} b`, 'return a + b');
        it.pytest([], 9);
      }),
  ],
  [
    'missing dependencies installed one after another',
    (it) =>
      it.repeat(7, (n) => {
        const name = ['numpy', 'pandas', 'scipy', 'requests', 'click', 'rich', 'yaml'][n]!;
        it.bash(
          'python app.py',
          `Traceback (most recent call last):\n  File "app.py", line ${n + 1}, in <module>\n    import ${name}\nModuleNotFoundError: No module named '${name}'`,
          false,
        );
        it.bash(`pip install ${name}`, `Successfully installed ${name}-${n}.1`);
      }),
  ],
  [
    'guessing where files lie at the start',
    (it) => {
      for (const path of ['src/index.ts', 'lib/index.ts', 'app/index.ts']) {
        it.add({
          tool: 'Read',
          args: { file_path: `/home/ada/shop/${path}` },
          ok: false,
          result: `File does not exist: /home/ada/shop/${path}`,
        });
      }
      it.bash('find . -name "index.*"', './packages/core/index.ts').read(
        '/home/ada/shop/packages/core/index.ts',
      );
    },
  ],
  [
    'two sub-agents interleaved, both at work',
    (it) =>
      it.repeat(20, (n) => {
        it.read(`/home/ada/shop/src/a${n}.ts`);
        it.edit(`/home/ada/shop/docs/${n}.md`, 'old', `new ${n}`);
        it.grep(`thing${n}`, `src/a${n}.ts:1: thing${n}`);
        if (n % 5 === 4) it.vitest([], 100);
      }),
  ],
  [
    'a person asks for one thing after another',
    (it) =>
      it.repeat(6, (n) => {
        it.prompt(`Now part ${n}`);
        it.bash('git status --short', '');
        it.bash('npm run build', `✓ built in ${it.seconds()}`);
        it.say(`Part ${n} is done: ${FILES[n]!}.`);
      }),
  ],
  [
    'a conversation without tools',
    (it) => {
      for (const text of [
        'The module has three parts.',
        'Yes, the cache is shared.',
        'It was chosen for its size.',
        'I would split it.',
        'No, that is not needed.',
      ])
        it.say(text);
    },
  ],
  [
    'a list of tasks kept up to date',
    (it) =>
      it.repeat(9, (n) => {
        it.todo(...FILES.slice(n));
        it.edit(`/home/ada/shop/src/${FILES[n]!}.ts`, 'TODO', `done ${n}`);
        it.bash(
          `npx vitest run src/${FILES[n]!}.test.ts`,
          ` Tests  ${n + 3} passed (${n + 3})\n Duration ${it.seconds()}`,
        );
      }),
  ],
  [
    'clicking through pages that answer nothing',
    (it) =>
      it
        .repeat(5, () =>
          it.add({
            tool: 'mcp__browser__press_key',
            args: { key: 'PageDown' },
            ok: true,
            result: '',
          }),
        )
        .add({ tool: 'mcp__browser__screenshot', args: {}, ok: true, result: '[image]' }),
  ],
  [
    'some large files among small ones',
    (it) => {
      it.repeat(12, (n) => it.read(`/home/ada/shop/src/s${n}.ts`));
      it.repeat(2, (n) =>
        it.add({
          tool: 'Read',
          args: { file_path: `/home/ada/shop/data/big${n}.json` },
          ok: true,
          result: '{}',
          tokens: 40_000,
        }),
      );
      it.repeat(6, (n) =>
        it.write(`/home/ada/shop/src/new${n}.ts`, `export const n = ${n};\n`.repeat(40)),
      );
    },
  ],
  [
    'the same command in several folders',
    (it) =>
      it.repeat(8, (n) =>
        it.bash(`cd packages/p${n} && npm run build`, `✓ built in ${it.seconds()}`),
      ),
  ],
  [
    'a script made better with each run, its output longer each time',
    (it) =>
      it.repeat(9, (n) => {
        it.write('/home/ada/shop/scripts/report.py', `# v${n}\n${'print(1)\n'.repeat(n + 1)}`);
        it.bash('python scripts/report.py', '1\n'.repeat(n + 1).trim());
      }),
  ],
  [
    'tuning a number, the measure changes',
    (it) =>
      it.repeat(10, (n) => {
        it.edit('/home/ada/shop/bench.ts', `size = ${n}`, `size = ${n + 1}`);
        it.bash('node bench.ts', `ops/s: ${10_000 + n * 317}`);
      }),
  ],
  [
    'comparing two settings: there and back once more',
    (it) => {
      it.repeat(2, () => {
        it.edit('/home/ada/shop/pool.ts', 'max: 8', 'max: 16').bash(
          'node bench.ts',
          `ops/s: ${it.any(9_000)}`,
        );
        it.edit('/home/ada/shop/pool.ts', 'max: 16', 'max: 8').bash(
          'node bench.ts',
          `ops/s: ${it.any(9_000)}`,
        );
      });
      it.edit('/home/ada/shop/pool.ts', 'idle: 1', 'idle: 2').vitest([], 12);
    },
  ],
  [
    'Codex: many small looks with sed, then a patch',
    (it) => {
      it.repeat(24, (n) =>
        it.shell(`sed -n '${n * 60 + 1},${n * 60 + 60}p' src/big.ts`, `line ${n * 60 + 1}`),
      );
      it.add({
        tool: 'apply_patch',
        args: { input: '*** Begin Patch\n*** Update File: src/big.ts\n@@\n-a\n+b\n*** End Patch' },
        result: 'Success. Updated the following files:\nM src/big.ts',
      });
      it.shell('npm test', 'ℹ tests 20\nℹ pass 20\nℹ fail 0');
    },
  ],
  [
    'Codex: waiting for a long test run by empty writes',
    (it) => {
      it.add({
        tool: 'exec_command',
        args: '{"cmd":"npm run e2e"}',
        result: 'Wall time: 10.0 seconds\nProcess running with session ID 4101\nOutput:\n',
      });
      it.repeat(12, (n) =>
        it.add({
          tool: 'write_stdin',
          args: { session_id: 4101, chars: '', yield_time_ms: 30_000 },
          result: `Wall time: 30.0 seconds\nProcess running with session ID 4101\nOutput:\n${n % 3 === 0 ? `  ✓ page ${n}` : ''}`,
        }),
      );
      it.add({
        tool: 'write_stdin',
        args: { session_id: 4101, chars: '', yield_time_ms: 30_000 },
        result: 'Process exited with code 0\nOutput:\n  12 passed',
      });
    },
  ],
  [
    'searches that find nothing among others that do',
    (it) =>
      it.repeat(18, (n) =>
        it.grep(`name${n}`, n % 3 === 0 ? 'No matches found' : `src/a.ts:${n}: name${n}`),
      ),
  ],
  [
    'lint errors fixed file by file with the same message',
    (it) =>
      it.repeat(9, (n) => {
        it.bash(
          `npx eslint src/${FILES[n]!}.ts`,
          `/home/ada/shop/src/${FILES[n]!}.ts\n  ${n + 3}:7  error  'x' is defined but never used  no-unused-vars\n\n✖ 1 problem (1 error, 0 warnings)`,
          false,
        );
        it.edit(`/home/ada/shop/src/${FILES[n]!}.ts`, 'const x', `// ${n}`);
        it.bash(`npx eslint src/${FILES[n]!}.ts`, '');
      }),
  ],
  [
    'edits that miss now and then in a long session',
    (it) =>
      it.repeat(8, (n) => {
        it.failedEdit(`/home/ada/shop/src/${FILES[n]!}.ts`, `guess ${n}`);
        it.read(`/home/ada/shop/src/${FILES[n]!}.ts`);
        it.edit(`/home/ada/shop/src/${FILES[n]!}.ts`, `real ${n}`, `better ${n}`);
      }),
  ],
  [
    'a suite of several commands after each change',
    (it) =>
      it.repeat(6, (n) => {
        it.edit('/home/ada/shop/src/app.ts', `v${n}`, `v${n + 1}`);
        it.bash('npm run lint', '').bash('npx tsc --noEmit', '').vitest([], 100);
      }),
  ],
  [
    'a migration run, rolled back and run again for each step',
    (it) =>
      it.repeat(5, (n) => {
        it.write(`/home/ada/shop/migrations/00${n}.sql`, `alter table t add c${n} int;`);
        it.bash('npm run migrate:up', `applied 00${n}`)
          .bash('npm run migrate:down', `reverted 00${n}`)
          .bash('npm run migrate:up', `applied 00${n}`);
      }),
  ],
  [
    'three tests fail since before, and the work beside them goes on',
    (it) =>
      it.repeat(9, (n) => {
        it.write(`/home/ada/shop/src/new/part${n}.ts`, `export const part = ${n};`);
        it.write(`/home/ada/shop/src/new/part${n}.test.ts`, `test('part ${n}');`);
        it.vitest(
          ['e2e/mail.test.ts > sends', 'e2e/mail.test.ts > bounces', 'e2e/s3.test.ts > lists'],
          200 + 3 * n,
        );
      }),
  ],
  [
    'a failing test run again between long looks at the code',
    (it) => {
      it.repeat(4, (n) => {
        it.pytest(['test_io.py::test_close'], 50);
        it.repeat(4, (m) =>
          it.read(`/home/ada/shop/src/${FILES[(n * 4 + m) % 10]!}/io${n}${m}.py`),
        );
      });
      it.edit('/home/ada/shop/src/io.py', 'close()', 'await close()').pytest([], 51);
    },
  ],
  [
    'four sub-agents sent out at once',
    (it) => {
      it.repeat(6, (n) => it.read(`/home/ada/shop/src/m${n}.ts`));
      it.repeat(4, (n) =>
        it.add({
          tool: 'Task',
          args: { prompt: `Look into part ${n}`, subagent_type: 'Explore' },
          ok: true,
          result: `Part ${n} is in src/m${n}.ts`,
          tokens: 60_000 + n,
        }),
      );
    },
  ],
  [
    'a script made to work in a handful of tries',
    (it) => {
      it.repeat(5, (n) => {
        it.write('/home/ada/shop/scripts/import.py', `# try ${n}`);
        it.bash(
          'python scripts/import.py',
          `Traceback (most recent call last):\n  File "import.py", line ${n}\n${['KeyError', 'TypeError', 'ValueError', 'KeyError', 'IndexError'][n]!}: ${n}`,
          false,
        );
      });
      it.bash('python scripts/import.py', 'imported 40 rows');
    },
  ],
  [
    'pull requests of others reviewed one by one',
    (it) =>
      it.repeat(10, (n) => {
        it.bash(`gh pr diff ${n + 100}`, `diff --git a/src/a${n}.ts b/src/a${n}.ts`);
        it.bash(`gh pr checks ${n + 100}`, `build\tpass\t${n}m`);
        it.bash(`gh pr review ${n + 100} --comment -b "Fine"`, '');
      }),
  ],
];

export const FINE: readonly Trace[] = WORKS.map(([about, work], index) => {
  const script = new Script(index + 1_000);
  begin(script);
  work(script);
  return { id: `fine-${index + 1}`, about, isStuck: false, onset: null, steps: script.steps };
});
