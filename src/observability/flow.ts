/**
 * The one flow as a graph: which things lead to which, and what hangs beside them. Pure: from the
 * refs of one event to the nodes and edges it is evidence for.
 */
import type { EventRefs, LedgerEvent } from '#ledger';
import type { TraceNode } from './schema.ts';

export type NodeKind = TraceNode['kind'];

interface Relation {
  from: NodeKind;
  to: NodeKind;
  relation: string;
}

/** Walked in both directions: back to the signal and forward to the outcome. */
export const FLOW: readonly Relation[] = [
  { from: 'signal', to: 'workItem', relation: 'raised' },
  { from: 'signal', to: 'change', relation: 'announced' },
  { from: 'workItem', to: 'session', relation: 'was worked on by' },
  { from: 'workItem', to: 'change', relation: 'led to' },
  { from: 'session', to: 'change', relation: 'wrote' },
  { from: 'change', to: 'mergeCommit', relation: 'merged as' },
  { from: 'mergeCommit', to: 'deployment', relation: 'was deployed by' },
  { from: 'change', to: 'deployment', relation: 'was deployed by' },
  { from: 'deployment', to: 'incident', relation: 'broke' },
];

/** Shown beside the flow and never walked through: a commit or pack belongs to exactly one of these. */
const BESIDE: readonly Relation[] = [
  { from: 'session', to: 'pack', relation: 'read' },
  { from: 'session', to: 'claim', relation: 'held' },
  { from: 'change', to: 'commit', relation: 'consists of' },
  { from: 'change', to: 'decision', relation: 'was judged by' },
  { from: 'change', to: 'approval', relation: 'was approved by' },
  { from: 'change', to: 'run', relation: 'was carried by' },
];

/** The order in which a trace is told. */
export const STORY: readonly NodeKind[] = [
  'signal',
  'workItem',
  'session',
  'pack',
  'claim',
  'change',
  'commit',
  'run',
  'step',
  'decision',
  'approval',
  'mergeCommit',
  'deployment',
  'incident',
  'repository',
  'person',
];

export const BESIDE_KINDS: ReadonlySet<NodeKind> = new Set(BESIDE.map(({ to }) => to));

export interface Evidence {
  /** `isOwnTitle`: the event says what the thing is called; else the title is made up from its ref. */
  nodes: { ref: string; kind: NodeKind; title: string; isOwnTitle: boolean }[];
  edges: { from: string; to: string; relation: string }[];
  /** What a signal led to, when the cause of the event is the coming of one. */
  causedBySignal: { to: string; relation: string }[];
}

/** Kinds that never become nodes: too many, or everything hangs on them. */
const NOT_NODES: ReadonlySet<string> = new Set(['repository', 'person', 'step']);

/** What one event says about the trace. */
export function readEvidence(event: LedgerEvent): Evidence {
  const refs = refsOf(event);
  const nodes = [...refs].flatMap(([kind, ref]) => {
    if (NOT_NODES.has(kind)) return [];
    const title = titleOf(event, kind, ref);
    return [
      { ref, kind, title: title ?? fallbackTitle(kind, ref), isOwnTitle: title !== undefined },
    ];
  });
  const edges = [...FLOW, ...BESIDE].flatMap(({ from, to, relation }) => {
    const a = refs.get(from);
    const b = refs.get(to);
    return a === undefined || b === undefined || a === b ? [] : [{ from: a, to: b, relation }];
  });
  const causedBySignal = FLOW.filter(({ from }) => from === 'signal').flatMap(
    ({ to, relation }) => {
      const ref = refs.get(to);
      // Only news of the thing itself: a check that ends on a change did not announce it.
      return ref !== undefined && ref === event.subject && event.cause !== null
        ? [{ to: ref, relation }]
        : [];
    },
  );
  return { nodes, edges, causedBySignal };
}

function refsOf(event: LedgerEvent): Map<NodeKind, string> {
  const refs = new Map(Object.entries(event.refs satisfies EventRefs) as [NodeKind, string][]);
  const kind = KIND_OF_PREFIX[event.subject.split('_')[0] ?? ''];
  if (kind !== undefined && !refs.has(kind)) refs.set(kind, event.subject);
  // A merge commit is the same commit seen from the other side of the merge; one node is enough.
  if (refs.get('commit') !== undefined && refs.get('commit') === refs.get('mergeCommit')) {
    refs.delete('commit');
  }
  return refs;
}

const KIND_OF_PREFIX: Readonly<Record<string, NodeKind>> = {
  sig: 'signal',
  wrk: 'workItem',
  ses: 'session',
  clm: 'claim',
  ctx: 'pack',
  chg: 'change',
  dec: 'decision',
  apr: 'approval',
  run: 'run',
  dep: 'deployment',
  inc: 'incident',
};

/** Where an event says what a thing of this kind is called. */
const TITLE_FIELD: Partial<Record<NodeKind, string>> = {
  signal: 'type',
  workItem: 'title',
  session: 'intent',
  pack: 'title',
  claim: 'path',
  change: 'title',
  run: 'title',
  decision: 'lane',
  approval: 'decision',
  deployment: 'environment',
  incident: 'title',
};
/** First words of event types whose data is about a thing other than their subject. */
const ABOUT: Readonly<Record<string, NodeKind>> = {
  decision: 'decision',
  approval: 'approval',
  'context-pack': 'pack',
  claim: 'claim',
};

function titleOf(event: LedgerEvent, kind: NodeKind, ref: string): string | undefined {
  const field = TITLE_FIELD[kind];
  // A session says what it is for with its first claim; it starts without a prompt.
  const isAbout =
    event.subject === ref ||
    ABOUT[event.type.split('.')[0] ?? ''] === kind ||
    (kind === 'session' && event.type === 'claim.granted');
  if (field === undefined || !isAbout) return undefined;
  const text = event.data?.[field];
  return typeof text === 'string' && text !== '' ? text.slice(0, 200) : undefined;
}

function fallbackTitle(kind: NodeKind, ref: string): string {
  return kind === 'commit' || kind === 'mergeCommit' ? ref.slice(0, 10) : ref;
}
