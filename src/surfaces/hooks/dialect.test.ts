/**
 * Goal: what each agent says is understood, what it hears is in its own words, and nonsense is named.
 * Method: inputs as the agents wrote them, cut to the fields we read, and the table of every agent.
 */
import { describe, expect, test } from 'vitest';
import {
  CLAUDE_CODE,
  CODEX,
  COPILOT,
  CURSOR,
  DIALECT_TABLES,
  GEMINI_CLI,
  guestOf,
  OPENCODE,
} from './dialect-tables.ts';
import { firingOf, patchedPaths, readHook, writeHook } from './dialect.ts';

const snake = { session_id: '3f0c', cwd: '/home/ada/shop' };
const PATCH =
  '*** Begin Patch\n*** Update File: src/a.ts\n*** Move to: src/b.ts\n@@\n-x\n+y\n*** Add File: c d.md\n+hi\n*** End Patch\n';

describe('a tool that is about to run', () => {
  test.each([
    [
      CLAUDE_CODE,
      'PreToolUse',
      { tool_name: 'Edit', tool_input: { file_path: '/a.ts' } },
      ['/a.ts'],
    ],
    [
      CLAUDE_CODE,
      'PreToolUse',
      { tool_name: 'NotebookEdit', tool_input: { notebook_path: 'n' } },
      ['n'],
    ],
    [CLAUDE_CODE, 'PreToolUse', { tool_name: 'Read', tool_input: { file_path: 'a.ts' } }, []],
    [CLAUDE_CODE, 'PreToolUse', { tool_name: 'Edit', tool_input: { file_path: 7 } }, []],
    [CLAUDE_CODE, 'PreToolUse', { tool_name: 'constructor', tool_input: {} }, []],
    [
      CODEX,
      'PreToolUse',
      { tool_name: 'apply_patch', tool_input: { command: PATCH } },
      ['src/a.ts', 'src/b.ts', 'c d.md'],
    ],
    [CODEX, 'PreToolUse', { tool_name: 'Bash', tool_input: { command: 'ls' } }, []],
    [
      GEMINI_CLI,
      'BeforeTool',
      { tool_name: 'replace', tool_input: { file_path: 'a.ts' } },
      ['a.ts'],
    ],
    [
      OPENCODE,
      'PreToolUse',
      { tool_name: 'write', tool_input: { filePath: '/r/a.ts' } },
      ['/r/a.ts'],
    ],
    [
      OPENCODE,
      'PreToolUse',
      { tool_name: 'apply_patch', tool_input: { patchText: PATCH } },
      ['src/a.ts', 'src/b.ts', 'c d.md'],
    ],
    [CURSOR, 'preToolUse', { tool_name: 'Write', tool_input: { file_path: 'a.ts' } }, ['a.ts']],
  ])('%#: is known by its files', (table, event, input, paths) => {
    expect(readHook(table, event, { ...snake, ...input })).toEqual({
      kind: 'tool-starting',
      externalId: '3f0c',
      cwd: '/home/ada/shop',
      tool: input.tool_name,
      args: input.tool_input,
      paths,
    });
  });

  test('of Copilot may have its arguments as text', () => {
    const input = { sessionId: 's', cwd: '/r', toolName: 'edit', toolArgs: '{"path":"/r/a.ts"}' };

    expect(readHook(COPILOT, 'preToolUse', input)).toMatchObject({
      externalId: 's',
      tool: 'edit',
      paths: ['/r/a.ts'],
    });
  });

  test('of Cursor is placed by its workspace where it names no folder', () => {
    const input = { conversation_id: 'c', workspace_roots: ['/w'], tool_name: 'Read' };

    expect(readHook(CURSOR, 'preToolUse', input)).toMatchObject({ externalId: 'c', cwd: '/w' });
  });
});

test('a patch names each file once, also between line ends of another system', () => {
  expect(patchedPaths('*** Update File: a.ts\r\n*** Delete File: a.ts \r\n')).toEqual(['a.ts']);
  expect(patchedPaths('+*** Update File: a.ts')).toEqual([]);
});

test('a call that failed is known by its event, and its error is its result', () => {
  const input = {
    ...snake,
    tool_name: 'Bash',
    tool_input: { command: 'make' },
    error: 'Exit code 2',
  };

  expect(readHook(CLAUDE_CODE, 'PostToolUseFailure', input)).toMatchObject({
    kind: 'tool-finished',
    args: { command: 'make' },
    result: 'Exit code 2',
    hasFailed: true,
  });
});

test('a session starts afresh unless it is resumed', () => {
  const start = (source: string) => readHook(CLAUDE_CODE, 'SessionStart', { ...snake, source });

  expect(start('startup')).toMatchObject({ kind: 'session-started', isFresh: true, model: null });
  expect(start('resume')).toMatchObject({ isFresh: false });
});

describe.each(DIALECT_TABLES)('$agent', (table) => {
  const eventOf = (kind: string) =>
    Object.entries(table.events).find(([, rule]) => rule.kind === kind)![0];

  test('tells us every moment of a session', () => {
    const kinds = Object.values(table.events).map(({ kind }) => kind);

    // A turn that failed is told of by some, and otherwise ends like any other.
    expect(new Set(kinds.filter((kind) => kind !== 'turn-failed')).size).toBe(6);
  });

  test('is stopped, or denied what it is about to do', () => {
    const output = writeHook(table, eventOf('tool-starting'), {
      kind: 'stopped',
      reason: 'enough',
    });

    expect(JSON.stringify(output)).toContain('enough');
    expect(JSON.stringify(output)).toMatch(/"deny"/);
  });

  test('is denied an edit with the reason, in JSON of its own', () => {
    const output = writeHook(table, eventOf('tool-starting'), {
      kind: 'denied',
      reason: 'held by codex',
    });

    expect(JSON.stringify(output)).toContain('deny');
    expect(JSON.stringify(output)).toContain('held by codex');
  });

  test('hears context at its start and with a prompt, and nothing where there is nothing', () => {
    for (const kind of ['session-started', 'prompt-submitted']) {
      const output = writeHook(table, eventOf(kind), { kind: 'context', text: 'Rules "here"' });

      expect(JSON.stringify(output)).toContain(String.raw`Rules \"here\"`);
      expect(writeHook(table, eventOf(kind), { kind: 'nothing' })).toEqual({});
    }
    expect(writeHook(table, eventOf('turn-ended'), { kind: 'context', text: 'x' })).toEqual({});
  });

  test('may tell events we do not act on, whatever their input', () => {
    expect(readHook(table, 'PreCompact', null)).toEqual({ kind: 'ignored' });
    expect(readHook(table, 'constructor', {})).toEqual({ kind: 'ignored' });
  });

  test.each([[null], ['text'], [7], [{}], [{ session_id: '', sessionId: '' }]])(
    'is told that input %j is not understood',
    (input) => {
      expect(() => readHook(table, eventOf('tool-starting'), input)).toThrow(
        expect.objectContaining({ code: 'hooks.malformed_input' }),
      );
    },
  );
});

describe('hooks speak for the agent they were written for', () => {
  const claude = { ...snake, transcript_path: '/t.jsonl', hook_event_name: 'SessionStart' };

  test.each([
    ['Cursor', { ...claude, cursor_version: '2.9.0' }],
    ['Copilot', { ...claude, timestamp: '2026-11-22T18:32:40.807Z', source: 'new' }],
  ])(
    '%s, which runs those of Claude Code as well, is told to be attached by itself',
    (name, input) => {
      expect(guestOf('claude-code', input)).toMatch(new RegExp(`${name}.*loom attach --agent`));
    },
  );

  test('and to nobody else', () => {
    expect(guestOf('claude-code', claude)).toBeUndefined();
    expect(guestOf('cursor', { ...claude, cursor_version: '2.9.0' })).toBeUndefined();
    expect(guestOf('gemini-cli', { ...snake, timestamp: 'now' })).toBeUndefined();
    expect(guestOf('claude-code', null)).toBeUndefined();
  });
});

describe('an event that fires twice', () => {
  const call = { ...snake, tool_name: 'Write', tool_input: { file_path: 'a' }, tool_use_id: 't1' };

  test('is one firing, and no other event is', () => {
    const first = firingOf(CURSOR, 'preToolUse', call);

    expect(firingOf(CURSOR, 'preToolUse', { ...call, hook_event_name: 'x' })).toBe(first);
    expect(firingOf(CURSOR, 'postToolUse', call)).not.toBe(first);
    expect(firingOf(CURSOR, 'preToolUse', { ...call, tool_use_id: 't2' })).not.toBe(first);
    expect(firingOf(CODEX, 'PreToolUse', call)).not.toBe(first);
    expect(firingOf(CURSOR, 'unknown', call)).toBeUndefined();
    expect(firingOf(CLAUDE_CODE, 'SessionStart', { ...snake, source: 'compact' })).not.toBe(
      firingOf(CLAUDE_CODE, 'SessionStart', { ...snake, source: 'resume' }),
    );
  });
});

test('what Gemini puts before a prompt of ours is no word of the person', () => {
  const prompt = '<hook_context>You are in ses_1.\n# x</hook_context>\n\nFix it';

  expect(readHook(GEMINI_CLI, 'BeforeAgent', { ...snake, prompt })).toMatchObject({
    prompt: 'Fix it',
  });
  expect(readHook(CLAUDE_CODE, 'UserPromptSubmit', { ...snake, prompt })).toMatchObject({ prompt });
});
