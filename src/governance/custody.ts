/**
 * Custody: everyone who had a hand in a change. Compared by identity, because accounts of one person
 * differ between systems; where forms differ, the comparison leans to refusing.
 */

/** `scheme:value` in lower case; a bare e-mail address or person id gets its scheme. */
export function normaliseIdentity(text: string): string {
  const lower = text.trim().toLowerCase();
  if (/^usr_[0-9a-f]{32}$/.test(lower)) return `person:${lower}`;
  if (/^ses_[0-9a-f]{32}$/.test(lower)) return `session:${lower}`;
  if (!/^[a-z][a-z0-9-]*:/.test(lower) && lower.includes('@')) return `email:${lower}`;
  return lower;
}

/** Every form under which the identity may appear elsewhere. */
function formsOf(identity: string): string[] {
  const normal = normaliseIdentity(identity);
  const address = /^email:(?<local>[^@]*)@(?<domain>.+)$/.exec(normal)?.groups;
  if (address === undefined) return [normal];
  const local = address['local'] ?? '';
  const domain = address['domain'] ?? '';
  // GitHub hides addresses as `12345+ada@users.noreply.github.com`, which names the account.
  if (domain === 'users.noreply.github.com') {
    return [normal, `github:${local.replace(/^\d+\+/, '')}`];
  }
  // `ada+bot@example.com` is delivered to ada@example.com: a tag makes no second person.
  return [normal, `email:${local.replace(/(?<=.)\+.*$/, '')}@${domain}`];
}

/** The identities of one person that also stand in the custody; empty when there are none. */
export function sharedIdentities(
  person: { id: string; identities: readonly string[]; onBehalfOf?: string | undefined },
  custody: readonly string[],
): string[] {
  const held = new Set(custody.flatMap(formsOf));
  const own = new Set([person.id, person.onBehalfOf ?? person.id, ...person.identities]);
  return [...own].filter((identity) => formsOf(identity).some((form) => held.has(form)));
}

/** True for two accounts that an identity in any of its forms shows to be one person's. */
export function areOnePerson(
  one: { id: string; identities: readonly string[] },
  other: { id: string; identities: readonly string[] },
): boolean {
  return sharedIdentities(one, [other.id, ...other.identities]).length > 0;
}
