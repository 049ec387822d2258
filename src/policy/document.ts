/** A policy file after it has been read: every name known, every pattern sound. */
import type { WorkPriority } from './work-facts.ts';
import type { FreezeTag, GrantTag, RuleTag } from './tags.ts';
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
  /** Of the work item it is for: one of these labels, one of these priorities. */
  labels: readonly string[];
  priorities: readonly WorkPriority[];
  changedLines: Threshold | null;
  files: Threshold | null;
  score: Threshold | null;
  /** How many services are touched; how many depend on them. */
  serviceCount: Threshold | null;
  downstream: Threshold | null;
}

export interface Rule {
  id: string;
  /** The file that says so: the organisation's, the repository's, or `built-in`. */
  file: string;
  line: number;
  because: string;
  when: Condition;
  /** A held change cannot land whatever anybody approves. */
  isHold: boolean;
  reviewers: number;
  from: readonly string[];
  /** A work item or ticket must be named. */
  needsTicket: boolean;
  /** Who deploys does not consent. */
  excludesDeployer: boolean;
}

export interface Grant {
  id: string;
  file: string;
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
  /** Evidence asked of agents beyond `needs`. */
  agentNeeds: readonly GrantTag[];
  /** Changes a day that may ship alone under it, per service; null is no limit. */
  dailyPerService: number | null;
  /** The same per agent. */
  dailyPerAgent: number | null;
}

/** Minutes since Monday 00:00 on the clocks of a zone. */
export interface WeeklySpan {
  start: number;
  end: number;
}

export type FreezeSpan =
  /** Wall-clock times, in the UTC fields of the dates. */
  | { kind: 'once'; from: Date; to: Date }
  | { kind: 'weekly'; weekly: WeeklySpan }
  /** Starts whenever the pattern says and lasts so long. */
  | { kind: 'cron'; pattern: string; forMs: number };

export interface Freeze {
  id: string;
  file: string;
  line: number;
  because: string;
  span: FreezeSpan;
  /** An IANA name, or `local-of-owner`: wherever the owning teams live. */
  zone: string;
  /** What holds meanwhile. */
  lane: Extract<Lane, 'one-reviewer' | 'two-person' | 'hold'>;
  /** Whoever has one of these is not frozen, but never ships alone meanwhile. */
  except: readonly FreezeTag[];
  /** All empty: everything. */
  services: readonly string[];
  tiers: readonly string[];
  paths: readonly string[];
}

export const LOCAL_OF_OWNER = 'local-of-owner';

/** What takes an approval away from a new head, and what does not. */
export interface ApprovalTerms {
  /** Null: as long as the code stays. */
  validForMs: number | null;
  /** `push`: any new head. `code-change`: a head whose diff is another one. */
  staleOn: 'push' | 'code-change';
  keepOn: readonly KeepOn[];
}

export const KEEP_ON = ['rebase-without-diff', 'update-merge'] as const;
export type KeepOn = (typeof KEEP_ON)[number];

/** Who is asked when, in order; used by the routing of reviews. */
export interface RoutingTerms {
  /** By tier; `default` for all others. Milliseconds. */
  ackWithinMs: ReadonlyMap<string, number>;
  /** Who is asked when nobody answered in time, one after the other. */
  afterwards: readonly RoutingStep[];
  maxOpenPerPerson: number | null;
}

export const ROUTING_STEPS = [
  'next-expert',
  'owning-team-lead',
  'on-call',
  'owners',
  'leadership',
] as const;
export type RoutingStep = (typeof ROUTING_STEPS)[number];

/** Who may put a verdict aside, and what that takes. */
export interface OverrideTerms {
  line: number;
  by: readonly string[];
  minReasonLength: number;
  needsTicket: boolean;
  needsSecondPerson: boolean;
  expiresMs: number;
  reportTo: string | null;
}

export interface AfterIncident {
  halveForMs: number;
  scope: 'service' | 'repository';
  restore: string;
}

/** People of a team or role as the file names them: `email:…`, `github:…` or a bare name. */
export interface GroupTerms {
  members: readonly string[];
  zone: string | null;
}

export interface ServiceTerms {
  paths: readonly string[];
  /** Services it calls. */
  dependsOn: readonly string[];
  /** `team:payments`; null where nobody says. */
  owner: string | null;
}

export interface PolicyTest {
  name: string;
  line: number;
  column: number;
  change: {
    paths: readonly string[];
    /** Touched besides those the paths belong to. */
    services: readonly string[];
    tags: readonly (RuleTag | GrantTag | FreezeTag)[];
    author: AuthorKind;
    labels: readonly string[];
    priority: WorkPriority | null;
    changedLines: number;
    checks: 'passed' | 'failed' | 'unknown';
    /** Taken for the computed score. */
    riskPercentile: number | null;
    at: Date | null;
  };
  expect: { lane: Lane | null; rules: readonly string[] };
}

export interface PolicyDocument {
  /** Where its rules are said to be from: `.loom/policy.yaml` or `built-in`. */
  file: string;
  defaultLane: Extract<Lane, 'one-reviewer' | 'two-person' | 'hold'>;
  defaultLine: number;
  defaultFile: string;
  /** Of the file and of the catalog at the same commit. */
  services: ReadonlyMap<string, ServiceTerms>;
  /** Name -> services and path patterns, the riskiest first. */
  tiers: ReadonlyMap<string, { services: readonly string[]; paths: readonly string[] }>;
  data: ReadonlyMap<string, { paths: readonly string[]; standard: string | null }>;
  grants: readonly Grant[];
  rules: readonly Rule[];
  freezes: readonly Freeze[];
  approvals: ApprovalTerms;
  /** Most of the defect-introducing changes that may ship alone, in per mille; null where not said. */
  boundPerMille: number | null;
  afterIncident: AfterIncident | null;
  routing: RoutingTerms | null;
  override: OverrideTerms | null;
  teams: ReadonlyMap<string, GroupTerms>;
  roles: ReadonlyMap<string, GroupTerms>;
  /**
   * What a repository grants below an organisation that grants too: it narrows, so a change ships
   * alone only where both say so. Null where there is no such second file, or it grants nothing.
   */
  narrowing: readonly Grant[] | null;
  /** Names that leave a path mapped; null is all of them. Names a repository adds do not count. */
  mappedBy: ReadonlySet<string> | null;
  tests: readonly PolicyTest[];
}

export const NO_CONDITION: Condition = {
  paths: [],
  services: [],
  tiers: [],
  data: [],
  tags: [],
  authors: [],
  labels: [],
  priorities: [],
  changedLines: null,
  files: null,
  score: null,
  serviceCount: null,
  downstream: null,
};

export const NO_REQUIREMENT = {
  isHold: false,
  reviewers: 0,
  from: [],
  needsTicket: false,
  excludesDeployer: false,
} satisfies Partial<Rule>;

export const APPROVALS_BY_DEFAULT: ApprovalTerms = {
  validForMs: null,
  staleOn: 'push',
  keepOn: [],
};
