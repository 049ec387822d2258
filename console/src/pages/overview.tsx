/** The first page: what needs a person, how much is going on, and the one flow as it happens. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../api/queries.ts';
import type { LedgerEvent, Overview } from '../api/types.ts';
import { detailOf, STAGES, stageOf } from '../parts/events.ts';
import { CommandLine } from '../parts/copy.tsx';
import { Feed } from '../parts/feed.tsx';
import { compact, count, humanise, plural } from '../parts/format.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { EmptyState, Loading, PageHeader, Panel, Problem } from '../parts/layout.tsx';
import { AppLink, pageOf } from '../parts/link.tsx';
import { rowsOf } from '../parts/list.tsx';
import { When } from '../parts/time.tsx';
import { laneLook, type Tone } from '../parts/badges.tsx';
import './overview.css';

export function OverviewPage() {
  const overview = useQuery(queries.overview());
  const events = useInfiniteQuery(queries.events({ order: 'newest' }, 60));

  const header = (
    <PageHeader
      title="Overview"
      description="What needs a person first, then everything in motion."
    />
  );
  if (overview.data === undefined) {
    return (
      <>
        {header}
        {overview.error === null ? (
          <Loading />
        ) : (
          <Problem error={overview.error} onRetry={() => void overview.refetch()} />
        )}
      </>
    );
  }

  const feed = events.data === undefined ? overview.data.latestEvents : rowsOf(events.data);
  const isNew = overview.data.repositories === 0;
  return (
    <>
      {header}
      <div className="stack">
        {isNew ? <FirstSteps /> : <Attention overview={overview.data} />}
        <Counts overview={overview.data} />
        <Flow events={feed} />
        {!isNew && feed.length > 0 && overview.data.sessions.active === 0 && <NextSteps />}
      </div>
    </>
  );
}

const ATTENTION: Record<string, { icon: IconName; tone: Tone; what: string }> = {
  'change-waits': { icon: 'person', tone: 'warn', what: 'Waits for approval' },
  'run-failed': { icon: 'cross', tone: 'bad', what: 'Run failed' },
  'incident-open': { icon: 'incident', tone: 'bad', what: 'Open incident' },
  'claim-denied': { icon: 'lock', tone: 'caution', what: 'Claim refused' },
};

/** Older refusals are history: the agent has long gone on with something else. */
const REFUSAL_SHOWN_MS = 60 * 60_000;
const REFUSALS_SHOWN = 3;

/** `Title (one-reviewer)` with the lane as people call it. */
function readable(title: string): string {
  return title.replace(
    / \((ship|ship-and-watch|one-reviewer|two-person|hold)\)$/,
    (_, lane: string) => ` · ${laneLook(lane).label}`,
  );
}

/** What the server counts, and what is read from the events here. */
type Shown =
  | Overview['attention'][number]
  | (Omit<Overview['attention'][number], 'kind'> & { kind: 'claim-denied' });

/** Claims refused within the hour, newest first, one for each session. */
function refusalsIn(events: readonly LedgerEvent[]): Shown[] {
  const bySession = new Map<string, Shown>();
  for (const event of events) {
    const ref = event.refs.session ?? event.subject;
    const isRecent = Date.now() - Date.parse(event.occurredAt) < REFUSAL_SHOWN_MS;
    if (!isRecent || bySession.has(ref)) continue;
    bySession.set(ref, {
      kind: 'claim-denied',
      title: detailOf(event),
      ref,
      at: event.occurredAt,
    });
  }
  return [...bySession.values()].slice(0, REFUSALS_SHOWN);
}

function Attention({ overview }: { overview: Overview }) {
  const refused = useInfiniteQuery(queries.events({ type: 'claim.denied', order: 'newest' }, 20));
  const items = [...overview.attention, ...refusalsIn(rowsOf(refused.data))];
  return (
    <Panel
      title="Needs attention"
      note={items.length === 0 ? undefined : plural(items.length, 'item')}
      flush
    >
      {items.length === 0 ? (
        <div className="attention-none" data-tone="good">
          <Icon name="check" />
          <span>
            Nothing waits for a person.{' '}
            <span className="quiet">
              Approvals, failed runs and refused claims appear here the moment they happen.
            </span>
          </span>
        </div>
      ) : (
        <ul aria-label="Needs attention">
          {items.map((item) => {
            const look = ATTENTION[item.kind] ?? {
              icon: 'alert' as const,
              tone: 'warn' as const,
              what: humanise(item.kind),
            };
            return (
              <li key={`${item.kind}-${item.ref}`}>
                <AppLink className="attention-row" href={pageOf(item.ref)} data-tone={look.tone}>
                  <span className="attention-icon">
                    <Icon name={look.icon} size={15} />
                  </span>
                  <span className="attention-what">{look.what}</span>
                  <span className="attention-title">{readable(item.title)}</span>
                  <span className="attention-time">
                    <When at={item.at} />
                  </span>
                  <Icon name="right" size={13} />
                </AppLink>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

function Counts({ overview }: { overview: Overview }) {
  const { changes, sessions, claims, runs, audit } = overview;
  const stats: { label: string; value: string; note?: string; href: string }[] = [
    {
      label: 'Open changes',
      value: count(changes.open),
      note: `${count(changes.waiting)} waiting for approval`,
      href: '/changes',
    },
    { label: 'Merged', value: count(changes.merged), href: '/changes?state=merged' },
    {
      label: 'Shipped alone',
      value: count(changes.shippedAlone),
      note:
        changes.merged === 0
          ? 'no person was needed'
          : `${Math.round((100 * changes.shippedAlone) / changes.merged)}% of merged`,
      href: '/changes?state=merged&lane=ship',
    },
    {
      label: 'Active sessions',
      value: count(sessions.active),
      note: `${plural(claims.held, 'claim')} held`,
      href: '/sessions?state=active',
    },
    {
      label: 'Collisions prevented',
      value: count(claims.denied),
      note: 'claims refused',
      href: '/audit?type=claim.',
    },
    {
      label: 'Runs',
      value: count(runs.running),
      note: runs.failed === 0 ? 'running, none failed' : `running, ${runs.failed} failed`,
      href: '/runs',
    },
    {
      label: 'Audit log',
      value: compact(audit.size),
      note: audit.checkpointAt === null ? 'not signed yet' : 'entries, signed',
      href: '/audit',
    },
  ];
  return (
    <section aria-label="Counts" className="stats">
      {stats.map(({ label, value, note, href }) => (
        <AppLink key={label} className="stat" href={href}>
          <span className="stat-label">{label}</span>
          <span className="stat-value">{value}</span>
          {note !== undefined && <span className="stat-note">{note}</span>}
        </AppLink>
      ))}
    </section>
  );
}

/** The stages as a rail above the feed: what each has seen lately, and a filter. */
function Flow({ events }: { events: LedgerEvent[] }) {
  const [stage, setStage] = useState<string>();
  const shown =
    stage === undefined ? events : events.filter((event) => stageOf(event.type)?.key === stage);

  return (
    <Panel
      title="The one flow"
      note="Every event of the ledger, as it is written"
      actions={<AppLink href="/audit">All events</AppLink>}
      flush
    >
      <div className="rail" role="group" aria-label="Show one stage">
        {STAGES.map(({ key, label, icon }) => {
          const seen = events.filter((event) => stageOf(event.type)?.key === key).length;
          return (
            <button
              key={key}
              type="button"
              className="rail-stage"
              aria-pressed={stage === key}
              data-seen={seen > 0 || undefined}
              onClick={() => setStage(stage === key ? undefined : key)}
            >
              <span className="rail-icon">
                <Icon name={icon} size={15} />
              </span>
              <span>{label}</span>
              <span className="rail-count">
                {seen}
                <span className="visually-hidden"> recent events</span>
              </span>
            </button>
          );
        })}
      </div>
      {shown.length === 0 ? (
        <EmptyState
          small
          title={events.length === 0 ? 'No events yet' : 'Nothing at this stage lately'}
          text={
            events.length === 0
              ? 'A signal, a session or a pushed branch writes the first one.'
              : 'Choose the stage again to see all events.'
          }
        />
      ) : (
        <Feed events={shown.slice(0, 25)} label="Latest events" />
      )}
    </Panel>
  );
}

function FirstSteps() {
  return (
    <Panel title="Next steps">
      <EmptyState
        icon="flow"
        title="No repository yet"
        text="LoomStack watches repositories and the agents that work in them. Three commands make the first change travel the whole way."
        steps={[
          {
            text: 'Import a repository; its page here opens the X-ray of its last 90 days.',
            command: 'loom import ../my-repo',
          },
          {
            text: 'Wire the agents on this machine into it. The change is shown first and can be undone.',
            command: 'loom attach',
          },
          {
            text: 'Start your agent as always, then see that its hooks reach us.',
            command: 'loom doctor',
          },
        ]}
      />
    </Panel>
  );
}

function NextSteps() {
  return (
    <Panel title="Next step" note="No agent session is active">
      <div className="next-step">
        <p className="soft">
          Wire an agent into a repository and start it. Its session, the context it is given and
          every claim it takes appear here live.
        </p>
        <CommandLine command="loom attach" />
      </div>
    </Panel>
  );
}
