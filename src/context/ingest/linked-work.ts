/** Work that a text names: issues it closes, and keys of trackers. Pure. */
import type { EntityRef } from '../graph/schema.ts';

const MAX_LINKS = 20;

/** Issues a text of a change says it closes, and keys of trackers in it. */
export function linkedWork(repository: string, own: number, text: string): EntityRef[] {
  const found = new Map<string, EntityRef>();
  const searched = text.slice(0, 50_000);
  const closing =
    /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)[ \t]{1,3}(?:([\w.-]{1,100}\/[\w.-]{1,100}))?#(\d{1,9})\b/gi;
  for (const [, other, number] of searched.matchAll(closing)) {
    if (other === undefined && Number(number) === own) continue;
    const ref = {
      kind: 'work-item',
      key: `${other ?? repository}#${Number(number)}`,
    } as const;
    found.set(ref.key, ref);
  }
  for (const [key] of searched.matchAll(/(?<![\w/-])[A-Z][A-Z0-9]{1,9}-\d{1,6}(?![\w-])/g)) {
    // Names of standards look the same and are no work.
    if (/^(?:UTF|SHA|ISO|RFC|CVE|GHSA|HTTP|TLS|ADR|KEP|PEP|AES|RSA|X)-/.test(key)) continue;
    found.set(key, { kind: 'work-item', key });
  }
  return [...found.values()].slice(0, MAX_LINKS);
}
