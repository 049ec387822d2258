/**
 * Fills the ten slots of a package, each within its share of the words. A slot whose knowledge is
 * missing says so; none is ever left out. Pure.
 */
import type { Id } from '#kernel';
import type { Decision } from '../schema.ts';
import { type PatchHunk, rankHunks } from './hunks.ts';
import { foldLines } from './render.ts';
import type { EscalationPackage, EscalationSlots } from './schema.ts';
import { countWords, cutWords, joinWithin, plainText } from './words.ts';

export interface WhyYou {
  personId: Id<'usr'>;
  personName: string;
  reasons: readonly string[];
  standsInFor: string | null;
  /** Who is asked next if there is no answer; null when nobody is left. */
  next: string | null;
  deadline: Date;
}

export interface EscalationInput {
  change: {
    id: Id<'chg'>;
    repository: string;
    title: string;
    branch: string;
    baseBranch: string;
    authorName: string;
    authorKind: 'human' | 'assisted' | 'agent';
  };
  decision: Decision;
  /** Consents still missing in all, this one included. */
  missingConsents: number;
  whyYou: WhyYou;
  /** Null when the patch cannot be read. */
  hunks: readonly PatchHunk[] | null;
  isPatchCut: boolean;
  rulesOf: (path: string) => readonly string[];
  dataOf: (path: string) => readonly string[];
  /** Data class -> standard. */
  standards: ReadonlyMap<string, string | null>;
  findings: readonly string[];
  /** Null: nobody keeps incidents here. */
  incidents: readonly { title: string; severity: string; at: Date; url: string | null }[] | null;
  incidentDays: number;
  provenance: {
    human: string | null;
    agent: string | null;
    sessionId: Id<'ses'> | null;
    workItemId: Id<'wrk'> | null;
    workItem: string | null;
    contextPackId: Id<'ctx'> | null;
  };
  /** True where the host lands a change as a merge commit. */
  landsAsMergeCommit: boolean;
  /** What the workflow does after the merge, in words; null where it ends there. */
  afterMerge: string | null;
}

/** Words of each slot's line; with the ten labels they make at most 220. */
const WORDS = {
  decision: 26,
  whyYou: 28,
  rules: 36,
  risk: 28,
  blastRadius: 20,
  hunks: 10,
  evidence: 20,
  provenance: 15,
  rollback: 18,
} as const;
const MAX_RULES = 20;
const MAX_INCIDENTS = 5;
const ACTIONS = ['approve', 'approve-with-watch', 'send-back', 'hand-over'] as const;

export function buildEscalation(input: EscalationInput): EscalationPackage {
  const { change, decision } = input;
  return withWords({
    version: 1,
    changeId: change.id,
    repository: plainText(change.repository, 200),
    title: plainText(change.title) || 'untitled change',
    headSha: decision.headSha,
    baseSha: decision.baseSha,
    decisionId: decision.id,
    policyVersion: decision.policyVersion,
    slots: {
      decision: decisionSlot(input),
      whyYou: whyYouSlot(input.whyYou),
      rules: rulesSlot(decision),
      risk: riskSlot(decision),
      blastRadius: blastRadiusSlot(input),
      hunks: hunksSlot(input),
      evidence: evidenceSlot(input),
      provenance: provenanceSlot(input),
      rollback: rollbackSlot(input),
      actions: {
        text: 'approve, approve with watch, send back, hand over',
        actions: [...ACTIONS],
      },
    },
  });
}

/** The same package for the next person: only what is about them and their deadline changes. */
export function readdressEscalation(known: EscalationPackage, whyYou: WhyYou): EscalationPackage {
  const { words: _words, ...rest } = known;
  const { decision } = known.slots;
  return withWords({
    ...rest,
    slots: {
      ...known.slots,
      decision: {
        ...decision,
        text: decisionText(known.title, decision.unlocks, whyYou.deadline),
        deadline: whyYou.deadline.toISOString(),
      },
      whyYou: whyYouSlot(whyYou),
    },
  });
}

function withWords(unmeasured: Omit<EscalationPackage, 'words'>): EscalationPackage {
  const words = countWords(foldLines(unmeasured.slots).join(' '));
  return { ...unmeasured, words };
}

function decisionSlot({ change, missingConsents, whyYou }: EscalationInput) {
  const into = plainText(change.baseBranch, 60).replaceAll(' ', '_');
  const unlocks =
    missingConsents <= 1
      ? `unlocks the merge into ${into}`
      : `is one of ${missingConsents} still needed for ${into}`;
  const title = plainText(change.title) || 'untitled change';
  return {
    text: decisionText(title, unlocks, whyYou.deadline),
    deadline: whyYou.deadline.toISOString(),
    unlocks,
  };
}

function decisionText(title: string, unlocks: string, deadline: Date): string {
  const end = `by ${shortTime(deadline)}; approval ${unlocks}.`;
  const ask = cutWords(`May this land: ${title}`, WORDS.decision - countWords(end), 200);
  return `${ask} ${end}`;
}

/** `2026-01-05 09:00Z`: two words in any zone. */
function shortTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

function whyYouSlot(whyYou: WhyYou): EscalationSlots['whyYou'] {
  const reasons = whyYou.reasons.map((reason) => plainText(reason, 160)).filter((it) => it !== '');
  const shown = reasons.length === 0 ? ['You may approve it'] : reasons.slice(0, 3);
  const next = whyYou.next === null ? null : plainText(whyYou.next, 80);
  const after = next === null ? 'Nobody comes after you.' : `Next: ${cutWords(next, 4, 80)}.`;
  const { text } = joinWithin(shown, WORDS.whyYou - countWords(after));
  return {
    text: `${text}. ${after}`,
    personId: whyYou.personId,
    personName: plainText(whyYou.personName, 200),
    reasons: shown,
    standsInFor: whyYou.standsInFor === null ? null : plainText(whyYou.standsInFor, 200),
    next,
  };
}

function rulesSlot({ rules }: Decision): EscalationSlots['rules'] {
  const open = rules.filter(({ kind, isMet }) => kind !== 'grant' && !isMet);
  const listed = (open.length === 0 ? rules : open).slice(0, MAX_RULES).map((rule) => ({
    id: plainText(rule.id, 100),
    file: plainText(rule.file, 200),
    line: rule.line,
    words: plainText(rule.because),
  }));
  const lines = listed.map(({ id, file, line, words }) => {
    const place = line === 0 ? 'built-in' : `${file}:${line}`;
    return `${cutWords(words, 16, 160)} (${id}, ${place})`;
  });
  const { text, shown } = joinWithin(lines, WORDS.rules - 2);
  const more = listed.length - shown;
  return {
    text:
      text === ''
        ? 'No rule asks for it; the lane does.'
        : more > 0
          ? `${text} +${more} more`
          : text,
    rules: listed,
  };
}

function riskSlot({ score, factors }: Decision): EscalationSlots['risk'] {
  const largest = factors
    .filter(({ points }) => points !== 0)
    .toSorted((a, b) => b.points - a.points)
    .slice(0, 4)
    .map(({ name, points, explanation }) => ({
      name: plainText(name, 60),
      points,
      explanation: plainText(explanation),
    }));
  const shown = largest.map(({ name, points }) => `${name.replaceAll(' ', '-')} ${signed(points)}`);
  const why = shown.length === 0 ? 'no factor adds to it' : shown.join(', ');
  return {
    text: cutWords(`${round(score)} of 100 in this repository: ${why}`, WORDS.risk, 300),
    percentile: score,
    factors: largest,
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;
const signed = (points: number): string => `${points > 0 ? '+' : ''}${round(points)}`;

function blastRadiusSlot({ decision, standards }: EscalationInput): EscalationSlots['blastRadius'] {
  const facts = decision.facts;
  const tiers = texts(facts['tiers']);
  const services = texts(facts['services']);
  const downstream = texts(facts['downstream']);
  const data = texts(facts['data']).map((name) => ({
    name,
    standard: standards.get(name) ?? null,
  }));
  const reversibility = reversibilityOf(texts(facts['tags']));
  const parts = [
    tiers.length === 0 ? 'no tier known' : few(tiers, 2),
    services.length === 0 ? 'no service known' : few(services, 2),
    downstream.length === 0 ? 'nothing downstream known' : `${downstream.length} downstream`,
    ...(data.length === 0
      ? ['no data class']
      : [
          `data ${few(
            data.map(({ name }) => name),
            2,
          )}`,
        ]),
    `undo ${reversibility.level}`,
  ];
  return {
    text: cutWords(parts.join('; '), WORDS.blastRadius, 300),
    tiers,
    services,
    downstream,
    data,
    reversibility,
  };
}

function few(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).map((name) => name.replaceAll(' ', '-'));
  return names.length > most ? `${shown.join(', ')} +${names.length - most}` : shown.join(', ');
}

function reversibilityOf(tags: readonly string[]): EscalationSlots['blastRadius']['reversibility'] {
  if (tags.includes('migration')) {
    return { level: 'hard', because: 'A migration runs; reverting the code does not undo it.' };
  }
  if (tags.includes('secrets')) {
    return {
      level: 'hard',
      because: 'A secret that was published stays known; it has to be changed.',
    };
  }
  const careful = ['infrastructure', 'public-api', 'dependency', 'ci'].filter((tag) =>
    tags.includes(tag),
  );
  if (careful.length > 0) {
    return {
      level: 'with-care',
      because: `Others may rely on it by then (${careful.join(', ')}).`,
    };
  }
  return { level: 'easy', because: 'Reverting the merge undoes it.' };
}

function hunksSlot(input: EscalationInput): EscalationSlots['hunks'] {
  const { hunks, isPatchCut } = input;
  if (hunks === null) {
    return {
      text: 'The patch cannot be read; nobody knows what would land.',
      hunks: [],
      total: null,
    };
  }
  if (hunks.length === 0) {
    const text = 'No text changes: files are binary, moved or empty.';
    return { text, hunks: [], total: isPatchCut ? null : 0 };
  }
  const ranked = rankHunks(hunks, input).map((hunk) => ({
    ...hunk,
    path: plainText(hunk.path, 200),
    why: plainText(hunk.why),
  }));
  const places = ranked.map(({ path, startLine, endLine }) => {
    const lines = endLine > startLine ? `${startLine}-${endLine}` : String(startLine);
    return `${shortPath(path)}:${lines}`;
  });
  const of = hunks.length > ranked.length ? ` of ${isPatchCut ? '>' : ''}${hunks.length}` : '';
  return {
    text: cutWords(`${places.join(', ')}${of}`, WORDS.hunks, 400),
    hunks: ranked,
    total: isPatchCut ? null : hunks.length,
  };
}

/** The end of a path says more than its beginning; one word whatever it holds. */
function shortPath(path: string): string {
  const word = path.replaceAll(' ', '\u00B7');
  return word.length <= 60 ? word : `…${word.slice(-59)}`;
}

function evidenceSlot(input: EscalationInput): EscalationSlots['evidence'] {
  const { decision, incidents, incidentDays } = input;
  const tags = texts(decision.facts['tags']);
  const checks = checksOf(decision.facts['checks']);
  const tests = [
    ...(tags.includes('tests-added') ? ['tests added'] : []),
    ...(tags.includes('tests-removed') ? ['tests removed'] : []),
    ...(tags.includes('tests-weakened') ? ['tests weakened'] : []),
  ];
  const findings = input.findings.map((finding) => plainText(finding)).filter((it) => it !== '');
  const past = (incidents ?? []).slice(0, MAX_INCIDENTS).map(({ title, severity, at, url }) => ({
    title: plainText(title, 160) || 'untitled incident',
    severity: plainText(severity, 30),
    at: at.toISOString(),
    url: url === null ? null : safeUrl(url),
  }));
  const [latest] = past;
  const before =
    incidents === null
      ? 'incidents are not tracked here'
      : latest === undefined
        ? `no incident on these paths in ${incidentDays} days`
        : `${past.length} ${past.length === 1 ? 'incident' : 'incidents'}: ${cutWords(latest.title, 5, 60)}`;
  const parts = [
    `checks ${checks}`,
    tests.length === 0 ? 'no test touched' : tests.join(', '),
    before,
    findings.length === 0 ? 'no finding' : cutWords(findings[0]!, 3, 60),
  ];
  return {
    text: cutWords(parts.join('; '), WORDS.evidence, 300),
    checks,
    tests,
    findings,
    incidents: past,
  };
}

function checksOf(value: unknown): 'passed' | 'failed' | 'unknown' {
  return value === 'passed' || value === 'failed' ? value : 'unknown';
}

/** Links of other kinds than to a page are none. */
function safeUrl(url: string): string | null {
  const line = plainText(url, 500);
  return /^https?:\/\/[^\s<>"'()]+$/i.test(line) ? line : null;
}

function provenanceSlot({ change, provenance }: EscalationInput): EscalationSlots['provenance'] {
  const text = (value: string | null, most = 80) =>
    value === null ? null : plainText(value, most);
  const human = text(provenance.human);
  const agent = text(provenance.agent);
  const workItem = text(provenance.workItem, 160);
  const author = plainText(change.authorName, 80) || 'unknown';
  const parts = [
    agent === null
      ? change.authorKind === 'human'
        ? cutWords(author, 3)
        : `agent unknown, signed ${cutWords(author, 2)}`
      : human === null
        ? `${cutWords(agent, 2)}, no person known`
        : `${cutWords(agent, 2)} for ${cutWords(human, 3)}`,
    workItem === null ? 'no work item' : cutWords(workItem, 4, 80),
    provenance.contextPackId === null ? 'no pack' : 'context pack',
  ];
  return {
    text: cutWords(parts.join('; '), WORDS.provenance, 240),
    human: human ?? (change.authorKind === 'human' ? author : null),
    agent,
    sessionId: provenance.sessionId,
    workItemId: provenance.workItemId,
    workItem,
    contextPackId: provenance.contextPackId,
  };
}

function rollbackSlot(input: EscalationInput): EscalationSlots['rollback'] {
  const { change, landsAsMergeCommit, afterMerge } = input;
  // The merge has no name yet; its message will hold the id of the change.
  const command = `git revert ${landsAsMergeCommit ? '-m 1 ' : ''}$(git log -1 --format=%H --grep=${change.id})`;
  const canary =
    afterMerge === null
      ? 'No canary step; watch it yourself.'
      : `After the merge: ${plainText(afterMerge, 160)}.`;
  return {
    text: `${command}; ${cutWords(canary, WORDS.rollback - countWords(command) - 1, 120)}`,
    command,
    canary,
  };
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((item): item is string => typeof item === 'string')
    .map((item) => plainText(item, 100))
    .filter((item) => item !== '');
}
