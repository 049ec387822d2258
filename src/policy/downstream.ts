/** Which services feel a change of others: those that depend on them, near or far. Pure. */
import type { ServiceTerms } from './document.ts';

/** Sorted; a touched service is not downstream of itself. */
export function downstreamOf(
  services: ReadonlyMap<string, Pick<ServiceTerms, 'dependsOn'>>,
  touched: readonly string[],
): string[] {
  const dependants = new Map<string, string[]>();
  for (const [name, { dependsOn }] of services) {
    for (const other of dependsOn) {
      const known = dependants.get(other);
      if (known === undefined) dependants.set(other, [name]);
      else known.push(name);
    }
  }
  const seen = new Set(touched);
  // What is reached is added to the walk; a loop of services ends because each is seen once.
  const walk = [...touched];
  for (const name of walk) {
    for (const next of dependants.get(name) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      walk.push(next);
    }
  }
  return walk.slice(touched.length).sort();
}
