/** Types of hook-client.cjs, which is plain JavaScript because agents wait for it. */

export interface Credentials {
  url: string;
  token: string | undefined;
  /** The server's wishes for hooks, kept here so that they hold while it is down. */
  hooks: { failClosed: boolean; timeoutMs: number };
}

export type Outcome =
  | { kind: 'answered'; status: number; text: string }
  /** No answer within the patience the settings allow. */
  | { kind: 'late' }
  | { kind: 'unreachable' }
  /** What the agent wrote is not a JSON object. */
  | { kind: 'unreadable' };

/** Written by the server at start, readable by its own user alone. */
export const CREDENTIALS_FILE: string;

export function findCredentials(flags: {
  url?: string | undefined;
  token?: string | undefined;
  data?: string | undefined;
}): Credentials;

export function readInput(text: string): Record<string, unknown> | undefined;

export function ask(call: {
  agent: string;
  event: string;
  input: Record<string, unknown>;
  url: string;
  token: string | undefined;
  timeoutMs: number;
}): Promise<Outcome>;

export function readAnswer(outcome: Outcome): { out: string; err: string } | undefined;

export interface Place {
  toplevel?: string;
  branch?: string;
  head?: string;
  remoteUrl?: string;
}
export function findPlace(folder: string): Promise<Place>;
