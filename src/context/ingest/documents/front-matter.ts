/** YAML between two `---` lines at the very start of a document. */
import { parse as parseYaml } from 'yaml';

export interface FrontMatter {
  values: Record<string, unknown>;
  /** Line of the text at which the body starts, counted from 0. */
  bodyLine: number;
  body: string;
}

const MAX_CHARACTERS = 20_000;

export function readFrontMatter(text: string): FrontMatter {
  const plain = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const end = plain.startsWith('---\n')
    ? /\n(?:---|\.\.\.)[ \t]*(?:\n|$)/.exec(plain.slice(3, MAX_CHARACTERS))
    : null;
  if (end === null) return { values: {}, bodyLine: 0, body: plain };
  const yaml = plain.slice(4, 3 + end.index);
  const bodyStart = 3 + end.index + end[0].length;
  return {
    values: parseValues(yaml),
    bodyLine: plain.slice(0, bodyStart).split('\n').length - 1,
    body: plain.slice(bodyStart),
  };
}

function parseValues(yaml: string): Record<string, unknown> {
  let values: unknown;
  try {
    values = parseYaml(yaml, { maxAliasCount: 20, logLevel: 'silent' });
  } catch {
    // Cursor writes `globs: *.ts`, which YAML takes for an alias: read such lines one by one.
    values = Object.fromEntries(
      yaml.split('\n').flatMap((line) => {
        const pair = /^([\w-]{1,100}):[ \t]*(.*)$/.exec(line);
        return pair === null ? [] : [[pair[1]!, pair[2]!]];
      }),
    );
  }
  const isRecord = typeof values === 'object' && values !== null && !Array.isArray(values);
  return isRecord ? (values as Record<string, unknown>) : {};
}

/** A value as text; dates as days. */
export function asText(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

export function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((entry) => asText(entry) ?? []);
}
