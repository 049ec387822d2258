/** What the next session needs to know of one that was ended. Pure. */
import type { RuleName } from './step.ts';

export function writeHandOver(it: {
  agent: string;
  intent: string;
  branch: string | null;
  rule: RuleName;
  reason: string;
  advice: string;
  calls: number;
  trips: number;
  paths: readonly string[];
}): string {
  const lines = [
    `A session of ${it.agent} was ended by its circuit breaker after ${it.calls} steps (rule ${it.rule}).`,
    it.intent === '' ? '' : `Task: ${it.intent}`,
    it.branch === null ? '' : `Its work is on the branch ${it.branch}.`,
    it.paths.length === 0 ? '' : `Files it had claimed: ${it.paths.join(', ')}`,
    `What it ran into: ${it.reason}`,
    it.trips > 1 ? `It was stopped ${it.trips} times before it was ended.` : '',
    `Do not repeat it. ${it.advice}`,
  ];
  return lines.filter((line) => line !== '').join('\n');
}
