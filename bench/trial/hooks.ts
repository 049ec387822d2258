/**
 * How Claude Code meets hooks and MCP servers, for agents whose thinking is scripted: it knows only the
 * settings files it finds. Where there are none it works on, told by nobody.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface HookEntry {
  matcher?: string;
  hooks?: { command: string; timeout?: number }[];
}

export interface HookAnswer {
  /** What the model would read beside its task. */
  context: string;
  /** Why the call must not be made; undefined where it may. */
  denied: string | undefined;
}

export interface Spent {
  hookCalls: number;
  hookMs: number;
  toolCalls: number;
  toolMs: number;
  /** Characters the model would have read because of us. */
  toldCharacters: number;
}

export class AgentHooks {
  readonly spent: Spent = { hookCalls: 0, hookMs: 0, toolCalls: 0, toolMs: 0, toldCharacters: 0 };
  readonly #events: Record<string, HookEntry[]>;
  readonly #server: { command: string; args: string[] } | undefined;
  readonly #folder: string;
  readonly #sessionId: string;
  #bridge: Bridge | undefined;

  /** @param home of the person or devbox; its settings are those of `loom attach --user` */
  constructor(options: { home: string; folder: string; sessionId: string }) {
    this.#folder = options.folder;
    this.#sessionId = options.sessionId;
    const settings = readJson(join(options.home, '.claude/settings.json'));
    this.#events = (settings['hooks'] ?? {}) as Record<string, HookEntry[]>;
    const servers = readJson(join(options.home, '.claude.json'))['mcpServers'];
    this.#server = (servers as Record<string, { command: string; args: string[] }> | undefined)?.[
      'loom'
    ];
  }

  get hasTools(): boolean {
    return this.#server !== undefined;
  }

  /** Runs every hook of the event; one denial is a denial. */
  async fire(event: string, input: Record<string, unknown> = {}): Promise<HookAnswer> {
    const answer: HookAnswer = { context: '', denied: undefined };
    const tool = typeof input['tool_name'] === 'string' ? input['tool_name'] : '';
    for (const { matcher, hooks = [] } of this.#events[event] ?? []) {
      if (matcher !== undefined && !new RegExp(`^(?:${matcher})$`).test(tool)) continue;
      for (const { command } of hooks) {
        const told = await this.#run(command, {
          session_id: this.#sessionId,
          cwd: this.#folder,
          hook_event_name: event,
          ...input,
        });
        const said = (told['hookSpecificOutput'] ?? {}) as Record<string, string | undefined>;
        answer.context += said['additionalContext'] ?? '';
        if (said['permissionDecision'] === 'deny')
          answer.denied = said['permissionDecisionReason'] ?? 'denied';
        if (told['continue'] === false)
          answer.denied = JSON.stringify(told['stopReason'] ?? 'stopped');
      }
    }
    this.spent.toldCharacters += answer.context.length + (answer.denied?.length ?? 0);
    return answer;
  }

  /** Calls a tool of the server; undefined where the agent has none. */
  async call(name: string, args: object): Promise<Record<string, unknown> | undefined> {
    if (this.#server === undefined) return undefined;
    this.#bridge ??= new Bridge(this.#server, this.#folder);
    const began = performance.now();
    const answer = await this.#bridge.call(name, args);
    this.spent.toolCalls += 1;
    this.spent.toolMs += performance.now() - began;
    this.spent.toldCharacters += JSON.stringify(answer).length;
    return answer;
  }

  close(): void {
    this.#bridge?.close();
  }

  async #run(command: string, input: object): Promise<Record<string, unknown>> {
    const began = performance.now();
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: this.#folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(JSON.stringify(input));
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => {
      child.on('close', resolve);
    });
    this.spent.hookCalls += 1;
    this.spent.hookMs += performance.now() - began;
    return text.trim() === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }
}

/** The server of the settings, started once and spoken to over its standard streams. */
class Bridge {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: RpcAnswer) => void>();
  #calls = 0;

  constructor({ command, args }: { command: string; args: string[] }, folder: string) {
    this.#child = spawn(command, args, { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as RpcAnswer;
      this.#waiting.get(answer.id ?? -1)?.(answer);
      this.#waiting.delete(answer.id ?? -1);
    });
    this.#child.on('exit', () => {
      for (const tell of this.#waiting.values()) tell({ error: { message: 'the server ended' } });
    });
  }

  async call(name: string, args: object): Promise<Record<string, unknown>> {
    this.#calls += 1;
    const id = this.#calls;
    const answered = new Promise<RpcAnswer>((resolve) => this.#waiting.set(id, resolve));
    const params = {
      name,
      arguments: args,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'claude-code', version: '0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    };
    this.#child.stdin!.write(
      `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`,
    );
    const { error, result } = await answered;
    if (error !== undefined) throw new Error(`${name}: ${error.message}`);
    if (result?.isError === true) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
    return result?.structuredContent ?? {};
  }

  close(): void {
    this.#child.stdin!.end();
  }
}

interface RpcAnswer {
  id?: number;
  error?: { message: string };
  result?: {
    isError?: boolean;
    content?: unknown;
    structuredContent?: Record<string, unknown>;
  };
}

function readJson(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}
