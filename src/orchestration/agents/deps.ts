/** What running agents needs. */
import type { ContextService } from '#context';
import type { Principal } from '#governance';
import type { OrchestrationDeps } from '../deps.ts';
import type { FleetBreakers } from '../breakers/index.ts';
import type { DevboxService } from '../devbox/index.ts';
import type { SessionService, WorkService } from '../service.ts';
import type { HomeFile } from './adapters/index.ts';
import type { AgentName } from './schema.ts';

export interface AgentDeps extends OrchestrationDeps {
  context: Pick<ContextService, 'openMirror' | 'findRepository'>;
  sessions: Pick<SessionService, 'start' | 'touch' | 'end'>;
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
  /** Breakers have a say before any agent starts, and hear how it ended. */
  fleet?: Pick<FleetBreakers, 'mayStart' | 'reportOutcome'> | undefined;
  /** Hooks and MCP for a session of ours: what to add to the home, the command line, the environment. */
  wire?(request: { agent: AgentName; tree: string; operator: Principal }): Promise<{
    home: HomeFile[];
    arguments: string[];
    environment: Record<string, string>;
  }>;
}
