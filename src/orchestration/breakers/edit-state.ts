/**
 * Which content a file has after an edit, without reading the file. A whole content is named by the sum of
 * its lines; an edit adds the lines it writes and takes away those it replaces, so that undoing an
 * edit, in whatever words, leads back to the same number. Pure.
 */
import { type Call, firstText } from './call.ts';
import { hash } from './normalise.ts';

export interface FileEdit {
  file: number;
  /** `whole`: the content; `delta`: what is added to the number of the content before. */
  effect: { whole: number } | { delta: number };
}

const NEW_KEYS = [
  'new_string',
  'new_str',
  'newString',
  'newText',
  'replace',
  'replacement',
  'insert_text',
];
const OLD_KEYS = ['old_string', 'old_str', 'oldString', 'oldText', 'search', 'find'];
const WHOLE_KEYS = [
  'content',
  'contents',
  'file_text',
  'text',
  'new_content',
  'new_source',
  'body',
  'data',
];
const MAX_LINES = 5_000;

export function readEdits(call: Call): FileEdit[] {
  const patch = patchOf(call);
  if (patch !== undefined) return readPatch(patch, call.path);
  const heredoc =
    /(?:cat|tee)\s*(?:>|\s)\s*(['"]?)([^\s'"<>|&]+)\1\s*<<-?\s*['"\\]?(\w+)['"]?\n([\s\S]*?)\n\s*\3\b/.exec(
      call.command,
    );
  if (heredoc !== null) {
    return [{ file: hash(heredoc[2]!), effect: { whole: sumLines(heredoc[4]!) } }];
  }
  if (call.kind !== 'edit' || call.path === null) return [];
  const file = hash(call.path);

  const many = call.args['edits'];
  if (Array.isArray(many)) {
    let delta = 0;
    for (const one of many) {
      if (typeof one === 'object' && one !== null) {
        delta = (delta + replaced(one as Record<string, unknown>)) >>> 0;
      }
    }
    return [{ file, effect: { delta } }];
  }
  const hasPair = [...NEW_KEYS, ...OLD_KEYS].some((name) => typeof call.args[name] === 'string');
  if (hasPair) return [{ file, effect: { delta: replaced(call.args) } }];
  const whole = WHOLE_KEYS.find((name) => typeof call.args[name] === 'string');
  if (whole !== undefined) {
    return [{ file, effect: { whole: sumLines(call.args[whole] as string) } }];
  }
  return [{ file, effect: { delta: call.key } }];
}

function replaced(args: Record<string, unknown>): number {
  const before = firstText(args, OLD_KEYS);
  const after = firstText(args, NEW_KEYS);
  const delta = (sumLines(after) - sumLines(before)) >>> 0;
  // Lines only moved: then their order is the content.
  return delta === 0 && before !== after ? (hash(after) - hash(before)) >>> 0 : delta;
}

function patchOf(call: Call): string | undefined {
  if (call.command.includes('*** Begin Patch')) return call.command;
  if (!/patch/.test(call.tool)) return undefined;
  const text = firstText(call.args, ['patch', 'diff', 'input', 'patch_text', 'command', 'cmd']);
  return text === '' ? undefined : text;
}

function readPatch(patch: string, path: string | null): FileEdit[] {
  const sums = new Map<string, number>();
  let file = path ?? '';
  for (const line of patch.split('\n').slice(0, MAX_LINES)) {
    const named = /^(?:\*\*\* (?:Update|Add|Delete) File: |\+\+\+ (?:b\/)?)(.+)$/.exec(line);
    if (named !== null) {
      file = named[1]!.trim();
      if (!sums.has(file)) sums.set(file, 0);
    } else if (/^(?:\*\*\* |--- |@@|diff --git|index )/.test(line)) {
      continue;
    } else if (line.startsWith('+')) {
      sums.set(file, ((sums.get(file) ?? 0) + lineSum(line.slice(1))) >>> 0);
    } else if (line.startsWith('-')) {
      sums.set(file, ((sums.get(file) ?? 0) - lineSum(line.slice(1))) >>> 0);
    }
  }
  return [...sums].map(([name, delta]) => ({ file: hash(name), effect: { delta } }));
}

function sumLines(text: string): number {
  let sum = 0;
  for (const line of text.split('\n').slice(0, MAX_LINES)) sum = (sum + lineSum(line)) >>> 0;
  return sum;
}

function lineSum(line: string): number {
  const plain = line.trimEnd();
  return plain === '' ? 0 : hash(plain);
}
