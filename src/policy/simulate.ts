/**
 * An edited policy over changes that landed long ago: which would have moved lane, whom it would have
 * asked, what would have shipped alone and was reverted later, and which rules never spoke. Changes
 * come in the order they landed; the clock, freezes and budgets are those of their day.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CommitWithFiles } from '#git';
import { BUILT_IN_RULES } from './built-in.ts';
import { type CompiledPolicy, DEFAULT_RULE } from './compile.ts';
import { allGrants, buildFacts, type FactSources } from './facts.ts';
import { judge, type Verdict } from './judge.ts';
import { type AssessedRisk, ceilingOf } from './repository-risk.ts';
import { revertsIn } from './reverts.ts';
import { LANES, type Lane } from './schema.ts';

/** One landed change. */
export interface PastChange {
  commit: CommitWithFiles;
  authorKind: FactSources['authorKind'];
  agent?: string | undefined;
  content?: FactSources['content'];
  /** By what was known when it landed; null where the risk is counted. */
  assessed?: AssessedRisk | null;
}

export type LaneCounts = Record<Lane, number>;

export interface MovedChange {
  sha: string;
  subject: string;
  landedAt: Date;
  before: Lane;
  after: Lane;
  /** Rules that decide now and did not, and the other way round. */
  rulesAdded: string[];
  rulesRemoved: string[];
  score: number;
}

export interface Backtest {
  changes: number;
  from: Date | null;
  to: Date | null;
  before: LaneCounts;
  after: LaneCounts;
  /** Calendar weeks (Mondays, UTC), oldest first. */
  weeks: { week: string; before: LaneCounts; after: LaneCounts }[];
  stricter: number;
  milder: number;
  /** Moved ones, the newest first; at most `MAX_LISTED`. */
  moved: MovedChange[];
  /** How often each source of reviewers would have been asked. */
  paged: { who: string; before: number; after: number }[];
  /** Shipped alone under the edited policy, and reverted later. */
  revertedLater: {
    sha: string;
    subject: string;
    landedAt: Date;
    revertedBy: string;
    revertedAt: Date;
    shippedBefore: boolean;
  }[];
  /** Rules and grants of the edited file, by how often they decided. */
  fired: { id: string; line: number; file: string; count: number }[];
  neverFired: { id: string; line: number; file: string; because: string }[];
  /** What the figures cannot say. */
  notes: string[];
}

const MAX_LISTED = 500;
/** The program answers others in between. */
const TURN = 10;

export async function simulate(
  current: CompiledPolicy,
  edited: CompiledPolicy,
  history: {
    /** Oldest first. */
    changes: readonly PastChange[];
    /** Owners by path: whom a rule that says `owners` means. */
    owners: ReadonlyMap<string, readonly string[]>;
    /** Commits that landed later too, in which reverts are looked for. */
    landed: readonly Pick<CommitWithFiles, 'sha' | 'subject' | 'body' | 'committedAt'>[];
  },
  onProgress: (progress: { done: number; total: number }) => void = () => {},
): Promise<Backtest> {
  const { changes } = history;
  const before = createReplay(current, history);
  const after = createReplay(edited, history);
  const reverts = revertsIn(history.landed);
  const pairs: { change: PastChange; was: Verdict; is: Verdict }[] = [];

  for (const [index, change] of changes.entries()) {
    pairs.push({ change, was: before.judge(change), is: after.judge(change) });
    if (index % TURN !== TURN - 1) continue;
    onProgress({ done: index + 1, total: changes.length });
    await nextTurn();
  }
  onProgress({ done: changes.length, total: changes.length });

  const moved = pairs.filter(({ was, is }) => was.lane !== is.lane);
  const isStricter = ({ was, is }: { was: Verdict; is: Verdict }) =>
    LANES.indexOf(is.lane) > LANES.indexOf(was.lane);
  return {
    changes: changes.length,
    from: changes[0]?.commit.committedAt ?? null,
    to: changes.at(-1)?.commit.committedAt ?? null,
    before: countLanes(pairs.map(({ was }) => was)),
    after: countLanes(pairs.map(({ is }) => is)),
    weeks: weeksOf(pairs),
    stricter: moved.filter(isStricter).length,
    milder: moved.filter((pair) => !isStricter(pair)).length,
    moved: moved.slice(-MAX_LISTED).toReversed().map(describeMove),
    paged: pagedBy(pairs),
    revertedLater: pairs.flatMap(({ change: { commit }, was, is }) => {
      const revert = reverts.get(commit.sha);
      if (revert === undefined || !shipsAlone(is)) return [];
      return [
        {
          sha: commit.sha,
          subject: commit.subject,
          landedAt: commit.committedAt,
          revertedBy: revert.sha,
          revertedAt: revert.committedAt,
          shippedBefore: shipsAlone(was),
        },
      ];
    }),
    ...firedOf(edited, pairs),
    notes: notesOf(edited, changes),
  };
}

function createReplay(
  policy: CompiledPolicy,
  { owners }: { owners: ReadonlyMap<string, readonly string[]> },
): { judge(change: PastChange): Verdict } {
  const spentByDay = new Map<string, Map<string, number>>();
  return {
    judge({ commit, authorKind, agent, content, assessed = null }) {
      const day = commit.committedAt.toISOString().slice(0, 10);
      const spent = spentByDay.get(day) ?? new Map<string, number>();
      spentByDay.set(day, spent);
      const facts = buildFacts(policy.document, policy.matchers, {
        files: commit.files,
        headSha: commit.sha,
        policyVersion: policy.version,
        authorKind,
        agent,
        content,
        risk: assessed?.risk,
        ceiling: ceilingOf(policy.document.boundPerMille, assessed),
        // They landed, so somebody or something let them: later doubt about checks would only blur.
        checks: 'passed',
        hasTicket: true,
        owners,
        approvals: [],
        editedPolicyProblem: null,
        isPolicyUnreadable: false,
        now: commit.committedAt,
        spent,
      });
      const verdict = judge(policy, facts);
      if (shipsAlone(verdict)) {
        for (const { grant, scope } of facts.budgets) {
          const key = `${grant} ${scope}`;
          if (facts.matches.includes(grant)) spent.set(key, (spent.get(key) ?? 0) + 1);
        }
      }
      return verdict;
    },
  };
}

function shipsAlone({ lane }: Verdict): boolean {
  return lane === 'ship' || lane === 'ship-and-watch';
}

function noLanes(): LaneCounts {
  return { ship: 0, 'ship-and-watch': 0, 'one-reviewer': 0, 'two-person': 0, hold: 0 };
}

function countLanes(verdicts: readonly Verdict[]): LaneCounts {
  const counts = noLanes();
  for (const { lane } of verdicts) counts[lane] += 1;
  return counts;
}

type Pair = { change: PastChange; was: Verdict; is: Verdict };

function weeksOf(pairs: readonly Pair[]): Backtest['weeks'] {
  const weeks = new Map<string, Backtest['weeks'][number]>();
  for (const { change, was, is } of pairs) {
    const monday = new Date(change.commit.committedAt);
    monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7));
    const week = monday.toISOString().slice(0, 10);
    const row = weeks.get(week) ?? { week, before: noLanes(), after: noLanes() };
    row.before[was.lane] += 1;
    row.after[is.lane] += 1;
    weeks.set(week, row);
  }
  return [...weeks.values()].sort((a, b) => (a.week < b.week ? -1 : 1));
}

function describeMove({ change: { commit }, was, is }: Pair): MovedChange {
  const idsOf = ({ rules }: Verdict) => rules.map(({ id }) => id);
  return {
    sha: commit.sha,
    subject: commit.subject,
    landedAt: commit.committedAt,
    before: was.lane,
    after: is.lane,
    rulesAdded: idsOf(is).filter((id) => !idsOf(was).includes(id)),
    rulesRemoved: idsOf(was).filter((id) => !idsOf(is).includes(id)),
    score: is.score,
  };
}

/** Once per change and name: a person who is asked by two rules is asked once. */
function pagedBy(pairs: readonly Pair[]): Backtest['paged'] {
  const rows = new Map<string, { who: string; before: number; after: number }>();
  const count = (verdict: Verdict, side: 'before' | 'after') => {
    const names = verdict.missing.flatMap(({ who }) => (who.length === 0 ? ['anyone'] : who));
    const asked = verdict.lane === 'hold' ? [] : new Set(names);
    for (const who of asked) {
      const row = rows.get(who) ?? { who, before: 0, after: 0 };
      row[side] += 1;
      rows.set(who, row);
    }
  };
  for (const { was, is } of pairs) {
    count(was, 'before');
    count(is, 'after');
  }
  return [...rows.values()].sort((a, b) => b.after - a.after || (a.who < b.who ? -1 : 1));
}

function firedOf(
  { document }: CompiledPolicy,
  pairs: readonly Pair[],
): Pick<Backtest, 'fired' | 'neverFired'> {
  const counts = new Map<string, number>();
  for (const { is } of pairs) {
    for (const { id } of is.rules) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const written = [...allGrants(document), ...document.rules, ...document.freezes];
  const builtIn = new Set([DEFAULT_RULE, ...BUILT_IN_RULES.map(({ id }) => id)]);
  return {
    fired: written
      .flatMap(({ id, line, file }) => {
        const count = counts.get(id) ?? 0;
        return count === 0 ? [] : [{ id, line, file, count }];
      })
      .sort((a, b) => b.count - a.count || a.line - b.line),
    neverFired: written
      .filter(({ id }) => !counts.has(id) && !builtIn.has(id))
      .map(({ id, line, file, because }) => ({ id, line, file, because })),
  };
}

function notesOf({ document }: CompiledPolicy, changes: readonly PastChange[]): string[] {
  const notes = ['Checks count as passed and tickets as given: history does not tell.'];
  if (document.rules.some(({ when }) => when.authors.length > 0)) {
    notes.push('Agents are known by the names they sign with; unsigned ones count as people.');
  }
  if (document.rules.some(({ when }) => when.labels.length + when.priorities.length > 0)) {
    notes.push(
      'Work items of the past are not looked up: rules on labels and priority never fire here.',
    );
  }
  if (changes.some(({ content = 'not-asked' }) => content === 'not-asked')) {
    notes.push('The text of patches was not read: no rule of either file asks for it.');
  }
  const learned = changes.filter(({ assessed = null }) => assessed !== null).length;
  notes.push(
    learned === 0
      ? 'Risk is counted, not learned: too few code changes have landed.'
      : `Risk of ${learned} of ${changes.length} changes is the learned one, by what was known when each landed; of the others it is counted.`,
  );
  return notes;
}
