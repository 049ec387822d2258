/**
 * `npm run test:agents`: installs the coding agents into a folder of their own and runs the tests that
 * drive them. They are large and belong to others, so they are no dependency of ours.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** The versions the tests were last seen passing with. */
const AGENTS = {
  '@anthropic-ai/claude-code': '2.1.330',
  '@openai/codex': '0.169.0',
  '@google/gemini-cli': '0.61.0',
  '@github/copilot': '1.0.102',
  'opencode-ai': '1.18.33',
};

const root = join(import.meta.dirname, '..');
const folder = process.env.LOOM_AGENTS_DIR ?? join(tmpdir(), 'loom-agents');
// Their install scripts look at the Node that runs them, so ours leads.
const env = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  LOOM_AGENTS_DIR: folder,
};

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

mkdirSync(folder, { recursive: true });
const missing = Object.entries(AGENTS).filter(
  ([name]) => !existsSync(join(folder, 'node_modules', name, 'package.json')),
);
if (missing.length > 0) {
  const allowed = Object.fromEntries(Object.keys(AGENTS).map((name) => [name, true]));
  const manifest = { private: true, allowScripts: allowed };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const wanted = missing.map(([name, version]) => `${name}@${version}`);
  run('npm', ['install', '--no-audit', '--no-fund', ...wanted], folder);
}
run(
  join(root, 'node_modules/.bin/vitest'),
  ['run', 'tests/agents', ...process.argv.slice(2)],
  root,
);
