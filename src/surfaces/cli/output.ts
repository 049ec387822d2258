/** What the command line prints: aligned tables for people, JSON for programs, nothing else. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { type ErrorKind, toAppError } from '#kernel';

export interface Output {
  readonly isJson: boolean;
  /** Prints the value as JSON, or what `render` makes of it. */
  result<Value>(value: Value, render: (value: Value) => string): void;
  /** A line for people only; programs do not get it. */
  note(text: string): void;
}

export interface Streams {
  out: (text: string) => void;
  err: (text: string) => void;
  isTerminal: boolean;
}

export function createOutput(streams: Streams, isJson: boolean): Output {
  return {
    isJson,
    result(value, render) {
      streams.out(
        isJson
          ? `${JSON.stringify(value, null, 2)}\n`
          : `${printableLines(render(value)).trimEnd()}\n`,
      );
    },
    note(text) {
      if (!isJson) streams.err(`${text}\n`);
    },
  };
}

/** Exit codes, stable and documented in docs/cli.md. */
export const EXIT_CODES = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  conflict: 5,
  unavailable: 6,
  /** `loom check`: a human is needed. */
  escalate: 10,
  /** `loom check`: on hold. */
  block: 11,
  /** `loom audit verify`, `loom doctor`: something is wrong with what was checked. */
  unsound: 12,
} as const;

const EXIT_OF_KIND: Record<ErrorKind, number> = {
  invalid: EXIT_CODES.usage,
  unauthenticated: EXIT_CODES.notAllowed,
  forbidden: EXIT_CODES.notAllowed,
  not_found: EXIT_CODES.notFound,
  conflict: EXIT_CODES.conflict,
  limit_exceeded: EXIT_CODES.unavailable,
  internal: EXIT_CODES.failed,
  unavailable: EXIT_CODES.unavailable,
};

/** The one place where a failure becomes words and an exit code. */
export function reportError(streams: Streams, isJson: boolean, thrown: unknown): number {
  const error = toAppError(thrown);
  if (isJson) {
    const { code, message, hint, details } = error;
    streams.err(
      `${JSON.stringify({ error: { code, message, hint: hint ?? null, ...details } })}\n`,
    );
  } else {
    const red = (text: string) => (streams.isTerminal ? styleText('red', text) : text);
    streams.err(`${red('error')}: ${printable(error.message)}\n`);
    if (error.hint !== undefined) streams.err(`  ${printable(error.hint)}\n`);
    streams.err(`  (${error.code})\n`);
    if (error.code === 'kernel.unexpected' && error.cause instanceof Error) {
      streams.err(`  ${printable(error.cause.message)}\n`);
    }
  }
  return EXIT_OF_KIND[error.kind];
}

export interface Column<Row> {
  title: string;
  value(row: Row): string | number | null | undefined;
  align?: 'right';
  /** Longest text shown; the rest becomes an ellipsis. */
  max?: number;
}

/** A table with aligned columns; an empty one says what to do instead. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  whenEmpty: string,
): string {
  if (rows.length === 0) return whenEmpty;
  const cells = rows.map((row) =>
    columns.map((column) => cut(printable(column.value(row)), column.max ?? 60)),
  );
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => line[index]!.length)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) =>
        columns[index]!.align === 'right'
          ? text.padStart(widths[index]!)
          : text.padEnd(widths[index]!),
      )
      .join('  ')
      .trimEnd();
  return [line(columns.map(({ title }) => title.toUpperCase())), ...cells.map(line)].join('\n');
}

/** Text from outside may carry escape sequences that would drive the reader's terminal. */
export function printable(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  return stripVTControlCharacters(String(value)).replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

/** The last guard over a whole answer: whatever was put into it, no line drives the terminal. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n');
}

function cut(text: string, max: number): string {
  const characters = Array.from(text);
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : text;
}

/** `1 file`, `3 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A commit as short as people read it, also where it ends a source such as `policy.yaml@<sha>`. */
export function shortSource(text: string): string {
  return text.replaceAll(/@([0-9a-f]{10})[0-9a-f]{30}/g, '@$1');
}

export function ago(at: string | Date | null | undefined, now = new Date()): string {
  if (at === null || at === undefined) return '-';
  const seconds = Math.max(0, Math.round((now.getTime() - new Date(at).getTime()) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
