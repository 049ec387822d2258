/** Who says so: source, revision, how it was read and how sure that is. */
import type { SourceWord } from '../../api/context-types.ts';
import { percent, plural, shortId } from '../../parts/format.ts';
import { EmptyState, Panel } from '../../parts/layout.tsx';
import { AppLink, pageOf } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';

const METHOD_HINT: Record<string, string> = {
  declared: 'Somebody wrote it down to be read: a catalog, an owners file, a person',
  parsed: 'Read out of code or documents',
  derived: 'Concluded from other facts',
  model: 'Said by a model',
};

export function MethodBadge({ method }: { method: string }) {
  return (
    <span
      className="badge"
      data-tone={method === 'declared' ? 'info' : 'neutral'}
      title={METHOD_HINT[method]}
    >
      {method}
    </span>
  );
}

/** `git catalog:acme/shop:catalog-info.yaml@90d2…` reads `catalog-info.yaml` where the evidence names it. */
function placeOf({ evidence, object }: SourceWord): string {
  if (evidence?.path === undefined) return object;
  const { path, startLine, endLine } = evidence;
  if (startLine === undefined) return path;
  return endLine === undefined || endLine === startLine
    ? `${path}:${startLine}`
    : `${path}:${startLine}-${endLine}`;
}

/** The place a word was read at, as a link wherever it can be looked at. */
export function EvidenceLink({ word }: { word: SourceWord }) {
  const { evidence } = word;
  const place = placeOf(word);
  // A person's word is named after the pair it is about, which stands beside it already.
  if (word.system === 'human') return <>in the console</>;
  if (evidence?.url !== undefined && /^https?:/.test(evidence.url)) {
    return (
      <a href={evidence.url} target="_blank" rel="noreferrer" className="wrap-anywhere">
        {place}
      </a>
    );
  }
  if (evidence?.path !== undefined) {
    return (
      <AppLink
        href={`/trace?ref=${encodeURIComponent(`${evidence.path}:${evidence.startLine ?? 1}`)}`}
        className="wrap-anywhere"
        title={word.object}
      >
        {place}
      </AppLink>
    );
  }
  return <span className="wrap-anywhere">{place}</span>;
}

/** What was counted in history, and the newest of it. */
function Counted({
  history: { changes, of, lastAt, lastCommit },
}: {
  history: NonNullable<NonNullable<SourceWord['evidence']>['history']>;
}) {
  return (
    <>
      in <span className="number">{changes}</span> of {plural(of, 'change')}, last{' '}
      <AppLink href={pageOf(lastCommit)}>
        <When at={lastAt} />
      </AppLink>{' '}
      ·{' '}
    </>
  );
}

export function SourceLine({ word }: { word: SourceWord }) {
  return (
    <span className="source-line in-sentence">
      <MethodBadge method={word.method} />
      <span>
        {word.evidence?.history !== undefined && <Counted history={word.evidence.history} />}
        {percent(word.confidence)} sure · {word.system === 'human' ? 'a person' : word.system}{' '}
        <EvidenceLink word={word} />
        {word.system !== 'human' && (
          <>
            {' '}
            at <code title={word.revision}>{shortId(word.revision)}</code>
          </>
        )}
        , <When at={word.confirmedAt} />
        {word.validTo !== null && (
          <>
            {' '}
            · over since <When at={word.validTo} />
          </>
        )}
      </span>
    </span>
  );
}

const SHOWN = 6;

/** The same word is said again with each intake; the newest of each object is enough to name it. */
export function Sources({ sources }: { sources: readonly SourceWord[] }) {
  const newest = new Map<string, SourceWord>();
  for (const word of sources) {
    const key = `${word.system} ${word.object} ${word.method} ${word.validFrom}`;
    const known = newest.get(key);
    if (known === undefined || word.seenFrom > known.seenFrom) newest.set(key, word);
  }
  const words = [...newest.values()];
  return (
    <Panel title="Sources" note={plural(words.length, 'word')} flush>
      {words.length === 0 && (
        <EmptyState
          small
          title="Nobody says that it exists"
          text="Others name it; its own source was not read or is gone."
        />
      )}
      <ul aria-label="Sources" className="source-list">
        {words.slice(0, SHOWN).map((word) => (
          <li key={`${word.system} ${word.object} ${word.method} ${word.validFrom}`}>
            <SourceLine word={word} />
          </li>
        ))}
      </ul>
      {words.length > SHOWN && (
        <details className="source-more">
          <summary>{plural(words.length - SHOWN, 'more word')}</summary>
          <ul aria-label="More sources" className="source-list">
            {words.slice(SHOWN).map((word) => (
              <li key={`${word.system} ${word.object} ${word.method} ${word.validFrom}`}>
                <SourceLine word={word} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}
