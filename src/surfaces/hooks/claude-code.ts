/** Claude Code's hook dialect: its input fields and its JSON output. Pure. */
import { z } from 'zod';
import { AppError } from '#kernel';
import type { HookDialect, HookEvent } from './dialect.ts';

/** Tools that change a file, with the argument that names it. */
const EDITING_TOOLS: Record<string, string> = {
  Edit: 'file_path',
  MultiEdit: 'file_path',
  Write: 'file_path',
  NotebookEdit: 'notebook_path',
};

/** Events whose output may carry context for the model. */
const TAKES_CONTEXT = new Set(['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse']);

const Input = z.looseObject({
  session_id: z.string().min(1).max(200),
  cwd: z.string().nullish(),
  model: z.string().nullish(),
  prompt: z.string().nullish(),
  tool_name: z.string().nullish(),
  tool_input: z.record(z.string(), z.unknown()).nullish(),
  /** Why a session starts: `startup`, `resume`, `clear`, `compact`. */
  source: z.string().nullish(),
  reason: z.string().nullish(),
});
type Input = z.infer<typeof Input>;

export const claudeCode: HookDialect = {
  agent: 'claude-code',
  // From 10,000 on it keeps the text in a file and shows the model the first 2 KB (seen with 2.1.330).
  maxContextBytes: 9_900,

  read(event, input) {
    if (!Object.hasOwn(READERS, event)) return { kind: 'ignored' };
    const parsed = Input.safeParse(input);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new AppError('invalid', 'hooks.malformed_input', {
        message: `The hook input is not understood: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
        hint: 'Pass on what the agent wrote to the hook, unchanged, as `input`.',
        cause: parsed.error,
      });
    }
    const told = { externalId: parsed.data.session_id, cwd: parsed.data.cwd ?? null };
    return READERS[event as keyof typeof READERS](parsed.data, told);
  },

  write(event, answer) {
    if (answer.kind === 'denied' && event === 'PreToolUse') {
      return {
        hookSpecificOutput: {
          hookEventName: event,
          permissionDecision: 'deny',
          permissionDecisionReason: answer.reason,
        },
      };
    }
    if (answer.kind === 'context' && TAKES_CONTEXT.has(event) && answer.text !== '') {
      return { hookSpecificOutput: { hookEventName: event, additionalContext: answer.text } };
    }
    return {};
  },
};

type Told = { externalId: string; cwd: string | null };

const READERS = {
  SessionStart: ({ model, source }: Input, told: Told): HookEvent => ({
    kind: 'session-started',
    model: model ?? null,
    isFresh: source !== 'resume',
    ...told,
  }),
  UserPromptSubmit: ({ prompt }: Input, told: Told): HookEvent => ({
    kind: 'prompt-submitted',
    prompt: prompt ?? '',
    ...told,
  }),
  PreToolUse: (input: Input, told: Told): HookEvent => ({
    kind: 'tool-starting',
    ...readTool(input),
    ...told,
  }),
  PostToolUse: (input: Input, told: Told): HookEvent => ({
    kind: 'tool-finished',
    ...readTool(input),
    ...told,
  }),
  Stop: (_input: Input, told: Told): HookEvent => ({ kind: 'turn-ended', ...told }),
  SessionEnd: ({ reason }: Input, told: Told): HookEvent => ({
    kind: 'session-ended',
    reason: reason ?? 'the agent ended',
    ...told,
  }),
};

function readTool(input: Input): { tool: string; paths: string[] } {
  const tool = input.tool_name ?? '';
  const path = input.tool_input?.[EDITING_TOOLS[tool] ?? ''];
  return { tool, paths: typeof path === 'string' && path !== '' ? [path] : [] };
}
