/** What `loom attach --user` writes, for a home nobody has used: that of a devbox. Pure. */
import { join, relative } from 'node:path';
import { type Caller, WIRINGS } from './agents.ts';
import { attachFile } from './wiring.ts';

export interface WiredHomeFile {
  /** Inside the home. */
  path: string;
  /** @throws AppError `attach.unreadable_file`, `attach.name_taken`, `attach.edited_file`. */
  write(existing: string | undefined): string;
}

/** Files with the hooks and the MCP server of this agent; none for an agent we cannot attach. */
export function wireHome(agent: string, home: string, caller: Caller): WiredHomeFile[] {
  const wiring = WIRINGS.find((known) => known.agent === agent);
  if (wiring === undefined) return [];
  const homes = {
    home,
    claude: join(home, '.claude'),
    codex: join(home, '.codex'),
    copilot: join(home, '.copilot'),
    config: join(home, '.config'),
  };
  return wiring.files({ scope: 'user', homes, caller, exists: () => false }).map((plan) => ({
    path: relative(home, plan.path),
    write: (existing) => attachFile(plan, existing).after ?? '',
  }));
}
