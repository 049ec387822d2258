/**
 * Names of what we and another system may change in turn. A change is named with its head: whoever
 * pushes seven times in ten minutes gets seven verdicts, but one head that is answered and updated
 * over and over has two machines talking to each other. Pure.
 */

export function turnOfChange(
  host: string,
  change: { repository: string; branch: string; headSha: string },
): string {
  return `change:${host}:${change.repository}:${change.branch}@${change.headSha}`;
}

export function turnOfCommands(host: string, at: { repository: string; number: number }): string {
  return `commands:${host}:${at.repository}#${at.number}`;
}
