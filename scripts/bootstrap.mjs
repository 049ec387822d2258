// Runs before `npm start` and `npm test`, on whatever Node the machine has (20 or newer): installs
// what is missing, proves that Node 24 came along, and builds the console when it is out of date.
// With `--start-only` it installs what running needs, which is half of what developing needs.
// Plain JavaScript without dependencies, because nothing is installed yet when it runs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bundledNode = join(root, 'node_modules', 'node', 'bin', 'node');
const installMarker = join(root, 'node_modules', '.loomstack-installed');

function fail(message, hint) {
  process.stderr.write(`\n  LoomStack cannot start: ${message}\n  ${hint}\n\n`);
  process.exit(1);
}

function run(command, args, what) {
  // A shell finds npm.cmd and .bin links alike; the arguments are constants of this file.
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error)
    fail(
      `${what} could not run (${done.error.message}).`,
      `Run it by hand: ${command} ${args.join(' ')}`,
    );
  if (done.status !== 0)
    fail(
      `${what} failed.`,
      `See the lines above, then run it by hand: ${command} ${args.join(' ')}`,
    );
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules' && entry.name !== 'dist')
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    fail(
      `Node ${process.versions.node} is too old to install it.`,
      'Install Node 20 or newer from https://nodejs.org and try again.',
    );
  }
}

function install(startOnly) {
  const lock = hashOf([join(root, 'package-lock.json'), join(root, 'package.json')]);
  const [installed, extent] = existsSync(installMarker)
    ? readFileSync(installMarker, 'utf8').split(' ')
    : [];
  const has = (name) => existsSync(join(root, 'node_modules', name));
  const isInstalled = has('hono') && existsSync(bundledNode);
  // Where somebody ran npm by hand, its own files tell whether the developing half is there.
  const isWhole = extent === 'all' || (extent === undefined && has('vitest'));
  if (isInstalled && installed === lock && (startOnly || isWhole)) return;
  if (isInstalled && installed === undefined && !isStale() && (startOnly || isWhole)) {
    mark(lock, isWhole);
    return;
  }
  process.stdout.write('LoomStack: installing its packages (about a minute, once) …\n');
  // Who once developed here goes on to.
  const lacksDevelopment = startOnly && !(isInstalled && isWhole);
  const extentFlag = lacksDevelopment ? '--omit=dev' : '--include=dev';
  run('npm', ['ci', extentFlag, '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci');
  removeUnread(lacksDevelopment);
  mark(lock, !lacksDevelopment);
}

/**
 * Takes away what packages bring along and no program of ours reads: the headers of Node, the sources
 * of a grammar and, where nobody develops, declarations of types and maps of sources.
 */
function removeUnread(lacksDevelopment) {
  const modules = join(root, 'node_modules');
  const nodes = join(modules, 'node', 'node_modules');
  const grammar = join(modules, '@tree-sitter-grammars', 'tree-sitter-kotlin');
  try {
    for (const name of readdirSync(nodes)) {
      if (name.startsWith('node-')) remove(join(nodes, name, 'include'));
    }
    for (const name of ['src', 'prebuilds']) remove(join(grammar, name));
    if (!lacksDevelopment) return;
    for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
      const isUnread = /\.d\.[cm]?ts$|\.(?:[cm]?[jt]s|css)\.map$/.test(entry.name);
      if (isUnread && entry.isFile()) remove(join(entry.parentPath ?? entry.path, entry.name));
    }
  } catch {
    // Then the installation is larger than it could be, and nothing more.
  }
}

function remove(path) {
  rmSync(path, { recursive: true, force: true });
}

/** npm writes its own lock on every install; older than ours means ours changed since. */
function isStale() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  return (
    !existsSync(installed) ||
    statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function mark(lock, isWhole) {
  try {
    writeFileSync(installMarker, `${lock} ${isWhole ? 'all' : 'start'}`);
  } catch {
    // A read-only installation is checked again next time, nothing more.
  }
}

function checkBundledNode() {
  const hint =
    'Install scripts were skipped. Run `npm rebuild node` (with a strict npm first `npm install-scripts approve node`), or start with a Node 24 of your own: node bin/loom up';
  if (!existsSync(bundledNode)) {
    if (Number(process.versions.node.split('.')[0]) >= 24) return;
    fail('the bundled Node 24 is missing.', hint);
  }
  const asked = spawnSync(bundledNode, ['--version'], { encoding: 'utf8' });
  if (asked.status !== 0) fail('the bundled Node 24 does not run on this machine.', hint);
}

function buildConsole() {
  const folder = join(root, 'console');
  const marker = join(folder, 'dist', '.built-from');
  const wanted = hashOf([...filesBelow(folder), join(root, 'package-lock.json')]);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  process.stdout.write('LoomStack: building the console (some seconds, once) …\n');
  const node = existsSync(bundledNode) ? bundledNode : process.execPath;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const built = spawnSync(node, [vite, 'build', '--logLevel', 'warn'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (built.status !== 0)
    fail(
      'the console could not be built.',
      'See the lines above; `npm run build:console` repeats it.',
    );
  mkdirSync(join(folder, 'dist'), { recursive: true });
  writeFileSync(marker, wanted);
}

checkNode();
install(process.argv.includes('--start-only'));
checkBundledNode();
if (process.argv.includes('--console')) buildConsole();
