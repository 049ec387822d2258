/** Every version that was in force or proposed, with author, reason and what it changed. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import {
  type Layer,
  type OrganisationPolicy,
  policyQueries,
  type RepositoryPolicy,
} from '../../api/policy.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { shortId } from '../../parts/format.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { EmptyState, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import { Proposal } from './publish.tsx';

const PolicyEditor = lazy(() => import('./editor.tsx'));

/** One row of either layer. */
interface Row {
  key: string;
  name: string;
  about: string;
  at: string;
  text: string;
  state: OrganisationPolicy['state'];
  proposal: OrganisationPolicy | null;
}

const STATES: Record<Row['state'], { label: string; tone: Tone; icon: IconName }> = {
  active: { label: 'In force', tone: 'good', icon: 'check' },
  proposed: { label: 'Proposed', tone: 'warn', icon: 'waiting' },
  replaced: { label: 'Replaced', tone: 'neutral', icon: 'clock' },
  withdrawn: { label: 'Withdrawn', tone: 'neutral', icon: 'cancelled' },
};

export function Versions({ layer, repository }: { layer: Layer; repository: string }) {
  const isOrganisation = layer === 'organisation';
  const ofRepository = useQuery({
    ...policyQueries.versions(repository),
    enabled: !isOrganisation,
  });
  const ofOrganisation = useQuery({
    ...policyQueries.organisationVersions(),
    enabled: isOrganisation,
  });
  const query = isOrganisation ? ofOrganisation : ofRepository;
  const rows = isOrganisation
    ? ofOrganisation.data?.items.map(fromOrganisation)
    : ofRepository.data?.items.map(fromRepository);
  const [openKey, setOpenKey] = useState<string>();

  return (
    <Panel title="Versions" note="the newest first; none is ever deleted" flush>
      {rows === undefined &&
        (query.error === null ? (
          <Loading rows={4} />
        ) : (
          <div className="panel-body">
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ))}
      {rows?.length === 0 && (
        <EmptyState
          small
          title="No version yet"
          text={
            isOrganisation
              ? 'Nothing is published for the organisation; each repository’s own file holds. Write the first one under Edit.'
              : 'No change was judged by a file of this repository yet; the built-in rules hold.'
          }
        />
      )}
      <ul aria-label="Versions">
        {rows?.map((row, index) => {
          const isOpen = row.key === openKey;
          return (
            <li key={row.key} className="version">
              <button
                type="button"
                className="version-head"
                aria-expanded={isOpen}
                onClick={() => setOpenKey(isOpen ? undefined : row.key)}
              >
                <Icon name={isOpen ? 'down' : 'right'} size={12} />
                <span className="grow">
                  <span className="version-name">{row.name}</span>
                  <span className="quiet small wrap-anywhere">{row.about}</span>
                </span>
                <span className="version-state">
                  <Badge look={STATES[row.state]} />
                  <span className="quiet small">
                    <When at={row.at} />
                  </span>
                </span>
              </button>
              {isOpen && (
                <>
                  {row.proposal?.state === 'proposed' && (
                    <div className="panel-body">
                      <Proposal version={row.proposal} />
                    </div>
                  )}
                  <Suspense fallback={<Loading rows={5} />}>
                    <PolicyEditor
                      label={`Text of ${row.name}, with what it changed`}
                      value={row.text}
                      original={before(rows, index)?.text ?? ''}
                      isFolded
                    />
                  </Suspense>
                </>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** The version that was in force before it; one that was only proposed never was. */
function before(rows: readonly Row[], index: number): Row | undefined {
  return rows.slice(index + 1).find(({ state }) => state === 'active' || state === 'replaced');
}

function fromOrganisation(version: OrganisationPolicy): Row {
  const agreed = version.approvals
    .filter(({ personId }) => personId !== version.authorId)
    .map(({ personName }) => personName);
  const withWhom = agreed.length === 0 ? '' : `, agreed by ${agreed.join(' and ')}`;
  return {
    key: String(version.version),
    name: `Version ${version.version} by ${version.authorName}`,
    about: `${version.reason}${withWhom}`,
    at: version.activeAt ?? version.proposedAt,
    text: version.text,
    state: version.state,
    proposal: version,
  };
}

function fromRepository(version: RepositoryPolicy): Row {
  return {
    key: version.version,
    name: version.version.slice(0, 8),
    about: `from commit ${shortId(version.sourceCommit)}`,
    at: version.acceptedAt,
    text: version.text,
    state: version.isActive ? 'active' : 'replaced',
    proposal: null,
  };
}
