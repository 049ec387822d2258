/** Everything the rules need to know of one step, in numbers of fixed size. Pure. */
import { type Call, readCall, textOf } from './call.ts';
import { type CommandPurpose, purposeOf } from './command.ts';
import { type FileEdit, readEdits } from './edit-state.ts';
import { hash, normaliseText } from './normalise.ts';
import { type Poll, readPoll } from './polling.ts';
import { readResult, type Result, wordsOf } from './result.ts';
import type { BreakerStep } from './step.ts';
import { type FailingSet, failingChecks, failingTests, setOf } from './test-output.ts';

const LETTERS_PER_TOKEN = 4;

export interface Reading {
  call: Call;
  purpose: CommandPurpose | null;
  result: Result;
  edits: FileEdit[];
  /** The failing ones of a test run, of a build or lint, or a command that may fail like one. */
  run: (FailingSet & { kind: 'tests' | 'checks' | 'command' }) | null;
  poll: Poll | null;
  tokens: number;
  /** What a message says, without figures; 0 when it is none. */
  words: number;
}

export function readStep(step: BreakerStep): Reading {
  const call = readCall(step);
  const result = readResult(step, call);
  const purpose = call.kind === 'command' ? purposeOf(call.plainCommand, call.command) : null;
  return {
    call,
    purpose,
    result,
    edits: result.hasFailed ? [] : editsOf(step, call),
    run: runOf(step, call, purpose, result),
    poll: readPoll(step, call, purpose, result),
    tokens: step.tokens ?? estimateTokens(step, result),
    words: call.kind === 'say' ? wordsKey(step) : 0,
  };
}

/** What passes through the model in one step at the least, by the usual four letters per token. */
export function estimateTokens(step: { args?: unknown }, result: { text: string }): number {
  return Math.ceil((textOf(step.args).length + result.text.length) / LETTERS_PER_TOKEN);
}

function editsOf(step: BreakerStep, call: Call): FileEdit[] {
  if (step.edit == null) return readEdits(call);
  const { file, state } = step.edit;
  return [{ file: hash(file), effect: { whole: hash(String(state)) } }];
}

const GOES_ON = /^git (?:rebase|cherry-pick|revert|am) --(?:continue|skip)\b/;

function runOf(
  step: BreakerStep,
  call: Call,
  purpose: CommandPurpose | null,
  result: Result,
): Reading['run'] {
  if (step.tests != null) {
    const { failed } = step.tests;
    return {
      kind: 'tests',
      ...setOf(
        failed.map((name) => normaliseText(name)),
        failed.length,
      ),
    };
  }
  if (purpose === 'test') {
    const set = failingTests(result.text, result.hasFailed);
    if (set !== undefined) return { kind: 'tests', ...set };
    if (!result.hasFailed) return { kind: 'tests', count: 0, key: 0, passed: 0 };
    return { kind: 'checks', ...failingChecks(result.text, true) };
  }
  if (purpose === 'check') {
    return { kind: 'checks', ...failingChecks(result.text, result.hasFailed) };
  }
  // Scripts are run again after an edit, as tests are; those that run tests show by what they print.
  if (purpose === 'act') {
    const set = result.hasFailed ? failingTests(result.text, true) : undefined;
    if (set !== undefined && set.count > 0) return { kind: 'tests', ...set };
    const count = result.hasFailed ? 1 : 0;
    // A conflict further on in a series is another one, though git words it the same.
    const key = count === 1 && GOES_ON.test(call.plainCommand) ? result.key : result.error;
    return { kind: 'command', count, key, passed: 0 };
  }
  return null;
}

function wordsKey(step: BreakerStep): number {
  const text = normaliseText(`${JSON.stringify(step.args ?? '')} ${wordsOf(step.result)}`);
  return hash(text.toLowerCase().replaceAll(/\d+/g, '').replaceAll(/\W+/g, ' ').slice(0, 300));
}
