/** Who is who among authors: an address or a full name seen twice is one person. */

export class PeopleRegister {
  readonly #byKey = new Map<string, number>();
  /** Person -> the person it was found to be; itself when it stands alone. */
  readonly #same: number[] = [];
  readonly #names: string[] = [];
  readonly #emails: string[] = [];
  readonly #lastAt: number[] = [];

  /** Numbers ever given; a merged one is no longer answered by `find`. */
  get size(): number {
    return this.#same.length;
  }

  numberOf(person: { name: string; email: string }, atSeconds: number): number {
    const keys = keysOf(person);
    const known = [
      ...new Set(keys.flatMap((key) => this.#byKey.get(key) ?? []).map((it) => this.find(it))),
    ];
    const number = known.length > 0 ? Math.min(...known) : this.#same.length;
    if (known.length === 0) {
      this.#same.push(number);
      this.#names.push(person.name);
      this.#emails.push(person.email);
      this.#lastAt.push(atSeconds);
    }
    for (const other of known) this.#same[other] = number;
    for (const key of keys) this.#byKey.set(key, number);
    this.#names[number] = person.name;
    this.#emails[number] = person.email;
    this.#lastAt[number] = atSeconds;
    return number;
  }

  /** The number under which a person is known today. */
  find(number: number): number {
    let at = number;
    while (this.#same[at] !== at) at = this.#same[at]!;
    return at;
  }

  /** By name or address, in any case. */
  search(nameOrEmail: string): number | undefined {
    const wanted = nameOrEmail.trim().toLowerCase();
    const number = this.#byKey.get(`name:${wanted}`) ?? this.#byKey.get(`email:${wanted}`);
    return number === undefined ? undefined : this.find(number);
  }

  /** As last written. */
  nameOf(number: number): string {
    return this.#names[number]!;
  }

  emailOf(number: number): string {
    return this.#emails[number]!;
  }

  /** Seconds of the last change. */
  lastAt(number: number): number {
    return this.#lastAt[number]!;
  }
}

function keysOf({ name, email }: { name: string; email: string }): string[] {
  const keys: string[] = [];
  const address = email.trim().toLowerCase();
  if (address.includes('@')) keys.push(`email:${address}`);
  keys.push(`name:${name.trim().toLowerCase()}`);
  return keys;
}
