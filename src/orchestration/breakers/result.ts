/** What a result says: its words, whether the call failed, with which class of error. Pure. */
import { firstText, type Call, textOf } from './call.ts';
import { hash, normaliseText } from './normalise.ts';

export interface Result {
  /** The raw words. */
  text: string;
  /** Same number, same result but for times, ids and the like. 0 where the transcript keeps none. */
  key: number;
  hasFailed: boolean;
  /** The same kind of failure, whatever it was about; 0 where nothing failed. */
  error: number;
  /** The answer is that there is nothing. */
  isEmpty: boolean;
}

const HEAD = 8_000;
const TAIL = 16_000;
const TEXT_KEYS = [
  'stdout',
  'output',
  'content',
  'text',
  'result',
  'message',
  'file',
  'llmContent',
  'textResultForLlm',
];
const NOTHING_FOUND =
  /^(?:\s*|\(?(?:no (?:matches|files|results?|output|content|hits)\b.*|nothing (?:here|found).*|0 (?:hits|matches|results).*|found 0 .*|\[\]|\{\}|null|none)\)?\.?)$/i;
/** Siblings of a failed parallel call, and people who said no for reasons of their own. */
const NOT_ITS_FAULT = /sibling tool call|request interrupted by user/i;
const EXIT_CODE =
  /(?:^|\n)[ \t]*(?:<?exit[ _-]?(?:code|status)>?|process exited with code|command exited with(?: code| status)?|exited with code|returncode)[ :=]*\(?(-?\d+)/i;
const STARTS_AS_ERROR =
  /^\s*(?:<tool_use_error>|error\b|fatal\b|traceback|failed\b|command failed|permission denied|permission to use|the user doesn't want|user rejected|access denied|unknown tool|no such tool|invalid\b|exception\b|npm err!|bash: |sh: |zsh: |\S+: command not found)/i;
const ERROR_ANYWHERE =
  /(?:^|\n)(?:Traceback \(most recent|npm ERR! |make: \*\*\*|fatal: |error: |panic: |\S+: command not found|bash: .*: (?:command not found|No such file))|command not found\s*$/;

export function readResult(step: { ok?: unknown; result?: unknown }, call: Call): Result {
  const text = clip(wordsOf(step.result));
  const isKept = step.result !== undefined && step.result !== null;
  const plain = normaliseText(text);
  const isEmpty = isKept && NOTHING_FOUND.test(plain);
  let hasFailed = failed(step, text, call);
  if (hasFailed && isEmpty && (call.kind === 'search' || call.kind === 'command')) {
    // grep answers 1 where it finds nothing.
    hasFailed = /^(?:false|\[|test)\b/.test(call.plainCommand) || call.kind === 'command';
  }
  const isOwnFailure = hasFailed && !NOT_ITS_FAULT.test(text);
  return {
    text,
    key: isKept ? hash(plain === '' ? '<empty>' : plain) : 0,
    hasFailed: isOwnFailure,
    error: isOwnFailure ? (isKept ? errorClass(text, call) : call.key) : 0,
    isEmpty,
  };
}

/** The beginning and the end: what is judged must not take longer for whoever prints a megabyte. */
function clip(text: string): string {
  return text.length <= HEAD + TAIL ? text : `${text.slice(0, HEAD)}\n${text.slice(-TAIL)}`;
}

function failed(step: { ok?: unknown; result?: unknown }, text: string, call: Call): boolean {
  if (step.ok === false) return true;
  if (call.kind === 'command' || call.kind === 'poll') {
    const code = EXIT_CODE.exec(text);
    if (code !== null) return code[1] !== '0';
  }
  if (step.ok === true) return false;
  if (typeof step.result === 'object' && step.result !== null) {
    const it = step.result as Record<string, unknown>;
    if (it['is_error'] === true || it['isError'] === true || it['success'] === false) return true;
    if (it['resultType'] === 'failure') return true;
    for (const name of ['exitCode', 'exit_code', 'returncode', 'status_code']) {
      const code = it[name];
      if (typeof code === 'number' && name !== 'status_code') return code !== 0;
    }
    if (typeof it['error'] === 'string' && it['error'] !== '') return true;
  }
  if (STARTS_AS_ERROR.test(text)) return true;
  // Files and search hits may speak of errors without being one.
  return call.kind === 'command' && ERROR_ANYWHERE.test(text);
}

/** The words of a result, whatever shape an agent gives it. */
export function wordsOf(result: unknown): string {
  if (typeof result === 'string') return result;
  if (typeof result !== 'object' || result === null) return textOf(result);
  if (Array.isArray(result)) return result.map(wordsOf).join('\n');
  const it = result as Record<string, unknown>;
  const words = firstText(it, TEXT_KEYS);
  const problem = firstText(it, ['stderr', 'error']);
  if (words !== '' || problem !== '') return [words, problem].filter(Boolean).join('\n');
  for (const name of TEXT_KEYS) {
    if (typeof it[name] === 'object' && it[name] !== null) return wordsOf(it[name]);
  }
  if ('stdout' in it || 'output' in it || 'content' in it) return '';
  return textOf(it);
}

const TELLS =
  /error|exception|fail|denied|not found|cannot|can't|could not|no such|unable|refused|timed? ?out|invalid|unknown|not permitted|forbidden|unauthori[sz]ed|reset|unreachable|must |E[A-Z]{4,}|panic|abort|killed/i;
/** Codes that name an error are kept: TS2304, E0308, SC2086, EACCES, HTTP 404. */
const NUMBERS = /(?<![A-Za-z]\d{0,6})(?<!\b(?:code|status|http)[ :=]?)\d+(?:\.\d+)*/gi;

/** Shorter commands are words that an error may use for itself. */
const SHORTEST_REPEATED = 6;

/** A number for the kind of error: its telling line without names, paths and figures. */
export function errorClass(text: string, call: Call): number {
  const lines = text
    .slice(0, 8_000)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(?:exit code|<?\/?tool_use_error>?$)/i.test(line));
  const isTraceback = lines.some((line) => line.startsWith('Traceback (most recent'));
  const telling = isTraceback
    ? lines.findLast((line) => TELLS.test(line))
    : lines.find((line) => TELLS.test(line));
  const line = telling ?? lines[0];
  if (line === undefined) return hash(`exit ${call.tool} ${call.plainCommand.split(' ')[0] ?? ''}`);
  // A refusal that repeats the call is the same whatever was called.
  const said =
    call.command.length < SHORTEST_REPEATED ? line : line.replaceAll(call.command, '<call>');
  return hash(maskNames(normaliseText(said.slice(0, 400))).slice(0, 160));
}

/** Without quoted names, paths and figures. */
export function maskNames(line: string): string {
  return line
    .replaceAll(/<\/?tool_use_error>/g, '')
    .replaceAll(/(['"`‘“])(?:(?!\1|['"`’”]).)*['"`’”]/g, '<name>')
    .replaceAll(/(?:[\w.@~-]*\/)+[\w.@*-]*/g, '<path>')
    .replaceAll(
      /\b[\w-]+\.(?:[cm]?[jt]sx?|py|go|rs|java|rb|json|ya?ml|md|txt|c|h|cpp|html|css)\b/g,
      '<path>',
    )
    .replaceAll(/\b(?:[a-z0-9-]+\.)+(?:com|org|net|dev|io|local|internal|[a-z]{2,3})\b/gi, '<host>')
    .replaceAll(NUMBERS, '<n>')
    .toLowerCase();
}
