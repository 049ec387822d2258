/**
 * Joins identities to people by evidence. A person's word that two are not one outweighs every other;
 * stronger evidence is heard before weaker, so that the outcome does not depend on the order of arrival.
 * Pure.
 */

export interface SameAs {
  a: string;
  b: string;
  /** Said by a person of the organisation. */
  isHuman: boolean;
  confidence: number;
}

export interface Pair {
  a: string;
  b: string;
}

/** Representative of each identity's person; identities nobody joined stand for themselves. */
export function joinIdentities(
  same: readonly SameAs[],
  distinct: readonly Pair[],
): Map<string, string> {
  const parents = new Map<string, string>();
  const members = new Map<string, string[]>();
  const apart = new Map<string, Set<string>>();
  for (const { a, b } of distinct) {
    apart.set(a, (apart.get(a) ?? new Set()).add(b));
    apart.set(b, (apart.get(b) ?? new Set()).add(a));
  }

  const rootOf = (key: string): string => {
    let root = key;
    while (parents.get(root) !== undefined && parents.get(root) !== root) root = parents.get(root)!;
    return root;
  };
  const membersOf = (root: string) => members.get(root) ?? [root];

  for (const { a, b } of same.toSorted(byStrength)) {
    const [left, right] = [rootOf(a), rootOf(b)];
    for (const key of [a, b]) if (!parents.has(key)) parents.set(key, key);
    if (left === right) continue;
    const isForbidden = membersOf(left).some((one) =>
      membersOf(right).some((other) => apart.get(one)?.has(other) === true),
    );
    if (isForbidden) continue;
    parents.set(right, left);
    members.set(left, [...membersOf(left), ...membersOf(right)]);
    members.delete(right);
  }

  const representatives = new Map<string, string>();
  for (const key of parents.keys()) {
    const root = rootOf(key);
    representatives.set(key, membersOf(root).toSorted(byStanding)[0]!);
  }
  return representatives;
}

function byStrength(a: SameAs, b: SameAs): number {
  return (
    Number(b.isHuman) - Number(a.isHuman) ||
    b.confidence - a.confidence ||
    compare(a.a, b.a) ||
    compare(a.b, b.b)
  );
}

/** An address people write from stands before a private one, and that before an account. */
function byStanding(a: string, b: string): number {
  return rank(a) - rank(b) || compare(a, b);
}

function rank(key: string): number {
  if (!key.startsWith('email:')) return 2;
  return key.includes('noreply') ? 1 : 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
