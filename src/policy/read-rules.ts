/** Reads the section `rules`: what a change of some kind requires, and why. */
import type { Rule } from './document.ts';
import { readCondition, readReviewerSources, type Vocabulary } from './read-condition.ts';
import { readId } from './read-names.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';

const MAX_RULES = 500;

export function readRules(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
  ids: Set<string>,
): Rule[] {
  if (entry === undefined) return [];
  const places = reader.items(entry);
  if (places.length > MAX_RULES) {
    reader.problem(entry, `${places.length} rules; at most ${MAX_RULES} are read`);
    return [];
  }
  return places.map((place) => {
    const fields = new Map(
      reader
        .entries(place, ['id', 'when', 'require', 'because'])
        .map((field) => [field.key, field] as const),
    );
    const id = readId(reader, fields.get('id') ?? place, ids);
    const when = readCondition(reader, fields.get('when'), vocabulary);
    const because = fields.get('because');
    const { isHold, reviewers, from } = readRequirement(reader, fields.get('require'), place);
    return {
      id,
      line: reader.lineOf(place),
      because: (because && reader.text(because)) ?? `Rule ${id}.`,
      when,
      isHold,
      reviewers,
      from,
    };
  });
}

function readRequirement(
  reader: YamlReader,
  entry: Entry | undefined,
  rule: Place,
): Pick<Rule, 'isHold' | 'reviewers' | 'from'> {
  if (entry === undefined) {
    reader.problem(rule, 'A rule needs require', 'require: { reviewers: 1 }');
    return { isHold: false, reviewers: 0, from: [] };
  }
  let isHold = false;
  let reviewers: number | undefined;
  let from: string[] = [];
  for (const field of reader.entries(entry, ['reviewers', 'from', 'not', 'lane'])) {
    switch (field.key) {
      case 'reviewers':
        reviewers = reader.integer(field, 1, 10);
        break;
      case 'from':
        from = readReviewerSources(reader, field);
        break;
      case 'lane': {
        const lane = reader.oneOf(field, ['one-reviewer', 'two-person', 'hold'] as const, 'lane');
        isHold = lane === 'hold';
        reviewers ??= lane === 'two-person' ? 2 : 1;
        break;
      }
      default:
        // Whoever had a hand in a change never approves it; a file may say so, and cannot unsay it.
        for (const { place } of reader.texts(field)) {
          reader.oneOf(
            place,
            ['author', 'contributor', 'committer', 'agent-operator'],
            'group of people',
          );
        }
    }
  }
  if (from.length > 0) reviewers ??= 1;
  if (reviewers === undefined) {
    reader.problem(entry, 'require needs reviewers, from or lane', 'reviewers: 1');
  }
  return { isHold, reviewers: reviewers ?? 0, from };
}
