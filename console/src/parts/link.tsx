/** Links between records: any id leads to the page that shows it. */
import { useRouter } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, MouseEvent } from 'react';

/** A real anchor (middle click, copy address), followed without loading the page anew. */
export function AppLink({
  href,
  onClick,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const router = useRouter();
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (event.defaultPrevented || !isPlain || event.altKey) return;
    event.preventDefault();
    router.history.push(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}

/** Goes to an address of the console. */
export function useOpen(): (href: string) => void {
  const router = useRouter();
  return (href) => router.history.push(href);
}

const PAGE_OF_PREFIX: Record<string, (id: string) => string> = {
  chg: (id) => `/changes/${id}`,
  ses: (id) => `/sessions/${id}`,
  run: (id) => `/runs/${id}`,
  wrk: (id) => `/work?item=${id}`,
  evt: (id) => `/audit?event=${id}`,
  esc: (id) => `/inbox/${id}`,
  repo: (id) => `/xray/${id}`,
  ctx: (id) => `/packs/${id}`,
  usr: () => '/settings?tab=people',
  tok: () => '/settings?tab=tokens',
};

/** Where an id, commit or other reference is shown; what has no page of its own is traced. */
export function pageOf(ref: string, kind?: string): string {
  const prefix = /^([a-z]+)_[0-9a-f]{32}$/.exec(ref)?.[1] ?? '';
  const page = PAGE_OF_PREFIX[prefix];
  if (page !== undefined) return page(ref);
  if (kind === 'repository') return `/changes?state=all&repository=${encodeURIComponent(ref)}`;
  return `/trace?ref=${encodeURIComponent(ref)}`;
}
