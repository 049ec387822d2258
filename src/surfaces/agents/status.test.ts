/**
 * Goal: whoever looks at the agents sees which one works, which is silent, and what to do about it.
 * Method: rows as they are kept, and what is made of them.
 */
import { expect, test } from 'vitest';
import type { AgentEventRow, AttachmentRow } from './activity.ts';
import { summariseAgents } from './status.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 12, minute));
const place = { agent: 'codex', personId: 'usr_1', repository: 'acme/shop' };
const heard = (event: string, minute = 5, events = 1): AgentEventRow => ({
  ...place,
  event,
  version: null,
  lastAt: at(minute),
  events,
});
const tools: AgentEventRow = { ...heard('mcp', 6), repository: '', version: '0.169.0' };
const attachment: AttachmentRow = {
  ...place,
  version: null,
  attachedAt: at(1),
  detachedAt: null,
};

test('an agent whose start, prompt and tools were heard is connected, with the version it names', () => {
  const rows = [
    heard('SessionStart', 3),
    heard('UserPromptSubmit', 4),
    heard('PostToolUse', 5),
    tools,
  ];

  expect(summariseAgents(rows, [attachment])).toMatchObject([
    {
      ...place,
      state: 'connected',
      version: '0.169.0',
      events: 3,
      lastEvent: { event: 'PostToolUse', at: at(5) },
      toolsLastAt: at(6),
      missing: [],
    },
  ]);
});

test('an agent that was attached and never spoke waits, and the reason of that agent is named', () => {
  const [status] = summariseAgents([tools], [attachment]);

  expect(status).toMatchObject({ state: 'waiting', lastEvent: null });
  expect(status!.missing[0]).toMatch(/No hook has fired.*loom doctor --agent codex.*\/hooks/);
});

test('what is heard in part is incomplete', () => {
  const start = heard('SessionStart');
  const prompts = heard('UserPromptSubmit', 5, 3);

  const [inPart] = summariseAgents([start, tools], [attachment]);
  const [withoutCalls] = summariseAgents([start, prompts, tools], [attachment]);
  const [withoutTools] = summariseAgents([start, prompts, heard('PostToolUse')], [attachment]);

  expect(inPart).toMatchObject({ state: 'incomplete' });
  expect(inPart!.missing.join()).toContain('prompt-submitted');
  expect(withoutCalls!.missing.join()).toContain('no tool call');
  expect(withoutTools!.missing.join()).toContain('MCP server');
});

test('a detached agent lacks nothing, until it is heard again', () => {
  const detached = { ...attachment, detachedAt: at(10) };
  const before = [heard('SessionStart', 5)];

  expect(summariseAgents(before, [detached])).toMatchObject([{ state: 'detached', missing: [] }]);
  expect(summariseAgents([heard('SessionStart', 11)], [detached])).toMatchObject([
    { state: 'incomplete' },
  ]);
});

test('a client that only uses the tools has a row of its own, the last heard of first', () => {
  const other = { ...tools, agent: 'zed', version: '1', lastAt: at(30) };

  expect(summariseAgents([heard('SessionStart'), other], [])).toMatchObject([
    { agent: 'zed', repository: null, state: 'connected', missing: [] },
    { agent: 'codex' },
  ]);
});
