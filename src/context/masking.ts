/** Keeps secrets out of what is handed to agents: text that looks like a credential is replaced. */

const MASK = '[secret removed]';

const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b/g,
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[\w-]{20,})/g,
  /\bloom_[A-Za-z0-9_-]{16,}/g,
  /\b(?:sk|pk|rk)[-_](?:live|test|ant|proj|or)[-_][A-Za-z0-9_-]{10,}|\bsk-[A-Za-z0-9]{32,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[\w-]{20,}|hf_[A-Za-z0-9]{30,}|SG\.[\w-]{16,}\.[\w-]{16,})/g,
  /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
];

/** The value alone is masked, so that the reader still sees which setting it was. */
const NAMED_SECRET =
  /((?:secret|passw(?:or)?d|passwd|api[_-]?key|access[_-]?key|auth[_-]?token|private[_-]?key|client[_-]?secret|token)["']?\s*[:=]\s*)(["'])(?!\$\{|<|\[secret)([^"'\s]{8,})\2/gi;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]{1,200}:)[^\s@/]{1,500}(@)/gi;
const BEARER = /(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/-]{20,}=*/gi;

export function maskSecrets(text: string): string {
  let masked = text;
  for (const secret of SECRETS) masked = masked.replace(secret, MASK);
  return masked
    .replace(NAMED_SECRET, `$1$2${MASK}$2`)
    .replace(URL_PASSWORD, `$1${MASK}$2`)
    .replace(BEARER, `$1${MASK}`);
}
