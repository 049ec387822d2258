/** Whether a step asks how something fares that runs by itself, and whether that still lives. Pure. */
import type { Call } from './call.ts';
import { type CommandPurpose, sleepSeconds } from './command.ts';
import type { Result } from './result.ts';

export interface Poll {
  /** `unknown`: it waits, and the answer does not say for what. */
  handle: 'live' | 'dead' | 'unknown';
  /** How long it waited before asking, where it says so. */
  waitSeconds: number;
}

const LIVE =
  /\b(?:still (?:running|waiting|building|pending)|running|in[_ -]progress|pending|queued|waiting|starting|building|compiling|creating|containercreating|podinitializing|provisioning|not ready|initiali[sz]ing|processing|installing|downloading|uploading|deploying|scheduled|unhealthy|health: starting)\b|\b\d{1,3} ?%/i;
const DEAD =
  /\bno such (?:process|session|task|shell|job)\b|\b(?:already )?(?:exited|terminated|killed|finished|completed|succeeded|cancelled|canceled)\b|\bnot (?:running|found)\b|\bexit(?:ed)?(?: with)?(?: code)?[ :=]+-?\d+\b|<status>(?:completed|failed|killed)/i;

export function readPoll(
  step: { pending?: boolean | null | undefined },
  call: Call,
  purpose: CommandPurpose | null,
  result: Result,
): Poll | null {
  const waitSeconds = sleepSeconds(call.command) || numberOf(call.args['seconds']);
  if (step.pending === true) return { handle: 'live', waitSeconds };
  if (step.pending === false) return { handle: 'dead', waitSeconds };
  if (call.kind !== 'poll' && purpose !== 'wait') return null;
  // A command that asks may fail because the answer is no; a handle that has ended stays so.
  if (call.kind === 'poll' && DEAD.test(result.text)) return { handle: 'dead', waitSeconds };
  return { handle: LIVE.test(result.text) ? 'live' : 'unknown', waitSeconds };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
