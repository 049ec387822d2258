/**
 * Goal: a table comes into a TOML file and leaves it again, and nothing else moves.
 * Method: examples as people write such files, and a property over random ones.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readToml, removeTable, setTable, tomlAt } from './toml-text.ts';

const OURS = { command: 'loom', args: ['--url', 'http://x', 'mcp'], enabled: true };

const FILES = [
  '',
  'model = "gpt-5"\n',
  '# my settings\nmodel = "gpt-5" # the good one',
  '[mcp_servers.docs]\ncommand = "docs" # [mcp_servers.loom]\n\n# end\n',
  'a = """\n[mcp_servers.loom]\n"""\r\n[b]\r\nc = [\r\n  1,\r\n]\r\n',
  '[[list]]\nx = 1\n[[list]]\nx = 2\n',
];

test.each(FILES)(
  'a table is added at the end, and taking it out gives every byte back: %j',
  (before) => {
    const after = setTable(before, 'mcp_servers.loom', OURS)!;

    expect(after.startsWith(before)).toBe(true);
    expect(
      tomlAt((readToml(after) as { value: object }).value as never, 'mcp_servers.loom'),
    ).toEqual(OURS);
    expect(setTable(after, 'mcp_servers.loom', OURS)).toBe(after);
    expect(removeTable(after, 'mcp_servers.loom')?.trimEnd()).toBe(before.trimEnd());
  },
);

test('what follows the table, and comments around it, stay', () => {
  const text =
    '[mcp_servers.loom] # ours\ncommand = "old"\nargs = [\n  "mcp",\n]\n\n# about b\n[b]\nc = 1\n';

  expect(removeTable(text, 'mcp_servers.loom')).toBe('\n# about b\n[b]\nc = 1\n');
});

test.each([
  ['a parent in one line', 'mcp_servers = { docs = { command = "x" } }\n'],
  ['a text that is no TOML', 'model = \n'],
])('%s is left alone', (_what, text) => {
  expect(setTable(text, 'mcp_servers.loom', OURS)).toBeUndefined();
});

test('a table written with dots is not taken out by halves', () => {
  expect(removeTable('mcp_servers.loom.command = "x"\n', 'mcp_servers.loom')).toBeUndefined();
});

test('any text of a value survives being written', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (command, args) => {
      const after = setTable('# x\n', 'a.b', { command, args })!;

      expect(tomlAt((readToml(after) as { value: object }).value as never, 'a.b')).toEqual({
        command,
        args,
      });
    }),
  );
});
