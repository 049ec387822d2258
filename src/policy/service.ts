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
import {
  type ActivePolicy,
  createActivePolicies,
  ORGANISATION_FILE,
  readPolicyText,
} from './active-policy.ts';
import {
  type AutonomyService,
  type AutonomyThreshold,
  createAutonomyService,
  limitsFor,
  selectHalved,
} from './autonomy/index.ts';
import { BUILT_IN_FILE, BUILT_IN_RULES } from './built-in.ts';
import { type BacktestOptions, backtestPolicy } from './backtest.ts';
import { NO_CATALOG, readCatalogAt } from './catalog.ts';
import { contentOf, placesOf } from './content.ts';
import type { ApprovalTerms } from './document.ts';
import { decisionMade, type EventContext } from './events.ts';
import { explainRisk, reliabilityShown, type RiskExplanation } from './explain.ts';
import { allGrants, buildFacts, Facts, type FactSources, servicesTouched } from './facts.ts';
import { freezeHolds } from './freeze-span.ts';
import { judge, type Verdict } from './judge.ts';
import { freezeInWords, grantInWords, ruleInWords } from './rule-words.ts';
import { type LineRemark, remarksOnLines } from './line-remarks.ts';
import { lintPolicy, type PolicyRemark } from './lint.ts';
import { BUILT_IN_POLICY, createPolicyLoader } from './load-policy.ts';
import * as organisation from './organisation-store.ts';
import { createOrganisationPolicies, type OrganisationPolicies } from './organisation.ts';
import { type LeaderTerms, leaderTermsOf } from './leader-terms.ts';
import { type PolicyDirectory, POLICY_PATH } from './read-policy.ts';
import type { ApprovalFact, Decision } from './schema.ts';
import { refusedPolicy } from './refused.ts';
import type { AssessedRisk } from './repository-risk.ts';
import type { RiskStudies } from './risk-studies.ts';
import type { Backtest } from './simulate.ts';
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
  /** What else is known; what is left out counts as unknown. See `FactSources`. */
  evidence?: ChangeEvidence | undefined;
  /** Names who knows the files best, among those who may judge; asked only where a rule wants them. */
  findExperts?: (() => Promise<readonly string[]>) | undefined;
}

/** Facts that only other layers know. */
export type ChangeEvidence = Pick<
  FactSources,
  'marks' | 'hasTicket' | 'work' | 'ci' | 'session' | 'experts' | 'deployers' | 'agent' | 'halved'
>;

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
  /** `words`: when it speaks and what it asks, in one sentence. */
  rules: { id: string; line: number; because: string; kind: string; words: string }[];
}

export interface PolicyService extends OrganisationPolicies, AutonomyService {
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
  /** Every factor of a decision with its curve, and whether what was declared before came true. */
  explain(id: Id<'dec'>): Promise<RiskExplanation | undefined>;
  /**
   * What of a decision belongs to a line of the change, the gravest first and at most fifty; none where
   * the two commits cannot be compared, or another policy has come into force since.
   */
  pointOut(id: Id<'dec'>, git: GitRepository): Promise<LineRemark[]>;
  /** Newest first. */
  listDecisions(
    filter: { changeId?: Id<'chg'> | undefined } & PageRequest,
  ): Promise<Page<Decision>>;
  latestDecision(queryable: Tx, changeId: Id<'chg'>): Promise<Decision | undefined>;
  /** The policy in force at a commit of a repository. */
  activePolicy(repository: string, git: GitRepository, baseSha: string): Promise<PolicySummary>;
  /**
   * Reads a policy text as the file of a repository (or the organisation's, without one); problems
   * carry line, column and a suggestion. Remarks are what loads and still looks like a mistake.
   */
  validate(
    text: string,
    target?: { file?: string; git: GitRepository; baseSha: string },
  ): Promise<{ problems: PolicyProblem[]; remarks: PolicyRemark[]; version: string | null }>;
  /**
   * Puts an edited text over what landed: as the repository's file, or as the organisation's above it.
   * @throws AppError `policy.invalid` when the text could not take force.
   */
  backtest(
    question: {
      repository: string;
      baseSha: string;
      text: string;
      layer: 'repository' | 'organisation';
    } & Omit<BacktestOptions, 'current' | 'edited' | 'headSha'>,
  ): Promise<Backtest>;
  /** Versions that were in force in a repository, the newest first; at most 200. */
  listVersions(repository: string): Promise<store.KeptVersion[]>;
  /** What takes an approval away from a new head, by the policy in force. */
  approvalTerms(repository: string, git: GitRepository, baseSha: string): Promise<ApprovalTerms>;
  /** What the policy in force says of people: whom to ask, how long to wait, who may override. */
  leaderTerms(repository: string, git: GitRepository, baseSha: string): Promise<LeaderTerms>;
  /**
   * Equal as long as neither the policies nor the clock give a verdict reason to change: the version
   * in force and the freezes that hold.
   */
  moment(repository: string, git: GitRepository, baseSha: string): Promise<string>;
}

export interface PolicyDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
  /** Teams that people are in: others are unknown to a policy. None at all: nobody can say. */
  listTeams?: () => Promise<readonly string[]>;
  /** Services anywhere that depend on these, where somebody keeps count beyond one catalog. */
  dependantsOf?: (services: readonly string[]) => Promise<readonly string[]>;
  /** What the histories of repositories taught; without it every score is a counted one. */
  risk?: Pick<RiskStudies, 'assess'>;
}

export function createPolicyService(deps: PolicyDeps): PolicyService {
  const { db, ledger, clock, newId } = deps;
  const log = deps.log.child({ room: 'policy' });
  const load = createPolicyLoader();
  const directory = async (): Promise<PolicyDirectory | null> => {
    const teams = (await deps.listTeams?.()) ?? [];
    return teams.length === 0 ? null : { teams, roles: [] };
  };
  const policies = createActivePolicies({ db, ledger, clock, load, directory });
  const autonomy = createAutonomyService({ db, ledger, clock, termsOf });

  interface Reading {
    active: ActivePolicy;
    files: readonly FileChange[] | null;
    content: FactSources['content'];
    editedPolicyProblem: string | null;
    assessed: AssessedRisk | null;
    thresholds: readonly AutonomyThreshold[];
    experts: readonly string[] | undefined;
    dependants: readonly string[];
    now: Date;
  }

  /** Reads all that is not in our tables; the rest is counted again where it is written down. */
  async function read(change: Omit<ChangeToJudge, 'changeId'>): Promise<Reading> {
    const active = await policies.resolve(change.repository, change.git, change.baseSha);
    const files = await readDiff(change);
    const { document, matchers } = active.policy;
    const services = servicesTouched(document, matchers, files ?? []);
    return {
      active,
      dependants: services.length === 0 ? [] : ((await deps.dependantsOf?.(services)) ?? []),
      files,
      content: files === null ? 'unread' : await contentOf(change.git, change, files),
      editedPolicyProblem: await findEditedPolicyProblem(change, files, active),
      experts: document.rules.some(({ from }) => from.includes('expertise'))
        ? await change.findExperts?.()
        : undefined,
      assessed: files === null ? null : await assessRisk(change),
      thresholds:
        document.boundPerMille === null ? [] : await autonomy.thresholdsOf(change.repository),
      now: clock.now(),
    };
  }

  function judgeReading(
    change: Omit<ChangeToJudge, 'changeId'>,
    reading: Reading,
    { spent, halved }: { spent: ReadonlyMap<string, number>; halved: readonly string[] },
  ): Omit<Decision, 'id' | 'changeId'> & { facts: Facts } {
    const { active, files, content, editedPolicyProblem, dependants } = reading;
    const { assessed, thresholds, experts, now } = reading;
    const { policy } = active;
    const { boundPerMille } = policy.document;
    const facts = buildFacts(policy.document, policy.matchers, {
      risk: assessed?.risk ?? null,
      limitsOf: (place) => limitsFor(thresholds, place, { boundPerMille, assessed }),
      ...change.evidence,
      ...(experts === undefined ? {} : { experts }),
      files,
      content,
      dependants,
      headSha: change.headSha,
      policyVersion: policy.version,
      authorKind: change.authorKind,
      checks: change.checks,
      owners: change.owners,
      approvals: change.approvals,
      editedPolicyProblem,
      isPolicyUnreadable: active.isUnreadable,
      now,
      spent,
      halved: [...halved, ...(change.evidence?.halved ?? [])],
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

  /** Without a learned score the counted one holds: there is always a verdict. */
  async function assessRisk(change: Omit<ChangeToJudge, 'changeId'>): Promise<AssessedRisk | null> {
    try {
      return (await deps.risk?.assess(change)) ?? null;
    } catch (error) {
      log.warn(
        { err: error, headSha: change.headSha },
        'risk was counted, for it cannot be learned',
      );
      return null;
    }
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
    { sources }: ActivePolicy,
  ): Promise<string | null> {
    if (files?.some(({ path }) => path === POLICY_PATH) !== true) return null;
    const text = await readPolicyText(change.git, change.headSha);
    if (text === undefined) return null;
    const [problem] = load(
      {
        text,
        file: POLICY_PATH,
        organisation: sources?.organisation ?? null,
        // The change may bring a service and the rules for it at once.
        catalog: await readCatalogAt(change.git, change.headSha),
      },
      await directory(),
    ).problems;
    if (problem === undefined) return null;
    const hint = problem.suggestion === null ? '' : ` Did you mean ${problem.suggestion}?`;
    return `${POLICY_PATH} line ${problem.line}: ${problem.message}.${hint}`;
  }

  async function decide(change: ChangeToJudge, context: EventContext): Promise<Decision> {
    const { repository, changeId } = change;
    const reading = await read(change);
    await policies.record(repository, reading.active, change.baseSha);
    const day = reading.now.toISOString().slice(0, 10);
    const hasBudgets = allGrants(reading.active.policy.document).some(
      ({ dailyPerService, dailyPerAgent }) => dailyPerService !== null || dailyPerAgent !== null,
    );
    const decision = await db.transaction(async (tx) => {
      if (hasBudgets) await organisation.lockBudgets(tx, repository);
      const spending = { repository, day, changeId };
      const spent = hasBudgets ? await organisation.selectSpending(tx, spending) : new Map();
      const halved = await selectHalved(tx, repository, reading.now);
      const judged = judgeReading(change, reading, { spent, halved });
      const draft: Decision = { id: newId('dec'), changeId, ...judged };
      // Two deliveries of one push race here; the unique key picks the winner.
      const standing = await store.insertDecisionOnce(tx, draft, inputsHash(judged.facts));
      if (hasBudgets) {
        const budgets = drawnBudgets(standing, judged.facts);
        const decisionId = standing.id;
        await organisation.replaceSpending(tx, { ...spending, decisionId, budgets });
      }
      if (standing.id === draft.id) await ledger.append(tx, decisionMade(draft, context));
      return standing;
    });
    const { lane, outcome } = decision;
    log.info({ changeId, decisionId: decision.id, lane, outcome }, 'change decided');
    return decision;
  }

  async function check(
    change: Omit<ChangeToJudge, 'changeId'>,
  ): Promise<Omit<Decision, 'id' | 'changeId'>> {
    const reading = await read(change);
    const day = reading.now.toISOString().slice(0, 10);
    const spending = { repository: change.repository, day, changeId: null };
    return judgeReading(change, reading, {
      spent: await organisation.selectSpending(db, spending),
      halved: await selectHalved(db, change.repository, reading.now),
    });
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
    const sources = isBuiltIn
      ? undefined
      : await store.selectPolicySources(db, repository, policyVersion);
    const policy = isBuiltIn
      ? BUILT_IN_POLICY
      : sources === undefined
        ? null
        : load(sources).policy;
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
    const summary =
      <Item extends { id: string; line: number; because: string }>(
        kind: string,
        inWords: (item: Item) => string,
      ) =>
      (item: Item) => ({
        id: item.id,
        line: item.line,
        because: item.because,
        kind,
        words: inWords(item),
      });
    return {
      version: policy.version,
      source,
      refused: refused === null ? null : { source: refused.source, problems: refused.problems },
      rules: [
        ...grants.map(summary('grant', grantInWords)),
        ...(policy.document.narrowing ?? []).map(summary('narrowing', grantInWords)),
        ...rules.map((rule) => summary(rule.isHold ? 'hold' : 'requirement', ruleInWords)(rule)),
        ...freezes.map(summary('freeze', freezeInWords)),
        ...BUILT_IN_RULES.map(summary(BUILT_IN_FILE, ruleInWords)),
      ],
    };
  }

  async function pointOut(id: Id<'dec'>, git: GitRepository): Promise<LineRemark[]> {
    const decision = await store.selectDecision(db, id);
    if (decision === undefined) return [];
    const { policy } = await policies.resolve(decision.repository, git, decision.baseSha);
    if (policy.version !== decision.policyVersion) return [];
    try {
      const files = await git.changedFiles(decision.baseSha, decision.headSha);
      const places = await placesOf(git, decision);
      return remarksOnLines(decision, { files, ...places }, policy);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log.info({ err: error, decisionId: id }, 'a verdict is told without its lines');
      return [];
    }
  }

  async function validate(
    text: string,
    target?: { file?: string; git: GitRepository; baseSha: string },
  ): ReturnType<PolicyService['validate']> {
    const above =
      target === undefined ? undefined : await organisation.selectActiveOrganisationPolicy(db);
    const sources = {
      text,
      file: target?.file ?? POLICY_PATH,
      organisation: above === undefined ? null : { text: above.text, file: ORGANISATION_FILE },
      catalog: target === undefined ? NO_CATALOG : await readCatalogAt(target.git, target.baseSha),
    };
    const { policy, problems } = load(sources, await directory());
    const remarks = policy === null ? [] : lintPolicy(policy.document);
    return { problems, remarks, version: policy?.version ?? null };
  }

  async function backtest(question: Parameters<PolicyService['backtest']>[0]): Promise<Backtest> {
    const { repository, git, baseSha, text, layer } = question;
    const active = await policies.resolve(repository, git, baseSha);
    const above = await organisation.selectActiveOrganisationPolicy(db);
    const own = (await readPolicyText(git, baseSha)) ?? null;
    const organisationText = layer === 'organisation' ? text : above?.text;
    const { policy: edited, problems } = load(
      {
        text: layer === 'organisation' ? own : text,
        file: POLICY_PATH,
        organisation:
          organisationText === undefined
            ? null
            : { text: organisationText, file: ORGANISATION_FILE },
        catalog: await readCatalogAt(git, baseSha),
      },
      await directory(),
    );
    if (edited === null) throw refusedPolicy(problems);
    return backtestPolicy({ ...question, headSha: baseSha, current: active.policy, edited });
  }

  /** Null for a version that is not kept. */
  async function termsOf(tx: Tx, repository: string, version: string) {
    const sources = await store.selectPolicySources(tx, repository, version);
    return sources === undefined ? null : (load(sources).policy?.document ?? null);
  }

  async function moment(repository: string, git: GitRepository, baseSha: string): Promise<string> {
    const { policy } = await policies.resolve(repository, git, baseSha);
    const now = clock.now();
    const frozen = policy.document.freezes.filter((freeze) => freezeHolds(freeze, now, []));
    return [policy.version, ...frozen.map(({ id }) => id).sort()].join(' ');
  }

  return {
    ...createOrganisationPolicies({ db, ledger, clock, load, directory }),
    ...autonomy,
    decide,
    check,
    replay,
    findDecision: (id) => store.selectDecision(db, id),
    async explain(id) {
      const decision = await store.selectDecision(db, id);
      if (decision === undefined) return undefined;
      const kept = await store.selectReliability(db, decision.repository);
      return explainRisk(decision, reliabilityShown(kept));
    },
    pointOut,
    listDecisions,
    latestDecision,
    activePolicy,
    validate,
    backtest,
    listVersions: (repository) => store.selectPolicyVersions(db, repository, MAX_VERSIONS),
    moment,
    async leaderTerms(repository, git, baseSha) {
      return leaderTermsOf((await policies.resolve(repository, git, baseSha)).policy);
    },
    async approvalTerms(repository, git, baseSha) {
      return (await policies.resolve(repository, git, baseSha)).policy.document.approvals;
    },
  };
}

const MAX_VERSIONS = 200;

/** Equal questions have equal hashes. How much of a budget is used is no question while some is left. */
function inputsHash({ budgets: _budgets, ...facts }: Facts): string {
  return createHash('sha256').update(canonicalJson(facts)).digest('hex');
}

/** Budgets a verdict uses up: those of the grants that cover the change, if it ships alone. */
function drawnBudgets({ lane, outcome }: Decision, { budgets, matches }: Facts): string[] {
  if (outcome !== 'ship' || !['ship', 'ship-and-watch'].includes(lane)) return [];
  return budgets
    .filter(({ grant }) => matches.includes(grant))
    .map(({ grant, scope }) => `${grant} ${scope}`);
}
