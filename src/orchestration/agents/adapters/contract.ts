/** What LoomStack must know of an agent's command line to run it without a person. */
import type { AgentName, AgentOptions, Signal } from '../schema.ts';

export interface StartRequest {
  prompt: string;
  options: AgentOptions;
  /** An id for the conversation, for agents that take one. */
  externalId: string;
  /** Money left, for agents that keep to it themselves. */
  costUsdLeft: number | undefined;
}

export interface HomeFile {
  /** Inside the home of the devbox. */
  path: string;
  /** What stands there now, so that a prepared home is added to and not replaced. */
  write(existing: string | undefined): string;
}

export interface AgentAdapter {
  name: AgentName;
  /** What is looked for on the PATH. */
  program: string;
  arguments(request: StartRequest): string[];
  /** Set for every start: no updates, no first-run screens. */
  environment: Readonly<Record<string, string>>;
  /** Variables with which people give it its key or its address; passed on where they are set. */
  credentials: readonly string[];
  /** Files that skip first-run screens in a home nobody has used. */
  home(tree: string): HomeFile[];
  /** Whether it takes the id it is given; else it tells its own. */
  takesExternalId: boolean;
  /** One line of its stream as facts. Lines we do not know are nothing. Pure. */
  read(line: Record<string, unknown>): Signal[];
}
