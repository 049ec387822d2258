/** Hides what looks like a secret in the output of a command. Pure. */

const HIDDEN = '[hidden]';

const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bloom_[A-Za-z0-9_-]{16,}/g,
  /\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}/g,
  /\b(?:sk|rk|pk)[-_](?:ant-|live_|test_|proj-)?[A-Za-z0-9_-]{20,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  /(?<=\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/gi,
  /(?<=\b(?:password|passwd|secret|token|api[-_]?key|authorization)\b["']?\s*[:=]\s*["']?(?:bearer |basic )?)[^\s"',;]{6,}/gi,
];

export function maskSecrets(text: string): string {
  return SECRETS.reduce((masked, pattern) => masked.replaceAll(pattern, HIDDEN), text);
}
