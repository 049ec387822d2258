/** Reads the section `rules`: what a change of some kind requires, and why. */
import { CUSTODIANS, keysOf, RequireEntry, RuleEntry, STRICT_LANES } from './file-schema.ts';
import { NO_REQUIREMENT, type Rule } from './document.ts';
import { readCondition, readReviewerSources, type Vocabulary } from './read-condition.ts';
import { readId } from './read-names.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';

export const MAX_RULES = 2_000;

export function readRules(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
  file: string,
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
      reader.entries(place, keysOf(RuleEntry)).map((field) => [field.key, field] as const),
    );
    const id = readId(reader, fields.get('id') ?? place, ids);
    const when = readCondition(reader, fields.get('when'), vocabulary);
    const because = fields.get('because');
    const required = readRequirement(reader, fields.get('require'), place, vocabulary);
    return {
      id,
      file,
      line: reader.lineOf(place),
      because: (because && reader.text(because)) ?? `Rule ${id}.`,
      when,
      ...required,
    };
  });
}

type Requirement = Pick<Rule, 'isHold' | 'reviewers' | 'from' | 'needsTicket' | 'excludesDeployer'>;

function readRequirement(
  reader: YamlReader,
  entry: Entry | undefined,
  rule: Place,
  vocabulary: Vocabulary,
): Requirement {
  if (entry === undefined) {
    reader.problem(rule, 'A rule needs require', 'require: { reviewers: 1 }');
    return NO_REQUIREMENT;
  }
  const required: { -readonly [Key in keyof Requirement]: Requirement[Key] } = {
    ...NO_REQUIREMENT,
  };
  let reviewers: number | undefined;
  for (const field of reader.entries(entry, keysOf(RequireEntry))) {
    switch (field.key) {
      case 'reviewers':
        reviewers = reader.integer(field, 1, 10) ?? reviewers;
        break;
      case 'from':
        required.from = readReviewerSources(reader, field, vocabulary);
        reviewers ??= 1;
        break;
      case 'ticket':
        required.needsTicket = reader.flag(field) ?? false;
        break;
      case 'lane': {
        const lane = reader.oneOf(field, STRICT_LANES, 'lane');
        required.isHold = lane === 'hold';
        reviewers = Math.max(reviewers ?? 1, lane === 'two-person' ? 2 : 1);
        break;
      }
      default:
        // Whoever had a hand in a change never approves it; a file may say so, and cannot unsay it.
        // Who deploys is known only where it happens, so that one is asked for by name.
        for (const { place } of reader.texts(field)) {
          const who = reader.oneOf(place, CUSTODIANS, 'group of people');
          if (who === 'deployer') required.excludesDeployer = true;
        }
    }
  }
  if (required.needsTicket) reviewers ??= 1;
  if (reviewers === undefined) {
    reader.problem(entry, 'require needs reviewers, from, ticket or lane', 'reviewers: 1');
  }
  required.reviewers = reviewers ?? 0;
  return required;
}
