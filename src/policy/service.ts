/** The verbs of the Policy Engine; see index.ts for what it promises. */
import type { GitRepository } from '#git';
import type { Id, Page, PageRequest, Tx } from '#kernel';
import type { ApprovalFact, Decision } from './schema.ts';

export interface ChangeToJudge {
  changeId: Id<'chg'>;
  repository: string;
  git: GitRepository;
  /** Tip of the protected branch the change wants into: policy is read from here, never from the change. */
  baseSha: string;
  headSha: string;
  authorKind: 'human' | 'assisted' | 'agent';
  /** Owners by path, read from the base. */
  owners: ReadonlyMap<string, readonly string[]>;
  approvals: readonly ApprovalFact[];
  /** Result of the checks so far; unknown counts as failed. */
  checks: 'passed' | 'failed' | 'unknown';
}

export interface PolicyProblem {
  line: number;
  column: number;
  path: string;
  message: string;
  suggestion: string | null;
}

export interface PolicySummary {
  version: string;
  source: string;
  /** Set while the newest file is refused and an older good one stays in force. */
  refused: { source: string; problems: PolicyProblem[] } | null;
  rules: { id: string; line: number; because: string; kind: string }[];
}

export interface PolicyService {
  /**
   * Judges one commit of a change and writes the decision down. The same commit, policy version and
   * approvals give the first answer again and write nothing. Any doubt escalates.
   */
  decide(
    change: ChangeToJudge,
    context: { cause?: Id<'evt'> | undefined; correlationId: string },
  ): Promise<Decision>;
  /** The same judgement for a local branch, written down nowhere. */
  check(change: Omit<ChangeToJudge, 'changeId'>): Promise<Omit<Decision, 'id' | 'changeId'>>;
  findDecision(id: Id<'dec'>): Promise<Decision | undefined>;
  /** Newest first. */
  listDecisions(
    filter: { changeId?: Id<'chg'> | undefined } & PageRequest,
  ): Promise<Page<Decision>>;
  latestDecision(queryable: Tx, changeId: Id<'chg'>): Promise<Decision | undefined>;
  /** The policy in force at a commit of a repository. */
  activePolicy(repository: string, git: GitRepository, baseSha: string): Promise<PolicySummary>;
  /** Reads a policy text; problems carry line, column and a suggestion. Pure. */
  validate(text: string, file?: string): { problems: PolicyProblem[]; version: string | null };
}
