/** The thread of one reference, from signal to outcome: what led to it and what came of it. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import type { Trace, TraceNode } from '../api/types.ts';
import { laneLook, stateLook } from './badges.tsx';
import { ICON_OF_KIND, LABEL_OF_KIND } from './events.ts';
import { Feed } from './feed.tsx';
import { humanise, plural, shortId } from './format.ts';
import { Icon } from './icon.tsx';
import { EmptyState, Loading, Notice, Panel, Problem } from './layout.tsx';
import { AppLink, pageOf } from './link.tsx';
import { When } from './time.tsx';
import './trace-view.css';

export function TraceView({ reference }: { reference: string }) {
  const query = useQuery(queries.trace(reference));
  const [showsEvents, setShowsEvents] = useState(false);
  // Nothing recorded about it yet is an answer, not a failure.
  const isUnknown =
    query.error instanceof ApiProblem && query.error.code === 'observability.unknown_reference';
  const trace = query.data;

  return (
    <Panel
      title="Trace"
      note="from the signal to the outcome"
      actions={
        trace !== undefined &&
        trace.events.length > 0 && (
          <button
            type="button"
            className="plain-button small text-button"
            aria-expanded={showsEvents}
            onClick={() => setShowsEvents(!showsEvents)}
          >
            {showsEvents ? 'Hide events' : `Show ${plural(trace.events.length, 'event')}`}
          </button>
        )
      }
      flush
    >
      {trace === undefined && query.error === null && <Loading rows={4} label="Loading trace" />}
      {trace === undefined && query.error !== null && !isUnknown && (
        <div className="panel-body">
          <Problem error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      {(isUnknown || trace?.nodes.length === 0) && (
        <EmptyState
          small
          title="Nothing is connected with it yet"
          text="The thread grows as sessions, verdicts, merges and deployments are recorded."
        />
      )}
      {trace !== undefined && trace.nodes.length > 0 && <Thread trace={trace} />}
      {trace?.isTruncated === true && (
        <div className="panel-body">
          <Notice tone="info" title="This thread is cut">
            <span>
              It holds more than one answer carries. Trace one of its parts to see the rest.
            </span>
          </Notice>
        </div>
      )}
      {showsEvents && trace !== undefined && (
        <div className="trace-events">
          <Feed
            events={trace.events.toSorted((a, b) => (b.seq ?? Infinity) - (a.seq ?? Infinity))}
            label="Events of this trace"
          />
        </div>
      )}
    </Panel>
  );
}

/** Nodes come in the order of the one flow, so what stands before the asked one led to it. */
function Thread({ trace }: { trace: Trace }) {
  const here = trace.nodes.findIndex((node) => node.ref === trace.ref);
  const nodes = trace.nodes.filter(
    (node) => node.kind !== 'repository' && (node.kind !== 'step' || node.ref === trace.ref),
  );
  const before = nodes.filter((node) => here >= 0 && trace.nodes.indexOf(node) < here);
  const after = nodes.filter((node) => trace.nodes.indexOf(node) > here);
  const own = trace.nodes[here];

  return (
    <div className="thread">
      {before.length > 0 && <Part label="Where it came from" nodes={before} trace={trace} />}
      {own !== undefined && (
        <ol aria-label="Asked for">
          <Node node={own} trace={trace} isHere />
        </ol>
      )}
      {after.length > 0 && (
        <Part label={here >= 0 ? 'What came of it' : 'Connected'} nodes={after} trace={trace} />
      )}
    </div>
  );
}

function Part({ label, nodes, trace }: { label: string; nodes: TraceNode[]; trace: Trace }) {
  return (
    <>
      <h3 className="thread-heading">{label}</h3>
      <ol aria-label={label}>
        {nodes.map((node) => (
          <Node key={node.ref} node={node} trace={trace} />
        ))}
      </ol>
    </>
  );
}

/** Verdicts, consents and commits by the words the rest of the console has for them. */
function titleOf({ kind, ref, title }: TraceNode): string {
  if (title === '' || title === ref || ref.startsWith(title)) return shortId(ref);
  if (kind === 'decision') return laneLook(title).label;
  if (kind === 'approval') return stateLook(title).label;
  return kind === 'signal' ? humanise(title) : shortId(title);
}

function Node({
  node,
  trace,
  isHere = false,
}: {
  node: TraceNode;
  trace: Trace;
  isHere?: boolean;
}) {
  const relations = [
    ...new Set(trace.edges.filter((edge) => edge.to === node.ref).map((edge) => edge.relation)),
  ];
  const title = titleOf(node);
  const isNamedById = /^[0-9a-f]{7,}$/.test(node.title) || title === shortId(node.ref);
  return (
    <li className="thread-node" data-here={isHere || undefined}>
      <span className="thread-icon">
        <Icon name={ICON_OF_KIND[node.kind] ?? 'dot'} size={14} />
      </span>
      <span className="thread-kind">{LABEL_OF_KIND[node.kind] ?? humanise(node.kind)}</span>
      <span className="thread-title">
        {isHere ? (
          <strong aria-current="true">{title}</strong>
        ) : (
          <AppLink href={pageOf(node.ref, node.kind)}>{title}</AppLink>
        )}
        {!isNamedById && <code className="quiet small">{shortId(node.ref)}</code>}
        {relations.length > 0 && !isHere && (
          <span className="quiet small hide-phone">
            {relations.map(humanise).join(', ').toLowerCase()}
          </span>
        )}
      </span>
      <span className="quiet small">
        <When at={node.at} />
      </span>
    </li>
  );
}
