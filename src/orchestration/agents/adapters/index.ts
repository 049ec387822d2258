/** Agents by name. `command` is none of them: any program, whose stream says nothing to us. */
import type { AgentName } from '../schema.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import type { AgentAdapter } from './contract.ts';
import { copilot } from './copilot.ts';
import { geminiCli } from './gemini-cli.ts';
import { opencode } from './opencode.ts';

export type { AgentAdapter, HomeFile, StartRequest } from './contract.ts';

export const ADAPTERS: Readonly<Record<Exclude<AgentName, 'command'>, AgentAdapter>> = {
  'claude-code': claudeCode,
  codex,
  'gemini-cli': geminiCli,
  copilot,
  opencode,
};
