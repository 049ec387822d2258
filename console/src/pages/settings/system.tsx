/** What `loom doctor` says, as a page. */
import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { SystemStatus } from '../../api/types.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { CommandLine } from '../../parts/copy.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { count, duration, humanise } from '../../parts/format.ts';
import type { IconName } from '../../parts/icon.tsx';
import { EmptyState, Facts, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

const LOOKS: Record<string, { tone: Tone; icon: IconName }> = {
  ready: { tone: 'good', icon: 'check' },
  running: { tone: 'good', icon: 'check' },
  failing: { tone: 'bad', icon: 'cross' },
  unavailable: { tone: 'bad', icon: 'cross' },
};

function Health({ state }: { state: string }) {
  const look = LOOKS[state] ?? { tone: 'neutral', icon: 'blocked' };
  return <Badge look={{ ...look, label: humanise(state) }} />;
}

export function System() {
  const query = useQuery(queries.system());
  if (query.data === undefined) {
    return query.error === null ? <Loading /> : <Problem error={query.error} />;
  }
  const status = query.data;
  return (
    <div className="stack">
      <Server status={status} />
      <Agents hooks={status.hooks} />
      <Panel title="Connectors" note="the outside systems we speak with" flush>
        {status.connectors.length === 0 ? (
          <EmptyState small title="No connector is configured" />
        ) : (
          <DataTable
            label="Connectors"
            rows={status.connectors}
            rowKey={(connector) => connector.name}
            columns={[
              { key: 'name', header: 'Name', width: 180, cell: (connector) => connector.name },
              {
                key: 'state',
                header: 'State',
                width: 120,
                cell: (connector) => <Health state={connector.state} />,
              },
              {
                key: 'detail',
                header: 'Detail',
                hide: 'phone',
                cell: (connector) => <span className="soft">{connector.detail}</span>,
              },
            ]}
          />
        )}
      </Panel>
      <Panel title="Background loops" flush>
        <DataTable
          label="Background loops"
          rows={status.loops}
          rowKey={(loop) => loop.name}
          columns={[
            { key: 'name', header: 'Name', width: 180, cell: (loop) => loop.name },
            {
              key: 'state',
              header: 'State',
              width: 120,
              cell: (loop) => <Health state={loop.state} />,
            },
            {
              key: 'error',
              header: 'Last error',
              hide: 'phone',
              cell: (loop) => <span className="soft">{loop.lastError ?? 'none'}</span>,
            },
            {
              key: 'ran',
              header: 'Last run',
              align: 'end',
              width: 110,
              cell: (loop) => <When at={loop.lastRunAt} none="never" />,
            },
          ]}
        />
      </Panel>
      <Panel title="The same in the terminal">
        <CommandLine command="loom doctor" />
      </Panel>
    </div>
  );
}

function Server({ status: { database, outbox, version, organisation } }: { status: SystemStatus }) {
  return (
    <Panel title="Server" note={`LoomStack ${version}, ${organisation}`}>
      <Facts
        items={[
          [
            'Database',
            <span key="d" className="row row-wrap">
              <Health state={database.state} />
              <span>
                PostgreSQL {database.version ?? ''}
                {database.isEmbedded ? ', embedded' : ', your own'}
              </span>
            </span>,
          ],
          [
            'Outbox',
            outbox.waiting === 0
              ? 'everything is delivered'
              : `${count(outbox.waiting)} waiting, the oldest for ${duration(outbox.lagSeconds * 1000)}`,
          ],
          [
            'Given up',
            outbox.failed === 0 ? (
              'nothing'
            ) : (
              <span key="f" className="removed">
                {count(outbox.failed)} messages; the audit log names them as outbox.delivery-failed
              </span>
            ),
          ],
        ]}
      />
    </Panel>
  );
}

function Agents({ hooks }: { hooks: SystemStatus['hooks'] }) {
  return (
    <Panel title="Agents" note="when each was last heard of through its hooks" flush>
      {hooks.length === 0 ? (
        <EmptyState
          small
          title="No agent hook has reached us yet"
          text="Wire an agent into a repository, then start it there."
          steps={[{ text: '', command: 'loom attach' }]}
        />
      ) : (
        <DataTable
          label="Agents and their hooks"
          rows={hooks}
          rowKey={(hook) => `${hook.agent} ${hook.event}`}
          columns={[
            { key: 'agent', header: 'Agent', width: 180, cell: (hook) => hook.agent },
            { key: 'event', header: 'Hook', cell: (hook) => <code>{hook.event}</code> },
            {
              key: 'events',
              header: 'Times',
              align: 'end',
              width: 90,
              cell: (hook) => count(hook.events),
            },
            {
              key: 'last',
              header: 'Last',
              align: 'end',
              width: 110,
              cell: (hook) => <When at={hook.lastAt} />,
            },
          ]}
        />
      )}
    </Panel>
  );
}
