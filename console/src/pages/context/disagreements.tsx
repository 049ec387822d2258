/** Where sources do not agree: both sides with their dates and authority, and the word that settles it. */
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { contextQueries } from '../../api/context-queries.ts';
import type {
  Contradiction,
  Disagreement,
  Entity,
  EntityPage,
  SourceWord,
} from '../../api/context-types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { humanise } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Panel, Problem } from '../../parts/layout.tsx';
import { AppLink, pageOf } from '../../parts/link.tsx';
import { useMay } from '../../parts/rights.ts';
import { When } from '../../parts/time.tsx';
import { EntityLink, nameOf } from './context-pages.tsx';
import { MethodBadge } from './sources.tsx';

const CONTRADICTS = 'contradicts ';

export function Disagreements({ page }: { page: EntityPage }) {
  if (page.disagreements.length === 0) return null;
  return (
    <Panel
      title="Disagreements"
      note="nothing is decided silently: both sides are told to agents"
      flush
    >
      <ul aria-label="Disagreements">
        {page.disagreements.map((disagreement) => (
          <li key={disagreement.about} className="disagreement">
            <One page={page} disagreement={disagreement} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function One({ page, disagreement }: { page: EntityPage; disagreement: Disagreement }) {
  const otherId = disagreement.about.startsWith(CONTRADICTS)
    ? disagreement.about.slice(CONTRADICTS.length)
    : undefined;
  const relation = page.relations.find(
    ({ kind, other }) => kind === 'contradicts' && other.id === otherId,
  );
  if (relation !== undefined) {
    return <Conflict a={page.entity} b={relation.other} sources={relation.sources} />;
  }
  return (
    <>
      <h3>{disagreement.about === 'title' ? 'Name' : humanise(disagreement.about)}</h3>
      <ul className="sides">
        {disagreement.sides.map((side) => (
          <li key={`${side.says} ${side.object}`} className="side">
            <span className="side-says wrap-anywhere">{side.says}</span>
            <span className="quiet small wrap-anywhere">
              {side.system} {side.object}, <When at={side.confirmedAt} />
            </span>
          </li>
        ))}
      </ul>
      <p className="quiet small">
        Put one of the sources right, and this is over with its next commit.
      </p>
    </>
  );
}

/** Two records that cannot both hold, and the form that says which does. */
export function Conflict({
  a,
  b,
  sources,
}: {
  a: Entity;
  b: Entity;
  sources: readonly SourceWord[];
}) {
  const maySettle = useMay('context:curate');
  const known = useQuery(contextQueries.contradictions());
  const item = known.data?.items.find(
    (one) => (one.a.id === a.id && one.b.id === b.id) || (one.a.id === b.id && one.b.id === a.id),
  )?.workItem;
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <ul className="sides" aria-label="Both sides">
        <Side entity={a} />
        <Side entity={b} />
      </ul>
      {sources.map((word) => (
        <p
          key={`${word.system} ${word.object}`}
          className="small soft row row-wrap"
          style={{ gap: 6 }}
        >
          <Icon name="alert" size={13} />
          <span className="wrap-anywhere">{reasonOf(word)}</span>
          <MethodBadge method={word.method} />
          <span className="quiet">
            said <When at={word.confirmedAt} />
          </span>
        </p>
      ))}
      {!maySettle && (
        <p className="quiet small">A developer, approver or admin can say which one holds.</p>
      )}
      {!isOpen && (
        <div className="row row-wrap">
          {maySettle && (
            <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
              Settle
            </Button>
          )}
          <WorkOfIt a={a} b={b} item={item ?? null} />
        </div>
      )}
      {isOpen && <Settle a={a} b={b} onDone={() => setOpen(false)} />}
    </>
  );
}

/** The work item of a contradiction, or the button that opens one: one is open at a time. */
function WorkOfIt({ a, b, item }: { a: Entity; b: Entity; item: Contradiction['workItem'] }) {
  const mayOpen = useMay('work:write');
  const client = useQueryClient();
  const open = useMutation({
    mutationFn: () =>
      post<{ id: string }>('/v1/graph/contradictions/work-item', { a: a.id, b: b.id }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['graph'] }),
  });
  const isOver = item?.state === 'done' || item?.state === 'cancelled';
  return (
    <>
      {item !== null && (
        <span className="small row" style={{ gap: 6 }}>
          <AppLink href={pageOf(item.id)}>Work item</AppLink>
          <StateBadge state={item.state} />
        </span>
      )}
      {mayOpen && (item === null || isOver) && (
        <Button
          size="compact-sm"
          variant="default"
          loading={open.isPending}
          onClick={() => open.mutate()}
        >
          Open a work item
        </Button>
      )}
      {open.error !== null && <Problem error={open.error} />}
    </>
  );
}

function Side({ entity }: { entity: Entity }) {
  const status = entity.properties['status'];
  return (
    <li className="side">
      <EntityLink entity={entity} showsState={false} />
      <span className="quiet small">
        {typeof status === 'string' ? `${status}, ` : ''}
        {typeof entity.properties['path'] === 'string' ? `${entity.properties['path']}, ` : ''}
        last said <When at={entity.confirmedAt} none="by nobody" />
      </span>
    </li>
  );
}

function reasonOf({ properties, evidence }: SourceWord): string {
  const because = properties['because'];
  return typeof because === 'string' ? because : (evidence?.quote ?? 'A source says so');
}

function Settle({ a, b, onDone }: { a: Entity; b: Entity; onDone: () => void }) {
  const [holds, setHolds] = useState('a');
  const [because, setBecause] = useState('');
  const client = useQueryClient();
  const settle = useMutation({
    mutationFn: () =>
      post('/v1/graph/contradictions/settle', { a: a.id, b: b.id, holds, because: because.trim() }),
    onSuccess: () => {
      onDone();
      notifications.show({ title: 'Settled', message: 'Packs follow it from now on.' });
      return client.invalidateQueries({ queryKey: ['graph'] });
    },
  });
  return (
    <form
      className="stack settle"
      style={{ '--gap': '10px' } as object}
      onSubmit={(event) => {
        event.preventDefault();
        settle.mutate();
      }}
    >
      <SegmentedControl
        aria-label="Which one holds"
        orientation="vertical"
        data={[
          { value: 'a', label: `“${nameOf(a)}” holds` },
          { value: 'b', label: `“${nameOf(b)}” holds` },
          { value: 'both', label: 'Both hold' },
        ]}
        value={holds}
        onChange={setHolds}
      />
      <TextInput
        label="Because"
        placeholder="What decides it"
        required
        value={because}
        onChange={(event) => setBecause(event.currentTarget.value)}
      />
      {settle.error !== null && <Problem error={settle.error} />}
      <div className="row">
        <Button type="submit" loading={settle.isPending} disabled={because.trim() === ''}>
          Settle it
        </Button>
        <Button variant="default" onClick={onDone}>
          Not now
        </Button>
      </div>
    </form>
  );
}
