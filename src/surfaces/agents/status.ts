/** What the agents of people do and lack, worked out from what was heard of them. Pure. */
import { DIALECT_TABLES, type DialectTable, type EventKind } from '../hooks/dialect-tables.ts';
import type { AgentEventRow, AgentPlace, AttachmentRow } from './activity.ts';

/** Under this event an agent's use of our tools is noted. */
export const MCP_EVENT = 'mcp';

/** Under this event its telemetry is noted; it says nothing of where the agent works. */
export const TELEMETRY_EVENT = 'telemetry';

/** Agents that can report tokens and cost by OpenTelemetry. */
export const TELLS_TELEMETRY: ReadonlySet<string> = new Set([
  'claude-code',
  'codex',
  'gemini-cli',
  'copilot',
]);

/** Versions the wiring was last seen working with, by the tests that run the programs themselves. */
export const SEEN_VERSIONS: Readonly<Record<string, string>> = {
  'claude-code': '2.1.330',
  codex: '0.169.0',
  'gemini-cli': '0.61.0',
  copilot: '1.0.102',
  opencode: '1.18.33',
};

export interface AgentStatus {
  agent: string;
  title: string;
  personId: string;
  /** Null for all of the person's work. */
  repository: string | null;
  version: string | null;
  attachedAt: Date | null;
  detachedAt: Date | null;
  lastEvent: { event: string; at: Date } | null;
  events: number;
  toolsLastAt: Date | null;
  /** When it last told tokens and cost by telemetry. */
  telemetryLastAt: Date | null;
  state: 'connected' | 'waiting' | 'incomplete' | 'detached';
  /** What is not as it should be, with what to do; empty when nothing is. */
  missing: string[];
}

/** One row per agent, person and place, the last heard of first. */
export function summariseAgents(
  events: readonly AgentEventRow[],
  attachments: readonly AttachmentRow[],
): AgentStatus[] {
  // A client of our tools does not say where it works, so what is heard of it counts for every place.
  const tools = Map.groupBy(
    events.filter(({ event }) => event === MCP_EVENT),
    userOf,
  );
  const telemetry = new Map(
    events.filter(({ event }) => event === TELEMETRY_EVENT).map((row) => [userOf(row), row.lastAt]),
  );
  const hooks = Map.groupBy(
    events.filter(({ event }) => event !== MCP_EVENT && event !== TELEMETRY_EVENT),
    placeOf,
  );
  const attached = new Map(attachments.map((row) => [placeOf(row), row]));
  const places = [...new Set([...hooks.keys(), ...attached.keys()])].map((key) => {
    const known = (hooks.get(key)?.[0] ?? attached.get(key))!;
    return summarise(known, hooks.get(key) ?? [], attached.get(key), tools.get(userOf(known))?.[0]);
  });
  const placed = new Set(places.map(({ agent, personId }) => JSON.stringify([agent, personId])));
  const toolsOnly = [...tools]
    .filter(([key]) => !placed.has(key))
    .map(([, [row]]) => summarise(row!, [], undefined, row));
  return [...places, ...toolsOnly]
    .map((row) => ({ ...row, telemetryLastAt: telemetry.get(userOf(row)) ?? null }))
    .toSorted((one, other) => timeOf(other) - timeOf(one));
}

function userOf({ agent, personId }: Pick<AgentPlace, 'agent' | 'personId'>): string {
  return JSON.stringify([agent, personId]);
}

function placeOf({ agent, personId, repository }: AgentPlace): string {
  return JSON.stringify([agent, personId, repository]);
}

function summarise(
  { agent, personId, repository }: AgentPlace,
  hooks: readonly AgentEventRow[],
  attachment: AttachmentRow | undefined,
  tools: AgentEventRow | undefined,
): Omit<AgentStatus, 'telemetryLastAt'> {
  const table = DIALECT_TABLES.find((known) => known.agent === agent);
  const last = hooks.toSorted((one, other) => other.lastAt.getTime() - one.lastAt.getTime())[0];
  const heard = last ?? (attachment === undefined ? tools : undefined);
  const detachedAt = attachment?.detachedAt ?? null;
  const isDetached = detachedAt !== null && (last?.lastAt ?? new Date(0)) <= detachedAt;
  const missing = isDetached ? [] : findMissing(agent, table, hooks, tools, attachment);
  return {
    agent,
    title: table?.title ?? agent,
    personId,
    repository: repository === '' ? null : repository,
    version: tools?.version ?? attachment?.version ?? null,
    attachedAt: attachment?.attachedAt ?? null,
    detachedAt,
    lastEvent: heard === undefined ? null : { event: heard.event, at: heard.lastAt },
    events: hooks.reduce((sum, row) => sum + row.events, 0),
    toolsLastAt: tools?.lastAt ?? null,
    state: stateOf(isDetached, heard !== undefined, missing.length > 0),
    missing,
  };
}

function stateOf(isDetached: boolean, isHeard: boolean, lacks: boolean): AgentStatus['state'] {
  if (isDetached) return 'detached';
  if (!isHeard) return 'waiting';
  return lacks ? 'incomplete' : 'connected';
}

const NEVER_FIRED: Readonly<Record<string, string>> = {
  codex:
    'Codex runs hooks only once they are approved: open /hooks in it. It also needs a trusted project.',
  'gemini-cli': "Gemini CLI reads a repository's hooks only in a trusted folder.",
  copilot: "Copilot reads a repository's hooks only in a trusted folder.",
  'claude-code':
    'Managed settings of Claude Code may forbid hooks (allowManagedHooksOnly, disableAllHooks).',
};

function findMissing(
  agent: string,
  table: DialectTable | undefined,
  hooks: readonly AgentEventRow[],
  tools: AgentEventRow | undefined,
  attachment: AttachmentRow | undefined,
): string[] {
  if (table === undefined) return [];
  if (hooks.length === 0) {
    const why = NEVER_FIRED[agent];
    return [
      `No hook has fired yet. Start it in the repository, or run \`loom doctor --agent ${agent}\`.${why === undefined ? '' : ` ${why}`}`,
    ];
  }
  const kinds = new Set(hooks.map(({ event }) => table.events[event]?.kind));
  const lacking = (['session-started', 'prompt-submitted'] satisfies EventKind[]).filter(
    (kind) => !kinds.has(kind),
  );
  const counts = (kind: EventKind) =>
    hooks
      .filter(({ event }) => table.events[event]?.kind === kind)
      .reduce((sum, row) => sum + row.events, 0);
  return [
    ...(lacking.length > 0
      ? [`Not heard yet: ${lacking.join(', ')}. Attach it again: \`loom attach --agent ${agent}\`.`]
      : []),
    ...(counts('prompt-submitted') > 2 && counts('tool-finished') === 0
      ? ['It took prompts and reported no tool call: its hooks may be attached in part.']
      : []),
    ...(attachment !== undefined && tools === undefined
      ? ['Its MCP server `loom` was never asked: allow it where the agent asks.']
      : []),
  ];
}

function timeOf({ lastEvent, attachedAt }: AgentStatus): number {
  return (lastEvent?.at ?? attachedAt ?? new Date(0)).getTime();
}
