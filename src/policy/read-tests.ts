/** Reads the section `tests`: changes with the verdict the leader expects of them. */
import type { PolicyTest } from './document.ts';
import { LANES } from './schema.ts';
import type { Entry, YamlReader } from './yaml-reader.ts';

const MAX_TESTS = 200;

export function readTests(
  reader: YamlReader,
  entry: Entry | undefined,
  ruleIds: readonly string[],
): PolicyTest[] {
  if (entry === undefined) return [];
  const places = reader.items(entry);
  if (places.length > MAX_TESTS) {
    reader.problem(entry, `${places.length} tests; at most ${MAX_TESTS} are run`);
    return [];
  }
  return places.map((place, index) => {
    const test: PolicyTest = {
      name: `test ${index + 1}`,
      line: reader.lineOf(place),
      column: reader.columnOf(place),
      change: { paths: [], author: 'human', changedLines: 10, checks: 'passed', at: null },
      expect: { lane: null, rules: [] },
    };
    for (const field of reader.entries(place, ['name', 'change', 'expect'])) {
      if (field.key === 'name') test.name = reader.text(field) ?? test.name;
      else if (field.key === 'change') readTestChange(reader, field, test.change);
      else {
        for (const part of reader.entries(field, ['lane', 'rules'])) {
          if (part.key === 'lane') {
            test.expect.lane = reader.oneOf(part, LANES, 'lane') ?? null;
          } else {
            test.expect.rules = reader
              .texts(part)
              .flatMap((each) => reader.oneOf(each.place, ruleIds, 'rule') ?? []);
          }
        }
      }
    }
    if (test.change.paths.length === 0) {
      reader.problem(place, 'A test needs change.paths', 'change: { paths: [src/a.ts] }');
    }
    return test;
  });
}

function readTestChange(reader: YamlReader, entry: Entry, change: PolicyTest['change']): void {
  for (const field of reader.entries(entry, ['paths', 'author', 'changed_lines', 'checks', 'at'])) {
    switch (field.key) {
      case 'paths':
        change.paths = reader.texts(field).map(({ value }) => value);
        break;
      case 'author':
        change.author =
          reader.oneOf(field, ['human', 'assisted', 'agent'] as const, 'author') ?? change.author;
        break;
      case 'changed_lines':
        change.changedLines = reader.integer(field, 0, 1_000_000) ?? change.changedLines;
        break;
      case 'checks':
        change.checks =
          reader.oneOf(field, ['passed', 'failed', 'unknown'] as const, 'result') ?? change.checks;
        break;
      default: {
        const at = new Date(reader.text(field) ?? '');
        if (Number.isNaN(at.getTime())) {
          reader.problem(field, 'Expected a moment such as 2026-12-20T12:00:00Z');
        } else change.at = at;
      }
    }
  }
}
