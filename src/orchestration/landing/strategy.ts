/**
 * The scheduler as a strategy of a merge queue simulator: `settle()` acts on results, `desired()` names
 * the builds wanted now. The simulator shows a strategy what an operator would know, and no more.
 */
import {
  type Build,
  emptyMemory,
  type QueueView,
  schedule,
  type SchedulerSettings,
} from './scheduler.ts';

/** What the simulator offers; ids are numbers, times minutes. */
export interface Simulation {
  readonly now: number;
  readonly pending: readonly number[];
  readonly ch: readonly { at: number; root?: boolean; x: number }[];
  readonly landed: readonly { id: number; t: number }[];
  readonly results: ReadonlyMap<string, 'pass' | 'fail'>;
  readonly running: ReadonlyMap<string, unknown>;
  readonly P: { slots: number; flake: number; conf: number };
  pFail(id: number): number;
  near(a: number, b: number): boolean;
  land(ids: readonly number[]): void;
  eject(id: number): void;
}

export interface Strategy {
  settle(): boolean;
  desired(): { key: string; set: number[]; scale: number }[];
}

/** A rerun runs what failed, and little else. */
const RERUN_SCALE = 0.4;

export function strategyOf(settings?: SchedulerSettings): (simulation: Simulation) => Strategy {
  return (simulation) => {
    let memory = emptyMemory<number>();
    const look = () => schedule(memory, viewOf(simulation), settings);
    return {
      settle() {
        const decision = look();
        const { land, eject, retry } = decision;
        memory = decision.memory;
        if (land.length > 0) simulation.land(land);
        for (const id of eject) simulation.eject(id);
        return land.length + eject.length + retry.length > 0;
      },
      desired() {
        const decision = look();
        memory = decision.memory;
        return decision.builds.map((build) => ({
          key: keyOf(simulation, build),
          set: [...build.assumed, ...build.changes],
          scale: build.attempt === 0 ? 1 : RERUN_SCALE,
        }));
      },
    };
  };
}

function viewOf(simulation: Simulation): QueueView<number> {
  const { P, ch, now } = simulation;
  return {
    slots: P.slots,
    flakeRate: P.flake,
    conflictRate: P.conf,
    waiting: simulation.pending.map((id) => ({
      id,
      waitedMinutes: now - ch[id]!.at,
      failureChance: simulation.pFail(id),
      touchesEverything: ch[id]!.root === true,
    })),
    near: (a, b) => simulation.near(a, b),
    verdict: (build) => simulation.results.get(keyOf(simulation, build)),
    isRunning: (build) => simulation.running.has(keyOf(simulation, build)),
  };
}

/** What a build says something of: the group, and what stands near it in its tree. */
function keyOf(
  { ch, landed, near }: Simulation,
  { changes, assumed, attempt }: Build<number>,
): string {
  const since = Math.min(...changes.map((id) => ch[id]!.at));
  const stands = landed
    .filter(({ id, t }) => t >= since - 1e-9 && changes.some((one) => near(one, id)))
    .map(({ id }) => id);
  const contents = (ids: readonly number[]) => ids.map((id) => ch[id]!.x).sort((a, b) => a - b);
  return `${contents(changes).join('.')}/${contents([...stands, ...assumed]).join('.')}~${attempt}`;
}

export const strategies = { loomstack: strategyOf() };
