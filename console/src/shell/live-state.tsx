/** Whether the page is being kept up to date, in a dot and a word. */
import { useConnection } from '../api/stream.ts';

const LOOKS = {
  live: { tone: 'good', text: 'Live', hint: 'This page follows the ledger as it grows.' },
  connecting: { tone: 'neutral', text: 'Connecting', hint: 'Opening the live stream.' },
  lost: {
    tone: 'warn',
    text: 'Reconnecting',
    hint: 'The live stream is interrupted; what you see may be out of date.',
  },
} as const;

export function LiveState({ compact = false }: { compact?: boolean }) {
  const connection = useConnection();
  const look = LOOKS[connection];
  return (
    <span className="live" data-tone={look.tone} title={look.hint} role="status">
      <span className="live-dot" data-live={connection === 'live' || undefined} />
      <span className={compact ? 'visually-hidden' : undefined}>{look.text}</span>
    </span>
  );
}
