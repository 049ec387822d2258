/** Every attached agent: where, for whom, when it last spoke, what it lacks; and how to attach the others. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Select } from '@mantine/core';
import { agentQueries, type Agents, type AttachedAgent } from '../../api/agents.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { CommandLine } from '../../parts/copy.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { count, plural } from '../../parts/format.ts';
import type { IconName } from '../../parts/icon.tsx';
import { EmptyState, Loading, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import './agents.css';

export function AgentsPage() {
  const query = useQuery(agentQueries.all());
  return (
    <>
      <PageHeader
        title="Agents"
        description="Which coding agents are under coordination, for whom and where. Hooks are early feedback: what matters is enforced where code lands, attached or not."
      />
      {query.data === undefined && query.error === null && <Loading />}
      {query.data === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data !== undefined && <Content agents={query.data} />}
    </>
  );
}

const ORDER: AttachedAgent['state'][] = ['incomplete', 'waiting', 'connected', 'detached'];

function Content({ agents: { items, known } }: { agents: Agents }) {
  const rows = [...items].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const live = items.filter(({ state }) => state === 'connected').length;
  return (
    <div className="stack">
      <Panel
        title="Attached"
        note={
          items.length === 0 ? undefined : `${live} of ${plural(items.length, 'agent')} connected`
        }
        flush
      >
        {rows.length === 0 ? (
          <EmptyState
            small
            title="No agent is attached yet"
            text="Attach one below; it appears here with its first event."
          />
        ) : (
          <DataTable
            label="Attached agents"
            rows={rows}
            rowKey={({ agent, person, repository }) => `${agent} ${person.id} ${repository ?? ''}`}
            columns={COLUMNS}
          />
        )}
      </Panel>
      <SetUp known={known} />
    </div>
  );
}

const LOOKS: Record<AttachedAgent['state'], { label: string; tone: Tone; icon: IconName }> = {
  connected: { label: 'Connected', tone: 'good', icon: 'check' },
  waiting: { label: 'Waiting for its first event', tone: 'info', icon: 'waiting' },
  incomplete: { label: 'Something is missing', tone: 'warn', icon: 'alert' },
  detached: { label: 'Detached', tone: 'neutral', icon: 'cross' },
};

const COLUMNS: Column<AttachedAgent>[] = [
  {
    key: 'agent',
    header: 'Agent',
    width: 150,
    cell: ({ title, version }) => (
      <span className="cell-title agent-title">
        <span>{title}</span>
        <span className="quiet small">
          {version === null ? 'version not told' : `version ${version}`}
        </span>
      </span>
    ),
  },
  {
    key: 'where',
    header: 'Attached to',
    width: 210,
    cell: ({ person, repository, attachedAt }) => (
      <span className="cell-title">
        <span>{repository ?? 'all work of its person'}</span>
        <span className="quiet small">
          for {person.name}
          {attachedAt !== null && (
            <>
              , <When at={attachedAt} />
            </>
          )}
        </span>
      </span>
    ),
  },
  {
    key: 'state',
    header: 'State',
    cell: ({ state, missing }) => (
      <span className="cell-title agent-state">
        <Badge look={LOOKS[state]} />
        {missing.map((text) => (
          <span key={text} className="soft small">
            {text}
          </span>
        ))}
      </span>
    ),
  },
  {
    key: 'tools',
    header: 'Tools called',
    align: 'end',
    hide: 'narrow',
    width: 120,
    cell: ({ toolsLastAt }) => <When at={toolsLastAt} none="never" />,
  },
  {
    key: 'telemetry',
    header: 'Cost reported',
    align: 'end',
    hide: 'narrow',
    width: 120,
    cell: ({ telemetryLastAt }) => <When at={telemetryLastAt} none="never" />,
  },
  {
    key: 'events',
    header: 'Events',
    align: 'end',
    hide: 'phone',
    width: 80,
    cell: ({ events }) => count(events),
  },
  {
    key: 'last',
    header: 'Last event',
    align: 'end',
    hide: 'phone',
    width: 170,
    cell: ({ lastEvent }) =>
      lastEvent === null ? (
        <span className="quiet">none yet</span>
      ) : (
        <span className="cell-title">
          <When at={lastEvent.at} />
          <code className="small">{lastEvent.event}</code>
        </span>
      ),
  },
];

/** A few commands, in the words of the agent that is chosen. */
function SetUp({ known }: { known: Agents['known'] }) {
  const [agent, setAgent] = useState(known[0]?.agent ?? '');
  const chosen = known.find((each) => each.agent === agent);
  return (
    <Panel title="Attach an agent" note="in the repository where it works, or for all of your work">
      <div className="stack agent-set-up">
        <Select
          label="Agent"
          value={agent}
          allowDeselect={false}
          data={known.map(({ agent: value, title }) => ({ value, label: title }))}
          onChange={(value) => setAgent(value ?? agent)}
        />
        <ol className="empty-steps">
          <li>
            <span>See what would change, then write it. Foreign entries and comments stay.</span>
            <CommandLine command={`loom attach --agent ${agent}`} />
          </li>
          <li>
            <span>Prove that its calls reach this server, and wait for the first event.</span>
            <CommandLine command={`loom doctor --agent ${agent} --wait 60`} />
          </li>
          {chosen?.tellsTelemetry === true && (
            <li>
              <span>
                Have it report tokens and cost, from your own settings; no file holds a token.
              </span>
              <CommandLine command={`loom attach --telemetry --agent ${agent}`} />
            </li>
          )}
          <li>
            <span>Take every byte of it back, whenever you like.</span>
            <CommandLine command={`loom detach --agent ${agent}`} />
          </li>
        </ol>
        {chosen?.seenVersion != null && (
          <p className="quiet small">
            Last seen working: {chosen.title} {chosen.seenVersion}.
          </p>
        )}
      </div>
    </Panel>
  );
}
