/**
 * Who is near whom on one branch, and for how long a result holds. On a serial branch everybody is near
 * everybody, and a result holds for the very tree that was tested. With lanes it holds as long as that tree
 * differs from the wanted one only in packages that the changes under test cannot break.
 */
import type { Id } from '#kernel';
import type { Lane, LaneBuild } from './lane.ts';
import { areNear, type Targets } from './targets.ts';

type ChangeId = Id<'chg'>;

export interface Reach {
  near(a: ChangeId, b: ChangeId): boolean;
  touchesEverything(id: ChangeId): boolean;
  /**
   * Whether what was said of one tree holds for the other, of these changes. Undefined while nobody has
   * compared the trees: `findMissing` does.
   */
  holds(tested: string, wanted: string, changes: readonly ChangeId[]): boolean | undefined;
  hasMissing(): boolean;
  findMissing(): Promise<void>;
}

export function createReach(of: {
  lane: Pick<Lane, 'strategy'>;
  /** Only asked on a branch with lanes. */
  targets: ReadonlyMap<ChangeId, Targets>;
  /** What the differences of two trees may break. */
  differ(a: string, b: string): Promise<Targets>;
}): Reach {
  const { lane, targets, differ } = of;
  const hasLanes = lane.strategy === 'lanes';
  const known = new Map<string, Targets>();
  const missing = new Map<string, [string, string]>();
  const targetsOf = (id: ChangeId): Targets => targets.get(id) ?? 'everything';
  return {
    near: (a, b) => !hasLanes || areNear(targetsOf(a), targetsOf(b)),
    touchesEverything: (id) => hasLanes && targetsOf(id) === 'everything',
    holds(tested, wanted, changes) {
      if (tested === wanted) return true;
      if (!hasLanes || changes.some((id) => targetsOf(id) === 'everything')) return false;
      const name = `${tested} ${wanted}`;
      const difference = known.get(name);
      if (difference === undefined) {
        missing.set(name, [tested, wanted]);
        return undefined;
      }
      return changes.every((id) => !areNear(difference, targetsOf(id)));
    },
    hasMissing: () => missing.size > 0,
    async findMissing() {
      for (const [name, [a, b]] of missing) known.set(name, await differ(a, b));
      missing.clear();
    },
  };
}

/**
 * The commit whose test tells of a branch with lanes: the one that is being tested, or that failed and is
 * not known to be a flake; else the newest. What lands meanwhile must not keep the branch from being tested
 * for ever.
 */
export function guardedCommit(
  mainSha: string,
  builds: readonly Pick<LaneBuild, 'id' | 'kind' | 'state' | 'baseSha' | 'attempt'>[],
): string {
  const [last] = builds
    .filter(({ kind }) => kind === 'main')
    .sort((a, b) => Number(b.id) - Number(a.id));
  if (last === undefined || last.state === 'passed') return mainSha;
  return last.baseSha;
}
