/**
 * A scripted coding agent: it does what Claude Code would do, with the same hooks, the same MCP tools
 * and the same git, and only its thinking is written down beforehand.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '#kernel';
import { attempt, gitCredentials, run } from './shell.ts';

export interface AgentSetup {
  url: string;
  /** Token of the person who runs the agent. */
  token: string;
  operator: { name: string; email: string };
  /** Path of the `loom` program. */
  loom: string;
  /** The clone its work trees hang on. */
  clone: string;
  /** Folder for its own work tree. */
  folder: string;
  branch: string;
}

interface HookAnswer {
  hookSpecificOutput?: {
    additionalContext?: string;
    permissionDecision?: string;
    permissionDecisionReason?: string;
  };
}

export interface ScriptedAgent {
  /** Our id of its session, from the words the server greeted it with. */
  readonly sessionId: string;
  /** Gives the agent a task; answers with the context it was handed. */
  prompt(text: string): Promise<string>;
  nextWork(): Promise<{ id: string; title: string } | undefined>;
  /** Edits a file the way an agent does: asks first. Denied edits change nothing. */
  edit(
    path: string,
    rewrite: (text: string) => string,
  ): Promise<{ isAllowed: boolean; reason: string }>;
  /** Runs the repository's own tests. */
  test(): Promise<boolean>;
  /** Commits what it edited and pushes its branch. */
  push(message: string): Promise<string>;
  end(): Promise<void>;
}

export async function startAgent(setup: AgentSetup): Promise<ScriptedAgent> {
  const { url, token, operator, loom, clone, folder, branch } = setup;
  const externalId = randomUUID();
  // Nobody waits at a keyboard here: a slow machine is no reason to go on uncoordinated.
  const environment = { LOOM_URL: url, LOOM_TOKEN: token, LOOM_HOOKS_TIMEOUT_MS: '60000' };

  await run('git', ['worktree', 'add', '--quiet', '-B', branch, folder, 'origin/main'], {
    cwd: clone,
  });

  async function hook(event: string, input: Record<string, unknown>): Promise<HookAnswer> {
    const text = await run(process.execPath, [loom, 'hook', 'claude-code', event], {
      cwd: folder,
      env: environment,
      input: JSON.stringify({
        session_id: externalId,
        cwd: folder,
        hook_event_name: event,
        ...input,
      }),
    });
    return text.trim() === '' ? {} : (JSON.parse(text) as HookAnswer);
  }

  const greeting = await hook('SessionStart', { source: 'startup', model: 'scripted' });
  const sessionId = /ses_[0-9a-f]{32}/.exec(
    greeting.hookSpecificOutput?.additionalContext ?? '',
  )?.[0];
  if (sessionId === undefined) {
    throw new AppError('internal', 'sample.no_session', {
      message: 'The server did not greet the agent with a session.',
      hint: 'Look at the server log for the SessionStart hook.',
    });
  }

  let calls = 0;
  async function tool<Answer>(name: string, args: Record<string, unknown>): Promise<Answer> {
    calls += 1;
    const response = await fetch(new URL('/mcp', url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': name,
        'loom-session': sessionId!,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: calls,
        method: 'tools/call',
        params: {
          name,
          arguments: args,
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'sample-agent', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      }),
    });
    const answer = readRpc(await response.text());
    if (answer.error !== undefined || answer.result?.isError === true) {
      throw new AppError('internal', 'sample.tool_failed', {
        message: `${name} failed: ${answer.error?.message ?? JSON.stringify(answer.result?.content)}`,
      });
    }
    return answer.result?.structuredContent as Answer;
  }

  return {
    sessionId,
    async prompt(text) {
      const answer = await hook('UserPromptSubmit', { prompt: text });
      return answer.hookSpecificOutput?.additionalContext ?? '';
    },
    async nextWork() {
      const answer = await tool<{ workItem?: { id: string; title: string } | null }>(
        'next_work',
        {},
      );
      return answer.workItem ?? undefined;
    },
    async edit(path, rewrite) {
      const file = join(folder, path);
      const call = {
        tool_name: 'Write',
        tool_input: { file_path: file },
        tool_use_id: `toolu_${randomUUID()}`,
      };
      const answer = await hook('PreToolUse', call);
      if (answer.hookSpecificOutput?.permissionDecision === 'deny') {
        return {
          isAllowed: false,
          reason: answer.hookSpecificOutput.permissionDecisionReason ?? '',
        };
      }
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, rewrite(readIfThere(file)));
      await hook('PostToolUse', { ...call, tool_response: { success: true } });
      return { isAllowed: true, reason: '' };
    },
    async test() {
      const { status } = await attempt(process.execPath, ['--test'], { cwd: folder });
      return status === 0;
    },
    async push(message) {
      const identity = {
        GIT_AUTHOR_NAME: operator.name,
        GIT_AUTHOR_EMAIL: operator.email,
        GIT_COMMITTER_NAME: operator.name,
        GIT_COMMITTER_EMAIL: operator.email,
      };
      await run('git', ['add', '--all'], { cwd: folder });
      const text = `${message}\n\nLoom-Session: ${sessionId}\nCo-authored-by: Claude <noreply@anthropic.com>\n`;
      await run('git', ['commit', '--quiet', '--message', text], { cwd: folder, env: identity });
      await run('git', ['push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`], {
        cwd: folder,
        env: gitCredentials(token),
      });
      return (await run('git', ['rev-parse', 'HEAD'], { cwd: folder })).trim();
    },
    async end() {
      await hook('SessionEnd', { reason: 'other' });
    },
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

interface RpcAnswer {
  error?: { message?: string };
  result?: { isError?: boolean; content?: unknown; structuredContent?: unknown };
}

/** The answer comes as plain JSON or as the one event of a stream. */
function readRpc(text: string): RpcAnswer {
  const json =
    text
      .split('\n')
      .find((line) => line.startsWith('data:'))
      ?.slice(5) ?? text;
  return JSON.parse(json) as RpcAnswer;
}
