/** What running agents needs. */
import type { ContextService } from '#context';
import type { Assignment } from '#governance';
import type { OrchestrationDeps } from '../deps.ts';
import type { FleetBreakers } from '../breakers/index.ts';
import type { Box, DevboxService } from '../devbox/index.ts';
import type { SessionService, WorkService } from '../service.ts';
import type { HomeFile } from './adapters/index.ts';
import type { AgentName } from './schema.ts';

export interface AgentDeps extends OrchestrationDeps {
  context: Pick<ContextService, 'openMirror' | 'findRepository'>;
  sessions: Pick<SessionService, 'start' | 'touch' | 'end' | 'find'>;
  work: Pick<WorkService, 'find'>;
  devboxes: DevboxService;
  /** Agents at work on this node at once. */
  concurrency: number;
  /** Folder of a prepared home, with the sign-ins agents need. */
  home?: string | undefined;
  /** Our own environment, of which each agent gets its keys and nothing else. */
  environment: Readonly<Record<string, string | undefined>>;
  /** How long an agent that was asked to end may take. */
  termGraceMs?: number | undefined;
  /** How often what it used is written down, and whether its session was ended is looked up. */
  recordEveryMs?: number | undefined;
  /** Breakers have a say before any agent starts, and hear how it ended. */
  fleet?: Pick<FleetBreakers, 'mayStart' | 'reportOutcome'> | undefined;
  /** Gives an agent that is about to start its hooks and MCP, as `loom attach` does a person's. */
  wire?: ((request: WireRequest) => Promise<Wired>) | undefined;
}

export interface WireRequest {
  agent: AgentName;
  box: Box;
  /** Whom the agent works for: the operator of its sessions. */
  holder: string;
  assignment: Assignment;
  /** How long the agent may run at most. */
  lifeMs: number;
}

/** Disposing takes from the agent what it proved itself with. */
export interface Wired extends AsyncDisposable {
  home: HomeFile[];
  environment: Readonly<Record<string, string>>;
}
