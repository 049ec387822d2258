/** Stable keys of the things repositories speak of. One place, so that sources mean the same thing. */
import type { EntityRef } from '../graph/schema.ts';

export const repositoryRef = (name: string): EntityRef => ({ kind: 'repository', key: name });

/**
 * A file is where and by which commit it was born, so that its name may change. Without a birth in the
 * history we read (a shallow clone, a very long history), its path stands for it.
 */
export function fileKey(
  repository: string,
  birth: { path: string; sha: string | undefined },
): string {
  return `${repository}:${birth.path}@${birth.sha?.slice(0, 12) ?? 'root'}`;
}

/** `@acme/payments` is a team, `@ada` an account, `ada@example.org` an address. */
export function ownerRef(owner: string): EntityRef {
  const name = owner.toLowerCase();
  if (name.startsWith('@')) {
    return name.includes('/')
      ? { kind: 'team', key: name.slice(1) }
      : { kind: 'person', key: `github:${name.slice(1)}` };
  }
  return { kind: 'person', key: `email:${name}` };
}

/** A Backstage reference: `group:default/payments`, `payments`, with the kind it has when it says none. */
export function catalogRef(text: string, defaultKind: string, namespace = 'default'): EntityRef {
  const match = /^(?:(?<kind>[^:/]+):)?(?:(?<namespace>[^/]+)\/)?(?<name>.+)$/.exec(text.trim());
  const { kind, namespace: own, name } = match?.groups ?? {};
  return {
    kind: catalogKind(kind ?? defaultKind) ?? 'resource',
    key: `${own ?? namespace}/${name ?? text}`.toLowerCase(),
  };
}

const CATALOG_KINDS: Readonly<Record<string, EntityRef['kind']>> = {
  component: 'component',
  api: 'api',
  resource: 'resource',
  system: 'system',
  domain: 'domain',
  group: 'team',
  user: 'person',
};

/** Our kind for Backstage's; undefined for kinds nobody but their plugin knows. */
export function catalogKind(kind: string): EntityRef['kind'] | undefined {
  return CATALOG_KINDS[kind.toLowerCase()];
}

export const emailRef = (email: string): EntityRef => ({
  kind: 'person',
  key: `email:${email.trim().toLowerCase()}`,
});

/** Something that runs and that no catalog names: it is of its repository. */
export const componentRef = (repository: string, name: string): EntityRef => ({
  kind: 'component',
  key: `${repository}/${name}`.toLowerCase(),
});
