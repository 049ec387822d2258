/** A policy file after it has been read: every name known, every pattern sound. */
import type { GrantTag, RuleTag } from './tags.ts';
import type { Lane } from './schema.ts';

export type AuthorKind = 'human' | 'assisted' | 'agent';

/** `> 400` or `>= 5`. Only "more than": fewer files must never make a rule fire. */
export interface Threshold {
  operator: '>' | '>=';
  value: number;
}

/** All that is given must hold; of a list, one is enough. Empty means always. */
export interface Condition {
  paths: readonly string[];
  services: readonly string[];
  tiers: readonly string[];
  data: readonly string[];
  tags: readonly RuleTag[];
  authors: readonly AuthorKind[];
  changedLines: Threshold | null;
  files: Threshold | null;
  score: Threshold | null;
}

export interface Rule {
  id: string;
  line: number;
  because: string;
  when: Condition;
  /** A held change cannot land whatever anybody approves. */
  isHold: boolean;
  reviewers: number;
  from: readonly string[];
}

export interface Grant {
  id: string;
  line: number;
  because: string;
  lane: Extract<Lane, 'ship' | 'ship-and-watch'>;
  /** Every file must be covered by one of these tiers or paths. */
  tiers: readonly string[];
  paths: readonly string[];
  maxScore: number;
  maxChangedLines: number | null;
  maxFiles: number | null;
  allowsAgents: boolean;
  needs: readonly GrantTag[];
}

export interface Freeze {
  id: string;
  line: number;
  because: string;
  from: Date;
  to: Date;
  /** All empty: everything. */
  services: readonly string[];
  tiers: readonly string[];
  paths: readonly string[];
}

export interface PolicyTest {
  name: string;
  line: number;
  column: number;
  change: {
    paths: readonly string[];
    author: AuthorKind;
    changedLines: number;
    checks: 'passed' | 'failed' | 'unknown';
    at: Date | null;
  };
  expect: { lane: Lane | null; rules: readonly string[] };
}

export interface PolicyDocument {
  /** Where its rules are said to be from: `.loom/policy.yaml` or `built-in`. */
  file: string;
  defaultLane: Extract<Lane, 'one-reviewer' | 'two-person' | 'hold'>;
  defaultLine: number;
  /** Name -> path patterns. */
  services: ReadonlyMap<string, readonly string[]>;
  /** Name -> services and path patterns, the riskiest first. */
  tiers: ReadonlyMap<string, { services: readonly string[]; paths: readonly string[] }>;
  data: ReadonlyMap<string, { paths: readonly string[]; standard: string | null }>;
  grants: readonly Grant[];
  rules: readonly Rule[];
  freezes: readonly Freeze[];
  /** Null: as long as the head stays. */
  approvalsValidForMs: number | null;
  tests: readonly PolicyTest[];
}

export const NO_CONDITION: Condition = {
  paths: [],
  services: [],
  tiers: [],
  data: [],
  tags: [],
  authors: [],
  changedLines: null,
  files: null,
  score: null,
};
