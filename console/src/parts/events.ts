/** Ledger events as people read them: the stage of the one flow, a sentence, and where it leads. */
import type { LedgerEvent, RefKind } from '../api/types.ts';
import { humanise, shortId } from './format.ts';
import type { IconName } from './icon.tsx';
import { pageOf } from './link.tsx';
import { laneLook, type Tone } from './badges.tsx';

export interface Stage {
  key: string;
  label: string;
  icon: IconName;
  /** First words of event types that belong to it. */
  nouns: readonly string[];
}

/** signal → context → session → change → decision → merge → deploy → outcome. */
export const STAGES: readonly Stage[] = [
  { key: 'signal', label: 'Signal', icon: 'signal', nouns: ['signal', 'work', 'delivery'] },
  {
    key: 'context',
    label: 'Context',
    icon: 'pack',
    nouns: ['context', 'pack', 'repository', 'lesson'],
  },
  {
    key: 'session',
    label: 'Session',
    icon: 'session',
    nouns: ['session', 'claim', 'tool', 'agent'],
  },
  {
    key: 'change',
    label: 'Change',
    icon: 'change',
    nouns: ['change', 'branch', 'run', 'step', 'check'],
  },
  {
    key: 'decision',
    label: 'Decision',
    icon: 'decision',
    nouns: ['decision', 'approval', 'policy', 'override'],
  },
  { key: 'merge', label: 'Merge', icon: 'merge', nouns: ['merge', 'queue'] },
  { key: 'deploy', label: 'Deploy', icon: 'deployment', nouns: ['deployment'] },
  { key: 'outcome', label: 'Outcome', icon: 'flow', nouns: ['incident', 'outcome'] },
];

/** Types whose first word would put them elsewhere. */
const STAGE_OF_TYPE: Record<string, string> = {
  'change.merged': 'merge',
  'change.shipped': 'outcome',
  'work-item.created': 'signal',
};

export function stageOf(type: string): Stage | undefined {
  const exact = STAGE_OF_TYPE[type];
  const noun = type.split(/[.-]/)[0] ?? '';
  return STAGES.find((stage) =>
    exact === undefined ? stage.nouns.includes(noun) : stage.key === exact,
  );
}

export const ICON_OF_KIND: Record<RefKind, IconName> = {
  signal: 'signal',
  workItem: 'work',
  session: 'session',
  claim: 'lock',
  pack: 'pack',
  change: 'change',
  commit: 'commit',
  mergeCommit: 'merge',
  decision: 'decision',
  approval: 'person',
  run: 'run',
  step: 'run',
  deployment: 'deployment',
  incident: 'incident',
  repository: 'folder',
  person: 'person',
};

export const LABEL_OF_KIND: Record<RefKind, string> = {
  signal: 'Signal',
  workItem: 'Work item',
  session: 'Session',
  claim: 'Claim',
  pack: 'Context pack',
  change: 'Change',
  commit: 'Commit',
  mergeCommit: 'Merge',
  decision: 'Decision',
  approval: 'Approval',
  run: 'Run',
  step: 'Step',
  deployment: 'Deployment',
  incident: 'Incident',
  repository: 'Repository',
  person: 'Person',
};

const TELLING = [
  'title',
  'message',
  'summary',
  'intent',
  'name',
  'path',
  'branch',
  'tool',
  'reason',
];

/** The one detail that tells events of a type apart, as far as the event carries one. */
export function detailOf(event: LedgerEvent): string {
  const data = event.data;
  if (data === null) return 'Erased; the log still proves that it existed.';
  if (typeof data['lane'] === 'string') return laneLook(data['lane']).label;
  for (const name of TELLING) {
    const value = data[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  const paths = data['paths'];
  if (Array.isArray(paths) && paths.length > 0) return paths.map(String).join(', ');
  return event.refs.repository ?? '';
}

export function titleOf(event: LedgerEvent): string {
  return humanise(event.type);
}

export function toneOf(type: string): Tone {
  if (/(denied|refused|failed|declined|lost|rejected|blocked|opened-incident)$/.test(type))
    return 'bad';
  if (/(approved|merged|shipped|done|completed|granted|succeeded|given)$/.test(type)) return 'good';
  if (/(waiting|requested|escalated|voided|expired|cancelled)$/.test(type)) return 'warn';
  return 'info';
}

/** The page that shows best what an event is about. */
export function pageOfEvent(event: LedgerEvent): string {
  const kinds: RefKind[] = ['change', 'run', 'session', 'workItem'];
  if (/^(session|claim|pack|context)/.test(event.type)) kinds.unshift('session');
  if (/^(run|step)/.test(event.type)) kinds.unshift('run');
  for (const kind of kinds) {
    const ref = event.refs[kind];
    if (ref !== undefined) return pageOf(ref, kind);
  }
  return pageOf(event.id);
}

/** `person Ada` and `agent for Ada` in few words; `nameOf` knows people. */
export function actorText(
  actor: LedgerEvent['actor'],
  nameOf: (id: string | undefined) => string,
): string {
  const isId = /^[a-z]+_[0-9a-f]{32}$/.test(actor.id);
  const own = actor.id.startsWith('usr_') ? nameOf(actor.id) : isId ? shortId(actor.id) : actor.id;
  if (actor.onBehalfOf === undefined) return own;
  const other = actor.onBehalfOf.startsWith('usr_') ? nameOf(actor.onBehalfOf) : actor.onBehalfOf;
  return `${own} for ${other}`;
}
