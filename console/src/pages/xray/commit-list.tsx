/** The commits behind a figure. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { XrayCommit } from '../../api/types.ts';
import { Copy } from '../../parts/copy.tsx';
import { plural, shortId } from '../../parts/format.ts';
import { EmptyState } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

const PAGE = 50;

export function CommitList({
  shas,
  known,
}: {
  shas: readonly string[];
  known: Record<string, XrayCommit>;
}) {
  const [limit, setLimit] = useState(PAGE);
  const sorted = shas.toSorted((a, b) => (known[b]?.at ?? '').localeCompare(known[a]?.at ?? ''));
  if (shas.length === 0) return <EmptyState small title="No commit stands behind this figure" />;
  return (
    <div className="stack">
      <p className="quiet small number">{plural(shas.length, 'commit')}</p>
      <ol aria-label="Commits" className="commits">
        {sorted.slice(0, limit).map((sha) => {
          const commit = known[sha];
          return (
            <li key={sha} className="commit">
              <div className="grow">
                <p className="wrap-anywhere">{commit?.subject ?? 'Commit outside the period'}</p>
                <p className="quiet small row row-wrap" style={{ gap: '0 10px' }}>
                  <span className="identifier">
                    <code title={sha}>{shortId(sha)}</code>
                    <Copy value={sha} label={`Copy ${shortId(sha)}`} />
                  </span>
                  {commit !== undefined && (
                    <>
                      <span>{commit.author}</span>
                      <When at={commit.at} />
                      <span>{plural(commit.files, 'file')}</span>
                    </>
                  )}
                </p>
              </div>
              {commit !== undefined && (
                <div className="commit-figures number small">
                  <span>
                    <span className="added">+{commit.addedLines}</span>{' '}
                    <span className="removed">−{commit.deletedLines}</span>
                  </span>
                  {commit.risk !== null && commit.risk !== undefined && (
                    <span className="quiet">risk {Math.round(commit.risk)}</span>
                  )}
                </div>
              )}
            </li>
          );
        })}
      </ol>
      {sorted.length > limit && (
        <Button variant="default" onClick={() => setLimit(limit + PAGE)}>
          Show more
        </Button>
      )}
    </div>
  );
}
