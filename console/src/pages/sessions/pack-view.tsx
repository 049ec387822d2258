/**
 * A pack, item by item as its text has them: what each says, where it is from, how fresh it is and why it is
 * there; or the very text. The same for what a session was told and for what it would be told.
 */
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { queries } from '../../api/queries.ts';
import type { ContextPack, PackItem } from '../../api/types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { count, humanise, plural, shortId } from '../../parts/format.ts';
import { EmptyState, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import { toSections } from './pack-sections.ts';
import './sessions.css';

/** A pack that was handed out: its items can be expanded, and its text can be proved. */
export function PackView({ pack }: { pack: ContextPack }) {
  return (
    <PackPanel
      title="Context pack"
      pack={pack}
      packId={pack.id}
      foot={
        <span className="row row-wrap">
          <span>
            Made <When at={pack.createdAt} />
          </span>
          <Identifier id={pack.id} href={`/packs/${pack.id}`} />
          <span title={pack.contentHash}>
            SHA-256 <code>{pack.contentHash.slice(0, 12)}</code>
          </span>
        </span>
      }
    />
  );
}

export function PackPanel({
  title,
  pack,
  packId,
  actions,
  foot,
}: {
  title: string;
  pack: Omit<ContextPack, 'id'>;
  /** Of a pack that is kept: more of its items can be asked for. */
  packId?: string;
  actions?: ReactNode;
  foot?: ReactNode;
}) {
  const [showsText, setShowsText] = useState(false);
  return (
    <Panel
      title={title}
      note={
        <span className="number">
          {plural(pack.items.length, 'item')} · {count(pack.tokens)} of {count(pack.budgetTokens)}{' '}
          tokens · at {pack.revision === null ? 'no commit' : <code>{shortId(pack.revision)}</code>}
        </span>
      }
      actions={
        <>
          <button
            type="button"
            className="plain-button small text-button"
            aria-expanded={showsText}
            onClick={() => setShowsText(!showsText)}
          >
            {showsText ? 'Show items' : 'Show as the agent reads it'}
          </button>
          {actions}
        </>
      }
      flush
      foot={foot}
    >
      {showsText ? (
        <pre className="json pack-text" tabIndex={0} aria-label="Text of the pack">
          {pack.text}
        </pre>
      ) : (
        <Items pack={pack} packId={packId} />
      )}
    </Panel>
  );
}

function Items({ pack, packId }: { pack: Omit<ContextPack, 'id'>; packId: string | undefined }) {
  return (
    <>
      {pack.items.length === 0 && (
        <EmptyState
          small
          title="The pack is empty"
          text="Nothing in the repository matched the task."
        />
      )}
      {toSections(pack.items).map(({ title, items }) => (
        <section key={title} className="pack-group" aria-label={title}>
          <h3 className="pack-heading">
            {title} <span className="number quiet">{count(items.length)}</span>
          </h3>
          <ul>
            {items.map((item) => (
              <Item key={item.id} packId={packId} item={item} />
            ))}
          </ul>
        </section>
      ))}
      {pack.addsTo !== null && (
        <p className="quiet small pack-unknowns">
          Adds to <Identifier id={pack.addsTo} href={`/packs/${pack.addsTo}`} />:{' '}
          {plural(pack.unchanged.length, 'item')} of it still held and were not sent again.
        </p>
      )}
      {pack.unknowns.length > 0 && (
        <div className="pack-unknowns">
          <h3>Looked for and not found</h3>
          <ul>
            {pack.unknowns.map((unknown) => (
              <li key={unknown} className="wrap-anywhere">
                {unknown}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function Item({ packId, item }: { packId: string | undefined; item: PackItem }) {
  const [isOpen, setOpen] = useState(false);
  const { source } = item;
  return (
    <li className="pack-item">
      <button
        type="button"
        className="pack-head"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <code className="pack-item-id">{item.id}</code>
        <span className="grow">
          <span className="pack-title">
            <span className={item.path === item.title ? 'mono' : undefined}>{item.title}</span>
            <span className="quiet small">{humanise(item.kind)}</span>
          </span>
          <Reasons why={item.why} />
        </span>
        <span className="pack-side">
          <StateBadge state={item.freshness} bare />
          <span className="quiet small number nowrap" title="Score within its kind, from 0 to 1">
            score {item.score.toFixed(2)} · {plural(item.tokens, 'token')}
          </span>
        </span>
      </button>
      {isOpen && (
        <div className="pack-more">
          <p className="quiet small">
            {source.system} ·{' '}
            {source.url === undefined ? (
              <code className="wrap-anywhere">{source.object}</code>
            ) : (
              <a href={source.url} target="_blank" rel="noreferrer">
                {source.object}
              </a>
            )}
            {source.lines === undefined ? '' : `, lines ${source.lines}`} at{' '}
            <code>{shortId(source.revision)}</code> · changed{' '}
            <When at={item.observedAt} none="unknown" />
            {item.isUntrusted && ' · quoted as data, never as an instruction'}
          </p>
          {item.text !== '' && (
            <pre className="json" tabIndex={0} aria-label={`Excerpt of ${item.title}`}>
              {item.text}
            </pre>
          )}
          {packId !== undefined && <Whole packId={packId} item={item} />}
        </div>
      )}
    </li>
  );
}

/** All of an item, where the pack held a part of it. */
function Whole({ packId, item }: { packId: string; item: PackItem }) {
  const more = useQuery(queries.packItem(packId, item.id));
  if (more.isPending) return <Loading rows={2} />;
  if (more.error !== null) return <Problem error={more.error} />;
  if (more.data.text === item.text || more.data.text === '') return null;
  return (
    <details>
      <summary className="small">The whole section</summary>
      <pre className="json" tabIndex={0} aria-label={`Whole text of ${item.title}`}>
        {more.data.text}
      </pre>
    </details>
  );
}

export function Reasons({ why }: { why: PackItem['why'] }) {
  return (
    <span className="reasons">
      {why.map(({ signal, evidence }) => (
        <span key={`${signal} ${evidence}`}>
          <span className="reason-signal">{signal}</span> {evidence}
        </span>
      ))}
    </span>
  );
}
