/**
 * Goal: an agent in a loop hears of it in its own words, is stopped, and goes on when a person says so.
 * Method: the real app; hook inputs as Claude Code and Cursor write them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApp, testApp } from '#testing/app';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await testApp();
  token = await app.tokenFor('developer');
});
afterAll(() => app[Symbol.asyncDispose]());

async function hook(event: string, session: string, input: object = {}, agent = 'claude-code') {
  const answer = await app.call('POST', `/hooks/${agent}/${event}`, {
    token,
    body: { input: { session_id: session, cwd: '/home/ada/shop', ...input }, git: {} },
  });
  return (answer.body as { output: Record<string, unknown> }).output;
}

let calls = 0;
const install = () => {
  calls += 1;
  return {
    tool_name: 'Bash',
    tool_input: { command: 'npm install left-pad', description: `try ${calls}` },
    tool_use_id: `toolu_${calls}`,
  };
};
const failed = (session: string, agent?: string) =>
  hook(
    'PostToolUseFailure',
    session,
    { ...install(), error: `Exit code 1\nnpm ERR! code E404 (${calls * 31}ms)` },
    agent,
  );
const idOf = async (session: string) =>
  (await app.services.sessions.findByExternalId('claude-code', session))!.id;

test('a failing call is nudged, blocked, and then the turn is ended; a prompt starts afresh', async () => {
  await hook('UserPromptSubmit', 'loop', { prompt: 'Fix the build' });
  const first = await failed('loop');
  const second = await failed('loop');
  const blocked = await hook('PreToolUse', 'loop', install());
  const stopped = await hook('PreToolUse', 'loop', install());
  const other = await hook('PreToolUse', 'loop', {
    ...install(),
    tool_input: { command: 'npm ci' },
  });
  await hook('UserPromptSubmit', 'loop', { prompt: 'Use the mirror' });
  const after = await hook('PreToolUse', 'loop', install());

  expect(first).toEqual({});
  expect(second).toEqual({
    hookSpecificOutput: {
      hookEventName: 'PostToolUseFailure',
      additionalContext: expect.stringContaining('failed the same way 2 times'),
    },
  });
  expect(blocked).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } });
  expect(blocked).not.toHaveProperty('continue');
  expect(stopped).toMatchObject({ continue: false, stopReason: expect.any(String) });
  expect(other).toMatchObject({ continue: false });
  expect(after).toEqual({});
});

test('an agent that cannot be stopped by an answer has its calls denied', async () => {
  for (let call = 0; call < 3; call += 1) {
    await hook(
      'postToolUse',
      'cursor-loop',
      { ...install(), cursor_version: '1.0', tool_output: 'error: no such package' },
      'cursor',
    );
  }

  const answer = await hook(
    'preToolUse',
    'cursor-loop',
    { ...install(), cursor_version: '1.0' },
    'cursor',
  );

  expect(answer).toMatchObject({ permission: 'deny' });
});

test('the third stop ends the session until a person lifts it', async () => {
  for (let turn = 0; turn < 3; turn += 1) {
    await hook('UserPromptSubmit', 'ended', { prompt: `Try ${turn}` });
    for (let call = 0; call < 3; call += 1) await failed('ended');
  }
  const id = await idOf('ended');
  const prompt = await hook('UserPromptSubmit', 'ended', { prompt: 'Once more' });
  const over = await app.services.sessions.find(id);

  const lift = { body: { reason: 'The registry is back' } };
  const byAgent = await app.call('POST', `/v1/sessions/${id}/breaker/reset`, { token, ...lift });
  const child = await app.call('POST', '/v1/tokens', { token, body: { name: 'of my own' } });
  const byChild = await app.call('POST', `/v1/sessions/${id}/breaker/reset`, {
    token: (child.body as { secret: string }).secret,
    ...lift,
  });
  const login = await app.loginAgain(token);
  const lifted = await app.call('POST', `/v1/sessions/${id}/breaker/reset`, {
    token: login,
    ...lift,
  });
  const shown = await app.call('GET', `/v1/sessions/${id}/breaker`, { token });
  const again = await hook('UserPromptSubmit', 'ended', { prompt: 'Go on' });

  expect(prompt).toMatchObject({ decision: 'block', reason: expect.stringContaining('lift') });
  expect(over).toMatchObject({ state: 'ended' });
  for (const refused of [byAgent, byChild]) {
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'breakers.token_of_a_session' },
    });
  }
  expect(lifted).toMatchObject({ status: 200, body: { stage: 'closed' } });
  expect(shown.body).toMatchObject({
    stage: 'closed',
    items: [
      { stage: 'end-session', handOver: expect.stringContaining('Try 0') },
      { stage: 'end-turn', liftedBy: expect.stringMatching(/^usr_/) },
      { stage: 'end-turn' },
    ],
  });
  expect(again).toEqual({});
});

test("somebody else's session cannot be lifted", async () => {
  await failed('mine');
  const secret = await app.tokenFor('developer');

  const answer = await app.call('POST', `/v1/sessions/${await idOf('mine')}/breaker/reset`, {
    token: secret,
    body: { reason: 'Let me' },
  });

  expect(answer.status).toBe(404);
});

test('what was stopped, what is held back and what it saved is one answer', async () => {
  const { body } = await app.call('GET', '/v1/breakers', { token });

  expect(body).toMatchObject({
    totals: { days: 30, sessionsEnded: 1, turnsEnded: 4 },
    fleet: [],
    items: expect.arrayContaining([expect.objectContaining({ rule: 'same-call' })]),
  });
});

test('sessions without a model hold new ones back', async () => {
  for (const session of ['out-1', 'out-2', 'out-3']) {
    await hook('UserPromptSubmit', session, { prompt: 'Hello' });
    await hook('StopFailure', session, { error: 'rate_limit' });
  }

  const { body } = await app.call('GET', '/v1/breakers', { token });

  expect(body).toMatchObject({ fleet: [{ scope: 'provider', key: 'claude-code', state: 'open' }] });
});
