/** Ledger events as people read them: the stage of the one flow, a sentence, and where it leads. */
import type { LedgerEvent, RefKind } from '../api/types.ts';
import { humanise, plural, shortId, shortSource } from './format.ts';
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
  {
    key: 'signal',
    label: 'Signal',
    icon: 'signal',
    nouns: ['signal', 'work', 'delivery', 'branch'],
  },
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
    nouns: ['change', 'run', 'step', 'check'],
  },
  {
    key: 'decision',
    label: 'Decision',
    icon: 'decision',
    nouns: ['decision', 'approval', 'policy', 'override', 'review'],
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
  'environment',
  'reason',
];

/** The one detail that tells events of a type apart, as far as the event carries one. */
export function detailOf(event: LedgerEvent): string {
  return shortId(longDetailOf(event));
}

function longDetailOf(event: LedgerEvent): string {
  const { data, type } = event;
  if (data === null) return 'Erased; the log still proves that it existed.';
  if (type === 'claim.denied') return refusalOf(event);
  if (typeof data['lane'] === 'string') return laneLook(data['lane']).label;
  const own = DETAIL_OF_TYPE[type]?.(data);
  if (own !== undefined) return own;
  if (type.startsWith('claim.')) return pathsOf(event);
  const lead = [data['step'], data['tool']].find(isText);
  const telling = TELLING.map((name) => data[name]).find(isText);
  const words = [lead, telling].filter((value) => value !== undefined);
  if (words.length > 0) return words.join(': ');
  return pathsOf(event) || (event.refs.repository ?? '');
}

/** Types whose detail is not one field. */
const DETAIL_OF_TYPE: Record<string, (data: Record<string, unknown>) => string> = {
  'signal.received': ({ type }) => humanise(textOr(type, '')),
  'check.completed': ({ command, checks }) =>
    `${textOr(command, 'checks')}: ${textOr(checks, 'unknown')}`,
  'session.ended': ({ toolCalls }) => plural(Number(toolCalls ?? 0), 'tool call'),
  'policy.activated': ({ source }) => shortSource(textOr(source, '')),
};

function textOr(value: unknown, otherwise: string): string {
  return isText(value) ? value : otherwise;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The paths an event names, in one line. */
export function pathsOf({ data }: LedgerEvent): string {
  const paths = data?.['paths'];
  if (Array.isArray(paths)) return shortId(paths.map(String).join(', '));
  return typeof data?.['path'] === 'string' ? shortId(data['path']) : '';
}

interface Conflict {
  sessionId?: string;
  path?: string;
  agent?: string;
  operator?: string | null;
}

function conflictOf({ data }: LedgerEvent): Conflict | undefined {
  const conflicts = data?.['conflicts'];
  return Array.isArray(conflicts) ? (conflicts[0] as Conflict | undefined) : undefined;
}

/** The session that holds what was refused. */
export function holderOf(event: LedgerEvent): string | undefined {
  return conflictOf(event)?.sessionId;
}

/** `src/pay.ts is held by claude-code of Ada Okafor`. */
export function refusalOf(event: LedgerEvent): string {
  if (typeof event.data?.['message'] === 'string') return event.data['message'];
  const first = conflictOf(event);
  const path = first?.path ?? pathsOf(event);
  const holder = first?.agent ?? 'another session';
  const operator = first?.operator ?? null;
  return `${path} is held by ${holder}${operator === null ? '' : ` of ${operator}`}`;
}

/** Things that happen beside the flow: people and their keys. */
const ICON_BESIDE: Record<string, IconName> = {
  person: 'person',
  login: 'key',
  token: 'key',
  authorization: 'lock',
  outbox: 'alert',
  payload: 'lock',
};

export function iconOf(type: string): IconName {
  return stageOf(type)?.icon ?? ICON_BESIDE[type.split(/[.-]/)[0] ?? ''] ?? 'dot';
}

export function titleOf(event: LedgerEvent): string {
  return event.type === 'session.tool-used' ? 'Tool used' : humanise(event.type);
}

export function toneOf({ type, data }: LedgerEvent): Tone {
  if (/(denied|failed|declined|lost|delivery-failed|redacted)$/.test(type)) return 'bad';
  if (data?.['outcome'] === 'denied') return 'bad';
  if (/(merged|shipped|done|completed|granted|succeeded|given)$/.test(type)) return 'good';
  if (/(waiting|requested|voided|expired|cancelled|reclaimed)$/.test(type)) return 'warn';
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

const NAME_OF_ACTOR: Record<string, string> = { local: 'Local forge', github: 'GitHub' };

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `Ada`, `Agent for Ada`, `Workflow`; `nameOf` knows people. */
export function actorText(
  actor: LedgerEvent['actor'],
  nameOf: (id: string | undefined) => string,
): string {
  const nameIt = (id: string) => {
    if (id.startsWith('usr_')) return nameOf(id);
    if (id.startsWith('ses_')) return 'an agent';
    return NAME_OF_ACTOR[id] ?? (/^[a-z-]+$/.test(id) ? humanise(id) : shortId(id));
  };
  if (actor.onBehalfOf === undefined) return upper(nameIt(actor.id));
  const who = actor.id.startsWith('ses_') ? 'Agent' : upper(nameIt(actor.id));
  return `${who} for ${nameIt(actor.onBehalfOf)}`;
}
