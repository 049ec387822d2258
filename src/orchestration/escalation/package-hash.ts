/** A package as it is kept: canonical JSON under its SHA-256. Pure. */
import { createHash } from 'node:crypto';
import { canonicalJson, checkValue } from '#kernel';
import { EscalationPackage } from '#policy';

export function sealPackage(escalation: EscalationPackage): { sha256: string; body: string } {
  const body = canonicalJson(escalation);
  return { sha256: createHash('sha256').update(body).digest('hex'), body };
}

/** @throws AppError `inbox.unreadable_package` for one of a release with other slots. */
export function openPackage(body: string): EscalationPackage {
  return checkValue(EscalationPackage, JSON.parse(body), 'inbox.unreadable_package');
}
