/**
 * What to land, what to send back, and what to test next. Pure: a queue and what is known of it go in,
 * decisions come out; no clock, no database, no git. With one slot there is one build at a time, with more
 * it speculates.
 *
 * Changes that touch a common target are near each other: they are tested together and land in order.
 * Others cannot spoil each other's tests, so each lands as soon as those near it that came before have.
 * A build is known by the group under test and by what stands near it, landed or assumed: what lands
 * elsewhere spoils no result, and a result on an assumption holds once the assumption has come true.
 */

export type ChangeId = string | number;

export interface Waiting<Id extends ChangeId> {
  id: Id;
  waitedMinutes: number;
  /** Predicted chance that it fails alone on the present main, from 0 to 1. */
  failureChance: number;
  /** Everything is near it; it goes in no group. */
  touchesEverything: boolean;
}

export interface Build<Id extends ChangeId> {
  /** The group under test, in merge order. */
  changes: readonly Id[];
  /** Waiting changes near it that are assumed to land before, in merge order. */
  assumed: readonly Id[];
  /** 0, or 1 for a rerun after a failure that was probably a flake. */
  attempt: number;
}

export interface QueueView<Id extends ChangeId> {
  /** In order of arrival. */
  waiting: readonly Waiting<Id>[];
  /** Builds that may run at once. */
  slots: number;
  /** Estimated chance that a build fails without a fault. */
  flakeRate: number;
  /** Estimated chance that two changes near each other break each other. */
  conflictRate: number;
  near(a: Id, b: Id): boolean;
  verdict(build: Build<Id>): 'pass' | 'fail' | undefined;
  isRunning(build: Build<Id>): boolean;
}

/** What is remembered between two calls. JSON. */
export interface QueueMemory<Id extends ChangeId> {
  /** Changes tested and landed together, in order. */
  groups: (readonly Id[])[];
  /** Groups whose failure is being looked at once more, by their members. */
  retried: string[];
}

export interface Decision<Id extends ChangeId> {
  memory: QueueMemory<Id>;
  /** One step at a time: when any of these is not empty, call again after it was done. */
  land: readonly Id[];
  eject: readonly Id[];
  /** Failed once, being tested again: to be marked as flaky if it passes. */
  retry: readonly Id[];
  /** Most urgent first; what is not named is not wanted any more. */
  builds: Build<Id>[];
}

export interface SchedulerSettings {
  /** The most changes of one group. */
  maxGroup: number;
  /** A group grows while the chance that all of it passes stays above. */
  minGroupChance: number;
  /** Changes riskier than this are tested alone. */
  aloneAbove: number;
  /** Paths less likely than this are not tested ahead of time. */
  minPathChance: number;
  /** The same for the second-likeliest path of a group. */
  minSecondChance: number;
  /** A failure is tested again when it is at least this likely to be a flake. */
  minFlakeChance: number;
}

export const DEFAULT_SETTINGS: SchedulerSettings = {
  maxGroup: 8,
  minGroupChance: 0.8,
  aloneAbove: 0.25,
  minPathChance: 0.3,
  minSecondChance: 0.25,
  minFlakeChance: 0.15,
};

/** When the riskiest of a failed group is that much riskier than the next, it is split off alone. */
const MUCH_RISKIER = 2.5;
const CERTAIN = 0.999;

export function emptyMemory<Id extends ChangeId>(): QueueMemory<Id> {
  return { groups: [], retried: [] };
}

export function schedule<Id extends ChangeId>(
  before: QueueMemory<Id>,
  view: QueueView<Id>,
  settings: SchedulerSettings = DEFAULT_SETTINGS,
): Decision<Id> {
  const queue = new Queue(view, settings);
  const groups = queue.form(before.groups);
  const retried = new Set(before.retried);
  const settled = queue.settle(groups, retried);
  if (settled !== undefined) return { builds: [], ...settled };
  return {
    memory: {
      groups,
      retried: [...retried].filter((key) => groups.some((group) => keyOf(group) === key)),
    },
    land: [],
    eject: [],
    retry: [],
    builds: queue.builds(groups, retried),
  };
}

class Queue<Id extends ChangeId> {
  readonly #view: QueueView<Id>;
  readonly #settings: SchedulerSettings;
  readonly #byId: ReadonlyMap<Id, Waiting<Id>>;

  constructor(view: QueueView<Id>, settings: SchedulerSettings) {
    this.#view = view;
    this.#settings = settings;
    this.#byId = new Map(view.waiting.map((change) => [change.id, change]));
  }

  #risk(id: Id): number {
    return this.#byId.get(id)?.failureChance ?? 1;
  }

  #chance(group: readonly Id[]): number {
    return group.reduce((chance, id) => chance * (1 - this.#risk(id)), 1);
  }

  #touches(a: readonly Id[], b: readonly Id[]): boolean {
    return a.some((one) => b.some((other) => this.#view.near(one, other)));
  }

  /** Groups as they were, without what is gone, and new ones for what came, while there is room. */
  form(known: readonly (readonly Id[])[]): (readonly Id[])[] {
    const { waiting, slots } = this.#view;
    const groups: (readonly Id[])[] = known
      .map((group) => group.filter((id) => this.#byId.has(id)))
      .filter((group) => group.length > 0);
    const grouped = new Set(groups.flat());
    const free = waiting.filter(({ id }) => !grouped.has(id));
    const room = slots - groups.length;
    if (free.length === 0 || room <= 0) return groups;
    const size = Math.min(this.#settings.maxGroup, Math.max(1, Math.ceil(free.length / room)));
    return [...groups, ...this.#makeGroups(free, size).slice(0, room)];
  }

  /** Of one lane first, so that a group joins few of them; what is risky or touches all stays alone. */
  #makeGroups(free: readonly Waiting<Id>[], size: number): (readonly Id[])[] {
    const { aloneAbove, minGroupChance } = this.#settings;
    const mayJoin = ({ failureChance, touchesEverything }: Waiting<Id>) =>
      size > 1 && failureChance <= aloneAbove && !touchesEverything;
    const rest = new Set(free.filter(mayJoin).map(({ id }) => id));
    const made: (readonly Id[])[] = [];
    for (const change of free) {
      if (!mayJoin(change)) {
        made.push([change.id]);
        continue;
      }
      if (!rest.delete(change.id)) continue;
      const group = [change.id];
      let chance = 1 - change.failureChance;
      for (const isNear of [true, false]) {
        for (const id of rest) {
          if (group.length >= size) break;
          if (group.some((one) => this.#view.near(one, id)) !== isNear) continue;
          const together = chance * (1 - this.#risk(id));
          if (together < minGroupChance) continue;
          chance = together;
          group.push(id);
          rest.delete(id);
        }
      }
      made.push(group);
    }
    return made;
  }

  /** The first thing that can be decided for a group nothing near it is waiting ahead of. */
  settle(
    groups: readonly (readonly Id[])[],
    retried: ReadonlySet<string>,
  ): Omit<Decision<Id>, 'builds'> | undefined {
    for (const [place, group] of groups.entries()) {
      if (groups.slice(0, place).some((ahead) => this.#touches(ahead, group))) continue;
      const attempt = retried.has(keyOf(group)) ? 1 : 0;
      const verdict = this.#view.verdict({ changes: group, assumed: [], attempt });
      if (verdict === undefined) continue;
      const others = groups.filter((one) => one !== group);
      const memory = {
        groups: others,
        retried: [...retried].filter((key) => key !== keyOf(group)),
      };
      const none = { land: [], eject: [], retry: [] };
      if (verdict === 'pass') return { memory, ...none, land: group };
      if (attempt === 0 && this.#isProbablyFlaky(group)) {
        const again = { groups: [...groups], retried: [...retried, keyOf(group)] };
        return { memory: again, ...none, retry: group };
      }
      if (group.length === 1) return { memory, ...none, eject: group };
      const parts = this.#split(group);
      const divided = [...groups.slice(0, place), ...parts, ...groups.slice(place + 1)];
      return this.settle(divided, retried) ?? this.#again(divided, retried);
    }
    return undefined;
  }

  /** Nothing to land yet, but the groups are others: the next look starts from them. */
  #again(
    groups: (readonly Id[])[],
    retried: ReadonlySet<string>,
  ): Omit<Decision<Id>, 'builds'> & { builds: Build<Id>[] } {
    const memory = { groups, retried: [...retried] };
    return { memory, land: [], eject: [], retry: [], builds: this.builds(groups, retried) };
  }

  /** By Bayes: a flake against a fault, given that it failed. */
  #isProbablyFlaky(group: readonly Id[]): boolean {
    const { flakeRate } = this.#view;
    const fault = 1 - this.#chance(group);
    return flakeRate / (flakeRate + fault + 1e-9) > this.#settings.minFlakeChance;
  }

  #split(group: readonly Id[]): [readonly Id[], readonly Id[]] {
    const byRisk = [...group].sort((a, b) => this.#risk(b) - this.#risk(a));
    const isAlone = this.#risk(byRisk[0]!) > MUCH_RISKIER * this.#risk(byRisk[1]!);
    const suspects = new Set(byRisk.slice(0, isAlone ? 1 : Math.ceil(byRisk.length / 2)));
    // The likelier part goes ahead; what is suspected does not hold it up.
    return [group.filter((id) => !suspects.has(id)), group.filter((id) => suspects.has(id))];
  }

  /** Builds worth running now: each group on its likeliest path, and on the second where that is likely. */
  builds(groups: readonly (readonly Id[])[], retried: ReadonlySet<string>): Build<Id>[] {
    const { minPathChance, minSecondChance } = this.#settings;
    const candidates: { build: Build<Id>; value: number }[] = [];
    /** Chance that a change lands, as far as the groups ahead were looked at. */
    const lands = new Map<Id, number>();
    for (const group of groups) {
      const ahead = [...lands.keys()].filter((id) => this.#touches([id], group));
      const likely = ahead.filter((id) => lands.get(id)! >= 0.5);
      const path = ahead.reduce((chance, id) => chance * sure(lands.get(id)!), 1);
      const attempt = retried.has(keyOf(group)) ? 1 : 0;
      const build = { changes: group, assumed: likely, attempt };
      const verdict = this.#view.verdict(build);
      const chance = this.#landingChance(group, verdict, attempt);
      for (const id of group) lands.set(id, chance);
      const value = Math.sqrt(group.length) * this.#urgency(group);
      if (verdict === undefined && (path >= minPathChance || ahead.length === 0)) {
        candidates.push({ build, value: path * value });
      }
      const doubtful = ahead
        .filter((id) => lands.get(id)! < CERTAIN)
        .sort((a, b) => Math.abs(lands.get(a)! - 0.5) - Math.abs(lands.get(b)! - 0.5))[0];
      if (doubtful === undefined) continue;
      const doubt = lands.get(doubtful)!;
      const second = (path / sure(doubt)) * (1 - sure(doubt));
      if (second < minSecondChance) continue;
      const assumed = ahead.filter((id) => (id === doubtful ? doubt < 0.5 : lands.get(id)! >= 0.5));
      const other = { changes: group, assumed, attempt: 0 };
      if (this.#view.verdict(other) === undefined)
        candidates.push({ build: other, value: second * value });
    }
    // What runs already stays while it may still be needed: half its time is spent.
    const rank = (one: { build: Build<Id>; value: number }) =>
      one.value + (this.#view.isRunning(one.build) ? 1e6 : 0);
    return candidates
      .sort((a, b) => rank(b) - rank(a))
      .slice(0, this.#view.slots)
      .map(({ build }) => build);
  }

  #landingChance(
    group: readonly Id[],
    verdict: 'pass' | 'fail' | undefined,
    attempt: number,
  ): number {
    if (verdict === 'pass') return CERTAIN;
    if (verdict === 'fail') return attempt === 0 ? 0.3 : 0.02;
    return this.#chance(group) * (1 - this.#view.conflictRate * 0.3);
  }

  /** From 1 for what just came to 3 for what has waited four hours. */
  #urgency(group: readonly Id[]): number {
    const waited = Math.max(...group.map((id) => this.#byId.get(id)?.waitedMinutes ?? 0));
    return 1 + Math.min(2, waited / 120);
  }
}

/** The chance of whichever way is likelier. */
function sure(chance: number): number {
  return Math.max(chance, 1 - chance);
}

function keyOf(group: readonly ChangeId[]): string {
  return JSON.stringify(group);
}
