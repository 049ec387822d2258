/**
 * The git hook that asks before each commit whether another session holds what is in it. git keeps one
 * program per hook, so one that is there already is set aside, run first, and put back by detach with its
 * bytes, mode and links. Husky makes its folder again at will; there our lines go into its own script.
 * All work trees of a clone share their hooks: the last that is detached takes ours out.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { AppError } from '#kernel';
import type { Caller } from './agents.ts';
import type { WiredFile } from './wiring.ts';

const HOOK = 'commit-msg';
const ASIDE = `${HOOK}.before-loom`;
const START =
  '# >>> loom: asks whether another session holds what is committed; `loom detach` removes it';
const END = '# <<< loom';
/** Said at our end where the script had no line break at its own, so that detach takes it out again. */
const ADDED_BREAK = ' (and a line break before)';

export interface GatePlan {
  /** What is written, as far as it is text of ours; for the diff. */
  files: WiredFile[];
  /** What a person must do, where we write nothing. */
  notes: string[];
  write(): void;
}

const NOTHING: GatePlan = { files: [], notes: [], write: () => {} };

/** @throws AppError `attach.edited_file` where a hook of ours was changed by hand. */
export function planGate(verb: 'attach' | 'detach', root: string, caller: Caller): GatePlan {
  const place = findPlace(root);
  if (place === undefined) return NOTHING;
  const { hooks, memory } = place;
  const name = (path: string) => relative(root, path) || path;
  if (place.kind === 'outside') {
    const note = `core.hooksPath is ${hooks}, outside of this repository: to refuse commits of files another session holds, call \`${callOf(caller)}\` from its ${HOOK}.`;
    return verb === 'attach' ? { ...NOTHING, notes: [note] } : NOTHING;
  }
  const roots = readRoots(memory);
  const others = roots.filter((each) => each !== root && existsSync(each));
  if (verb === 'detach' && others.length > 0) {
    return { ...NOTHING, write: () => writeRoots(memory, others) };
  }
  const edit = place.kind === 'husky' ? planBlock : planFile;
  const { files, write } = edit(verb, hooks, caller);
  return {
    files: files.map((file) => ({ ...file, path: name(file.path) })),
    notes: [],
    write() {
      if (verb === 'attach') writeRoots(memory, [...new Set([...others, root])]);
      write();
      if (verb === 'detach') writeRoots(memory, []);
    },
  };
}

type Edit = (
  verb: 'attach' | 'detach',
  hooks: string,
  caller: Caller,
) => { files: WiredFile[]; write(): void };

/** A hook of our own, with the one that was there beside it. */
const planFile: Edit = (verb, hooks, caller) => {
  const path = join(hooks, HOOK);
  const aside = join(hooks, ASIDE);
  const before = textAt(path);
  const isOurs = before?.includes(START) ?? false;
  if (verb === 'attach') {
    const after = `#!/bin/sh\n${blockOf(caller, true)}`;
    if (before === after) return { files: [], write: () => {} };
    return {
      files: [
        ...(isOurs || before === undefined
          ? []
          : [{ path: aside, before: undefined, after: before }]),
        { path, before, after },
      ],
      write() {
        mkdirSync(hooks, { recursive: true });
        if (!isOurs && isThere(path)) renameSync(path, aside);
        writeFileSync(path, after);
        chmodSync(path, 0o755);
      },
    };
  }
  if (!isOurs) return { files: [], write: () => {} };
  const hadOne = isThere(aside);
  // Lines somebody added to a hook of ours would be lost with it.
  if (withoutBlock(before!) !== '#!/bin/sh\n') throw edited(path);
  return {
    files: [
      ...(hadOne ? [{ path: aside, before: textAt(aside), after: undefined }] : []),
      { path, before, after: hadOne ? textAt(aside) : undefined },
    ],
    write() {
      rmSync(path);
      if (hadOne) renameSync(aside, path);
    },
  };
};

/** Our lines in a script that others keep. */
const planBlock: Edit = (verb, folder, caller) => {
  const path = join(folder, HOOK);
  const before = textAt(path);
  const bare = before === undefined ? '' : withoutBlock(before);
  const isOpen = bare !== '' && !bare.endsWith('\n');
  const block = blockOf(caller, false);
  const added = isOpen ? `\n${block.replace(`${END}\n`, `${END}${ADDED_BREAK}\n`)}` : block;
  const after = verb === 'attach' ? `${bare}${added}` : bare === '' ? undefined : bare;
  if (before === after) return { files: [], write: () => {} };
  return {
    files: [{ path, before, after }],
    write() {
      if (after === undefined) rmSync(path);
      else writeFileSync(path, after);
    },
  };
};

function blockOf(caller: Caller, chains: boolean): string {
  return [
    START,
    ...(chains
      ? [
          // A link to a program is run as what it points to.
          `before="$(dirname "$0")/${ASIDE}"`,
          'if [ -x "$before" ]; then "$before" "$@" || exit $?; fi',
        ]
      : []),
    `if [ -n "$(command -v ${quote(caller.command)})" ]; then ${callOf(caller)} "$1" || exit 1; fi`,
    END,
    '',
  ].join('\n');
}

/** The text as it was before our lines, to the byte where nobody has edited it since. */
function withoutBlock(text: string): string {
  const start = text.indexOf(START);
  const end = text.indexOf(END, start);
  if (start === -1 || end === -1) return text;
  const stop = text.indexOf('\n', end) + 1;
  const hasAdded = text.slice(end, stop).includes(ADDED_BREAK);
  const rest = stop === 0 ? '' : text.slice(stop);
  return text.slice(0, hasAdded && text[start - 1] === '\n' ? start - 1 : start) + rest;
}

function callOf({ command, args }: Caller): string {
  return [command, ...args, 'commit-gate'].map(quote).join(' ');
}

function quote(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

interface HookPlace {
  kind: 'plain' | 'husky' | 'outside';
  hooks: string;
  /** Names the work trees the hook is for. */
  memory: string;
}

function findPlace(root: string): HookPlace | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const hooks = resolve(root, git('rev-parse', '--git-path', 'hooks'));
    const common = resolve(root, git('rev-parse', '--git-common-dir'));
    const memory = join(common, 'loom', 'commit-gate.json');
    // `husky` makes `.husky/_` with a program for each hook, which runs the script one level up.
    if (basename(hooks) === '_' && basename(dirname(hooks)) === '.husky') {
      return { kind: 'husky', hooks: dirname(hooks), memory };
    }
    const isInside = [root, common].some((folder) => hooks.startsWith(`${folder}/`));
    return { kind: isInside ? 'plain' : 'outside', hooks, memory };
  } catch {
    return undefined;
  }
}

function textAt(path: string): string | undefined {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
}

/** Also a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function readRoots(memory: string): string[] {
  try {
    const value: unknown = JSON.parse(readFileSync(memory, 'utf8'));
    return Array.isArray(value) ? value.filter((it): it is string => typeof it === 'string') : [];
  } catch {
    return [];
  }
}

function writeRoots(memory: string, roots: readonly string[]): void {
  if (roots.length === 0) {
    rmSync(memory, { force: true });
    return;
  }
  mkdirSync(dirname(memory), { recursive: true });
  writeFileSync(memory, JSON.stringify(roots));
}

function edited(path: string): AppError {
  return new AppError('conflict', 'attach.edited_file', {
    message: `${path} was written by attach and has been changed since.`,
    hint: 'Move your changes elsewhere and delete the file, then try again; nothing was changed.',
  });
}
