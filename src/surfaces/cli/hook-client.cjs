'use strict';
/**
 * The short way of `loom hook AGENT EVENT`: agents wait for it on each of their tool calls, so this file is
 * plain CommonJS that is read, not built, loads two modules of Node and starts no other program. What it
 * cannot settle (a server that is away, an input it cannot read) goes to hook-command.ts, which says it
 * in the agent's own words. Its types are in hook-client.d.cts.
 */
const { existsSync, readFileSync, readSync, realpathSync, statSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

const MAX_INPUT_BYTES = 64_000_000;
/** Longer texts are cut: the server needs names and the start of a prompt, never a whole file. */
const MAX_TEXT_LENGTH = 20_000;
const CREDENTIALS_FILE = 'cli.json';

/** Flags, then LOOM_URL and LOOM_TOKEN, then what the server left in its data folder for its own user. */
function findCredentials(flags) {
  // Empty is unset: some agents hand a variable on that was never there.
  const env = (name) => process.env[name] || undefined;
  const data =
    flags.data ??
    env('LOOM_DATA') ??
    join(env('HOME') ?? require('node:os').homedir(), '.loomstack');
  const left = readLeft(join(data, CREDENTIALS_FILE));
  const url = flags.url ?? env('LOOM_URL') ?? left?.url ?? 'http://127.0.0.1:7400';
  // A token is for one server: what was left for one address is never sent to another.
  const own = left !== undefined && originOf(left.url) === originOf(url) ? left.token : undefined;
  const wish = env('LOOM_HOOKS_FAIL_CLOSED') ?? left?.hooks?.failClosed;
  const timeoutMs = Number(env('LOOM_HOOKS_TIMEOUT_MS') ?? left?.hooks?.timeoutMs);
  return {
    url,
    token: flags.token ?? env('LOOM_TOKEN') ?? own,
    hooks: {
      failClosed: wish === true || wish === 'true' || wish === '1' || wish === 'yes',
      timeoutMs: Number.isFinite(timeoutMs) && timeoutMs > 0 ? timeoutMs : 3_000,
    },
  };
}

/** What is no address equals only itself: the hook command must get by with any setting. */
function originOf(url) {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function readLeft(path) {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value.url === 'string' && typeof value.token === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The input as an object, long texts cut; undefined when it is none. */
function readInput(text) {
  try {
    const value = JSON.parse(text, (_key, part) =>
      typeof part === 'string' && part.length > MAX_TEXT_LENGTH
        ? part.slice(0, MAX_TEXT_LENGTH)
        : part,
    );
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks the server. `url`, `token` and `timeoutMs` are those of `findCredentials`.
 * Gives `answered` with status and body, `late` or `unreachable`; never rejects.
 */
async function ask({ agent, event, input, url, token, timeoutMs }) {
  const started = Date.now();
  try {
    const git = await findPlace(folderOf(input));
    const left = Math.max(1, timeoutMs - (Date.now() - started));
    const path = `/hooks/${encodeURIComponent(agent)}/${encodeURIComponent(event)}`;
    return await post(new URL(path, url), token, JSON.stringify({ input, git }), left);
  } catch {
    return { kind: 'unreachable' };
  }
}

/** By node:http, because `fetch` takes several times as long to load. */
function post(url, token, body, timeoutMs) {
  const { request } = require(url.protocol === 'https:' ? 'node:https' : 'node:http');
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    // A token that no header may hold throws here, before there is a timer to go off later.
    const sent = request(url, { method: 'POST', agent: false, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', () => end({ kind: 'unreachable' }));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        end({ kind: 'answered', status: response.statusCode ?? 0, text });
      });
    });
    const timer = setTimeout(() => {
      resolve({ kind: 'late' });
      sent.destroy();
    }, timeoutMs);
    const end = (outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    sent.on('error', () => end({ kind: 'unreachable' }));
    sent.end(body);
  });
}

/** Where the agent works; some name several folders. */
function folderOf(input) {
  const roots = input.workspace_roots;
  const folder = input.cwd ?? (Array.isArray(roots) ? roots[0] : undefined);
  return typeof folder === 'string' && folder !== '' ? folder : process.cwd();
}

/**
 * Work tree, branch, commit and origin of a folder, read from git's own files because starting git three
 * times costs more than all the rest; git itself is asked for what these files do not say plainly. Outside
 * of a repository there is nothing to say.
 */
async function findPlace(folder) {
  if (process.env.GIT_DIR) return askGit(folder);
  try {
    const toplevel = findTop(realpathSync(folder));
    if (toplevel === undefined) return {};
    const place = readPlace(toplevel);
    return place === undefined ? await askGit(folder) : place;
  } catch {
    return askGit(folder);
  }
}

function findTop(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** Undefined where git must be asked: a format of refs or settings that is not the plain one. */
function readPlace(toplevel) {
  const dotGit = join(toplevel, '.git');
  const link = statSync(dotGit).isFile()
    ? /^gitdir: (.+)$/m.exec(readFileSync(dotGit, 'utf8'))?.[1]
    : '.git';
  if (link === undefined) return undefined;
  const own = resolve(toplevel, link.trim());
  const commonFile = join(own, 'commondir');
  const common = existsSync(commonFile)
    ? resolve(own, readFileSync(commonFile, 'utf8').trim())
    : own;

  const head = readFileSync(join(own, 'HEAD'), 'utf8').trim();
  const ref = head.startsWith('ref: ') ? head.slice(5) : undefined;
  if (ref !== undefined && (!ref.startsWith('refs/heads/') || ref.endsWith('/.invalid'))) {
    return undefined;
  }
  const commit = ref === undefined ? head : readRef(common, ref);
  if (commit !== undefined && !/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  const remoteUrl = readRemote(join(common, 'config'));
  if (remoteUrl === null) return undefined;
  return {
    toplevel,
    branch: ref === undefined ? 'HEAD' : ref.slice('refs/heads/'.length),
    ...(commit === undefined ? {} : { head: commit }),
    ...(remoteUrl === undefined ? {} : { remoteUrl: withoutPassword(remoteUrl) }),
  };
}

/** Undefined for a branch without a commit. */
function readRef(common, ref) {
  const loose = join(common, ref);
  if (existsSync(loose)) return readFileSync(loose, 'utf8').trim();
  const packed = join(common, 'packed-refs');
  if (!existsSync(packed)) return undefined;
  const line = readFileSync(packed, 'utf8')
    .split('\n')
    .find((each) => each.endsWith(` ${ref}`));
  return line?.slice(0, line.indexOf(' '));
}

/** Address of `origin`; undefined where there is none, null where only git can tell. */
function readRemote(path) {
  const text = readFileSync(path, 'utf8');
  if (/^\s*\[include/im.test(text) || /^\s*\[remote\.origin/im.test(text)) return null;
  let isOrigin = false;
  let found;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*\[/.test(line)) isOrigin = /^\s*\[remote\s+"origin"\]\s*$/i.test(line);
    const value = isOrigin ? /^\s*url\s*=\s*(.*?)\s*$/i.exec(line)?.[1] : undefined;
    if (value === undefined) continue;
    if (/["\\#;]/.test(value)) return null;
    found = value;
  }
  return found;
}

async function askGit(folder) {
  const { execFile } = require('node:child_process');
  const git = (...args) =>
    new Promise((done) => {
      execFile('git', args, { cwd: folder, timeout: 2_000 }, (error, stdout) =>
        done(error === null ? stdout.trim() : ''),
      );
    });
  const [place, head, remote] = await Promise.all([
    git('rev-parse', '--show-toplevel', '--abbrev-ref', 'HEAD'),
    git('rev-parse', '--verify', '--quiet', 'HEAD'),
    git('config', '--get', 'remote.origin.url'),
  ]);
  const [toplevel, branch] = place.split('\n');
  return {
    ...(toplevel ? { toplevel } : {}),
    ...(branch ? { branch } : {}),
    ...(head ? { head } : {}),
    ...(remote ? { remoteUrl: withoutPassword(remote) } : {}),
  };
}

function withoutPassword(url) {
  return url.replace(/^([a-z]+:\/\/)[^@/]*@/i, '$1');
}

/** What is to be printed; undefined where the answer is not one of ours. */
function readAnswer(outcome) {
  if (outcome.kind !== 'answered' || outcome.status < 200 || outcome.status > 299) return undefined;
  try {
    const { output, note } = JSON.parse(outcome.text);
    if (output === undefined) return undefined;
    const isFilled =
      typeof output === 'object' && output !== null && Object.keys(output).length > 0;
    return {
      out: isFilled ? JSON.stringify(output) : '',
      err: typeof note === 'string' ? `${note}\n` : '',
    };
  } catch {
    return undefined;
  }
}

/** `[--url U] [--data D] hook AGENT EVENT`, as `loom attach` writes it; undefined for anything else. */
function readWords(words) {
  const flags = {};
  let rest = words;
  while (rest[0] === '--url' || rest[0] === '--data') {
    flags[rest[0].slice(2)] = rest[1] ?? '';
    rest = rest.slice(2);
  }
  const [command, agent, event] = rest;
  const isHook = command === 'hook' && rest.length === 3;
  return isHook && !rest.some((word) => word.startsWith('-')) ? { agent, event, flags } : undefined;
}

/** All of standard input; reading at once is quicker than its stream. Too much of it is not ours. */
async function readStdin() {
  if (process.stdin.isTTY) return '';
  const chunks = [];
  let size = 0;
  const take = (chunk) => {
    size += chunk.length;
    if (size <= MAX_INPUT_BYTES) chunks.push(chunk);
  };
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(65_536);
      const read = readSync(0, buffer);
      if (read === 0) break;
      take(buffer.subarray(0, read));
    }
  } catch (error) {
    // A pipe that answers "try again" is read as a stream instead; Windows calls the end of one EOF.
    if (error.code === 'EAGAIN') for await (const chunk of process.stdin) take(chunk);
    else if (error.code !== 'EOF') return '';
  }
  return size > MAX_INPUT_BYTES ? '' : Buffer.concat(chunks).toString('utf8');
}

async function main(argv) {
  const call = readWords(argv);
  if (call === undefined) {
    // Anything else a person types, such as `--help`, goes the long way.
    await import(pathToFileURL(join(__dirname, '../../app/main.ts')).href);
    return;
  }
  const { agent, event, flags } = call;
  const { url, token, hooks } = findCredentials(flags);
  const input = readInput(await readStdin());
  const outcome =
    input === undefined
      ? { kind: 'unreadable' }
      : await ask({ agent, event, input, url, token, timeoutMs: hooks.timeoutMs });
  const answer = readAnswer(outcome);
  if (answer !== undefined) {
    if (answer.out !== '') process.stdout.write(answer.out);
    if (answer.err !== '') process.stderr.write(answer.err);
    return;
  }
  // The tables of the dialects are TypeScript: compiled once, not on every call of a server that is away.
  require('node:module').enableCompileCache?.(join(__dirname, '../../../node_modules/.cache/loom'));
  const { goOnWithout } = await import(pathToFileURL(join(__dirname, 'hook-command.ts')).href);
  goOnWithout({ agent, event, input, outcome, url, hooks }, process.stdout, process.stderr);
}

module.exports = { ask, CREDENTIALS_FILE, findCredentials, findPlace, readAnswer, readInput };
if (require.main === module) void main(process.argv.slice(2));
