/** One look at a repository: who is due, whom they meet, what is stored and what is over. */
import type { GitRepository } from '#git';
import { AppError, type Tx } from '#kernel';
import type { FactReader } from './change-facts.ts';
import { ClaimIndex } from './claim-index.ts';
import { COLLISION_LEVELS, type Finding, isCertain } from './collision.ts';
import { collisionCleared, collisionFound } from './collision-events.ts';
import type { CollisionDeps } from './collision-service.ts';
import * as store from './collision-store.ts';
import { comparePairs, type Pair } from './compare-parties.ts';
import type { Foreseer } from './foresee.ts';
import { type KnownParty, knowParty, listParties, type Party } from './parties.ts';

export interface CheckTools {
  facts: FactReader;
  foreseer: Foreseer;
  editsPerCheck: number;
}

/** So many are compared in one look; the rest follows in the next. */
const MAX_DUE = 50;
const MAX_NEIGHBOURS = 200;
/** ConE's rate, which developers kept: 3 alerts per 100 changes; and a few for a quiet month. */
const ALERTS_PER_CHANGE = 0.03;
const MIN_ALERTS = 3;
const BUDGET_DAYS = 30;

export interface Checked {
  /** Pairs that were stored at a new level, or cleared. */
  moved: number;
  /** False when somebody is still due: too many at once, or commits that are not here yet. */
  isSettled: boolean;
}

export async function checkRepository(
  deps: CollisionDeps,
  tools: CheckTools,
  repository: string,
): Promise<Checked> {
  const { db, claims } = deps;
  const git = await openMirror(deps, repository);
  if (git === undefined) return { moved: 0, isSettled: false };
  const { parties, claimed } = await listParties(db, claims, git, repository, tools.editsPerCheck);
  const [marks, open] = await Promise.all([
    store.readMarks(db, repository),
    store.openOf(db, repository),
  ]);
  const waiting = parties.filter(({ side, mark }) => marks.get(side.id) !== mark);
  const due = waiting.slice(0, MAX_DUE);
  const living = new Map(parties.map((party) => [party.side.id as string, party]));
  const over = open.filter(({ a, b }) => !living.has(a) || !living.has(b));
  const gone = [...marks.keys()].filter((id) => !living.has(id));
  if (gone.length > 0) await store.dropMarks(db, repository, gone);
  let moved = 0;
  for (const row of over) {
    const left = row.sides.find(({ id }) => !living.has(id));
    moved += await clearPair(
      deps,
      row,
      left?.kind === 'session' ? 'the session ended' : 'the change is closed or merged',
    );
  }
  if (due.length === 0) return { moved, isSettled: true };

  const known = await knowAll(parties, tools.facts, git, claimed);
  const dueNow = due.filter(({ side }) => known.has(side.id));
  const { findings, met } = await compareDue(git, known, dueNow);
  findings.push(...(await foreseeDue(git, tools.foreseer, known, dueNow, met)));
  const found = new Set<string>();
  for (const finding of findings) {
    found.add(keyOf(finding.sides[0].id, finding.sides[1].id));
    moved += await storeFinding(deps, repository, finding);
  }
  const looked = new Set(dueNow.map(({ side }) => side.id as string));
  for (const row of open) {
    if (over.includes(row) || found.has(keyOf(row.a, row.b))) continue;
    if (!looked.has(row.a) && !looked.has(row.b)) continue;
    moved += await clearPair(deps, row, 'they no longer touch the same');
  }
  // Marked last: a look that was cut short is made again.
  await store.writeMarks(
    db,
    repository,
    dueNow.map(({ side, mark }) => ({ party: side.id, mark })),
  );
  return { moved, isSettled: dueNow.length === waiting.length };
}

/** Undefined for repositories that are not ours, or whose mirror this node has not made yet. */
async function openMirror(
  { context }: CollisionDeps,
  repository: string,
): Promise<GitRepository | undefined> {
  if ((await context.findRepository(repository)) === undefined) return undefined;
  return context.openMirror(repository).catch((error: unknown) => {
    if (error instanceof AppError) return undefined;
    throw error;
  });
}

/** Those whose commits are here; facts of a head are read once. */
async function knowAll(
  parties: readonly Party[],
  facts: FactReader,
  git: GitRepository,
  claimed: ReadonlyMap<string, readonly string[]>,
): Promise<Map<string, KnownParty>> {
  const known = new Map<string, KnownParty>();
  for (const party of parties) {
    const one = await knowParty(party, facts, git, claimed);
    if (one !== undefined) known.set(party.side.id, one);
  }
  return known;
}

/** Candidates from the inverted indexes: cost grows with them, not with pairs. */
async function compareDue(
  git: GitRepository,
  known: ReadonlyMap<string, KnownParty>,
  due: readonly Party[],
): Promise<{ findings: Finding[]; met: Set<string> }> {
  const paths = new ClaimIndex();
  const changed = new ClaimIndex();
  const used = new ClaimIndex();
  for (const [id, party] of known) {
    paths.set(id, party.paths);
    changed.set(id, party.changedSymbols);
  }
  // Only names that somebody changes are worth keeping.
  for (const [id, party] of known)
    used.set(
      id,
      [...party.usedNames].filter((name) => changed.holders(name) > 0),
    );
  const met = new Set<string>();
  const pairs: Pair[] = [];
  for (const { side } of due) {
    const own = known.get(side.id)!;
    const shared = paths.candidates(own.paths, side.id);
    const symbols = new Map<string, Set<string>>();
    for (const found of [
      used.candidates(own.changedSymbols, side.id),
      changed.candidates(
        [...own.usedNames].filter((name) => changed.holders(name) > 0),
        side.id,
      ),
    ])
      for (const [id, names] of found)
        symbols.set(id, new Set([...(symbols.get(id) ?? []), ...names]));
    for (const id of new Set([...shared.keys(), ...symbols.keys()])) {
      const other = known.get(id)!;
      const key = keyOf(side.id, id);
      if (met.has(key) || isSameHand(own, other)) continue;
      met.add(key);
      const [a, b] = side.id < id ? [own, other] : [other, own];
      pairs.push({ a, b, shared: shared.get(id) ?? [], symbols: [...(symbols.get(id) ?? [])] });
    }
  }
  return { findings: await comparePairs(git, pairs), met };
}

/** Sessions that have not touched anything yet: a guess from what they were asked. */
async function foreseeDue(
  git: GitRepository,
  foreseer: Foreseer,
  known: ReadonlyMap<string, KnownParty>,
  due: readonly Party[],
  met: ReadonlySet<string>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { side } of due) {
    const own = known.get(side.id)!;
    if (side.kind !== 'session' || own.paths.length > 0) continue;
    const others = [...known.values()]
      .filter((other) => !isSameHand(own, other) && !met.has(keyOf(side.id, other.side.id)))
      .slice(0, MAX_NEIGHBOURS);
    const foreseen = await foreseer.foresee(
      git,
      { id: side.id, ...own.text },
      others.map((other) => ({ id: other.side.id, ...other.text })),
    );
    for (const { id, likelihood, paths } of foreseen) {
      const other = known.get(id)!;
      findings.push({
        sides: side.id < id ? [side, other.side] : [other.side, side],
        level: 'intent',
        paths,
        symbols: [],
        hunks: [],
        why: `by their words they will meet in a file (${Math.round(likelihood * 100)} %)`,
      });
    }
  }
  return findings;
}

function isSameHand(a: Party, b: Party): boolean {
  return a.sessionId !== null && a.sessionId === b.sessionId;
}

function keyOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** State and event in one transaction. 1 when a level was reached that had not been told of. */
async function storeFinding(
  { db, ledger, newId }: CollisionDeps,
  repository: string,
  finding: Finding,
): Promise<number> {
  return db.transaction(async (tx) => {
    const { row, isNew } = await store.lockPair(tx, newId('col'), repository, finding);
    const isToldBefore = row.told_levels.includes(finding.level);
    const isAsBefore = !isNew && row.state === 'open' && row.level === finding.level;
    const isNews = !isToldBefore && !isAsBefore;
    const isAlerted = isNews
      ? isCertain(finding.level) || (await isWithinBudget(tx, repository))
      : row.is_alerted && rank(row.level) <= rank(finding.level);
    const saved = await store.saveFinding(tx, row.id, finding, {
      levels: isToldBefore ? row.told_levels : [...row.told_levels, finding.level],
      isAlerted,
      // The same pair at a new level is news to those who heard of the old one.
      forgetSessions: isNews,
    });
    if (isNews || row.state === 'cleared') await ledger.append(tx, collisionFound(saved));
    return isNews ? 1 : 0;
  });
}

async function isWithinBudget(tx: Tx, repository: string): Promise<boolean> {
  const { alerts, changes } = await store.countAlerts(tx, repository, BUDGET_DAYS);
  return alerts < Math.max(MIN_ALERTS, Math.ceil(ALERTS_PER_CHANGE * changes));
}

function rank(level: Finding['level']): number {
  return COLLISION_LEVELS.indexOf(level);
}

async function clearPair(
  { db, ledger }: CollisionDeps,
  { id }: store.CollisionRow,
  reason: string,
): Promise<number> {
  return db.transaction(async (tx) => {
    const cleared = await store.clear(tx, id, reason);
    if (cleared === undefined) return 0;
    await ledger.append(tx, collisionCleared(cleared));
    return 1;
  });
}
