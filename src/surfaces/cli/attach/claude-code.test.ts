/**
 * Goal: attaching is idempotent, keeps what is not ours, and detaching gives back the file as it was.
 * Method: examples and properties over the pure functions.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { attachClaudeCode, detachClaudeCode, isAttached } from './claude-code.ts';
import { keepOriginals, readOriginals, restoreOriginals } from './originals.ts';

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

/** As people and tools write JSON: every indentation, one line, with and without a last line break. */
const layout = fc.record({
  indent: fc.constantFrom(2, 4, '\t', undefined),
  end: fc.constantFrom('', '\n'),
  lines: fc.constantFrom('\n', '\r\n'),
});

test('attaching twice is attaching once, and detaching gives every byte back', () => {
  fc.assert(
    fc.property(foreignSettings, foreignMcp, layout, (settings, mcp, { indent, end, lines }) => {
      const write = (value: object) =>
        (JSON.stringify(value, null, indent) + end).replaceAll('\n', lines);
      const before = { settings: write(settings), mcp: write(mcp) };

      const once = apply(before, attachClaudeCode);
      const twice = apply(once, attachClaudeCode);

      expect(isAttached(once.settings)).toBe(true);
      expect(twice).toEqual(once);
      expect(apply(twice, detachClaudeCode)).toEqual(before);
    }),
  );
});

test('detaching what was never attached changes nothing', () => {
  fc.assert(
    fc.property(foreignSettings, foreignMcp, layout, (settings, mcp, { indent, end }) => {
      const before = {
        settings: JSON.stringify(settings, null, indent) + end,
        mcp: JSON.stringify(mcp, null, indent) + end,
      };

      expect(apply(before, detachClaudeCode)).toEqual(before);
    }),
  );
});

test('a list written in one line stays in one line', () => {
  const before = { settings: '{\n  "enabledMcpjsonServers": ["jira"]\n}\n', mcp: undefined };

  const { settings } = apply(before, attachClaudeCode);

  expect(settings).toContain('"enabledMcpjsonServers": ["jira", "loom"]');
});

test('an older call of ours is replaced, and what shares its entry stays', () => {
  const settings = JSON.stringify({
    hooks: {
      Stop: [
        {
          hooks: [
            { type: 'command', command: './notify.sh' },
            { type: 'command', command: '/old/loom hook claude-code Stop', timeout: 5 },
          ],
        },
      ],
    },
  });

  const attached = apply({ settings, mcp: undefined }, attachClaudeCode);
  const detached = apply(attached, detachClaudeCode);

  expect(attached.settings).not.toContain('/old/loom');
  expect(JSON.parse(detached.settings!)).toEqual({
    hooks: { Stop: [{ hooks: [{ type: 'command', command: './notify.sh' }] }] },
  });
});

test("somebody else's server of our name is neither replaced nor removed", () => {
  const mcp = '{"mcpServers":{"loom":{"url":"https://loom.example.com"}}}';

  expect(() => attachClaudeCode({ settings: undefined, mcp }, loom)).toThrow(
    expect.objectContaining({ code: 'attach.name_taken' }),
  );
  expect(apply({ settings: undefined, mcp }, detachClaudeCode).mcp).toBe(mcp);
});

test.each(['{ "hooks": ', '[]', '{"hooks": []}', '{"hooks": {"Stop": {}}}'])(
  'a file that is not what the agent expects is refused before anything is written: %s',
  (settings) => {
    expect(() => attachClaudeCode({ settings, mcp: undefined }, loom)).toThrow(
      expect.objectContaining({ code: 'attach.unreadable_file' }),
    );
  },
);

test.each(['{}', '{ }\n', '{"hooks": {}}', '{"permissions":{"allow":[ ]},"x":1}', ''])(
  'while nobody touched it since, even emptiness comes back as it was: %j',
  (settings) => {
    const attached = attachClaudeCode({ settings, mcp: undefined }, loom);
    const again = { settings: attached[0]!.after, mcp: attached[1]!.after };

    const kept = keepOriginals({}, attached, () => true);
    const restored = restoreOriginals(kept, detachClaudeCode(again));

    expect(restored.map(({ after }) => after)).toEqual([settings, undefined]);
  },
);

test('a file edited since it was attached keeps the edit', () => {
  const attached = attachClaudeCode({ settings: '{"hooks": {}}', mcp: undefined }, loom);
  const kept = keepOriginals({}, attached, () => true);
  const edited = attached[0]!.after!.replace('{', '{ "model": "opus",');

  const [settings] = restoreOriginals(kept, detachClaudeCode({ settings: edited, mcp: undefined }));

  expect(JSON.parse(settings!.after!)).toEqual({ model: 'opus' });
});

test.each([undefined, '', 'null', '{"a": 1}', '{"a": {"before": "x"}}'])(
  'a spoilt memory of originals counts as none: %j',
  (text) => expect(readOriginals(text)).toEqual({}),
);
