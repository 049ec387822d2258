/**
 * Goal: what Claude Code says is understood, what it hears is in its own words, and nonsense is named.
 * Method: inputs as the agent writes them, cut to the fields we read.
 */
import { expect, test } from 'vitest';
import { claudeCode } from './claude-code.ts';

const base = { session_id: '3f0c', transcript_path: '/t.jsonl', cwd: '/home/ada/shop' };

test.each([
  [
    'Edit',
    { file_path: '/home/ada/shop/a.ts', old_string: 'x', new_string: 'y' },
    ['/home/ada/shop/a.ts'],
  ],
  ['Write', { file_path: 'a.ts', content: '' }, ['a.ts']],
  ['MultiEdit', { file_path: 'a.ts', edits: [] }, ['a.ts']],
  ['NotebookEdit', { notebook_path: 'n.ipynb' }, ['n.ipynb']],
  ['Read', { file_path: 'a.ts' }, []],
  ['Bash', { command: 'rm a.ts' }, []],
  ['Edit', { file_path: 7 }, []],
])('%s with %j touches %j', (tool_name, tool_input, paths) => {
  const event = claudeCode.read('PreToolUse', { ...base, tool_name, tool_input });

  expect(event).toEqual({
    kind: 'tool-starting',
    externalId: '3f0c',
    cwd: '/home/ada/shop',
    tool: tool_name,
    paths,
  });
});

test('events we do not act on are ignored, whatever their input', () => {
  expect(claudeCode.read('PreCompact', null)).toEqual({ kind: 'ignored' });
  expect(claudeCode.read('constructor', {})).toEqual({ kind: 'ignored' });
});

test.each([[null], ['text'], [{}], [{ session_id: '' }], [{ session_id: '1', tool_input: 'x' }]])(
  'input %j is refused by name',
  (input) => {
    expect(() => claudeCode.read('PreToolUse', input)).toThrow(
      expect.objectContaining({ code: 'hooks.malformed_input' }),
    );
  },
);

test('a denial reaches the model with its reason', () => {
  const output = claudeCode.write('PreToolUse', { kind: 'denied', reason: 'held by codex' });

  expect(output).toEqual({
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: 'held by codex',
    },
  });
});

test('context reaches the model on the events that take it, and nothing is said otherwise', () => {
  const context = { kind: 'context', text: 'Rules' } as const;

  expect(claudeCode.write('SessionStart', context)).toEqual({
    hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: 'Rules' },
  });
  expect(claudeCode.write('Stop', context)).toEqual({});
  expect(claudeCode.write('SessionStart', { kind: 'nothing' })).toEqual({});
});
