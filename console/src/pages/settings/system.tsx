/** What `loom doctor` says, as a page. New facts of the server show without a change here. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queries } from '../../api/queries.ts';
import { count, humanise } from '../../parts/format.ts';
import { CommandLine } from '../../parts/copy.tsx';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Facts, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

export function System() {
  const query = useQuery(queries.system());
  if (query.data === undefined) {
    return query.error === null ? <Loading /> : <Problem error={query.error} />;
  }

  const entries = Object.entries(query.data);
  const plain = entries.filter(([, value]) => !isStructure(value));
  const parts = entries.filter(([, value]) => isStructure(value));
  return (
    <div className="stack">
      {plain.length > 0 && (
        <Panel title="Server">
          <Facts items={plain.map(([name, value]) => [humanise(name), show(name, value)])} />
        </Panel>
      )}
      {parts.map(([name, value]) => (
        <Panel key={name} title={humanise(name)}>
          <Part name={name} value={value} />
        </Panel>
      ))}
      <Panel title="The same in the terminal">
        <CommandLine command="loom doctor" />
      </Panel>
    </div>
  );
}

function isStructure(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function Part({ name, value }: { name: string; value: unknown }): ReactNode {
  if (Array.isArray(value)) {
    if (value.length === 0) {
      return <EmptyState small title="None" text={HINT_WHEN_EMPTY[name]} />;
    }
    return (
      <ul className="stack" style={{ '--gap': '12px' } as object}>
        {value.map((item: unknown, index) => (
          <li key={index}>
            {isStructure(item) ? (
              <Part name={name} value={item} />
            ) : (
              <span>{show(name, item)}</span>
            )}
          </li>
        ))}
      </ul>
    );
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0) return <EmptyState small title="None" text={HINT_WHEN_EMPTY[name]} />;
  return (
    <Facts
      items={entries.map(([key, inner]) => [
        /^[a-z]+([A-Z][a-z]*)*$/.test(key) ? humanise(key) : key,
        isStructure(inner) ? <Part key={key} name={key} value={inner} /> : show(key, inner),
      ])}
    />
  );
}

const HINT_WHEN_EMPTY: Record<string, string> = {
  hooks: 'No agent hook has reached us. Wire one with loom attach.',
  agents: 'No agent hook has reached us. Wire one with loom attach.',
  connectors: 'No connector is configured.',
};

function show(name: string, value: unknown): ReactNode {
  if (value === null || value === undefined) return <span className="quiet">–</span>;
  if (typeof value === 'boolean') {
    return (
      <span className="badge" data-tone={value ? 'good' : 'neutral'}>
        <Icon name={value ? 'check' : 'blocked'} size={13} />
        {value ? 'Yes' : 'No'}
      </span>
    );
  }
  if (typeof value === 'number') return <span className="number">{count(value)}</span>;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return <When at={text} />;
  if (/^(state|status)$/.test(name)) {
    const isGood = /^(ok|up|ready|running|idle|connected|healthy)$/.test(text);
    return (
      <span className="badge" data-tone={isGood ? 'good' : 'warn'}>
        <Icon name={isGood ? 'check' : 'alert'} size={13} />
        {humanise(text)}
      </span>
    );
  }
  return <span>{text}</span>;
}
