/** A pack not yet handed out: where its tokens go, why each item is in it, and what was left out. */
import { useState, type ReactNode } from 'react';
import type { PackPreview } from '../../api/context-types.ts';
import type { PackItem } from '../../api/types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { count, humanise, percent, plural, shortId } from '../../parts/format.ts';
import { EmptyState, Notice, Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import '../sessions/sessions.css';

/** Sections of the text an agent reads, with the kinds of item in each. */
const SECTIONS: readonly { title: string; kinds: readonly string[]; colour: string }[] = [
  { title: 'Must know', kinds: ['rule', 'control', 'decision'], colour: 'var(--bad-strong)' },
  { title: 'Lessons', kinds: ['lesson'], colour: 'var(--caution-strong)' },
  { title: 'Likely files', kinds: ['file'], colour: 'var(--info-strong)' },
  { title: 'Usually changes with them', kinds: ['companion'], colour: 'var(--watch-strong)' },
  { title: 'Owners and reviewers', kinds: ['owner', 'person'], colour: 'var(--good-strong)' },
  {
    title: 'Open work and recent changes',
    kinds: ['collision', 'change'],
    colour: 'var(--warn-strong)',
  },
  { title: 'Incidents', kinds: ['incident'], colour: 'var(--bad)' },
  { title: 'Documents', kinds: ['document'], colour: 'var(--neutral-strong)' },
  { title: 'No longer so', kinds: ['warning'], colour: 'var(--neutral)' },
];

export function PreviewAnswer({ preview, keep }: { preview: PackPreview; keep: ReactNode }) {
  const { pack, leftOut } = preview;
  const [showsText, setShowsText] = useState(false);
  const sections = SECTIONS.map((section) => ({
    ...section,
    items: pack.items.filter(({ kind }) => section.kinds.includes(kind)),
  })).filter(({ items }) => items.length > 0);
  return (
    <>
      <Budget pack={pack} sections={sections} />
      {pack.unknowns.length > 0 && (
        <Notice tone="info" title="Looked for and not found">
          {pack.unknowns.map((unknown) => (
            <span key={unknown} className="wrap-anywhere">
              {unknown}
            </span>
          ))}
        </Notice>
      )}
      <Panel
        title="The pack"
        note={
          <span className="number">
            {plural(pack.items.length, 'item')} at{' '}
            {pack.revision === null ? 'no commit' : <code>{shortId(pack.revision)}</code>}
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
              {showsText ? 'Show reasons' : 'Show as the agent reads it'}
            </button>
            {keep}
          </>
        }
        flush
      >
        {showsText && (
          <pre className="json pack-text" tabIndex={0} aria-label="Text of the pack">
            {pack.text}
          </pre>
        )}
        {!showsText && pack.items.length === 0 && (
          <EmptyState
            small
            title="The pack is empty"
            text="Nothing in the repository matched the task."
          />
        )}
        {!showsText &&
          sections.map(({ title, items }) => (
            <section key={title} className="relation-group" aria-label={title}>
              <h3 className="relation-heading">
                {title} <span className="number quiet">{count(items.length)}</span>
              </h3>
              <ul>
                {items.map((item) => (
                  <Item key={item.id} item={item} />
                ))}
              </ul>
            </section>
          ))}
      </Panel>
      {leftOut.length > 0 && <LeftOut items={leftOut} />}
    </>
  );
}

function Budget({
  pack,
  sections,
}: {
  pack: PackPreview['pack'];
  sections: { title: string; colour: string; items: PackItem[] }[];
}) {
  const parts = sections.map(({ title, colour, items }) => ({
    title,
    colour,
    tokens: items.reduce((sum, { tokens }) => sum + tokens, 0),
  }));
  const told = parts.reduce((sum, { tokens }) => sum + tokens, 0);
  const frame = Math.max(0, pack.tokens - told);
  return (
    <Panel
      title="Tokens"
      note={
        <span className="number">
          {count(pack.tokens)} of {count(pack.budgetTokens)}, counted on the text itself
        </span>
      }
    >
      <div className="token-bar" aria-hidden="true">
        {parts.map(({ title, colour, tokens }) => (
          <span
            key={title}
            title={`${title}: ${plural(tokens, 'token')}`}
            style={{ width: `${(100 * tokens) / pack.budgetTokens}%`, background: colour }}
          />
        ))}
        <span
          title={`Headings and notes: ${plural(frame, 'token')}`}
          style={{
            width: `${(100 * frame) / pack.budgetTokens}%`,
            background: 'var(--line-strong)',
          }}
        />
      </div>
      <ul className="token-legend" aria-label="Tokens per section">
        {parts.map(({ title, colour, tokens }) => (
          <li key={title}>
            <span className="token-dot" style={{ background: colour }} />
            {title} <span className="number quiet">{count(tokens)}</span>
          </li>
        ))}
        <li>
          <span className="token-dot" style={{ background: 'var(--line-strong)' }} />
          Headings and notes <span className="number quiet">{count(frame)}</span>
        </li>
      </ul>
    </Panel>
  );
}

function Item({ item }: { item: PackItem }) {
  const [isOpen, setOpen] = useState(false);
  const { source } = item;
  return (
    <li className="pack-item preview-item">
      <button
        type="button"
        className="pack-head"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <code className="preview-id">{item.id}</code>
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
        </div>
      )}
    </li>
  );
}

function Reasons({ why }: { why: PackItem['why'] }) {
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

function LeftOut({ items }: { items: PackPreview['leftOut'] }) {
  return (
    <details className="panel left-out">
      <summary>
        Found and left out <span className="number quiet">{count(items.length)}</span>
      </summary>
      <ul aria-label="Left out">
        {items.map((item) => (
          <li key={`${item.kind} ${item.title}`}>
            <span className="row spread" style={{ alignItems: 'baseline' }}>
              <span className="wrap-anywhere">
                {item.title} <span className="quiet small">{humanise(item.kind)}</span>
              </span>
              <span className="quiet small number nowrap">score {percent(item.score)}</span>
            </span>
            <Reasons why={item.why} />
          </li>
        ))}
      </ul>
    </details>
  );
}
