/** What a session is told at its start: short, because it is read before every task. Pure. */
import { asLine } from '#context';
import type { Claim, Session } from '#orchestration';
import type { PolicySummary } from '#policy';

const MAX_RULES = 10;
const MAX_CLAIMS = 15;

export function writeBriefing(about: {
  session: Session;
  repository: string | null;
  rules: PolicySummary['rules'];
  /** Paths other sessions hold now. */
  claims: readonly Claim[];
}): string {
  const { session, repository, rules, claims } = about;
  if (repository === null) {
    return [
      `LoomStack is attached (session ${session.id}), but this repository is not imported.`,
      'Its context and claims are off here; `loom import .` switches them on.',
    ].join('\n');
  }
  return [
    `LoomStack coordinates the agents working in ${repository}. Your session is ${session.id}.`,
    `- End every commit message with the trailer \`Loom-Session: ${session.id}\`.`,
    '- Edits claim their file for this session. A denied edit names who holds it: work elsewhere, or wait.',
    '- Tools of the MCP server `loom`: get_context before you explore, claim before you change many files, check_change before you push, record what others should know.',
    '- Work on a branch and push it; the verdict and the merge follow from there.',
    ...section(
      'Rules here:',
      rules.slice(0, MAX_RULES).map(({ because }) => `- ${oneLine(because)}`),
      rules.length - MAX_RULES,
    ),
    ...section(
      'Held by other sessions now:',
      claims
        .slice(0, MAX_CLAIMS)
        .map(
          ({ path, agent, intent, leaseUntil }) =>
            `- ${oneLine(path)}: ${oneLine(agent)}${intent === '' ? '' : `, "${oneLine(intent)}"`}, until ${leaseUntil.toISOString().slice(11, 16)} UTC`,
        ),
      claims.length - MAX_CLAIMS,
    ),
  ].join('\n');
}

function section(title: string, lines: readonly string[], more: number): string[] {
  if (lines.length === 0) return [];
  return ['', title, ...lines, ...(more > 0 ? [`- and ${more} more`] : [])];
}

/** Words of other people stay one line, so that they cannot pose as instructions of ours. */
function oneLine(text: string): string {
  const line = asLine(text).replaceAll('"', "'");
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}
