/**
 * Where each agent is told to report tokens and cost: a table, as the programs read it. Tokens are never
 * written: Claude Code runs a command for its headers, the others take them from the environment
 * (OTEL_EXPORTER_OTLP_HEADERS). What was seen working is in docs/agents.md. Pure.
 */
import { join } from 'node:path';
import type { Caller, Homes } from './agents.ts';
import type { FilePlan, Scope } from './wiring.ts';

export interface TelemetryPlace {
  scope: Scope;
  homes: Homes;
  caller: Caller;
  /** Address of the server, without a slash at its end. */
  url: string;
}

/** Our receiver, wherever the server is. */
function isOurEndpoint(value: unknown): boolean {
  return typeof value === 'string' && /\/otlp(?:\/v1\/logs)?$/.test(value);
}

/** The files that send an agent's telemetry to us; none where it takes no such setting in this scope. */
export function telemetryPlans(agent: string, place: TelemetryPlace): FilePlan[] {
  const { scope, homes, url } = place;
  const endpoint = `${url}/otlp`;
  // Claude Code and Codex heed these settings in a person's own files only.
  if (agent === 'claude-code' && scope === 'user') {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_LOGS_EXPORTER: 'otlp',
      CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    };
    return [
      {
        path: join(homes.claude, 'settings.json'),
        format: 'json',
        hooksOf: agent,
        entries: [
          {
            kind: 'group',
            at: ['env', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
            isOurs: isOurEndpoint,
            members: [
              ...Object.entries(env).map(([name, value]) => ({ at: ['env', name], value })),
              { at: ['otelHeadersHelper'], value: headersCommand(place.caller) },
            ],
          },
        ],
      },
    ];
  }
  if (agent === 'codex' && scope === 'user') {
    return [
      {
        path: join(homes.codex, 'config.toml'),
        format: 'toml',
        table: 'otel',
        value: {
          log_user_prompt: false,
          exporter: { 'otlp-http': { endpoint: `${endpoint}/v1/logs`, protocol: 'json' } },
        },
        isOurs: (value) => {
          const exporter = (
            value as { exporter?: Record<string, { endpoint?: unknown }> } | undefined
          )?.exporter;
          return isOurEndpoint(exporter?.['otlp-http']?.endpoint);
        },
        yields: true,
      },
    ];
  }
  if (agent === 'gemini-cli') {
    const telemetry = {
      otlpEndpoint: endpoint,
      otlpProtocol: 'http',
      target: 'local',
      enabled: true,
      logPrompts: false,
    };
    return [
      {
        path: join(
          scope === 'repository' ? '.gemini' : join(homes.home, '.gemini'),
          'settings.json',
        ),
        format: 'json',
        hooksOf: agent,
        entries: [
          {
            kind: 'group',
            at: ['telemetry', 'otlpEndpoint'],
            isOurs: isOurEndpoint,
            members: Object.entries(telemetry).map(([name, value]) => ({
              at: ['telemetry', name],
              value,
            })),
          },
        ],
      },
    ];
  }
  return [];
}

/** What a person must do so that telemetry arrives; nothing for agents that send none. */
export function telemetryNotes(agent: string, { scope, url, caller }: TelemetryPlace): string[] {
  const headers = `OTEL_EXPORTER_OTLP_HEADERS="$(${headersCommand(caller)} --env)"`;
  if ((agent === 'claude-code' || agent === 'codex') && scope === 'repository') {
    return [
      `${agent} takes telemetry settings from your own files only: \`loom attach --telemetry --agent ${agent}\` writes them, and tokens and cost are counted as it reports them.`,
    ];
  }
  switch (agent) {
    case 'codex':
    case 'gemini-cli':
      return [`To count its tokens, start it with \`export ${headers}\`; no token is in a file.`];
    case 'copilot':
      return [
        `To count its tokens, start it with \`export COPILOT_OTEL_ENABLED=true OTEL_EXPORTER_OTLP_ENDPOINT=${url}/otlp ${headers}\`.`,
      ];
    default:
      return [];
  }
}

function headersCommand({ command, args }: Caller): string {
  const quote = (word: string) =>
    /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
  return [command, ...args, 'telemetry-headers'].map(quote).join(' ');
}
