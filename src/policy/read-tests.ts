/** Reads the section `tests`: changes with the verdict the leader expects of them. */
import {
  AUTHOR_KINDS,
  CHECK_RESULTS,
  keysOf,
  LANE_WORDS,
  TestChangeEntry,
  TestEntry,
  TestExpectEntry,
} from './file-schema.ts';
import type { PolicyTest } from './document.ts';
import type { Vocabulary } from './read-condition.ts';
import { LANES } from './schema.ts';
import { FREEZE_TAGS, GRANT_TAG_WORDS, GRANT_TAGS, RULE_TAGS } from './tags.ts';
import { labelName, WORK_PRIORITIES } from './work-facts.ts';
import type { Entry, YamlReader } from './yaml-reader.ts';

const TEST_TAGS = [...RULE_TAGS, ...GRANT_TAGS, ...FREEZE_TAGS];

const MAX_TESTS = 200;

export function readTests(
  reader: YamlReader,
  entry: Entry | undefined,
  ruleIds: readonly string[],
  vocabulary: Vocabulary,
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
      change: {
        paths: [],
        services: [],
        tags: [],
        author: 'human',
        labels: [],
        priority: null,
        changedLines: 10,
        checks: 'passed',
        riskPercentile: null,
        at: null,
      },
      expect: { lane: null, rules: [] },
    };
    for (const field of reader.entries(place, keysOf(TestEntry))) {
      if (field.key === 'name') test.name = reader.text(field) ?? test.name;
      else if (field.key === 'change') readTestChange(reader, field, test.change, vocabulary);
      else {
        for (const part of reader.entries(field, keysOf(TestExpectEntry))) {
          if (part.key === 'lane') {
            const lane = reader.oneOf(part, [...LANES, ...LANE_WORDS], 'lane') ?? null;
            test.expect.lane = lane === 'two-reviewers' ? 'two-person' : lane;
          } else {
            test.expect.rules = reader
              .texts(part)
              .flatMap((each) => reader.oneOf(each.place, ruleIds, 'rule') ?? []);
          }
        }
      }
    }
    if (test.change.paths.length + test.change.services.length === 0) {
      reader.problem(
        place,
        'A test needs change.paths or change.service',
        'change: { paths: [src/a.ts] }',
      );
    }
    return test;
  });
}

function readTestChange(
  reader: YamlReader,
  entry: Entry,
  change: PolicyTest['change'],
  vocabulary: Vocabulary,
): void {
  for (const field of reader.entries(entry, keysOf(TestChangeEntry))) {
    switch (field.key) {
      case 'service':
        change.services = reader
          .texts(field)
          .flatMap(({ place }) => reader.oneOf(place, vocabulary.services, 'service') ?? []);
        break;
      case 'tags':
        change.tags = reader.texts(field).flatMap(({ value, place }) => {
          const inOtherWords = GRANT_TAG_WORDS[value];
          return inOtherWords ?? reader.oneOf(place, TEST_TAGS, 'tag') ?? [];
        });
        break;
      case 'risk_percentile':
        change.riskPercentile = reader.integer(field, 0, 100) ?? 0;
        break;
      case 'paths':
        change.paths = reader.texts(field).map(({ value }) => value);
        break;
      case 'author':
        change.author = reader.oneOf(field, AUTHOR_KINDS, 'author') ?? change.author;
        break;
      case 'label':
        change.labels = reader.texts(field).map(({ value }) => labelName(value));
        break;
      case 'priority':
        change.priority = reader.oneOf(field, WORK_PRIORITIES, 'priority') ?? null;
        break;
      case 'changed_lines':
        change.changedLines = reader.integer(field, 0, 1_000_000) ?? change.changedLines;
        break;
      case 'checks':
        change.checks = reader.oneOf(field, CHECK_RESULTS, 'result') ?? change.checks;
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
