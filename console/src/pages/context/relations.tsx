/** What an entity hangs together with, by kind; every relation with who says so. */
import { useState, type ReactNode } from 'react';
import type { EntityPage, Freshness, Relation } from '../../api/context-types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { count, humanise, plural } from '../../parts/format.ts';
import { EmptyState, Panel } from '../../parts/layout.tsx';
import { EntityLink } from './context-pages.tsx';
import { SourceLine } from './sources.tsx';

/** As it reads from the entity: subject first, object first. */
const WORDS: Record<string, [out: string, into: string]> = {
  contains: ['Contains', 'Part of'],
  imports: ['Imports', 'Imported by'],
  references: ['References', 'Referenced by'],
  defines: ['Defines', 'Defined in'],
  touched: ['Touched', 'Touched by'],
  co_changed: ['When it changes, so does', 'It changes when these do'],
  implements: ['Implements', 'Implemented by'],
  authored: ['Authored', 'Authored by'],
  reviewed: ['Reviewed', 'Reviewed by'],
  owns_declared: ['Owns, as declared', 'Owned by, as declared'],
  owns_observed: ['Knows, by history', 'Known by, by history'],
  member_of: ['Member of', 'Members'],
  depends_on: ['Depends on', 'Needed by'],
  provides_api: ['Provides', 'Provided by'],
  consumes_api: ['Uses', 'Used by'],
  constrains: ['Constrains', 'Constrained by'],
  supersedes: ['Takes the place of', 'Replaced by'],
  contradicts: ['Contradicts', 'Contradicts'],
  mentions: ['Names', 'Named by'],
  caused: ['Caused', 'Caused by'],
  fixed_by: ['Fixed by', 'Fixes'],
  affected: ['Affected', 'Affected by'],
  discussed_in: ['Discussed in', 'Discusses'],
  deployed: ['Deployed', 'Deployed by'],
  same_as: ['Same person as', 'Same person as'],
  distinct_from: ['Not the same as', 'Not the same as'],
};

/** What one asks for first comes first; the rest by its name. */
const ORDER = [
  'contradicts',
  'supersedes',
  'owns_declared',
  'owns_observed',
  'depends_on',
  'provides_api',
  'consumes_api',
  'constrains',
  'member_of',
  'defines',
  'co_changed',
];

const SHOWN = 8;

export function Relations({ page, actions }: { page: EntityPage; actions: ReactNode }) {
  const byLabel = new Map<string, Relation[]>();
  for (const relation of page.relations) {
    const label = labelOf(relation);
    byLabel.set(label, [...(byLabel.get(label) ?? []), relation]);
  }
  const groups = [...byLabel].toSorted(
    ([a, [first]], [b, [second]]) => rank(first!) - rank(second!) || (a < b ? -1 : 1),
  );
  return (
    <Panel
      title="Relations"
      note={
        plural(page.relations.length, 'relation') +
        (page.hasMoreRelations ? ' shown, there are more' : '')
      }
      actions={actions}
      flush
    >
      {groups.length === 0 && (
        <EmptyState
          small
          title="Nothing is connected with it"
          text="Relations come from catalogs, owners files, documents, code and history, as repositories are read."
        />
      )}
      {groups.map(([label, relations]) => (
        <Group key={label} label={label} relations={relations} own={page.entity.freshness} />
      ))}
    </Panel>
  );
}

function labelOf({ kind, direction }: Relation): string {
  const [out, into] = WORDS[kind] ?? [humanise(kind), `${humanise(kind)} (of it)`];
  return direction === 'out' ? out : into;
}

function rank({ kind }: Relation): number {
  const place = ORDER.indexOf(kind);
  return place === -1 ? ORDER.length : place;
}

function Group({
  label,
  relations,
  own,
}: {
  label: string;
  relations: readonly Relation[];
  own: Freshness;
}) {
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? relations : relations.slice(0, SHOWN);
  return (
    <section className="relation-group" aria-label={label}>
      <h3 className="relation-heading">
        {label} <span className="number quiet">{count(relations.length)}</span>
      </h3>
      <ul>
        {shown.map((relation) => (
          <Row
            own={own}
            key={`${relation.kind} ${relation.direction} ${relation.other.id} ${relation.slot}`}
            relation={relation}
          />
        ))}
      </ul>
      {relations.length > SHOWN && (
        <button
          type="button"
          className="plain-button small text-button relation-more"
          aria-expanded={showsAll}
          onClick={() => setShowsAll(!showsAll)}
        >
          {showsAll ? 'Show fewer' : `Show all ${count(relations.length)}`}
        </button>
      )}
    </section>
  );
}

/** What declares a symbol, as it is written. */
function signatureOf({ other }: Relation): string {
  const { signature } = other.properties;
  return typeof signature === 'string' ? signature : '';
}

function Row({ relation, own }: { relation: Relation; own: Freshness }) {
  // What an edge has only from its own end is said once, at the top of the page.
  const isInherited = relation.freshness === own && relation.other.freshness === 'current';
  const [first, ...others] = relation.sources;
  return (
    <li className="relation">
      <div className="relation-head">
        <EntityLink entity={relation.other} showsState={false} />
        {relation.other.kind === 'symbol' && (
          <code className="small quiet wrap-anywhere">{signatureOf(relation)}</code>
        )}
        {relation.slot !== '' && <code className="small quiet wrap-anywhere">{relation.slot}</code>}
        <span className="relation-state">
          {!isInherited && <StateBadge state={relation.freshness} bare />}
        </span>
      </div>
      {first !== undefined && <SourceLine word={first} />}
      {others.length > 0 && (
        <details className="source-more">
          <summary>{plural(others.length, 'other source')}</summary>
          <ul className="source-list" aria-label="Other sources">
            {others.map((word) => (
              <li key={`${word.system} ${word.object} ${word.validFrom} ${word.seenFrom}`}>
                <SourceLine word={word} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
