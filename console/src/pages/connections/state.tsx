import type { Connection, ConnectionState } from '../../api/connections.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import type { IconName } from '../../parts/icon.tsx';

export const CAPABILITY_WORDS: Record<Connection['capabilities'][number], string> = {
  signals: 'tells what happens',
  knowledge: 'has knowledge to read',
  'work-items': 'holds work items',
  messages: 'reaches people',
  'code-host': 'hosts code',
};

const LOOKS: Record<ConnectionState, { label: string; tone: Tone; icon: IconName }> = {
  healthy: { label: 'Healthy', tone: 'good', icon: 'check' },
  failing: { label: 'Failing', tone: 'bad', icon: 'alert' },
  limited: { label: 'Slowed down', tone: 'warn', icon: 'clock' },
  paused: { label: 'Paused', tone: 'warn', icon: 'blocked' },
  waiting: { label: 'Not heard of yet', tone: 'info', icon: 'waiting' },
  off: { label: 'Not set up', tone: 'neutral', icon: 'ready' },
};

export function ConnectionBadge({ connection }: { connection: Connection }) {
  return <Badge look={LOOKS[connection.state]} />;
}
