/** Sessions that go in circles, as they were met in the wild: see docs/breakers.md. */
import { begin, Script, type Trace } from './builder.ts';

type Loop = [
  about: string,
  loop: (script: Script) => unknown,
  before?: (script: Script) => unknown,
];

const LOOPS: readonly Loop[] = [
  [
    'npm install of a package that is not there, again and again',
    (it) =>
      it.repeat(30, () =>
        it.bash(
          'npm install @acme/ui-kit@^4',
          `npm error code E404\nnpm error 404 Not Found - GET https://registry.npmjs.org/@acme%2fui-kit\nnpm error A complete log of this run can be found in: /home/ada/.npm/_logs/${it.now().replaceAll(':', '_')}-debug-0.log`,
          false,
        ),
      ),
  ],
  [
    'npm install that fails, with the cache and node_modules removed between',
    (it) =>
      it.repeat(12, (n) => {
        it.bash('rm -rf node_modules package-lock.json', '');
        it.bash(
          'npm cache clean --force',
          'npm warn using --force Recommended protections disabled.',
        );
        it.bash(
          n % 2 === 0 ? 'npm install' : 'npm install --verbose 2>&1 | tail -20',
          `npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\nnpm error Found: react@19.0.0\nnpm error A complete log of this run can be found in: /home/ada/.npm/_logs/${it.any(99_999)}-debug-0.log`,
          false,
        );
      }),
  ],
  [
    'a tool that does not exist, called with other arguments each time',
    (it) =>
      it.repeat(20, (n) =>
        it.add({
          tool: 'mcp__browser__navigate',
          args: { url: `https://localhost:3000/page/${n}` },
          ok: false,
          result:
            '<tool_use_error>Error: No such tool available: mcp__browser__navigate</tool_use_error>',
        }),
      ),
  ],
  [
    'writing into a place that is forbidden, by every way there is',
    (it) => {
      const ways = [
        'echo "x" > /etc/shop.conf',
        'sudo tee /etc/shop.conf <<< x',
        'cp shop.conf /etc/shop.conf',
        'install -m 644 shop.conf /etc/shop.conf',
        'mv shop.conf /etc/shop.conf',
        'cat shop.conf > /etc/shop.conf',
        'dd if=shop.conf of=/etc/shop.conf',
        'rsync shop.conf /etc/shop.conf',
      ];
      for (const way of ways) it.bash(way, `bash: /etc/shop.conf: Permission denied`, false);
    },
  ],
  [
    'a permission the person refuses every time',
    (it) =>
      it.repeat(8, (n) =>
        it.add({
          tool: 'Bash',
          args: {
            command: `git push ${['origin main', '-f origin main', 'origin HEAD:main'][n % 3]!}`,
          },
          ok: false,
          result: 'Permission to use Bash with command git push has been denied.',
        }),
      ),
  ],
  [
    'the same failing test under ever new edits',
    (it) =>
      it.repeat(14, (n) => {
        it.edit('/home/ada/shop/src/total.py', `rate = ${n}`, `rate = ${n + 1}`);
        it.pytest(['test_total.py::test_rounding'], 41);
      }),
  ],
  [
    'the same failing test, with reading and a look at the difference between',
    (it) =>
      it.repeat(12, (n) => {
        it.read('/home/ada/shop/src/total.ts');
        it.edit('/home/ada/shop/src/total.ts', `const scale = ${n};`, `const scale = ${n + 1};`);
        it.bash(
          'git diff --stat',
          ' src/total.ts | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)',
        );
        it.vitest(['src/total.test.ts > rounds half to even'], 87);
      }),
  ],
  [
    'one failing test traded for another and back',
    (it) =>
      it.repeat(10, (n) => {
        it.edit('/home/ada/shop/src/tax.py', `mode = ${n}`, `mode = ${n + 1}`);
        it.pytest([n % 2 === 0 ? 'test_tax.py::test_gross' : 'test_tax.py::test_net'], 12);
      }),
  ],
  [
    'an edit made and undone and made again',
    (it) =>
      it.repeat(8, (n) => {
        const [from, to] =
          n % 2 === 0 ? ['strict: true', 'strict: false'] : ['strict: false', 'strict: true'];
        it.edit('/home/ada/shop/tsconfig.json', `"${from}"`, `"${to}"`);
        it.bash(
          'npx tsc --noEmit',
          n % 2 === 0
            ? "src/a.ts(3,1): error TS2531: Object is possibly 'null'."
            : "src/b.ts(9,7): error TS7006: Parameter 'x' implicitly has an 'any' type.",
          false,
        );
      }),
  ],
  [
    'whole files written back and forth between three versions',
    (it) =>
      it.repeat(12, (n) => {
        it.write('/home/ada/shop/Dockerfile', `FROM node:${[20, 22, 24][n % 3]}\nRUN npm ci\n`);
        it.bash(
          'docker build -t shop .',
          `#8 [3/4] RUN npm ci\n#8 ${it.seconds()} ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1`,
          false,
        );
      }),
  ],
  [
    'an edit whose old text is not in the file',
    (it) =>
      it.repeat(10, (n) => {
        it.failedEdit('/home/ada/shop/src/app.ts', `app.use(router)${' '.repeat(n % 3)}`);
      }),
  ],
  [
    'an edit that fails and a read of the file, in turn',
    (it) =>
      it.repeat(9, (n) => {
        it.failedEdit('/home/ada/shop/src/app.ts', `const port = ${n};`);
        it.read('/home/ada/shop/src/app.ts');
      }),
  ],
  [
    'context lost: the same files are read again in another order',
    (it) =>
      it.repeat(60, (n) => {
        const files = ['orders', 'totals', 'tax', 'users', 'carts', 'mail', 'jobs', 'stock'];
        it.read(`/home/ada/shop/src/${files[(n * 3 + Math.floor(n / 8)) % 8]!}.ts`);
      }),
  ],
  [
    'searches for something that is not there',
    (it) =>
      it.repeat(24, (n) => {
        it.grep(
          ['PaymentGateway', 'payment_gateway', 'paymentGateway'][n % 3]!,
          'No matches found',
        );
      }),
  ],
  [
    'polling a shell that has ended',
    (it) =>
      it.repeat(30, () =>
        it.add({
          tool: 'BashOutput',
          args: { bash_id: 'bash_3' },
          ok: true,
          result: `<status>completed</status>\n<exit_code>1</exit_code>\n<stderr>\nlisten EADDRINUSE :::3000\n</stderr>\n<timestamp>${it.now()}</timestamp>`,
        }),
      ),
  ],
  [
    'polling a handle that is unknown',
    (it) =>
      it.repeat(20, () =>
        it.add({
          tool: 'write_stdin',
          args: { session_id: 7, chars: '', yield_time_ms: 5_000 },
          result: 'write_stdin failed: Unknown process id 7',
          ok: false,
        }),
      ),
  ],
  [
    'a build that hangs, asked for ever without waiting longer',
    (it) =>
      it.repeat(90, () =>
        it.add({
          tool: 'BashOutput',
          args: { bash_id: 'bash_1' },
          ok: true,
          result: `<status>running</status>\n<timestamp>${it.now()}</timestamp>`,
        }),
      ),
  ],
  [
    'timestamps and pids that hide the same failure',
    (it) =>
      it.repeat(15, () =>
        it.bash(
          'node server.js',
          `[${it.now()}] (${it.any(60_000)}) ERROR listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle [as _listen2] (node:net:1937:16)\n  requestId: ${it.hex(32)}`,
          false,
        ),
      ),
  ],
  [
    'cosmetic changes of one command',
    (it) =>
      it.repeat(12, (n) =>
        it.bash(
          [
            'cargo build',
            'cargo build --verbose',
            'cargo build 2>&1 | tail -50',
            'RUST_BACKTRACE=1 cargo build',
            'cargo build # again',
            'cargo  build --color=never',
          ][n % 6]!,
          'error: linker `cc` not found\n  |\n  = note: No such file or directory (os error 2)\n\nerror: could not compile `shop` (lib) due to 1 previous error',
          false,
        ),
      ),
  ],
  [
    'three steps round and round',
    (it) =>
      it.repeat(12, () => {
        it.bash('ls src', 'app.ts\norders\ntotals.ts');
        it.read('/home/ada/shop/src/app.ts');
        it.grep('registerRoute', 'src/app.ts:3:registerRoute(');
      }),
  ],
  [
    'four steps round and round, with words between',
    (it) =>
      it.repeat(10, (n) => {
        it.say(`Let me look at the configuration once more (${n}).`);
        it.bash('cat .env.example', 'PORT=3000\nDATABASE_URL=');
        it.bash('cat docker-compose.yml', 'services:\n  db:\n    image: postgres:16');
        it.bash(
          'docker compose up -d',
          'Error response from daemon: Conflict. The container name "/db" is already in use',
          false,
        );
        it.bash('docker compose down', 'Warning: No resource found to remove for project "shop".');
      }),
  ],
  [
    'announcing the fix and not making it',
    (it) => it.repeat(12, (n) => it.say(`I'll now continue with the implementation. Step ${n}.`)),
  ],
  [
    'a lint error that comes back with every fix',
    (it) =>
      it.repeat(12, (n) => {
        it.edit('/home/ada/shop/src/app.ts', `// v${n}`, `// v${n + 1}`);
        it.bash(
          'npm run lint',
          `/home/ada/shop/src/app.ts\n  ${12 + n}:5  error  'config' is assigned a value but never used  @typescript-eslint/no-unused-vars\n\n✖ 1 problem (1 error, 0 warnings)`,
          false,
        );
      }),
  ],
  [
    'a missing module, by every way to run it',
    (it) => {
      const ways = [
        'node dist/cli.js',
        'npx ts-node src/cli.ts',
        'npm run cli',
        'node --import tsx src/cli.ts',
        'node ./dist/cli.js --help',
        'npm exec shop-cli',
        'node -r esm dist/cli.js',
      ];
      for (const way of ways) {
        it.bash(
          way,
          `node:internal/modules/cjs/loader:1228\n  throw err;\n  ^\n\nError: Cannot find module '@acme/core'\nRequire stack:\n- /home/ada/shop/${way.split(' ').at(-1)!}\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)\nNode.js v22.14.0`,
          false,
        );
      }
    },
  ],
  [
    'whole logs are opened one after the other',
    (it) =>
      it.repeat(10, (n) =>
        it.add({
          tool: 'Bash',
          args: { command: `cat logs/worker-${n}.log` },
          ok: true,
          result: `worker ${n} started`,
          tokens: 45_000 + 8_000 * n,
        }),
      ),
  ],
  [
    'a network that is away, tried with other hosts',
    (it) => {
      for (const host of [
        'pypi.org',
        'files.pythonhosted.org',
        'mirror.acme.dev',
        'pypi.python.org',
        'test.pypi.org',
        'deb.debian.org',
      ]) {
        it.bash(
          `curl -sS https://${host}/simple/`,
          `curl: (6) Could not resolve host: ${host}`,
          false,
        );
      }
    },
  ],
  [
    'Codex: a command that is not installed',
    (it) =>
      it.repeat(10, () => it.shell('make build', 'bash: line 1: make: command not found', 127)),
  ],
  [
    'Codex: patches forth and back',
    (it) =>
      it.repeat(8, (n) => {
        const [from, to] =
          n % 2 === 0 ? ['retries: 3', 'retries: 5'] : ['retries: 5', 'retries: 3'];
        it.add({
          tool: 'apply_patch',
          args: {
            input: `*** Begin Patch\n*** Update File: src/http.ts\n@@\n-  ${from},\n+  ${to},\n*** End Patch`,
          },
          ok: true,
          result: 'Success. Updated the following files:\nM src/http.ts',
        });
        it.shell(
          'npm test',
          `✖ retries on 503 (${it.any(90)}ms)\nℹ tests 20\nℹ pass 19\nℹ fail 1`,
          1,
        );
      }),
  ],
  [
    'Codex: the same failing test run with other flags',
    (it) => {
      for (const flags of [
        '',
        ' -v',
        ' -vv',
        ' --tb=short',
        ' -x',
        ' --tb=long -x',
        ' -q --tb=no',
        ' -vv --tb=short',
        ' -s',
        ' -x -vv',
        ' -s -v',
        ' -q',
        ' --tb=line',
        ' -rA',
      ]) {
        it.shell(
          `pytest tests/test_io.py${flags}`,
          `FAILED tests/test_io.py::test_read - FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'\n1 failed in ${it.seconds()}`,
          1,
        );
      }
    },
  ],
  [
    'two sub-agents interleaved: one works, one is stuck',
    (it) =>
      it.repeat(30, (n) => {
        it.read(`/home/ada/shop/src/mod${n}.ts`);
        it.bash(
          'terraform plan',
          'Error: No valid credential sources found\n\n  with provider["registry.terraform.io/hashicorp/aws"]',
          false,
        );
      }),
  ],
  [
    'a log that only grows, read again and again',
    (it) =>
      it.repeat(24, (n) =>
        it.bash(
          'npm run migrate',
          `${'Retrying connection to db:5432\n'.repeat(n + 1)}Error: connect ECONNREFUSED 10.0.0.${n}:5432`,
          false,
        ),
      ),
  ],
  [
    'without flags or results of tests: only what the programs print',
    (it) =>
      it.repeat(14, (n) => {
        it.add({
          tool: 'edit',
          args: { path: 'lib/a.rb', old_str: `x = ${n}`, new_str: `x = ${n + 1}` },
          result: 'ok',
        });
        it.add({
          tool: 'bash',
          args: { command: 'bundle exec rspec' },
          result: `Failures:\n\n  1) Cart adds up\n     Failure/Error: expect(cart.total).to eq 12\n\nFinished in ${it.seconds()} (files took 1.2 seconds to load)\n40 examples, 1 failure\n\nrspec ./spec/cart_spec.rb:12 # Cart adds up`,
        });
      }),
  ],
  [
    'a git conflict that is met on every rebase',
    (it) =>
      it.repeat(10, () => {
        it.bash(
          'git rebase origin/main',
          `CONFLICT (content): Merge conflict in src/app.ts\nerror: could not apply ${it.hex(7)}... Add totals`,
          false,
        );
        it.bash('git rebase --abort', '');
      }),
  ],
  [
    'an exact wait for a server that never comes',
    (it) =>
      it.repeat(30, () =>
        it.bash(
          'sleep 5 && curl -s http://localhost:3000/health',
          "curl: (7) Failed to connect to localhost port 3000 after 0 ms: Couldn't connect to server",
          false,
        ),
      ),
  ],
  [
    'a script that fails the same way under ever new edits',
    (it) =>
      it.repeat(12, (n) => {
        it.edit('/home/ada/shop/repro.py', `depth=${n}`, `depth=${n + 1}`);
        it.bash(
          'python repro.py',
          `Traceback (most recent call last):\n  File "/home/ada/shop/repro.py", line ${n + 3}, in <module>\nRecursionError: maximum recursion depth exceeded`,
          false,
        );
      }),
  ],
  [
    'ever new searches for something that is not there',
    (it) => it.repeat(24, (n) => it.grep(`[Ll]egacy.?Gateway${'.*'.repeat(n)}`, 'No files found')),
  ],
  [
    'asking the same of the web in other words',
    (it) =>
      it.repeat(16, (n) =>
        it.add({
          tool: 'WebFetch',
          args: { url: `https://docs.acme.dev/v${n}/api`, prompt: 'endpoints' },
          ok: false,
          result: 'Request failed with status code 403',
        }),
      ),
  ],
  [
    'the whole suite, an edit of one file, the whole suite: three fail for ever',
    (it) =>
      it.repeat(14, (n) => {
        it.read('/home/ada/shop/src/cart.ts', n);
        it.edit('/home/ada/shop/src/cart.ts', `limit = ${n}`, `limit = ${n + 1}`);
        it.vitest(['src/cart.test.ts > a', 'src/cart.test.ts > b', 'src/cart.test.ts > c'], 140);
      }),
  ],
];

export const STUCK: readonly Trace[] = LOOPS.map(([about, loop, before = begin], index) => {
  const script = new Script(index + 1);
  before(script);
  const onset = script.steps.length;
  loop(script);
  return { id: `stuck-${index + 1}`, about, isStuck: true, onset, steps: script.steps };
});
