/** Reads the section `autonomy`: what may ship alone, within which bound, and what never may. */
import { AgentsEntry, EVIDENCE, GRANTED_LANES, GrantEntry, keysOf } from './file-schema.ts';
import {
  type AfterIncident,
  type Grant,
  NO_CONDITION,
  NO_REQUIREMENT,
  type Rule,
} from './document.ts';
import { readPaths, type Vocabulary } from './read-condition.ts';
import { namedEntries } from './read-names.ts';
import { readAfterIncident, readShare } from './read-terms.ts';
import { GRANT_TAG_WORDS, GRANT_TAGS, type GrantTag } from './tags.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';

export interface Autonomy {
  grants: Grant[];
  nevers: Rule[];
  boundPerMille: number | null;
  afterIncident: AfterIncident | null;
}

/** What every grant says of agents. Null where the file has no such section. */
interface AgentTerms {
  dailyPerAgent: number | null;
  needs: GrantTag[];
}

/** Entries of the section that are no grants. */
const TERMS = new Set(['bound', 'agents', 'after_incident']);

/** `prefix` tells the grants of a repository from those of its organisation. */
export function readAutonomy(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
  { file, prefix }: { file: string; prefix: string },
): Autonomy {
  const autonomy: Autonomy = { grants: [], nevers: [], boundPerMille: null, afterIncident: null };
  const entries = namedEntries(reader, entry, 'grant');
  const agentEntry = entries.find(({ key }) => key === 'agents');
  const agents = agentEntry === undefined ? null : readAgents(reader, agentEntry);
  for (const each of entries) {
    if (each.key === 'bound') autonomy.boundPerMille = readShare(reader, each);
    else if (each.key === 'after_incident') {
      autonomy.afterIncident = readAfterIncident(reader, each);
    }
    if (TERMS.has(each.key)) continue;
    const id = `${prefix}autonomy.${each.key}`;
    const line = reader.lineOf({ node: each.keyNode, path: each.path });
    const isTier = vocabulary.tiers.includes(each.key);
    if ((each.node as { value?: unknown }).value === 'never') {
      if (!isTier) {
        reader.oneOf({ node: each.keyNode, path: each.path }, vocabulary.tiers, 'tier');
        continue;
      }
      autonomy.nevers.push(neverRule(id, file, line, each.key));
      continue;
    }
    const start = { id, file, line, tiers: isTier ? [each.key] : [] };
    autonomy.grants.push(readGrant(reader, each, start, { vocabulary, agents }));
  }
  return autonomy;
}

function readAgents(reader: YamlReader, entry: Entry): AgentTerms {
  const terms: AgentTerms = { dailyPerAgent: null, needs: [] };
  for (const field of reader.entries(entry, keysOf(AgentsEntry))) {
    if (field.key === 'needs') terms.needs = readEvidence(reader, field);
    else terms.dailyPerAgent = reader.integer(field, 0, 10_000) ?? 0;
  }
  return terms;
}

/** Evidence a grant may ask for; `ci-green` is `checks-passed` in other words. */
export function readEvidence(reader: YamlReader, place: Place): GrantTag[] {
  return reader.texts(place).flatMap(({ value, place: at }) => {
    const inOtherWords = GRANT_TAG_WORDS[value];
    if (inOtherWords !== undefined) return [inOtherWords];
    const found = GRANT_TAGS.find((tag) => tag === value);
    if (found === undefined) reader.oneOf(at, EVIDENCE, 'evidence');
    return found ?? [];
  });
}

function neverRule(id: string, file: string, line: number, tier: string): Rule {
  return {
    ...NO_REQUIREMENT,
    id,
    file,
    line,
    because: `Nothing in ${tier} ships without a person.`,
    when: { ...NO_CONDITION, tiers: [tier] },
    reviewers: 1,
  };
}

function readGrant(
  reader: YamlReader,
  entry: Entry,
  start: Pick<Grant, 'id' | 'file' | 'line'> & { tiers: string[] },
  { vocabulary, agents }: { vocabulary: Vocabulary; agents: AgentTerms | null },
): Grant {
  const tiers = [...start.tiers];
  let paths: string[] = [];
  let maxScore: number | undefined;
  let maxChangedLines: number | null = null;
  let maxFiles: number | null = null;
  let dailyPerService: number | null = null;
  // Where the file says what agents need, it says so of every grant that does not leave them out.
  let allowsAgents = agents !== null;
  let needs: Grant['needs'] = [];
  let lane: Grant['lane'] = 'ship';
  let because = `Small changes in ${entry.key} may ship alone.`;
  for (const field of reader.entries(entry, keysOf(GrantEntry))) {
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
      case 'daily_per_service':
        dailyPerService = reader.integer(field, 0, 10_000) ?? 0;
        break;
      case 'max_score':
      case 'max_risk_percentile':
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
        needs = readEvidence(reader, field);
        break;
      case 'lane':
        lane = reader.oneOf(field, GRANTED_LANES, 'lane') ?? lane;
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
    agentNeeds: agents?.needs ?? [],
    dailyPerService,
    dailyPerAgent: agents?.dailyPerAgent ?? null,
  };
}
