/**
 * Goal: a hook tells us what an agent does and tells the agent what it must know, and never breaks it.
 * Method: the real app and rooms; hook inputs as Claude Code writes them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApp, testApp } from '#testing/app';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await testApp();
  token = await app.tokenFor('developer');
});
afterAll(() => app[Symbol.asyncDispose]());

const git = { toplevel: '/home/ada/shop', branch: 'topic' };

async function hook(
  event: string,
  input: unknown,
  options: { secret?: string; tree?: object } = {},
) {
  const answer = await app.call('POST', `/hooks/claude-code/${event}`, {
    token: options.secret ?? token,
    body: { input, git: { ...git, ...options.tree } },
  });
  return { status: answer.status, ...(answer.body as { output: unknown; note: string | null }) };
}

const edit = (session_id: string, file_path: string) => ({
  session_id,
  cwd: '/home/ada/shop',
  hook_event_name: 'PreToolUse',
  tool_name: 'Edit',
  tool_input: { file_path, old_string: 'a', new_string: 'b' },
});

async function startSession(externalId: string) {
  const { body } = await app.call('POST', '/v1/sessions', {
    token,
    body: { agent: 'claude-code', externalId, repository: 'acme/shop' },
  });
  return body as { id: `ses_${string}` };
}

describe('an edit', () => {
  test('takes the file for the session, wherever its work tree lies', async () => {
    const { id } = await startSession('edits');

    const answer = await hook('PreToolUse', edit('edits', '/home/ada/shop/src/a.ts'));

    const held = await app.services.claims.list({ sessionId: id, state: 'held', limit: 10 });
    expect(answer).toEqual({ status: 200, output: {}, note: null });
    expect(held.items).toMatchObject([
      { path: 'src/a.ts', strength: 'exclusive', repository: 'acme/shop' },
    ]);
  });

  test('of a file another session holds is denied, in another work tree too, naming the holder', async () => {
    await startSession('first');
    const second = await startSession('second');
    await hook('PreToolUse', edit('first', '/home/ada/shop/src/b.ts'));

    const answer = await hook('PreToolUse', edit('second', '/home/eve/tree/src/b.ts'), {
      tree: { toplevel: '/home/eve/tree' },
    });

    expect(answer.output).toMatchObject({
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'deny',
        permissionDecisionReason: expect.stringContaining('claude-code'),
      },
    });
    expect(await app.services.sessions.find(second.id)).toMatchObject({ deniedCalls: 1 });
  });

  test('outside of the work tree is nobody else business', async () => {
    const { id } = await startSession('outside');

    const answer = await hook('PreToolUse', edit('outside', '/tmp/notes.md'));

    const held = await app.services.claims.list({ sessionId: id, limit: 10 });
    expect(answer.output).toEqual({});
    expect(held.items).toEqual([]);
  });
});

describe('a session', () => {
  test('is counted on its tool calls, rests between turns, and ends giving everything back', async () => {
    const { id } = await startSession('life');
    await hook('PreToolUse', edit('life', '/home/ada/shop/src/c.ts'));
    await hook('PostToolUse', { ...edit('life', '/home/ada/shop/src/c.ts'), tool_response: {} });
    await hook('Stop', { session_id: 'life' });

    const resting = await app.services.sessions.find(id);
    const kept = await app.services.claims.list({ sessionId: id, state: 'held', limit: 10 });
    await hook('SessionEnd', { session_id: 'life', reason: 'exit' });

    const given = await app.services.claims.list({ sessionId: id, state: 'held', limit: 10 });
    expect(resting).toMatchObject({ state: 'active', toolCalls: 1, branch: 'topic' });
    expect(kept.items).toHaveLength(1);
    expect(given.items).toEqual([]);
    expect(await app.services.sessions.find(id)).toMatchObject({ state: 'ended' });
  });

  test('of somebody else is not touched, and the agent is not stopped', async () => {
    const { id } = await startSession('not-yours');
    const secret = await app.tokenFor('developer');

    const answer = await hook('SessionEnd', { session_id: 'not-yours' }, { secret });

    expect(answer).toMatchObject({
      status: 200,
      output: {},
      note: expect.stringContaining('somebody else'),
    });
    expect(await app.services.sessions.find(id)).toMatchObject({ state: 'active' });
  });
});

describe('what cannot be understood', () => {
  test.each([
    ['an event we do not know', 'PreModelSwitch', { session_id: 'x' }],
    ['no input', 'PreToolUse', null],
    ['a number', 'PreToolUse', 7],
    ['a session without id', 'UserPromptSubmit', { prompt: 'x' }],
    ['the end of a session nobody started', 'SessionEnd', { session_id: 'never' }],
  ])('is allowed: %s', async (_what, event, input) => {
    const answer = await hook(event, input);

    expect(answer).toMatchObject({ status: 200, output: {} });
  });

  test('is noted for the person', async () => {
    const answer = await hook('PreToolUse', null);

    expect(answer.note).toContain('hook input');
  });

  test('broken JSON is allowed as well', async () => {
    const response = await app.http.request('/hooks/claude-code/PreToolUse', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"input":',
    });

    expect(await response.json()).toMatchObject({ output: {}, note: expect.any(String) });
  });

  test('an agent without a dialect, or a caller without a token, is told so', async () => {
    const unknown = await app.call('POST', '/hooks/mystery/Start', { token, body: {} });
    const anonymous = await app.call('POST', '/hooks/claude-code/Stop', { body: {} });

    expect(unknown).toMatchObject({ status: 404, body: { code: 'hooks.unknown_agent' } });
    expect(anonymous.status).toBe(401);
  });
});

test('the last event of each agent is kept for the doctor', async () => {
  app.clock.advance(5_000);
  const at = app.clock.now();
  await hook('Stop', { session_id: 'seen' });
  const viewer = await app.tokenFor('viewer');

  const { body } = await app.call('GET', '/v1/system', { token: viewer });

  expect(body).toMatchObject({
    hooks: [{ agent: 'claude-code', event: 'Stop', lastAt: at.toISOString() }],
  });
});

describe('what is known of the agents', () => {
  test('says for whom and where each speaks, and what an attached one lacks', async () => {
    const secret = await app.tokenFor('developer');
    const body = { agent: 'codex', repository: 'acme/till', version: '0.169.0', attached: true };
    await app.call('POST', '/v1/agents/attachments', { token: secret, body });
    const tree = { remoteUrl: 'git@github.com:acme/till.git', toplevel: '/home/eve/till' };
    await app.call('POST', '/hooks/gemini-cli/SessionStart', {
      token: secret,
      body: { input: { session_id: 'g1', cwd: '/home/eve/till' }, git: tree },
    });

    const answer = await app.call('GET', '/v1/agents', { token: secret });

    const { items } = answer.body as { items: { agent: string; repository: string }[] };
    expect(items.filter(({ repository }) => repository === 'acme/till')).toMatchObject([
      { agent: 'gemini-cli', state: 'incomplete', lastEvent: { event: 'SessionStart' } },
      {
        agent: 'codex',
        state: 'waiting',
        version: '0.169.0',
        missing: [expect.stringContaining('/hooks')],
      },
    ]);
  });

  test('an event that fires twice has one effect, and a guest of hooks has none', async () => {
    const { id } = await startSession('twice');
    const call = { ...edit('twice', '/home/ada/shop/src/t.ts'), tool_use_id: 'toolu_1' };

    await Promise.all([hook('PostToolUse', call), hook('PostToolUse', call)]);
    const guest = await hook('SessionStart', { ...call, cursor_version: '3' });
    const later = await hook('PostToolUse', { ...call, tool_use_id: 'x', cursor_version: '3' });

    expect(await app.services.sessions.find(id)).toMatchObject({ toolCalls: 1 });
    expect(guest.note).toContain('loom attach --agent cursor');
    expect(later.note).toBeNull();
  });
});

describe('who else is at it', () => {
  test('is told at the start of a session whose branch names the issue of another', async () => {
    await app.call('POST', '/v1/sessions', {
      token,
      body: {
        agent: 'codex',
        externalId: 'at-it',
        repository: 'acme/shop',
        intent: 'Fix the rounding of totals, #4711',
      },
    });

    await startSession('late');
    const answer = await hook(
      'SessionStart',
      { session_id: 'late', cwd: '/home/ada/shop', hook_event_name: 'SessionStart' },
      { tree: { branch: 'fix/4711-rounding' } },
    );

    expect(JSON.stringify(answer.output)).toContain('the same issue, acme/shop#4711');
    expect(JSON.stringify(answer.output)).toContain('by codex');
  });
});
