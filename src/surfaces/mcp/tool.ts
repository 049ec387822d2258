/** How a tool is declared: its right, its shapes, and one short answer told twice. */
import { z } from 'zod';
import type { Action, Principal } from '#governance';
import { AppError } from '#kernel';
import type { Actor } from '#ledger';
import type { Session } from '#orchestration';
import type { Services } from '../services.ts';

/** Arguments every tool understands; the session tells the repository. */
export const common = {
  session: z.string().optional().describe('Your session id (ses_…)'),
  repository: z.string().max(300).optional().describe('owner/name'),
};
export const paths = z.array(z.string().min(1).max(1_000)).max(200);

/** What a tool knows of its caller. */
export interface ToolCall {
  services: Services;
  /** The agent's session, where it is known; then `principal` and `actor` are the agent. */
  session: Session | undefined;
  principal: Principal;
  actor: Actor;
  /** Whether a question would reach a person. */
  canAsk: boolean;
  /** What was chosen; null for a person who declined; undefined where nobody was asked yet. */
  answerTo(key: string): string | null | undefined;
  /** Tells a waiting client what is being done; nothing where it does not want to know. */
  progress(message: string): Promise<void>;
  /** The repository that was named, else the one of the session. @throws AppError `mcp.no_repository`. */
  repository(): Promise<string>;
}

/** What only a person can decide; asked where the client can show it to one. */
export interface Question {
  key: string;
  message: string;
  options: readonly string[];
}

export interface ToolAnswer<Output> {
  /** Some agents hand their model only this … */
  text: string;
  /** … and some only this, so both say the same. */
  structured: Output;
}

export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  name: string;
  title: string;
  /** Few words, the ones an agent would search for: the list of tools is in every request. */
  description: string;
  action: Action;
  input: Input;
  output: Output;
  isReadOnly: boolean;
  /** Calling it again with the same arguments changes nothing more. */
  isIdempotent: boolean;
  run(
    call: ToolCall,
    input: z.output<Input>,
  ): Promise<ToolAnswer<z.output<Output>> | { question: Question }>;
}

/** A declared tool, with its types erased. */
export type Tool = ToolDefinition<z.ZodObject, z.ZodObject>;

export function tool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  return definition as unknown as Tool;
}

/** The caller's session. @throws AppError `mcp.no_session`. */
export function needSession({ session }: ToolCall): Session {
  if (session !== undefined) return session;
  throw new AppError('invalid', 'mcp.no_session', {
    message: 'Which session you are is not known.',
    hint: 'Pass `session` with the id you were told at your start, or the header Loom-Session.',
  });
}
