/** What agents tell and hear through hooks, in our words. Each agent's own words are a dialect. */

interface Told {
  /** The agent's own id of its session. */
  externalId: string;
  cwd: string | null;
}

export type HookEvent =
  /** `isFresh`: the agent remembers nothing of what it was told before in this session. */
  | (Told & { kind: 'session-started'; model: string | null; isFresh: boolean })
  | (Told & { kind: 'prompt-submitted'; prompt: string })
  /** `paths` are the files the tool is about to change, as the agent wrote them. */
  | (Told & { kind: 'tool-starting'; tool: string; paths: string[] })
  | (Told & { kind: 'tool-finished'; tool: string; paths: string[] })
  /** The agent rests until the next prompt; what it holds stays its own. */
  | (Told & { kind: 'turn-ended' })
  | (Told & { kind: 'session-ended'; reason: string })
  /** Nothing we act on. */
  | { kind: 'ignored' };

export type HookAnswer =
  | { kind: 'nothing' }
  | { kind: 'context'; text: string }
  | { kind: 'denied'; reason: string };

export interface HookDialect {
  /** Name in `/hooks/{agent}` and in sessions. */
  readonly agent: string;
  /** Longer context is not shown to the model as it is. In bytes. */
  readonly maxContextBytes: number;
  /** Pure. @throws AppError `hooks.malformed_input`. */
  read(event: string, input: unknown): HookEvent;
  /** What the hook command prints for the agent; an empty object is nothing. Pure. */
  write(event: string, answer: HookAnswer): Record<string, unknown>;
}
