/**
 * Proves the calls an agent's files hold: each different one is run as the agent would run it, with an event
 * that does nothing, so that a wrong path, address or token is found without starting the agent.
 */
import { spawn } from 'node:child_process';
import { PROBE_EVENT } from '../../hooks/dialect-tables.ts';
import { readJson } from './json-text.ts';

export type Probe =
  | { state: 'answered'; call: string; ms: number }
  | { state: 'failed'; call: string; why: string };

const PATIENCE_MS = 15_000;

/** The calls in the text of a settings file or of opencode's plugin, each once. Pure. */
export function callsIn(text: string, agent: string): string[] {
  const argv = /^const \[COMMAND, \.\.\.ARGS\] = (\[.*\]);$/m.exec(text)?.[1];
  if (argv !== undefined) {
    const words = readJson(argv);
    return 'value' in words && Array.isArray(words.value)
      ? [words.value.map((word) => quote(String(word))).join(' ')]
      : [];
  }
  const read = readJson(text);
  const found: string[] = [];
  const rest: unknown[] = ['value' in read ? read.value : undefined];
  for (let value = rest.pop(); rest.length > 0 || value !== undefined; value = rest.pop()) {
    if (typeof value === 'string') {
      const call = new RegExp(String.raw`^(.*(?:^| )hook ${agent}) \w+$`).exec(value)?.[1];
      if (call !== undefined) found.push(call);
    } else if (typeof value === 'object' && value !== null) rest.push(...Object.values(value));
  }
  return [...new Set(found)];
}

/** The events in the text for which the agent calls us. Pure. */
export function eventsIn(text: string, agent: string): string[] {
  return [...text.matchAll(new RegExp(String.raw`hook ${agent} (\w+)`, 'g'))].map(
    ([, event]) => event!,
  );
}

export function runProbe(call: string, cwd: string): Promise<Probe> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', `${call} ${PROBE_EVENT}`], { cwd, timeout: PATIENCE_MS });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.on('error', () => {});
    child.stdin.end(JSON.stringify({ session_id: PROBE_EVENT, cwd }));
    child.on('error', (error) => resolve({ state: 'failed', call, why: error.message }));
    child.on('close', (code) => {
      const ms = Math.round(performance.now() - startedAt);
      if (out.includes(PROBE_EVENT)) resolve({ state: 'answered', call, ms });
      else {
        const why =
          err.trim().split('\n')[0] || `it ended with ${code ?? 'a signal'} and no answer`;
        resolve({ state: 'failed', call, why });
      }
    });
  });
}

function quote(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
