/** What is known of one branch that changes land on, as the database keeps it. */
import type { Id, JsonObject } from '#kernel';
import type { QueueMemory } from './scheduler.ts';

export interface LaneKey {
  repository: string;
  baseBranch: string;
}

/** One command that has to pass: options of a `check.command`. */
export type Check = JsonObject;

/** Why nothing lands. */
export interface Red {
  /** Whether a build of ours failed, or a check of the host. */
  source: 'build' | 'host';
  /** The command, or the name of the host's check. */
  check: string;
  sha: string;
  since: string;
  /** The end of what the command said. */
  output: string;
  /** Commits of the branch that may be it, in the order they landed. */
  suspects: string[];
  culprit?: string | undefined;
  culpritChangeId?: Id<'chg'> | undefined;
  revert?:
    | { state: 'proposed'; branch: string }
    | { state: 'conflicts' | 'unsupported' | 'failed'; why: string }
    | undefined;
}

/**
 * `serial`: what lands was tested as the very tree that the branch has then. `lanes`: it was tested as a
 * tree that differs from it at most in packages the change cannot break.
 */
export const LANDING_STRATEGIES = ['serial', 'lanes'] as const;
export type LandingStrategy = (typeof LANDING_STRATEGIES)[number];

export interface Lane extends LaneKey {
  version: string;
  strategy: LandingStrategy;
  memory: QueueMemory<Id<'chg'>>;
  checks: Check[] | null;
  greenSha: string | null;
  mainSha: string | null;
  red: Red | null;
  /** By check, then by commit. */
  hostChecks: Record<string, Record<string, 'pass' | 'fail'>>;
}

export type LandingState =
  | 'queued'
  | 'testing'
  | 'cleared'
  | 'rejected'
  | 'landing'
  | 'landed'
  | 'returned'
  | 'left';

export interface Landing {
  runId: Id<'run'>;
  stepName: string;
  changeId: Id<'chg'>;
  branch: string;
  title: string;
  headSha: string;
  state: LandingState;
  /** What has to pass for it, and the tree on which it has passed in its own run. */
  checks: { options: Check; tree: string | null }[];
  clearedTree: string | null;
  clearedOrder: number | null;
  decisions: number;
  isFlaky: boolean;
  output: string;
  place: number;
  queuedAt: Date;
}

export type BuildState = 'queued' | 'running' | 'passed' | 'failed';

/** A tree that is tested, or was. */
export interface LaneBuild {
  id: string;
  kind: 'landing' | 'main' | 'bisect';
  key: string;
  attempt: number;
  baseSha: string;
  heads: string[];
  changes: Id<'chg'>[];
  assumed: Id<'chg'>[];
  tree: string;
  checks: Check[];
  state: BuildState;
  command: string | null;
  output: string;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
}

export type WantedBuild = Omit<
  LaneBuild,
  'id' | 'state' | 'command' | 'output' | 'createdAt' | 'startedAt' | 'endedAt'
>;

export const nameOfLane = ({ repository, baseBranch }: LaneKey) => `${repository}:${baseBranch}`;
