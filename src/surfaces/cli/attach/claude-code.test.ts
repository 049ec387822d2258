/**
 * Goal: attaching is idempotent, keeps what is not ours, and detaching gives back the file as it was.
 * Method: examples and properties over the pure functions.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { attachClaudeCode, detachClaudeCode, isAttached } from './claude-code.ts';

const loom = { command: '/opt/loom stack/bin/loom', args: [] };

function apply(
  files: { settings: string | undefined; mcp: string | undefined },
  verb: typeof attachClaudeCode | typeof detachClaudeCode,
) {
  const [settings, mcp] =
    verb === detachClaudeCode ? detachClaudeCode(files) : attachClaudeCode(files, loom);
  return { settings: settings?.after, mcp: mcp?.after };
}

test('a fresh repository gets hooks, permission and server, and gives them all back', () => {
  const nothing = { settings: undefined, mcp: undefined };

  const attached = apply(nothing, attachClaudeCode);

  expect(isAttached(attached.settings)).toBe(true);
  expect(JSON.parse(attached.mcp!)).toMatchObject({
    mcpServers: { loom: { command: loom.command, args: ['mcp'] } },
  });
  expect(attached.settings).toContain("'/opt/loom stack/bin/loom' hook claude-code SessionStart");
  expect(apply(attached, detachClaudeCode)).toEqual(nothing);
});

const foreignHook = fc.record({
  matcher: fc.constantFrom('Bash', '*', 'Edit'),
  hooks: fc.array(
    fc.record({
      type: fc.constant('command'),
      command: fc.constantFrom('make lint', './notify.sh'),
    }),
    {
      minLength: 1,
      maxLength: 2,
    },
  ),
});
const foreignSettings = fc.record(
  {
    model: fc.string(),
    hooks: fc.dictionary(
      fc.constantFrom('PreToolUse', 'Stop', 'Notification'),
      fc.array(foreignHook, { minLength: 1, maxLength: 2 }),
      { minKeys: 1, noNullPrototype: true },
    ),
    permissions: fc.record({
      deny: fc.array(fc.string()),
      allow: fc.array(fc.constantFrom('Bash(ls)', 'Read'), { minLength: 1 }),
    }),
    enabledMcpjsonServers: fc.array(fc.constantFrom('jira', 'docs'), { minLength: 1 }),
  },
  { requiredKeys: ['model'] },
);
const foreignMcp = fc.record({
  mcpServers: fc.dictionary(fc.constantFrom('jira', 'docs'), fc.record({ url: fc.webUrl() }), {
    minKeys: 1,
  }),
});

test('attaching twice is attaching once, and detaching restores what others wrote', () => {
  fc.assert(
    fc.property(foreignSettings, foreignMcp, fc.constantFrom(2, 4), (settings, mcp, indent) => {
      const before = {
        settings: JSON.stringify(settings, null, indent),
        mcp: JSON.stringify(mcp, null, indent),
      };

      const once = apply(before, attachClaudeCode);
      const twice = apply(once, attachClaudeCode);
      const restored = apply(twice, detachClaudeCode);

      expect(twice).toEqual(once);
      expect(JSON.parse(restored.settings!)).toEqual(settings);
      expect(JSON.parse(restored.mcp!)).toEqual(mcp);
    }),
  );
});

test('a file that is not JSON is refused before anything is written', () => {
  expect(() => attachClaudeCode({ settings: '{ "hooks": ', mcp: undefined }, loom)).toThrow(
    expect.objectContaining({ code: 'attach.unreadable_file' }),
  );
});
