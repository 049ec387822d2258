/** Where the program starts. The hook and the MCP bridge load nothing but themselves: agents wait for them. */
import { runHook } from '../surfaces/cli/hook-command.ts';

const [command, ...rest] = process.argv.slice(2);
const out = (text: string) => void process.stdout.write(text);
const err = (text: string) => void process.stderr.write(text);

// A reader that went away, such as `loom changes | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

if (command === 'hook' && rest.length === 2 && !rest.some((word) => word.startsWith('-'))) {
  process.exitCode = await runHook(rest[0]!, rest[1]!, { stdin: process.stdin, out, err });
} else {
  const { runLoom } = await import('./loom.ts');
  process.exitCode = await runLoom(process.argv.slice(2), {
    out,
    err,
    isTerminal: process.stderr.isTTY,
  });
}
