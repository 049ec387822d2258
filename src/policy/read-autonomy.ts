/** Reads the section `autonomy`: what may ship alone, and what never may. */
import { type Grant, NO_CONDITION, type Rule } from './document.ts';
import { readPaths, type Vocabulary } from './read-condition.ts';
import { namedEntries } from './read-names.ts';
import { GRANT_TAGS } from './tags.ts';
import type { Entry, YamlReader } from './yaml-reader.ts';

export function readAutonomy(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
): { grants: Grant[]; nevers: Rule[] } {
  const grants: Grant[] = [];
  const nevers: Rule[] = [];
  for (const each of namedEntries(reader, entry, 'grant')) {
    const id = `autonomy.${each.key}`;
    const line = reader.lineOf({ node: each.keyNode, path: each.path });
    const isTier = vocabulary.tiers.includes(each.key);
    if ((each.node as { value?: unknown }).value === 'never') {
      if (!isTier) {
        reader.oneOf({ node: each.keyNode, path: each.path }, vocabulary.tiers, 'tier');
        continue;
      }
      nevers.push(neverRule(id, line, each.key));
      continue;
    }
    grants.push(readGrant(reader, each, { id, line, tiers: isTier ? [each.key] : [] }, vocabulary));
  }
  return { grants, nevers };
}

function neverRule(id: string, line: number, tier: string): Rule {
  return {
    id,
    line,
    because: `Nothing in ${tier} ships without a person.`,
    when: { ...NO_CONDITION, tiers: [tier] },
    isHold: false,
    reviewers: 1,
    from: [],
  };
}

function readGrant(
  reader: YamlReader,
  entry: Entry,
  start: Pick<Grant, 'id' | 'line'> & { tiers: string[] },
  vocabulary: Vocabulary,
): Grant {
  const tiers = [...start.tiers];
  let paths: string[] = [];
  let maxScore: number | undefined;
  let maxChangedLines: number | null = null;
  let maxFiles: number | null = null;
  let allowsAgents = false;
  let needs: Grant['needs'] = [];
  let lane: Grant['lane'] = 'ship';
  let because = `Small changes in ${entry.key} may ship alone.`;
  const known = [
    'paths',
    'tiers',
    'max_score',
    'max_changed_lines',
    'max_files',
    'agents',
    'needs',
    'lane',
    'because',
  ];
  for (const field of reader.entries(entry, known)) {
    switch (field.key) {
      case 'paths':
        paths = readPaths(reader, field);
        break;
      case 'tiers':
        tiers.push(
          ...reader
            .texts(field)
            .flatMap(({ place }) => reader.oneOf(place, vocabulary.tiers, 'tier') ?? []),
        );
        break;
      case 'max_score':
        maxScore = reader.integer(field, 0, 100) ?? 0;
        break;
      case 'max_changed_lines':
        maxChangedLines = reader.integer(field, 0, 1_000_000) ?? 0;
        break;
      case 'max_files':
        maxFiles = reader.integer(field, 0, 1_000_000) ?? 0;
        break;
      case 'agents':
        allowsAgents = reader.flag(field) ?? false;
        break;
      case 'needs':
        needs = reader
          .texts(field)
          .flatMap(({ place }) => reader.oneOf(place, GRANT_TAGS, 'evidence') ?? []);
        break;
      case 'lane':
        lane = reader.oneOf(field, ['ship', 'ship-and-watch'] as const, 'lane') ?? lane;
        break;
      default:
        because = reader.text(field) ?? because;
    }
  }
  const name = { node: entry.keyNode, path: entry.path };
  if (tiers.length === 0 && paths.length === 0) {
    reader.problem(
      name,
      `${entry.key} is not a tier, so its grant needs paths or tiers`,
      undefined,
    );
  }
  if (maxScore === undefined) {
    reader.problem(name, 'A grant needs max_score, from 0 to 100', 'max_score: 30');
  }
  return {
    ...start,
    tiers,
    paths,
    because,
    lane,
    maxScore: maxScore ?? 0,
    maxChangedLines,
    maxFiles,
    allowsAgents,
    needs,
  };
}
