/**
 * Goal: for every agent, attaching is idempotent, keeps what is not ours, and detaching gives back every
 * file as it was. Method: examples and properties over the pure functions, for each agent of the table.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Place, WIRINGS, type Wiring } from './agents.ts';
import { readJson } from './json-text.ts';
import { dropOriginals, keepOriginals, readOriginals, restoreOriginals } from './originals.ts';
import { telemetryNotes, telemetryPlans, type TelemetryPlace } from './telemetry.ts';
import { attachFile, detachFile, type FilePlan, isWired, type WiredFile } from './wiring.ts';

const PLACE: Place = {
  scope: 'repository',
  homes: {
    home: '/home/ada',
    claude: '/home/ada/.claude',
    codex: '/home/ada/.codex',
    copilot: '/home/ada/.copilot',
    config: '/home/ada/.config',
  },
  caller: { command: '/opt/loom stack/bin/loom', args: ['--url', 'http://loom.example'] },
  exists: () => false,
};
type Files = Record<string, string | undefined>;

/** As `--user` wires an agent: hooks, servers, and where it reports what it used. */
const USER: TelemetryPlace = { ...PLACE, scope: 'user', url: 'http://127.0.0.1:7400' };
const telemetryOf = (agent: string) => telemetryPlans(agent, USER)[0]!;

const claude = WIRINGS.find(({ agent }) => agent === 'claude-code')!;
const wiringOf = (agent: string) => WIRINGS.find((wiring) => wiring.agent === agent)!;

function run(wiring: Wiring, files: Files, verb: typeof attachFile | typeof detachFile): Files {
  const plans = wiring.files(PLACE);
  return Object.fromEntries(
    plans.map((plan) => [plan.path, verb(plan, files[plan.path]).after] as const),
  );
}

function wire(wiring: Wiring, files: Files): WiredFile[] {
  return wiring.files(PLACE).map((plan) => attachFile(plan, files[plan.path]));
}

const jsonPlans = (wiring: Wiring) =>
  wiring
    .files(PLACE)
    .filter((plan): plan is FilePlan & { format: 'json' } => plan.format === 'json');

describe.each(WIRINGS)('$agent', (wiring) => {
  test('a fresh folder gets everything, and gives everything back', () => {
    const attached = run(wiring, {}, attachFile);
    const detached = run(wiring, attached, detachFile);

    for (const plan of wiring.files(PLACE)) expect(isWired(plan, attached[plan.path])).toBe(true);
    expect(Object.values(detached).every((text) => text === undefined)).toBe(true);
  });

  test.each(['repository', 'user'] as const)('is wired for a %s in files of its own', (scope) => {
    const paths = wiring.files({ ...PLACE, scope }).map(({ path }) => path);

    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.every((path) => path.startsWith('/home/ada/') === (scope === 'user'))).toBe(true);
  });

  test('attaching twice is attaching once, and detaching gives every byte back', () => {
    fc.assert(
      fc.property(foreign(wiring), layout, (content, { indent, end, lines, comment }) => {
        const before: Files = { ...TOML };
        for (const { path } of jsonPlans(wiring)) {
          before[path] =
            comment + (JSON.stringify(content, null, indent) + end).replaceAll('\n', lines);
        }

        const once = run(wiring, before, attachFile);
        const twice = run(wiring, once, attachFile);
        const detached = run(wiring, twice, detachFile);

        for (const plan of wiring.files(PLACE)) expect(isWired(plan, once[plan.path])).toBe(true);
        expect(twice).toEqual(once);
        for (const { path } of jsonPlans(wiring)) expect(detached[path]).toBe(before[path]);
      }),
      { numRuns: 12 },
    );
  });

  test('detaching what was never attached changes nothing', () => {
    fc.assert(
      fc.property(foreign(wiring), layout, (content, { indent, end, comment }) => {
        for (const plan of jsonPlans(wiring)) {
          const before = comment + JSON.stringify(content, null, indent) + end;

          expect(detachFile(plan, before).after).toBe(before);
        }
      }),
      { numRuns: 12 },
    );
  });

  test('a file that is not what the agent expects is refused, and named', () => {
    for (const plan of jsonPlans(wiring)) {
      for (const text of ['{ "hooks": ', '[]', '{"hooks": []}', '{"a": 1} x']) {
        for (const verb of [attachFile, detachFile]) {
          expect(() => verb(plan, text)).toThrow(
            expect.objectContaining({
              code: 'attach.unreadable_file',
              message: expect.stringContaining(plan.path),
            }),
          );
        }
      }
    }
  });
});

const TOML: Files = { '.codex/config.toml': '# mine\nmodel = "gpt-5"\n\n[tools]\nweb = true\n' };

/** What may stand in a file before us: settings, hooks of others in the agent's own shape, servers. */
function foreign(wiring: Wiring) {
  const events = jsonPlans(wiring)
    .flatMap(({ entries }) => entries)
    .flatMap(({ kind, at }) => (kind === 'hook' ? [at.at(-1)!] : []));
  const command = fc.constantFrom('make lint', './notify.sh', 'loom hook claude-code-like X');
  const hook = fc.oneof(
    fc.record({ command, timeout: fc.nat(9) }),
    fc.record({ type: fc.constant('command'), bash: command }),
    fc.record({
      matcher: fc.constantFrom('Bash', '*'),
      hooks: fc.array(fc.record({ type: fc.constant('command'), command }), {
        minLength: 1,
        maxLength: 2,
      }),
    }),
  );
  const servers = fc.dictionary(fc.constantFrom('jira', 'docs'), fc.record({ url: fc.webUrl() }), {
    minKeys: 1,
    noNullPrototype: true,
  });
  return fc.record(
    {
      model: fc.string(),
      version: fc.constant(1),
      hooks: fc.dictionary(
        fc.constantFrom('Notification', ...events),
        fc.array(hook, { minLength: 1, maxLength: 2 }),
        { minKeys: 1, noNullPrototype: true },
      ),
      permissions: fc.record({
        allow: fc.array(fc.constantFrom('Read', 'Bash(ls)'), { minLength: 1 }),
      }),
      mcpServers: servers,
      mcp: servers,
    },
    { requiredKeys: ['model', 'version'], noNullPrototype: true },
  );
}

/** As people and tools write JSON: every indentation, one line, with and without a last line break. */
const layout = fc.record({
  indent: fc.constantFrom(2, 4, '\t', undefined),
  end: fc.constantFrom('', '\n'),
  lines: fc.constantFrom('\n', '\r\n'),
  comment: fc.constantFrom('', '// mine\n', '/* { */\n'),
});

test('calls and servers are quoted for a shell and for a program', () => {
  const { '.claude/settings.json': settings, '.mcp.json': mcp } = run(claude, {}, attachFile);

  expect(settings).toContain(
    "'/opt/loom stack/bin/loom' --url http://loom.example hook claude-code SessionStart",
  );
  expect(JSON.parse(mcp!)).toMatchObject({
    mcpServers: {
      loom: { command: PLACE.caller.command, args: ['--url', 'http://loom.example', 'mcp'] },
    },
  });
});

test('a list written in one line stays in one line', () => {
  const before = { '.claude/settings.json': '{\n  "enabledMcpjsonServers": ["jira"]\n}\n' };

  const { '.claude/settings.json': after } = run(claude, before, attachFile);

  expect(after).toContain('"enabledMcpjsonServers": ["jira", "loom"]');
});

test('an older call of ours is replaced, also of an event we left, and what shares its entry stays', () => {
  const notify = { type: 'command', command: './notify.sh' };
  const old = (event: string) => ({
    type: 'command',
    command: `/old/loom hook claude-code ${event}`,
    timeout: 5,
  });
  const settings = JSON.stringify({
    hooks: {
      Stop: [{ hooks: [notify, old('Stop')] }],
      PreCompact: [{ hooks: [old('PreCompact')] }],
    },
  });

  const attached = run(claude, { '.claude/settings.json': settings }, attachFile);
  const detached = run(claude, attached, detachFile);

  expect(attached['.claude/settings.json']).not.toContain('/old/loom hook claude-code Stop');
  expect(JSON.parse(detached['.claude/settings.json']!)).toEqual({
    hooks: { Stop: [{ hooks: [notify] }] },
  });
});

test("somebody else's server of our name is neither replaced nor removed", () => {
  const mcp = '{"mcpServers":{"loom":{"url":"https://loom.example.com"}}}';
  const toml = '[mcp_servers.loom]\nurl = "https://loom.example.com"\n';

  for (const [wiring, path, text] of [
    [claude, '.mcp.json', mcp],
    [wiringOf('codex'), '.codex/config.toml', toml],
  ] as const) {
    expect(() => run(wiring, { [path]: text }, attachFile)).toThrow(
      expect.objectContaining({ code: 'attach.name_taken' }),
    );
    expect(run(wiring, { [path]: text }, detachFile)[path]).toBe(text);
  }
});

test('a plugin of ours that was changed by hand is neither overwritten nor removed', () => {
  const wiring = wiringOf('opencode');
  const path = '.opencode/plugin/loomstack.js';
  const edited = { ...run(wiring, {}, attachFile) };
  edited[path] += '// my own line\n';

  for (const verb of [attachFile, detachFile]) {
    expect(() => run(wiring, edited, verb)).toThrow(
      expect.objectContaining({ code: 'attach.edited_file' }),
    );
  }
});

test('what an agent that stays attached needs in a shared file is left to it', () => {
  const [, mcpOfClaude] = claude.files(PLACE);
  const [plan] = wiringOf('mcp').files(PLACE);
  const both = attachFile(mcpOfClaude!, undefined).after;

  expect(detachFile(plan!, both, [mcpOfClaude!]).after).toBe(both);
  expect(detachFile(plan!, both).after).toBeUndefined();
});

describe('while nobody touched it since', () => {
  test.each(['{}', '{ }\n', '{"hooks": {}}', '{"permissions":{"allow":[ ]},"x":1}', ''])(
    'even emptiness comes back as it was: %j',
    (settings) => {
      const attached = wire(claude, { '.claude/settings.json': settings });
      const kept = keepOriginals({}, attached, () => true);
      const again = claude.files(PLACE).map((plan, at) => detachFile(plan, attached[at]!.after));

      const restored = restoreOriginals(kept, again);

      expect(restored.map(({ after }) => after)).toEqual([settings, undefined]);
      expect(dropOriginals(kept, restored, () => true)).toEqual({});
    },
  );

  test('a comment that an edit of its neighbour would move comes back as well', () => {
    const settings = '{ // mine\n}';
    const attached = wire(claude, { '.claude/settings.json': settings });
    const kept = keepOriginals({}, attached, () => true);

    const [restored] = restoreOriginals(kept, [
      detachFile(claude.files(PLACE)[0]!, attached[0]!.after),
    ]);

    expect(restored!.after).toBe(settings);
  });
});

test('a file edited since it was attached keeps the edit', () => {
  const attached = wire(claude, { '.claude/settings.json': '{"hooks": {}}' });
  const kept = keepOriginals({}, attached, () => true);
  const edited = attached[0]!.after!.replace('{', '{ "model": "opus", // better\n');

  const [settings] = restoreOriginals(kept, [detachFile(claude.files(PLACE)[0]!, edited)]);

  expect(settings!.after).toContain('// better');
  expect(readJson(settings!.after!)).toEqual({ value: { model: 'opus' } });
});

test.each([undefined, '', 'null', '{"a": 1}', '{"a": {"before": "x"}}'])(
  'a spoilt memory of originals counts as none: %j',
  (text) => expect(readOriginals(text)).toEqual({}),
);

describe('where an agent reports what it used', () => {
  const FOREIGN = {
    'claude-code': '{\n  // ours\n  "env": { "FOO": "1" }, "model": "opus"\n}\n',
    codex: '# mine\nmodel = "x"\n',
    'gemini-cli': '{ "ui": { "theme": "dark" } }',
  };
  test.each(['claude-code', 'codex', 'gemini-cli'] as const)(
    '%s: is written once, without a secret, and taken out to the byte',
    (agent) => {
      const plan = telemetryOf(agent);

      for (const before of [undefined, FOREIGN[agent]]) {
        const once = attachFile(plan, before).after;
        expect(attachFile(plan, once).after).toBe(once);
        expect(once).toContain('http://127.0.0.1:7400/otlp');
        expect(once).not.toMatch(/Bearer|Authorization/i);
        expect(detachFile(plan, once).after).toBe(before);
      }
    },
  );

  test.each([
    ['claude-code', '{"env":{"OTEL_EXPORTER_OTLP_ENDPOINT":"https://otel.example"}}'],
    ['claude-code', '{"env":{"CLAUDE_CODE_ENABLE_TELEMETRY":"1"}}'],
    ['codex', '[otel]\nexporter = "none"\n'],
    ['gemini-cli', '{"telemetry":{"enabled":false}}'],
  ])('%s: what somebody has set for another receiver stays: %s', (agent, before) => {
    const plan = telemetryOf(agent);

    expect(attachFile(plan, before).after).toBe(before);
    expect(detachFile(plan, before).after).toBe(before);
  });

  test('another address of ours is replaced, and what a person changed since is left to them', () => {
    const plan = telemetryOf('claude-code');
    const attached = attachFile(plan, '{}').after!;

    const moved = attached.replace('127.0.0.1:7400', 'loom.example');
    const changed = attached.replace('"http/json"', '"grpc"');

    expect(attachFile(plan, moved).after).toBe(attached);
    expect(readJson(detachFile(plan, changed).after!)).toEqual({
      value: { env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' } },
    });
  });

  test('an agent that heeds no such file of a repository gets none, and the person a way', () => {
    const place = { ...USER, scope: 'repository' as const };

    expect(telemetryPlans('claude-code', place)).toEqual([]);
    expect(telemetryNotes('claude-code', place)[0]).toContain('loom attach --telemetry');
    expect(telemetryNotes('copilot', USER)[0]).toMatch(
      /COPILOT_OTEL_ENABLED.*telemetry-headers --env/,
    );
    expect(telemetryNotes('cursor', USER)).toEqual([]);
  });
});
