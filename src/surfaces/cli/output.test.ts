/**
 * Goal: people get aligned tables that cannot drive their terminal, programs get JSON and nothing else.
 * Method: examples and properties over what is written to each stream.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '#kernel';
import {
  ago,
  counted,
  createOutput,
  EXIT_CODES,
  printable,
  printableLines,
  reportError,
  shortSource,
  table,
} from './output.ts';

function record() {
  const written = { out: '', err: '' };
  return {
    written,
    streams: {
      out: (text: string) => void (written.out += text),
      err: (text: string) => void (written.err += text),
      isTerminal: true,
    },
  };
}

test('columns are as wide as their widest cell, numbers stand to the right', () => {
  const text = table(
    [
      { name: 'acme/shop', files: 3 },
      { name: 'b', files: 1200 },
    ],
    [
      { title: 'name', value: (it) => it.name },
      { title: 'files', value: (it) => it.files, align: 'right' },
    ],
    'None.',
  );

  expect(text).toBe('NAME       FILES\nacme/shop      3\nb           1200');
});

test('an empty table says what to do instead', () => {
  expect(table([], [{ title: 'id', value: () => '' }], 'None yet. Add one.')).toBe(
    'None yet. Add one.',
  );
});

test('a long cell is cut with an ellipsis, never in the middle of a character', () => {
  const text = table(
    [{ it: '🧵'.repeat(9) }],
    [{ title: 'it', value: ({ it }) => it, max: 4 }],
    '',
  );

  expect(text.split('\n')[1]).toBe('🧵🧵🧵…');
});

test('no text can drive the terminal', () => {
  const hostile = fc.constantFrom(
    '\u001b[2J',
    '\u001b]0;title\u0007',
    '\r',
    '\u202e',
    '\u009b1m',
    'a',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(hostile, fc.string({ unit: 'binary' }))), (parts) => {
      expect(printable(parts.join(''))).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(printableLines(parts.join('')).replaceAll(/[\n\t]/g, '')).not.toMatch(
        /[\p{Cc}\p{Cf}]/u,
      );
    }),
  );
});

test('an answer keeps its lines and tabs, and loses its escapes even where a command forgot', () => {
  const { streams, written } = record();

  createOutput(streams, false).result(null, () => 'one\n\ttwo \u001b[31mred\u001b[0m');

  expect(written.out).toBe('one\n\ttwo red\n');
});

test('programs get the value as JSON and no notes', () => {
  const { streams, written } = record();
  const output = createOutput(streams, true);

  output.note('for people');
  output.result({ a: [1] }, () => 'for people');

  expect(JSON.parse(written.out)).toEqual({ a: [1] });
  expect(written.err).toBe('');
});

test('a failure for programs is one line of JSON on standard error', () => {
  const { streams, written } = record();
  const error = new AppError('conflict', 'x.taken', { message: 'Taken.', details: { path: 'a' } });

  const code = reportError(streams, true, error);

  expect(code).toBe(EXIT_CODES.conflict);
  expect(written.out).toBe('');
  expect(JSON.parse(written.err)).toEqual({
    error: { code: 'x.taken', message: 'Taken.', hint: null, path: 'a' },
  });
});

test.each([
  ['invalid', 2],
  ['not_found', 3],
  ['unauthenticated', 4],
  ['forbidden', 4],
  ['conflict', 5],
  ['limit_exceeded', 6],
  ['unavailable', 6],
  ['internal', 1],
] as const)('a failure of kind %s ends with %i', (kind, code) => {
  expect(reportError(record().streams, false, new AppError(kind, 'x.y', { message: 'No.' }))).toBe(
    code,
  );
});

test('what a server says in a failure cannot drive the terminal either', () => {
  const { streams, written } = record();
  streams.isTerminal = false;

  reportError(
    streams,
    false,
    new AppError('invalid', 'x.y', { message: 'No \u001b[2J.', hint: 'Do\r.' }),
  );

  expect(written.err).toBe('error: No .\n  Do .\n  (x.y)\n');
});

test('words for people: ages, counts, sources', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  expect(ago('2026-03-01T11:59:30Z', now)).toBe('30 s ago');
  expect(ago('2026-03-01T09:00:00Z', now)).toBe('3 h ago');
  expect(ago('2026-03-02T00:00:00Z', now)).toBe('0 s ago');
  expect(ago(null, now)).toBe('-');
  expect(counted(1, 'entry', 'entries')).toBe('1 entry');
  expect(counted(0, 'file')).toBe('0 files');
  expect(shortSource(`.loom/policy.yaml@${'ab'.repeat(20)}`)).toBe('.loom/policy.yaml@ababababab');
});
