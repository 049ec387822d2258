/**
 * Which agent took part in a commit, from what agents write into commits by themselves. This is a
 * claim, not evidence: anybody can write a trailer, and an agent can leave it out.
 */
import type { Commit } from '#git';

const SIGNS: readonly { agent: string; pattern: RegExp }[] = [
  { agent: 'Claude Code', pattern: /\bclaude\b|noreply@anthropic\.com/i },
  { agent: 'Copilot', pattern: /\bcopilot\b/i },
  { agent: 'Cursor', pattern: /\bcursor(agent)?@|\bcursor agent\b/i },
  { agent: 'Codex', pattern: /\bcodex\b/i },
  { agent: 'Gemini CLI', pattern: /\bgemini(-cli| cli|-code-assist)\b/i },
  { agent: 'opencode', pattern: /\bopencode\b/i },
  { agent: 'Devin', pattern: /\bdevin-ai/i },
  { agent: 'Aider', pattern: /\baider\b/i },
  { agent: 'Jules', pattern: /\bgoogle-labs-jules\b/i },
  { agent: 'Amp', pattern: /\bamp@ampcode\.com\b/i },
];
const TRAILERS = new Set(['co-authored-by', 'assisted-by', 'generated-by', 'co-developed-by']);
const GENERATED = /^(?:🤖\s*)?generated (?:with|by) (.{1,80})$/im;

/** The agent a commit names, or undefined. */
export function findAgent(commit: Commit): string | undefined {
  const claims = [
    `${commit.author.name} ${commit.author.email}`,
    ...commit.trailers.filter(({ name }) => TRAILERS.has(name)).map(({ value }) => value),
    GENERATED.exec(commit.body)?.[1] ?? '',
    ...commit.trailers.filter(({ name }) => name === 'loom-session').map(() => 'loom-session'),
  ];
  for (const claim of claims) {
    const sign = SIGNS.find(({ pattern }) => pattern.test(claim));
    if (sign !== undefined) return sign.agent;
  }
  return claims.includes('loom-session') ? 'another agent' : undefined;
}

/** Automation that is no coding agent: dependency robots and the like own nothing. */
export function isRobot(commit: Commit): boolean {
  return /\[bot\]|\b(dependabot|renovate|github-actions|mergify|semantic-release)\b/i.test(
    `${commit.author.name} ${commit.author.email}`,
  );
}
