/** States by colour, icon and word together: none of them has to be told apart by colour alone. */
import { humanise } from './format.ts';
import { Icon, type IconName } from './icon.tsx';

export type Tone = 'good' | 'watch' | 'info' | 'warn' | 'caution' | 'bad' | 'neutral';

interface Look {
  label: string;
  tone: Tone;
  icon: IconName;
}

const LANES: Record<string, Look> = {
  ship: { label: 'Ship', tone: 'good', icon: 'check' },
  'ship-and-watch': { label: 'Ship and watch', tone: 'watch', icon: 'eye' },
  'one-reviewer': { label: 'One reviewer', tone: 'warn', icon: 'person' },
  'two-person': { label: 'Two people', tone: 'caution', icon: 'people' },
  hold: { label: 'Hold', tone: 'bad', icon: 'lock' },
};

const STATES: Record<string, Look> = {
  // changes
  open: { label: 'Open', tone: 'info', icon: 'change' },
  merged: { label: 'Merged', tone: 'good', icon: 'merge' },
  closed: { label: 'Closed', tone: 'neutral', icon: 'cancelled' },
  // sessions
  active: { label: 'Active', tone: 'good', icon: 'running' },
  idle: { label: 'Idle', tone: 'neutral', icon: 'clock' },
  ended: { label: 'Ended', tone: 'neutral', icon: 'check' },
  lost: { label: 'Lost', tone: 'warn', icon: 'alert' },
  // runs and steps
  blocked: { label: 'Not yet', tone: 'neutral', icon: 'blocked' },
  ready: { label: 'Ready', tone: 'info', icon: 'ready' },
  running: { label: 'Running', tone: 'info', icon: 'running' },
  waiting: { label: 'Waiting', tone: 'warn', icon: 'waiting' },
  paused: { label: 'Paused', tone: 'warn', icon: 'waiting' },
  done: { label: 'Done', tone: 'good', icon: 'check' },
  failed: { label: 'Failed', tone: 'bad', icon: 'cross' },
  skipped: { label: 'Skipped', tone: 'neutral', icon: 'skipped' },
  cancelled: { label: 'Cancelled', tone: 'neutral', icon: 'cancelled' },
  // work items
  'in-progress': { label: 'In progress', tone: 'info', icon: 'running' },
  // claims
  held: { label: 'Held', tone: 'info', icon: 'lock' },
  released: { label: 'Released', tone: 'neutral', icon: 'check' },
  expired: { label: 'Expired', tone: 'warn', icon: 'clock' },
  denied: { label: 'Refused', tone: 'bad', icon: 'cross' },
  // repositories
  importing: { label: 'Importing', tone: 'info', icon: 'running' },
  empty: { label: 'Empty', tone: 'neutral', icon: 'ready' },
  // deployments
  started: { label: 'Started', tone: 'info', icon: 'running' },
  succeeded: { label: 'Succeeded', tone: 'good', icon: 'check' },
  'rolled-back': { label: 'Rolled back', tone: 'bad', icon: 'retry' },
  // approvals
  approve: { label: 'Approved', tone: 'good', icon: 'check' },
  decline: { label: 'Declined', tone: 'bad', icon: 'cross' },
  void: { label: 'Void', tone: 'neutral', icon: 'cancelled' },
  // freshness of knowledge
  current: { label: 'Current', tone: 'good', icon: 'check' },
  unverified: { label: 'Unverified', tone: 'neutral', icon: 'info' },
  stale: { label: 'Stale', tone: 'warn', icon: 'clock' },
  superseded: { label: 'Superseded', tone: 'warn', icon: 'skipped' },
  contradicted: { label: 'Contradicted', tone: 'bad', icon: 'alert' },
};

export function stateLook(state: string): Look {
  return STATES[state] ?? { label: humanise(state), tone: 'neutral', icon: 'dot' };
}

export function laneLook(lane: string): Look {
  return LANES[lane] ?? { label: humanise(lane), tone: 'neutral', icon: 'dot' };
}

export function Badge({ look, bare = false }: { look: Look; bare?: boolean }) {
  return (
    <span className={bare ? 'badge badge-bare' : 'badge'} data-tone={look.tone}>
      <Icon name={look.icon} size={13} />
      {look.label}
    </span>
  );
}

export function LaneBadge({ lane }: { lane: string | null }) {
  if (lane === null) return <span className="quiet">Not judged yet</span>;
  return <Badge look={laneLook(lane)} />;
}

export function StateBadge({ state, bare = false }: { state: string; bare?: boolean }) {
  return <Badge look={stateLook(state)} bare={bare} />;
}

const AUTHORS: Record<string, Look> = {
  human: { label: 'Human', tone: 'neutral', icon: 'person' },
  assisted: { label: 'Assisted', tone: 'neutral', icon: 'assisted' },
  agent: { label: 'Agent', tone: 'neutral', icon: 'agent' },
};

/** Who wrote it, and what kind of author that is. */
export function Author({ name, kind }: { name: string; kind: string }) {
  const look = AUTHORS[kind] ?? AUTHORS['human']!;
  return (
    <span className="row" style={{ gap: 6 }} title={`${name} (${look.label.toLowerCase()})`}>
      <span className="quiet" style={{ display: 'inline-flex' }}>
        <Icon name={look.icon} size={14} label={look.label} />
      </span>
      <span className="cut">{name}</span>
    </span>
  );
}
