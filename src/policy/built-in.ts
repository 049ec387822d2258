/**
 * Rules that hold in every repository and that no file can remove: whoever may edit the rules, or
 * what runs the checks, could otherwise remove them. Shown with line 0 and file `built-in`.
 */
import {
  APPROVALS_BY_DEFAULT,
  type Condition,
  NO_CONDITION,
  NO_REQUIREMENT,
  type PolicyDocument,
  type Rule,
} from './document.ts';
import type { RuleTag } from './tags.ts';

export const BUILT_IN_FILE = 'built-in';

/**
 * Part of every policy version. Raise it when built-in rules, tags, facts or the score change, so
 * that no verdict made under the old ones stands for the new.
 */
export const ENGINE_VERSION = 3;

/** Facts that are not about paths; each may trigger one built-in rule. */
export const SIGNALS = [
  'checks-failed',
  'checks-unknown',
  'diff-unreadable',
  'edited-policy-invalid',
  'freeze-exempted',
  'operations-over-bound',
  'policy-unreadable',
] as const;
export type Signal = (typeof SIGNALS)[number];

export interface BuiltInRule extends Rule {
  signal: Signal | null;
}

function onTag(tag: RuleTag, reviewers: number, because: string): BuiltInRule {
  const when: Condition = { ...NO_CONDITION, tags: [tag] };
  return { ...base(`built-in.${tag}`, because), when, reviewers, signal: null };
}

function onSignal(signal: Signal, reviewers: number | 'hold', because: string): BuiltInRule {
  const isHold = reviewers === 'hold';
  return {
    ...base(`built-in.${signal}`, because),
    isHold,
    reviewers: isHold ? 0 : reviewers,
    signal,
  };
}

function base(id: string, because: string): BuiltInRule {
  return {
    ...NO_REQUIREMENT,
    id,
    file: BUILT_IN_FILE,
    line: 0,
    because,
    when: NO_CONDITION,
    signal: null,
  };
}

export const BUILT_IN_RULES: readonly BuiltInRule[] = [
  onTag('policy', 2, 'Changing the rules needs two people, judged by the rules in force.'),
  onTag('workflow', 2, 'Workflows decide which checks run, so changing them needs two people.'),
  onTag('code-owners', 2, 'Changing who owns code needs two people.'),
  onTag('agent-rules', 1, 'Rules and hooks of agents steer what agents do next.'),
  onTag('ci', 1, 'CI files run with secrets and decide what counts as tested.'),
  onTag('submodule', 1, 'A submodule brings in code that this diff does not show.'),
  onTag('symlink', 1, 'A symbolic link gives other code under a path that looks harmless.'),
  onTag('path-twin', 1, 'A path is written with characters that pass for others.'),
  onTag('secrets', 1, 'Something that looks like a secret is added.'),
  onSignal('checks-failed', 'hold', 'The checks of this commit failed.'),
  onSignal('checks-unknown', 1, 'No check has spoken for this commit.'),
  onSignal('diff-unreadable', 'hold', 'The diff cannot be read, so nobody knows what would land.'),
  onSignal('edited-policy-invalid', 'hold', 'The policy file in this change is not valid.'),
  onSignal('freeze-exempted', 1, 'An exception from a freeze never ships without a person.'),
  onSignal(
    'operations-over-bound',
    1,
    'More harm of configuration, builds, CI and dependencies shipped alone here than was declared.',
  ),
  onSignal(
    'policy-unreadable',
    2,
    'The policy on the protected branch is not valid, and no earlier one was.',
  ),
];

export const BUILT_IN_IDS: readonly string[] = BUILT_IN_RULES.map(({ id }) => id);

/** What holds where a repository has no policy: one reviewer for everything. */
export const BUILT_IN_DOCUMENT: PolicyDocument = {
  file: BUILT_IN_FILE,
  defaultLane: 'one-reviewer',
  defaultLine: 0,
  defaultFile: BUILT_IN_FILE,
  services: new Map(),
  tiers: new Map(),
  data: new Map(),
  grants: [],
  rules: [],
  freezes: [],
  approvals: APPROVALS_BY_DEFAULT,
  boundPerMille: null,
  afterIncident: null,
  routing: null,
  override: null,
  teams: new Map(),
  roles: new Map(),
  narrowing: null,
  mappedBy: null,
  tests: [],
};
