/** Backtest of the circuit breaker: recorded transcripts, fed step by step. */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { AppError, checkValue } from '#kernel';
import { backtestTrace, BreakerTrace, type TraceVerdict } from '#orchestration';
import type { Command } from 'commander';
import { counted, printable } from '../output.ts';
import type { CliContext } from '../program.ts';

/** Adds `breaker` to `loom backtest`. */
export function addBreakerBacktest(backtest: Command, context: CliContext): void {
  backtest
    .command('breaker')
    .description('at which step the circuit breaker would have ended the turn; without a server')
    .requiredOption('--traces <file>', 'transcripts, one JSON object with id and steps per line')
    .requiredOption('--out <file>', 'where the verdicts go, one JSON line per transcript')
    .addHelpText(
      'after',
      `
A verdict names the step, from 0, after which the turn would have been ended, or null; with the rule,
the reason and the steps it rests on. docs/breakers.md describes the fields of a step.

Example:
  $ loom backtest breaker --traces traces.jsonl --out verdicts.jsonl
`,
    )
    .action(async ({ traces, out }: { traces: string; out: string }) => {
      const verdicts: TraceVerdict[] = [];
      let steps = 0;
      for await (const trace of readTraces(traces)) {
        steps += trace.steps.length;
        verdicts.push(backtestTrace(trace));
      }
      await writeFile(out, verdicts.map((verdict) => `${JSON.stringify(verdict)}\n`).join(''));
      const stopped = verdicts.filter(({ step }) => step !== null);
      context.output().result(
        {
          traces: verdicts.length,
          steps,
          stopped: stopped.length,
          byRule: Object.fromEntries(
            Object.entries(Object.groupBy(stopped, ({ rule }) => rule ?? '')).map(([rule, its]) => [
              rule,
              its?.length ?? 0,
            ]),
          ),
          out,
        },
        (result) =>
          [
            `${counted(result.stopped, 'transcript')} of ${result.traces} would have been stopped; verdicts in ${printable(result.out)}`,
            ...Object.entries(result.byRule).map(([rule, count]) => `  ${rule}: ${count}`),
          ].join('\n'),
      );
    });
}

async function* readTraces(file: string): AsyncGenerator<BreakerTrace> {
  let number = 0;
  try {
    const lines = createInterface({
      input: createReadStream(file, 'utf8'),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      number += 1;
      if (line.trim() === '') continue;
      yield checkValue(BreakerTrace, JSON.parse(line), 'breakers.malformed_trace');
    }
  } catch (cause) {
    throw new AppError('invalid', 'breakers.malformed_trace', {
      message:
        number === 0
          ? `The transcripts in ${printable(file)} cannot be read.`
          : `Line ${number} of ${printable(file)} is no transcript.`,
      hint: 'Write one JSON object per line: {"id": "…", "steps": [{"tool": "…", "args": {}, "ok": true, "result": "…"}]}.',
      cause,
    });
  }
}
