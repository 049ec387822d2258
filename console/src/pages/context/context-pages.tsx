/** What the pages of the Context Layer have in common: the way between them, and how entities look. */
import { useLocation } from '@tanstack/react-router';
import type { Entity } from '../../api/context-types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { humanise } from '../../parts/format.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { AppLink } from '../../parts/link.tsx';
import './context.css';

export const CONTEXT_PAGES: readonly { href: string; label: string }[] = [
  { href: '/context', label: 'Explorer' },
  { href: '/context/map', label: 'Dependencies' },
  { href: '/context/preview', label: 'Pack preview' },
  { href: '/context/ownership', label: 'Ownership' },
  { href: '/context/attention', label: 'To put right' },
  { href: '/context/lessons', label: 'Lessons' },
];

export function ContextNavigation() {
  const { pathname } = useLocation();
  return (
    <nav className="tabs" aria-label="Context">
      {CONTEXT_PAGES.map(({ href, label }) => (
        <AppLink
          key={href}
          href={href}
          className="tab page-tab"
          aria-current={pathname === href ? 'page' : undefined}
        >
          {label}
        </AppLink>
      ))}
    </nav>
  );
}

const ICON_OF_KIND: Record<string, IconName> = {
  repository: 'folder',
  file: 'file',
  symbol: 'dot',
  component: 'pack',
  api: 'flow',
  resource: 'pack',
  system: 'run',
  domain: 'overview',
  package: 'pack',
  team: 'people',
  person: 'person',
  change: 'change',
  'work-item': 'work',
  decision: 'decision',
  section: 'file',
  document: 'file',
  rule: 'policy',
  incident: 'incident',
  slo: 'eye',
  control: 'lock',
  thread: 'session',
  deployment: 'deployment',
  session: 'session',
};

const WORD_OF_KIND: Record<string, string> = {
  component: 'Service',
  api: 'Interface',
  slo: 'Service level',
  'work-item': 'Work item',
};

export const iconOfKind = (kind: string): IconName => ICON_OF_KIND[kind] ?? 'dot';
export const wordOfKind = (kind: string): string => WORD_OF_KIND[kind] ?? humanise(kind);

/** In the query, because a path that ends like a file's name is taken for one on its way. */
export function entityPage(id: string): string {
  return `/context/entity?id=${encodeURIComponent(id)}`;
}

/** Name as people say it: a catalog key without its default namespace, an address without its kind. */
export function nameOf({ kind, key, title }: Pick<Entity, 'kind' | 'key' | 'title'>): string {
  if (title !== key) return title;
  return kind === 'person' ? key.replace(/^(email|github):/, '') : key.replace(/^default\//, '');
}

/** Where it lies, if that says more than its name. */
export function placeOf({ properties, title }: Pick<Entity, 'properties' | 'title'>): string {
  const path = properties['path'] ?? properties['signature'];
  return typeof path === 'string' && path !== title ? path : '';
}

/** A link to an entity, with its kind as an icon, and its freshness where it is not current. */
export function EntityLink({
  entity,
  showsState = true,
}: {
  entity: Entity;
  showsState?: boolean;
}) {
  return (
    <span className="entity-link">
      <span className="quiet entity-icon">
        <Icon name={iconOfKind(entity.kind)} size={14} label={wordOfKind(entity.kind)} />
      </span>
      <AppLink href={entityPage(entity.id)} className="wrap-anywhere" title={entity.id}>
        {nameOf(entity)}
      </AppLink>
      {showsState && entity.freshness !== 'current' && <StateBadge state={entity.freshness} bare />}
    </span>
  );
}
