/** What all translations of GitHub's events share: names, keys and people. Pure. */
import { hash } from 'node:crypto';
import type { Signal } from '#connectors/contract';

export const GITHUB = 'github';
/** Name of our check run; what it says is no news to us. */
export const CHECK_NAME = 'LoomStack';
export const UNREADABLE = 'github.unreadable_delivery';

export interface TranslateOptions {
  /** Our App, whose own checks are left out. */
  appId?: string | undefined;
}

export type Translate = (body: Uint8Array, options: TranslateOptions) => Signal[];

type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped' | 'neutral';
export const CONCLUSIONS: ReadonlyMap<string, Conclusion> = new Map<string, Conclusion>([
  ['success', 'success'],
  ['failure', 'failure'],
  ['error', 'failure'],
  ['timed_out', 'failure'],
  ['startup_failure', 'failure'],
  ['action_required', 'failure'],
  ['cancelled', 'cancelled'],
  ['stale', 'cancelled'],
  ['skipped', 'skipped'],
  ['neutral', 'neutral'],
]);

export function person(account: { login: string } | null | undefined): { login?: string } {
  return account ? { login: account.login } : {};
}

/** Branch names and titles may be long; the digest keeps the key short and still equal for equals. */
export function keyOf(kind: string, repository: string, parts: readonly unknown[]): string {
  const digest = hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32);
  return `${GITHUB}:${repository}:${kind}:${digest}`;
}

/** A move of an issue to a state: what comes back with it, we or somebody else made. */
export function revisionOf(at: Date, state: 'open' | 'closed'): string {
  return `${at.toISOString()}:${state}`;
}
