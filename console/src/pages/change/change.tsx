/** One change: what it is, what was decided and why, what is missing, and how it came to be. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { JSX } from 'react';
import { queries } from '../../api/queries.ts';
import type { ChangeDetail } from '../../api/types.ts';
import { Author, LaneBadge, StateBadge } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { plural, withoutTrailers } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Facts, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { Comments } from '../../parts/comments.tsx';
import { AppLink } from '../../parts/link.tsx';
import { WorkItemLink } from '../../parts/named.tsx';
import { StepList } from '../../parts/steps.tsx';
import { When } from '../../parts/time.tsx';
import { TraceView } from '../../parts/trace-view.tsx';
import { Approvals } from './approvals.tsx';
import './change.css';
import { Custody } from './custody.tsx';
import { Diff } from './diff.tsx';
import { LaneHistory } from './history.tsx';
import { Overrides } from './override.tsx';
import { Review } from './review.tsx';
import { Verdict } from './verdict.tsx';

export function ChangePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.change(id));
  const crumbs = [{ label: 'Changes', href: '/changes' }];

  if (query.data === undefined) {
    return (
      <>
        <PageHeader title="Change" crumbs={crumbs} />
        {query.error === null ? (
          <Loading />
        ) : (
          <Problem error={query.error} onRetry={() => void query.refetch()} />
        )}
      </>
    );
  }

  const detail = query.data;
  const { change, decision, run } = detail;
  const isOutdated = decision !== null && decision.headSha !== change.headSha;
  return (
    <>
      <PageHeader
        title={change.title}
        crumbs={crumbs}
        badges={
          <>
            <StateBadge state={change.state} />
            <LaneBadge lane={change.lane ?? decision?.lane ?? null} />
          </>
        }
        description={
          <>
            <code>{change.branch}</code> into <code>{change.baseBranch}</code> in{' '}
            {change.repository}
            {change.number === null ? '' : `#${change.number}`}
          </>
        }
        actions={
          change.url !== null && (
            <Button
              component="a"
              href={change.url}
              target="_blank"
              rel="noreferrer"
              variant="default"
              rightSection={<Icon name="external" size={13} />}
            >
              Open at the host
            </Button>
          )
        }
      />
      <div className="two-columns">
        <div className="stack">
          {isOutdated && (
            <Notice tone="warn" title="This verdict is about an older commit">
              <span>The change moved on; the new commit is being judged.</span>
            </Notice>
          )}
          {decision === null ? (
            <Panel title="Verdict">
              <p className="quiet">
                Not judged yet. The verdict appears as soon as the checks of the run are through.
              </p>
            </Panel>
          ) : (
            <Verdict decision={decision} custody={change.custody} />
          )}
          <Review detail={detail} />
          <Overrides detail={detail} />
          <Approvals approvals={detail.approvals} headSha={change.headSha} />
          <Comments of="changes" id={change.id} />
          {decision !== null && <LaneHistory changeId={change.id} />}
          <Diff changeId={change.id} headSha={change.headSha} files={detail.files} />
          <TraceView reference={change.id} />
        </div>
        <aside className="stack" aria-label="About this change">
          <About detail={detail} />
          {run !== null && (
            <Panel
              title="Run"
              actions={<AppLink href={`/runs/${run.id}`}>Open graph</AppLink>}
              flush
            >
              <StepList steps={run.steps} hrefOf={(step) => `/runs/${run.id}?step=${step.name}`} />
            </Panel>
          )}
          <Delivery detail={detail} />
        </aside>
      </div>
    </>
  );
}

function About({ detail: { change, session, pack } }: { detail: ChangeDetail }) {
  const text = withoutTrailers(change.text);
  return (
    <Panel title="About">
      <Facts
        items={[
          ['Author', <Author key="author" name={change.authorName} kind={change.authorKind} />],
          ['Head', <Identifier key="head" id={change.headSha} />],
          ...(change.baseSha === null
            ? []
            : [['Base', <Identifier key="base" id={change.baseSha} />] as [string, JSX.Element]]),
          [
            'Session',
            session === null ? (
              <span key="none" className="quiet">
                None recorded
              </span>
            ) : (
              <AppLink key="session" href={`/sessions/${session.id}`}>
                {session.agent}
                {session.model === null ? '' : ` · ${session.model}`}
              </AppLink>
            ),
          ],
          [
            'Context',
            pack === null ? (
              <span key="none" className="quiet">
                No pack
              </span>
            ) : (
              <AppLink key="pack" href={`/packs/${pack.id}`}>
                {plural(pack.items.length, 'item')}, {plural(pack.tokens, 'token')}
              </AppLink>
            ),
          ],
          [
            'Work item',
            change.workItemId === null ? (
              <span key="none" className="quiet">
                None
              </span>
            ) : (
              <WorkItemLink key="work" id={change.workItemId} />
            ),
          ],
          ['Custody', <Custody key="custody" custody={change.custody} />],
          ['Opened', <When key="opened" at={change.openedAt} />],
          ...(change.mergedAt === null
            ? []
            : [['Merged', <When key="merged" at={change.mergedAt} />] as [string, JSX.Element]]),
          ['Id', <Identifier key="id" id={change.id} />],
        ]}
      />
      {text !== '' && <p className="change-text">{text}</p>}
    </Panel>
  );
}

function Delivery({ detail: { change, deployments } }: { detail: ChangeDetail }) {
  if (change.mergeSha === null && deployments.length === 0) return null;
  return (
    <Panel title="Delivery">
      <ul className="stack" style={{ '--gap': '8px' } as object}>
        {change.mergeSha !== null && (
          <li className="row spread">
            <span className="row">
              <Icon name="merge" size={14} /> Merged as <Identifier id={change.mergeSha} />
            </span>
            <span className="quiet small">
              <When at={change.mergedAt} />
            </span>
          </li>
        )}
        {deployments.map((deployment) => (
          <li key={deployment.id} className="row spread">
            <span className="row">
              {deployment.environment} <StateBadge state={deployment.status} />
            </span>
            <span className="quiet small">
              <When at={deployment.finishedAt ?? deployment.startedAt} />
            </span>
          </li>
        ))}
        {deployments.length === 0 && change.mergeSha !== null && (
          <li className="quiet small">No deployment has carried it yet.</li>
        )}
      </ul>
    </Panel>
  );
}
