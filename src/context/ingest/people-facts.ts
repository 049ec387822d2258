/**
 * Who people are, by evidence: addresses that a mailmap joins, private addresses of GitHub that name an
 * account, and, with care, one full name on two addresses. Each merge is an edge with its evidence, so
 * that a person can take it back.
 */
import type { EntityRef, NewFact } from '../graph/schema.ts';
import { isRobot } from '../people.ts';
import { emailRef } from './refs.ts';
import type { Draft, RepositoryView } from './repository-view.ts';

export interface Author {
  name: string;
  email: string;
}

export interface MailmapEntry {
  name: string | undefined;
  email: string;
  /** The address, and perhaps name, commits carry; none where only the name is corrected. */
  commitName: string | undefined;
  commitEmail: string | undefined;
  line: number;
}

const MAILMAP_PATH = '.mailmap';
/** `12345+ada@users.noreply.github.com`, and the older form without a number. */
const PRIVATE_ADDRESS = /^(?:\d+\+)?([a-z\d](?:[a-z\d-]*[a-z\d])?)@users\.noreply\.github\.com$/i;
/** Everybody has an address here, so that a shared domain says nothing. */
const PUBLIC_DOMAIN =
  /@(?:gmail|googlemail|outlook|hotmail|live|yahoo|icloud|me|proton|protonmail|gmx|web|mail|qq|163|126|foxmail|yandex|aol|fastmail|posteo|hey)\.[a-z.]+$/i;
const MAX_AUTHORS = 20_000;

/** Lines of a `.mailmap` as git reads them: `Name <email> [[Name] <commit email>]`. */
export function parseMailmap(text: string): MailmapEntry[] {
  return text.split(/\r?\n/).flatMap((raw, index): MailmapEntry[] => {
    if (raw.length > 1_000) return [];
    const line = raw.replace(/(?:^|\s)#.*$/, '');
    const match = /^\s*([^<>]*)<([^<>]+)>\s*(?:([^<>]*)<([^<>]+)>)?\s*$/.exec(line);
    if (match === null) return [];
    const [, name, email, commitName, commitEmail] = match;
    return [
      {
        name: name!.trim() === '' ? undefined : name!.trim(),
        email: email!.trim(),
        commitName:
          commitName === undefined || commitName.trim() === '' ? undefined : commitName.trim(),
        commitEmail: commitEmail?.trim(),
        line: index + 1,
      },
    ];
  });
}

/** One draft for all the people of a repository's history. */
export function peopleDrafts(
  view: RepositoryView,
  authors: readonly Author[],
  mailmap: readonly MailmapEntry[],
): Draft[] {
  const people = authors
    .filter((author) => isAddress(author.email) && !isRobot(author))
    .slice(0, MAX_AUTHORS);
  const facts: NewFact[] = [];
  const titles = new Map<string, string>();
  for (const { name, email } of people) {
    const { key } = emailRef(email);
    if (!titles.has(key) || name.length > titles.get(key)!.length) titles.set(key, name);
  }
  for (const [key, title] of titles) {
    const self: EntityRef = { kind: 'person', key };
    facts.push({ kind: 'is', from: self, to: self, properties: { title, repository: view.name } });
  }
  facts.push(
    ...mailmapFacts(mailmap, titles),
    ...privateAddressFacts(people),
    ...sameNameFacts(people),
  );
  return [
    {
      object: `people:${view.name}`,
      extractor: 'git-people',
      extractorVersion: 1,
      revision: 'authors',
      position: view.head.position,
      facts,
    },
  ];
}

function mailmapFacts(
  entries: readonly MailmapEntry[],
  titles: ReadonlyMap<string, string>,
): NewFact[] {
  return entries.flatMap(({ email, commitEmail, line }) => {
    if (commitEmail === undefined || !isAddress(email) || !isAddress(commitEmail)) return [];
    const [from, to] = ordered(emailRef(commitEmail), emailRef(email));
    // Neither writes here: their being one is none of this repository's business.
    if (from.key === to.key || (!titles.has(from.key) && !titles.has(to.key))) return [];
    return [
      {
        kind: 'same_as' as const,
        from,
        to,
        method: 'declared' as const,
        confidence: 1,
        evidence: { path: MAILMAP_PATH, startLine: line, endLine: line },
        properties: { because: 'the mailmap joins the addresses' },
      },
    ];
  });
}

function privateAddressFacts(people: readonly Author[]): NewFact[] {
  const logins = new Map<string, string>();
  for (const { email } of people) {
    const login = PRIVATE_ADDRESS.exec(email.trim())?.[1]?.toLowerCase();
    if (login !== undefined) logins.set(emailRef(email).key, login);
  }
  return [...logins].map(([key, login]) => {
    const [from, to] = ordered({ kind: 'person', key }, { kind: 'person', key: `github:${login}` });
    return {
      kind: 'same_as' as const,
      from,
      to,
      confidence: 0.99,
      properties: { because: 'a private address of GitHub names its account' },
    };
  });
}

/**
 * One full name on several addresses: of one organisation's domain, or one of them private at GitHub.
 * A name that three or more unrelated addresses bear may be several people's.
 */
function sameNameFacts(people: readonly Author[]): NewFact[] {
  const byName = new Map<string, Set<string>>();
  for (const { name, email } of people) {
    const full = name.trim().toLowerCase().replace(/\s+/g, ' ');
    if (!/^\S{2,}(?: \S+)* \S{2,}$/.test(full)) continue;
    const addresses = byName.get(full) ?? new Set();
    addresses.add(email.trim().toLowerCase());
    byName.set(full, addresses);
  }
  const facts: NewFact[] = [];
  for (const addresses of byName.values()) {
    if (addresses.size < 2 || addresses.size > 10) continue;
    const list = [...addresses].sort();
    const visible = list.filter((email) => !PRIVATE_ADDRESS.test(email));
    const [first] = visible;
    for (const [index, email] of list.entries()) {
      for (const other of list.slice(index + 1)) {
        const domain = email.slice(email.lastIndexOf('@'));
        const isOneDomain =
          other.endsWith(domain) && !PUBLIC_DOMAIN.test(email) && !PRIVATE_ADDRESS.test(email);
        const isPrivate =
          visible.length === 1 &&
          first !== undefined &&
          (email === first || other === first) &&
          (PRIVATE_ADDRESS.test(email) || PRIVATE_ADDRESS.test(other));
        if (!isOneDomain && !isPrivate) continue;
        facts.push({
          kind: 'same_as',
          from: emailRef(email),
          to: emailRef(other),
          method: 'derived',
          confidence: isOneDomain ? 0.8 : 0.7,
          properties: {
            because: isOneDomain
              ? 'one full name on two addresses of a domain'
              : 'one full name on an address and a private address of GitHub',
          },
        });
      }
    }
  }
  return facts;
}

/** An edge of equals has one direction only, so that two sources say the same one. */
export function ordered(a: EntityRef, b: EntityRef): [EntityRef, EntityRef] {
  return a.key <= b.key ? [a, b] : [b, a];
}

function isAddress(email: string): boolean {
  return email.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(email.trim());
}
