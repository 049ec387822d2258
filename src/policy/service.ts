/** The verbs of the Policy Engine; see index.ts for what it promises. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FileChange, GitRepository } from '#git';
import {
  AppError,
  canonicalJson,
  checkValue,
  type Clock,
  type Db,
  decodeCursor,
  type Id,
  type Logger,
  type NewId,
  type Page,
  type PageRequest,
  toPage,
  type Tx,
} from '#kernel';
import type { Ledger } from '#ledger';
import { type ActivePolicy, createActivePolicies, readPolicyText } from './active-policy.ts';
import { BUILT_IN_FILE, BUILT_IN_RULES } from './built-in.ts';
import { decisionMade, type EventContext } from './events.ts';
import { buildFacts, Facts } from './facts.ts';
import { judge, type Verdict } from './judge.ts';
import { BUILT_IN_POLICY, createPolicyLoader } from './load-policy.ts';
import { POLICY_PATH } from './read-policy.ts';
import type { ApprovalFact, Decision } from './schema.ts';
import * as store from './store.ts';

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
  /** Result of the checks so far. Failed never lands; unknown never lands without a person. */
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
   * facts (approvals, checks, freezes) give the first answer again and no event. Any doubt escalates.
   */
  decide(
    change: ChangeToJudge,
    context: { cause?: Id<'evt'> | undefined; correlationId: string },
  ): Promise<Decision>;
  /**
   * Makes a past decision again from its recorded facts and policy, and says whether it is the same.
   * @throws AppError `policy.no_such_decision`, `policy.not_replayable`.
   */
  replay(id: Id<'dec'>): Promise<{ isIdentical: boolean; recorded: Verdict; replayed: Verdict }>;
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

export interface PolicyDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
}

export function createPolicyService(deps: PolicyDeps): PolicyService {
  const { db, ledger, clock, newId } = deps;
  const log = deps.log.child({ room: 'policy' });
  const load = createPolicyLoader();
  const policies = createActivePolicies({ db, ledger, clock, load });

  async function judgeChange(
    change: Omit<ChangeToJudge, 'changeId'>,
    active: ActivePolicy,
  ): Promise<Omit<Decision, 'id' | 'changeId'> & { facts: Facts }> {
    const now = clock.now();
    const { policy } = active;
    const files = await readDiff(change);
    const facts = buildFacts(policy.document, policy.matchers, {
      files,
      headSha: change.headSha,
      policyVersion: policy.version,
      authorKind: change.authorKind,
      checks: change.checks,
      owners: change.owners,
      approvals: change.approvals,
      editedPolicyProblem: await findEditedPolicyProblem(change, files),
      isPolicyUnreadable: active.isUnreadable,
      now,
    });
    return {
      repository: change.repository,
      baseSha: change.baseSha,
      headSha: change.headSha,
      policyVersion: policy.version,
      policySource: active.source,
      ...judge(policy, facts),
      facts,
      decidedAt: now,
    };
  }

  /** Null when the two commits cannot be compared: then nobody knows what would land. */
  async function readDiff(
    change: Omit<ChangeToJudge, 'changeId'>,
  ): Promise<readonly FileChange[] | null> {
    try {
      return await change.git.changedFiles(change.baseSha, change.headSha);
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      log.warn(
        { err: error, headSha: change.headSha },
        'diff cannot be read, so the change is held',
      );
      return null;
    }
  }

  async function findEditedPolicyProblem(
    change: Omit<ChangeToJudge, 'changeId'>,
    files: readonly FileChange[] | null,
  ): Promise<string | null> {
    if (files?.some(({ path }) => path === POLICY_PATH) !== true) return null;
    const text = await readPolicyText(change.git, change.headSha);
    const [problem] = text === undefined ? [] : load(text).problems;
    if (problem === undefined) return null;
    const hint = problem.suggestion === null ? '' : ` Did you mean ${problem.suggestion}?`;
    return `${POLICY_PATH} line ${problem.line}: ${problem.message}.${hint}`;
  }

  async function decide(change: ChangeToJudge, context: EventContext): Promise<Decision> {
    const active = await policies.resolve(change.repository, change.git, change.baseSha);
    await policies.record(change.repository, active, change.baseSha);
    const judged = await judgeChange(change, active);
    const draft: Decision = { id: newId('dec'), changeId: change.changeId, ...judged };
    const inputsHash = createHash('sha256').update(canonicalJson(judged.facts)).digest('hex');
    const decision = await db.transaction(async (tx) => {
      // Two deliveries of one push race here; the unique key picks the winner.
      const standing = await store.insertDecisionOnce(tx, draft, inputsHash);
      if (standing.id === draft.id) await ledger.append(tx, decisionMade(draft, context));
      return standing;
    });
    const { changeId, lane, outcome } = decision;
    log.info({ changeId, decisionId: decision.id, lane, outcome }, 'change decided');
    return decision;
  }

  async function check(
    change: Omit<ChangeToJudge, 'changeId'>,
  ): Promise<Omit<Decision, 'id' | 'changeId'>> {
    return judgeChange(
      change,
      await policies.resolve(change.repository, change.git, change.baseSha),
    );
  }

  async function replay(id: Id<'dec'>): ReturnType<PolicyService['replay']> {
    const decision = await store.selectDecision(db, id);
    if (decision === undefined) {
      throw new AppError('not_found', 'policy.no_such_decision', {
        message: 'There is no such decision.',
      });
    }
    const { repository, policyVersion, policySource } = decision;
    const isBuiltIn = policySource === BUILT_IN_FILE;
    const text = isBuiltIn ? '' : await store.selectPolicyText(db, repository, policyVersion);
    const policy = isBuiltIn ? BUILT_IN_POLICY : load(text ?? '').policy;
    if (policy === null || policy.version !== policyVersion) {
      throw new AppError('conflict', 'policy.not_replayable', {
        message: 'This decision was made by an engine or under a policy that is not here any more.',
        hint: 'Run the release that made it.',
      });
    }
    const facts = checkValue(Facts, decision.facts, 'policy.not_replayable');
    const replayed = judge(policy, facts);
    const { lane, outcome, rules, score, factors, missing } = decision;
    const recorded = { lane, outcome, rules, score, factors, missing };
    return { isIdentical: canonicalJson(replayed) === canonicalJson(recorded), recorded, replayed };
  }

  async function listDecisions(
    filter: { changeId?: Id<'chg'> | undefined } & PageRequest,
  ): Promise<Page<Decision>> {
    const { changeId, limit, cursor } = filter;
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(z.int(), cursor);
    const rows = await store.selectDecisions(db, { changeId, before, limit: limit + 1 });
    const page = toPage(rows, limit, ({ position }) => position);
    return { ...page, items: page.items.map(store.withoutPosition) };
  }

  async function latestDecision(queryable: Tx, changeId: Id<'chg'>): Promise<Decision | undefined> {
    const filter = { changeId, before: Number.MAX_SAFE_INTEGER, limit: 1 };
    const rows = await store.selectDecisions(queryable, filter);
    return rows.map(store.withoutPosition)[0];
  }

  async function activePolicy(
    repository: string,
    git: GitRepository,
    baseSha: string,
  ): Promise<PolicySummary> {
    const { policy, source, refused } = await policies.resolve(repository, git, baseSha);
    const { rules, grants, freezes } = policy.document;
    const summary = (kind: string) => (rule: { id: string; line: number; because: string }) => ({
      id: rule.id,
      line: rule.line,
      because: rule.because,
      kind,
    });
    return {
      version: policy.version,
      source,
      refused: refused === null ? null : { source: refused.source, problems: refused.problems },
      rules: [
        ...grants.map(summary('grant')),
        ...rules.map((rule) => summary(rule.isHold ? 'hold' : 'requirement')(rule)),
        ...freezes.map(summary('freeze')),
        ...BUILT_IN_RULES.map(summary(BUILT_IN_FILE)),
      ],
    };
  }

  return {
    decide,
    check,
    replay,
    findDecision: (id) => store.selectDecision(db, id),
    listDecisions,
    latestDecision,
    activePolicy,
    validate(text, file) {
      const { policy, problems } = load(text, file);
      return { problems, version: policy?.version ?? null };
    },
  };
}
