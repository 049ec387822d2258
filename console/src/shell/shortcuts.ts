/** Keyboard first: `g` then a letter goes to a page, `/` filters, `?` explains. */
import { useEffect } from 'react';
import type { IconName } from '../parts/icon.tsx';

export interface Destination {
  href: string;
  label: string;
  icon: IconName;
  /** Pressed after `g`. */
  key: string;
  group: 'Deliver' | 'Understand' | 'Govern' | 'Connect';
}

export const DESTINATIONS: readonly Destination[] = [
  { href: '/', label: 'Overview', icon: 'overview', key: 'o', group: 'Deliver' },
  { href: '/inbox', label: 'Inbox', icon: 'inbox', key: 'i', group: 'Deliver' },
  { href: '/board', label: 'Work board', icon: 'people', key: 'b', group: 'Deliver' },
  { href: '/changes', label: 'Changes', icon: 'change', key: 'c', group: 'Deliver' },
  { href: '/sessions', label: 'Sessions', icon: 'session', key: 's', group: 'Deliver' },
  { href: '/runs', label: 'Runs', icon: 'run', key: 'r', group: 'Deliver' },
  { href: '/queue', label: 'Landing queue', icon: 'merge', key: 'q', group: 'Deliver' },
  { href: '/devboxes', label: 'Devboxes', icon: 'session', key: 'd', group: 'Deliver' },
  { href: '/collisions', label: 'Collisions', icon: 'merge', key: 'l', group: 'Deliver' },
  { href: '/workflows', label: 'Workflows', icon: 'flow', key: 'f', group: 'Deliver' },
  { href: '/work', label: 'Work items', icon: 'work', key: 'w', group: 'Deliver' },
  { href: '/context', label: 'Context', icon: 'pack', key: 'k', group: 'Understand' },
  { href: '/xray', label: 'X-ray', icon: 'xray', key: 'x', group: 'Understand' },
  { href: '/trace', label: 'Trace', icon: 'flow', key: 't', group: 'Understand' },
  { href: '/policy', label: 'Policy', icon: 'policy', key: 'p', group: 'Govern' },
  { href: '/autonomy', label: 'Autonomy', icon: 'autonomy', key: 'u', group: 'Govern' },
  { href: '/audit', label: 'Audit', icon: 'audit', key: 'a', group: 'Govern' },
  { href: '/agents', label: 'Agents', icon: 'agent', key: 'e', group: 'Connect' },
  { href: '/connections', label: 'Connections', icon: 'signal', key: 'n', group: 'Connect' },
  { href: '/settings', label: 'Settings', icon: 'settings', key: ',', group: 'Govern' },
];

/** How long the second key of a pair may take. */
export const PAIR_MS = 1_200;

export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !/^(radio|checkbox|button)$/.test(target.type);
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

export function useShortcuts(open: (href: string) => void, onHelp: () => void): void {
  useEffect(() => {
    let pairUntil = 0;

    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"]') !== null) return;

      if (Date.now() < pairUntil) {
        pairUntil = 0;
        const destination = DESTINATIONS.find(({ key }) => key === event.key);
        if (destination !== undefined) {
          event.preventDefault();
          open(destination.href);
        }
        return;
      }
      if (event.key === 'g') pairUntil = Date.now() + PAIR_MS;
      else if (event.key === '?') onHelp();
      else if (event.key === '/') focusFirst(event, '[data-page-search]');
      else if (event.key === 'j') focusFirst(event, '[data-walkable] .row-link');
    };

    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [open, onHelp]);
}

function focusFirst(event: KeyboardEvent, selector: string) {
  if ((event.target as HTMLElement | null)?.classList?.contains('row-link')) return;
  const target = document.querySelector<HTMLElement>(selector);
  if (target === null) return;
  event.preventDefault();
  target.focus();
}
