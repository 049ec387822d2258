/** Who speaks MCP to us: the client's own name and version, and which agent of ours that is. Pure. */
import { z } from 'zod';

/** What clients call themselves, from the wire; names belong to others and change. */
const AGENT_OF_CLIENT: readonly [RegExp, string][] = [
  [/^claude-code$/i, 'claude-code'],
  [/^codex/i, 'codex'],
  [/^gemini-cli/i, 'gemini-cli'],
  [/copilot/i, 'copilot'],
  [/^opencode$/i, 'opencode'],
  [/^cursor/i, 'cursor'],
];

const ClientInfo = z.object({ name: z.string().max(200), version: z.string().max(100) });
const CLIENT_INFO_META = 'io.modelcontextprotocol/clientInfo';

const Introduction = z.object({
  method: z.enum(['initialize', 'server/discover', 'tools/call']),
  params: z.object({
    clientInfo: z.unknown(),
    _meta: z.record(z.string(), z.unknown()).nullish(),
  }),
});

export interface McpClient {
  agent: string;
  version: string;
}

/** From the messages that introduce a client, in both protocol eras; undefined in all others. */
export function clientOf(message: unknown): McpClient | undefined {
  const parsed = Introduction.safeParse(message);
  if (!parsed.success) return undefined;
  const { clientInfo, _meta } = parsed.data.params;
  const info = ClientInfo.safeParse(clientInfo ?? _meta?.[CLIENT_INFO_META]);
  if (!info.success) return undefined;
  const { name, version } = info.data;
  const agent = AGENT_OF_CLIENT.find(([pattern]) => pattern.test(name))?.[1] ?? name;
  return { agent, version };
}
