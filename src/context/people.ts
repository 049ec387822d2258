/** Who people are by what commits say, and which names are programs. */

const ROBOT_NAME =
  /\[bot\]|(?:^|[\s_-])(?:bot|robot|ci|automation)$|^(?:dependabot|renovate|github[ -]actions?|greenkeeper|snyk|mergify|pyup|semantic-release|release-please|allcontributors|codecov|imgbot|web-flow|weblate|transifex|k8s-ci|prow|bors|homu|claude|copilot|cursor|codex|devin|gemini|opencode|jules|sweep|aider)\b/i;
const ROBOT_EMAIL =
  /\[bot\]@|^(?:bot|ci|noreply|no-reply|robot|automation|actions?)@|(?:^|[._+-])bot@|@(?:dependabot|renovate|anthropic|cursor|openai)\.(?:com|sh)$/i;

/** True for authors that cannot be asked: bots, release programs, coding agents. */
export function isRobot(person: { name: string; email: string }): boolean {
  return ROBOT_NAME.test(person.name.trim()) || ROBOT_EMAIL.test(person.email.trim());
}
