/** Times that keep counting: one ticker for the whole page, paused while nobody looks. */
import { Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { ago, exactTime } from './format.ts';

const TICK_MS = 15_000;

let nowMs = Date.now();
let timer: number | undefined;
const listeners = new Set<() => void>();

function tick() {
  if (document.hidden) return;
  nowMs = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (timer === undefined) {
    timer = window.setInterval(tick, TICK_MS);
    document.addEventListener('visibilitychange', tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    document.removeEventListener('visibilitychange', tick);
    timer = undefined;
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

/** `4 min ago`, with the exact time on hover. */
export function When({ at, none = '–' }: { at: string | null | undefined; none?: string }) {
  const now = useNow();
  if (at === null || at === undefined) return <span className="quiet">{none}</span>;
  return (
    <Tooltip label={exactTime(at)} fz={12}>
      <time dateTime={at} className="nowrap">
        {ago(at, now)}
      </time>
    </Tooltip>
  );
}
