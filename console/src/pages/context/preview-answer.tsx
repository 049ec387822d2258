/** A pack not yet handed out: where its tokens go, its items with their reasons, and what was left out. */
import type { ReactNode } from 'react';
import type { PackPreview } from '../../api/context-types.ts';
import { count, humanise, percent, plural } from '../../parts/format.ts';
import { Panel } from '../../parts/layout.tsx';
import { type PackSection, toSections } from '../sessions/pack-sections.ts';
import { PackPanel, Reasons } from '../sessions/pack-view.tsx';

export function PreviewAnswer({ preview, keep }: { preview: PackPreview; keep: ReactNode }) {
  const { pack, leftOut } = preview;
  return (
    <>
      <Budget pack={pack} sections={toSections(pack.items)} />
      <PackPanel title="The pack" pack={pack} actions={keep} />
      {leftOut.length > 0 && <LeftOut items={leftOut} />}
    </>
  );
}

function Budget({
  pack,
  sections,
}: {
  pack: PackPreview['pack'];
  sections: readonly PackSection[];
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
