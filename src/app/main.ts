/** Where the program starts. The hook and the MCP bridge load nothing but themselves: agents wait for them. */
import { Readable } from 'node:stream';
import { runHook } from '../surfaces/cli/hook-command.ts';

const argv = process.argv.slice(2);
const out = (text: string) => void process.stdout.write(text);
const err = (text: string) => void process.stderr.write(text);

// A reader that went away, such as `loom changes | head`, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

const quick = readQuickly(argv);
if (quick?.command === 'hook') {
  const { agent, event, flags } = quick;
  // Typed by a person, there is no input to wait for.
  const stdin = process.stdin.isTTY ? Readable.from([]) : process.stdin;
  process.exitCode = await runHook(agent, event, { stdin, out, err }, flags);
} else if (quick?.command === 'mcp') {
  const { runMcpBridge } = await import('../surfaces/cli/mcp-command.ts');
  process.exitCode = await runMcpBridge(quick.flags, { stdin: process.stdin, out, err });
} else {
  const { runLoom } = await import('./loom.ts');
  process.exitCode = await runLoom(argv, { out, err, isTerminal: process.stderr.isTTY });
}

interface Flags {
  url?: string;
  data?: string;
}

/** The two commands agents call, as `loom attach` writes them; everything else goes the long way. */
function readQuickly(
  words: readonly string[],
):
  | { command: 'hook'; agent: string; event: string; flags: Flags }
  | { command: 'mcp'; flags: Flags }
  | undefined {
  const flags: Flags = {};
  let rest = words;
  while (rest[0] === '--url' || rest[0] === '--data') {
    flags[rest[0] === '--url' ? 'url' : 'data'] = rest[1] ?? '';
    rest = rest.slice(2);
  }
  const [command, agent, event] = rest;
  if (rest.some((word) => word.startsWith('-'))) return undefined;
  if (command === 'mcp' && rest.length === 1) return { command, flags };
  if (command !== 'hook' || agent === undefined || event === undefined || rest.length > 3) {
    return undefined;
  }
  return { command, agent, event, flags };
}
