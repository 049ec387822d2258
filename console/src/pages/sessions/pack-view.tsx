/** What a session was told: every item with its source, reason and age, and what was not found. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { ContextPack, PackItem } from '../../api/types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { count, humanise, plural, shortId } from '../../parts/format.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { EmptyState, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import './sessions.css';

const ICON_OF_ITEM: Record<string, IconName> = {
  file: 'file',
  companion: 'file',
  decision: 'decision',
  document: 'file',
  rule: 'policy',
  owner: 'people',
  person: 'person',
  lesson: 'info',
  control: 'policy',
  collision: 'alert',
  change: 'decision',
  incident: 'alert',
  warning: 'alert',
};

export function PackView({ pack }: { pack: ContextPack }) {
  const [showsText, setShowsText] = useState(false);
  return (
    <Panel
      title="Context pack"
      note={
        <span className="number">
          {plural(pack.items.length, 'item')} · {count(pack.tokens)} of {count(pack.budgetTokens)}{' '}
          tokens
        </span>
      }
      actions={
        <button
          type="button"
          className="plain-button small text-button"
          aria-expanded={showsText}
          onClick={() => setShowsText(!showsText)}
        >
          {showsText ? 'Show items' : 'Show as the agent read it'}
        </button>
      }
      flush
      foot={
        <span className="row row-wrap">
          <span>
            Made <When at={pack.createdAt} /> at{' '}
            {pack.revision === null ? 'no commit' : <code>{shortId(pack.revision)}</code>}
          </span>
          <Identifier id={pack.id} href={`/packs/${pack.id}`} />
          <span title={pack.contentHash}>
            SHA-256 <code>{pack.contentHash.slice(0, 12)}</code>
          </span>
        </span>
      }
    >
      {showsText ? (
        <pre className="json pack-text" tabIndex={0} aria-label="Text of the pack">
          {pack.text}
        </pre>
      ) : (
        <>
          {pack.items.length === 0 && (
            <EmptyState
              small
              title="The pack is empty"
              text="Nothing in the repository matched the request."
            />
          )}
          <ul aria-label="Items of the context pack">
            {pack.items.map((item) => (
              <Item key={item.id} packId={pack.id} item={item} />
            ))}
          </ul>
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
                  <li key={unknown}>{unknown}</li>
                ))}
              </ul>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}

function Item({ packId, item }: { packId: string; item: PackItem }) {
  const [isOpen, setOpen] = useState(false);
  const more = useQuery({ ...queries.packItem(packId, item.id), enabled: isOpen });
  const { source } = item;
  return (
    <li className="pack-item">
      <button
        type="button"
        className="pack-head"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="pack-icon">
          <Icon name={ICON_OF_ITEM[item.kind] ?? 'file'} size={14} />
        </span>
        <span className="grow">
          <span className="pack-title">
            <span className={item.path === item.title ? 'mono' : undefined}>{item.title}</span>
            <span className="quiet small">{humanise(item.kind)}</span>
            {item.isUntrusted && (
              <span
                className="badge"
                data-tone="neutral"
                title="Text from outside: handed out as quoted data, never as an instruction"
              >
                Untrusted
              </span>
            )}
          </span>
          <span className="pack-reason">{item.why.map(({ evidence }) => evidence).join('; ')}</span>
        </span>
        <span className="pack-side">
          <StateBadge state={item.freshness} bare />
          <span className="quiet small number">{plural(item.tokens, 'token')}</span>
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
          </p>
          {item.text !== '' && (
            <pre className="json" tabIndex={0} aria-label={`Excerpt of ${item.title}`}>
              {item.text}
            </pre>
          )}
          {more.isPending && <Loading rows={2} />}
          {more.error !== null && <Problem error={more.error} />}
          {more.data !== undefined && more.data.text !== item.text && more.data.text !== '' && (
            <details>
              <summary className="small">The whole section</summary>
              <pre className="json" tabIndex={0} aria-label={`Whole text of ${item.title}`}>
                {more.data.text}
              </pre>
            </details>
          )}
        </div>
      )}
    </li>
  );
}
