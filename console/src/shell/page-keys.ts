/** Single keys of a page, such as A for approve. They keep out of the way of typing and of `g` pairs. */
import { useEffect, useRef } from 'react';
import { isTyping, PAIR_MS } from './shortcuts.ts';

export function usePageKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let pairUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"]') !== null) return;
      const isPair = Date.now() < pairUntil;
      pairUntil = event.key === 'g' && !isPair ? Date.now() + PAIR_MS : 0;
      const act = isPair ? undefined : latest.current[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
