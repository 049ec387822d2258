/**
 * Builds recorded-looking sessions by hand: calls as Claude Code and Codex make them, results as the
 * programs print them, with the times, ids and durations that differ on every run. For tests.
 */
import type { BreakerStep } from '../step.ts';

export interface Trace {
  id: string;
  /** What happens, for whoever reads a failed test. */
  about: string;
  isStuck: boolean;
  /** The first step of the loop, from 0; null where there is none. */
  onset: number | null;
  steps: BreakerStep[];
}

/** A transcript being written; every helper appends one step. */
export class Script {
  readonly steps: BreakerStep[] = [];
  private clock = Date.UTC(2026, 2, 4, 9, 12, 7);
  private seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A number that differs from call to call and is the same on every run. */
  any(below: number): number {
    this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) >>> 0;
    return (this.seed >>> 8) % below;
  }

  /** Seconds pass; what programs print as the time. */
  now(): string {
    this.clock += 1_000 + this.any(90_000);
    return new Date(this.clock).toISOString();
  }

  seconds(): string {
    return `${this.any(40)}.${String(this.any(100)).padStart(2, '0')}s`;
  }

  hex(length: number): string {
    return Array.from({ length }, () => '0123456789abcdef'[this.any(16)]).join('');
  }

  add(step: BreakerStep): this {
    this.steps.push(step);
    return this;
  }

  bash(command: string, result: string, ok = true): this {
    return this.add({
      tool: 'Bash',
      args: { command, description: `${command.split(' ')[0]} ${this.any(1_000)}` },
      ok,
      result: ok ? result : `Exit code 1\n${result}`,
      tokens: 400 + this.any(1_200),
    });
  }

  /** Codex's shell tool: arguments as JSON text, the exit code in the output, no flag. */
  shell(command: string, result: string, exit = 0): this {
    return this.add({
      tool: 'exec_command',
      args: JSON.stringify({ cmd: command, yield_time_ms: 1_000 * (1 + this.any(10)) }),
      result: `Chunk ID: ${this.hex(6)}\nWall time: ${this.any(9)}.${this.any(9)} seconds\nProcess exited with code ${exit}\nOutput:\n${result}`,
    });
  }

  read(path: string, offset?: number): this {
    return this.add({
      tool: 'Read',
      args: { file_path: path, ...(offset === undefined ? {} : { offset, limit: 200 }) },
      ok: true,
      result: `     1→// ${path}\n     2→export const part = '${path}@${offset ?? 0}';`,
      tokens: 1_500 + this.any(2_500),
    });
  }

  grep(pattern: string, hits: string): this {
    return this.add({
      tool: 'Grep',
      args: { pattern, output_mode: 'content' },
      ok: true,
      result: hits,
      tokens: 300 + this.any(600),
    });
  }

  edit(path: string, before: string, after: string): this {
    return this.add({
      tool: 'Edit',
      args: { file_path: path, old_string: before, new_string: after },
      ok: true,
      result: `The file ${path} has been updated.`,
      tokens: 500 + this.any(900),
    });
  }

  write(path: string, content: string): this {
    return this.add({
      tool: 'Write',
      args: { file_path: path, content },
      ok: true,
      result: `File created successfully at: ${path}`,
      tokens: 800 + this.any(1_500),
    });
  }

  failedEdit(path: string, before: string): this {
    return this.add({
      tool: 'Edit',
      args: { file_path: path, old_string: before, new_string: `${before} // fixed` },
      ok: false,
      result: `<tool_use_error>String to replace not found in file.\nString: ${before}</tool_use_error>`,
      tokens: 600,
    });
  }

  todo(...items: string[]): this {
    return this.add({
      tool: 'TodoWrite',
      args: { todos: items.map((content) => ({ content, status: 'pending' })) },
      ok: true,
      result: 'Todos have been modified successfully.',
      tokens: 300,
    });
  }

  say(text: string): this {
    return this.add({ tool: 'say', args: { text }, ok: true, result: '', tokens: 200 });
  }

  prompt(text: string): this {
    return this.add({ tool: 'user', args: { text }, result: '' });
  }

  pytest(failed: readonly string[], passed: number, words = 'assert 3 == 4'): this {
    const lines = failed.map((name) => `FAILED tests/${name} - ${words}`);
    const total = `${failed.length > 0 ? `${failed.length} failed, ` : ''}${passed} passed in ${this.seconds()}`;
    return this.bash(
      'python -m pytest -q',
      [...lines, `=========== ${total} ===========`].join('\n'),
      failed.length === 0,
    );
  }

  vitest(failed: readonly string[], passed: number): this {
    const lines = failed.map((name) => ` × ${name} ${this.any(90)}ms`);
    return this.bash(
      'npx vitest run',
      [
        ` RUN  v3.2.4 /home/ada/shop`,
        ...lines,
        ` Tests  ${failed.length > 0 ? `${failed.length} failed | ` : ''}${passed} passed (${failed.length + passed})`,
        ` Start at  ${this.now().slice(11, 19)}`,
        ` Duration  ${this.seconds()}`,
      ].join('\n'),
      failed.length === 0,
    );
  }

  repeat(count: number, act: (index: number) => unknown): this {
    for (let index = 0; index < count; index += 1) act(index);
    return this;
  }
}

/** A look around before the work, as sessions begin. */
export function begin(script: Script): Script {
  return script
    .bash('git status --short', '')
    .grep('createOrder', 'src/orders/create.ts:14:export function createOrder(')
    .read('/home/ada/shop/src/orders/create.ts')
    .read('/home/ada/shop/src/orders/validate.ts');
}
