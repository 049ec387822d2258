/**
 * The same judgement without a server: for a branch that was never pushed, and for history. Nothing
 * is written down, and there is no last good policy to fall back on, so a refused file is an answer.
 */
import type { FileChange, GitRepository } from '#git';
import { ORGANISATION_FILE } from './active-policy.ts';
import { type BacktestOptions, backtestPolicy } from './backtest.ts';
import { BUILT_IN_DOCUMENT, BUILT_IN_FILE } from './built-in.ts';
import type { CompiledPolicy } from './compile.ts';
import { buildFacts, createDocumentMatchers, type FactSources } from './facts.ts';
import { judge } from './judge.ts';
import { lintPolicy, type PolicyRemark } from './lint.ts';
import { NO_CATALOG, type PolicyCatalog, readCatalogAt } from './catalog.ts';
import { contentOf } from './content.ts';
import { BUILT_IN_POLICY, loadSources } from './load-policy.ts';
import { MAX_POLICY_BYTES, POLICY_PATH } from './read-policy.ts';
import { refusedPolicy } from './refused.ts';
import { assessHere, assessLanded, ceilingOf } from './repository-risk.ts';
import { scoreRisk } from './risk.ts';
import type { Decision } from './schema.ts';
import type { Backtest } from './simulate.ts';
import type { PolicyProblem } from './service.ts';

const ALONE = { file: POLICY_PATH, organisation: null };

export type OfflineAnswer =
  | { isRefused: false; verdict: Omit<Decision, 'id' | 'changeId'> }
  | { isRefused: true; file: string; problems: PolicyProblem[] };

/** Judges a local branch by the policy at `baseSha`. Checks count as what the caller says they are. */
export async function judgeOffline(change: {
  git: GitRepository;
  repository: string;
  baseSha: string;
  headSha: string;
  authorKind: FactSources['authorKind'];
  checks: FactSources['checks'];
  owners: ReadonlyMap<string, readonly string[]>;
  hasTicket?: boolean | undefined;
  marks?: FactSources['marks'];
  now: Date;
  /** A copy of the organisation’s policy; without one it is not considered, which the caller says. */
  organisation?: string | undefined;
}): Promise<OfflineAnswer> {
  const { git, baseSha, headSha, now } = change;
  const text = await git.readText(baseSha, POLICY_PATH, MAX_POLICY_BYTES);
  const organisation =
    change.organisation === undefined
      ? null
      : { text: change.organisation, file: ORGANISATION_FILE };
  const around = { ...ALONE, organisation };
  const loaded: { policy: CompiledPolicy | null; problems: PolicyProblem[] } =
    text === undefined && organisation === null
      ? { policy: BUILT_IN_POLICY, problems: [] }
      : loadSources({
          ...around,
          text: text ?? null,
          catalog: await readCatalogAt(git, baseSha),
        });
  const { policy, problems } = loaded;
  if (policy === null) return { isRefused: true, file: POLICY_PATH, problems };

  const files = await git.changedFiles(baseSha, headSha);
  const edited = files.some(({ path }) => path === POLICY_PATH)
    ? await git.readText(headSha, POLICY_PATH, MAX_POLICY_BYTES)
    : undefined;
  const editProblem =
    edited === undefined
      ? undefined
      : loadSources({ ...around, text: edited, catalog: await readCatalogAt(git, headSha) })
          .problems[0];
  const assessed = await assessHere(git, change);
  const facts = buildFacts(policy.document, policy.matchers, {
    files,
    risk: assessed?.risk,
    ceiling: ceilingOf(policy.document.boundPerMille, assessed),
    headSha,
    policyVersion: policy.version,
    authorKind: change.authorKind,
    checks: change.checks,
    owners: change.owners,
    approvals: [],
    editedPolicyProblem:
      editProblem === undefined
        ? null
        : `${POLICY_PATH} line ${editProblem.line}: ${editProblem.message}.`,
    isPolicyUnreadable: false,
    now,
    content: await contentOf(git, { baseSha, headSha }, files),
    hasTicket: change.hasTicket,
    marks: change.marks,
  });
  return {
    isRefused: false,
    verdict: {
      repository: change.repository,
      baseSha,
      headSha,
      policyVersion: policy.version,
      policySource:
        text !== undefined
          ? `${POLICY_PATH}@${baseSha}`
          : organisation === null
            ? BUILT_IN_FILE
            : ORGANISATION_FILE,
      ...judge(policy, facts),
      facts,
      decidedAt: now,
    },
  };
}

const HISTORIC_MATCHERS = createDocumentMatchers(BUILT_IN_DOCUMENT);

/** The risk score of a change that landed long ago, by its files alone; its checks are taken as passed. */
export function scoreHistoricChange(change: { files: readonly FileChange[] }): number {
  const facts = buildFacts(BUILT_IN_DOCUMENT, HISTORIC_MATCHERS, {
    files: change.files,
    headSha: '',
    policyVersion: '',
    authorKind: 'human',
    checks: 'passed',
    owners: new Map(),
    approvals: [],
    editedPolicyProblem: null,
    isPolicyUnreadable: false,
    now: new Date(0),
  });
  return scoreRisk(facts).score;
}

/** What would have shipped alone, had the bound of the policy file been the only rule. */
export interface AloneUnderBound {
  /** The declared share of defects that may ship alone, 0 to 1; `isDeclared` tells the file's from ours. */
  bound: number;
  isDeclared: boolean;
  /** Code changes of the window with a learned score. */
  judged: number;
  /** Shas of those within the bound, as judged by what was known when each landed. */
  alone: string[];
  /** Judged changes whose defect was found since, and how many of these are within the bound. */
  defects: number;
  slipped: number;
  /** Learned points by sha. */
  scores: Map<string, number>;
}

const USUAL_BOUND = 0.05;

/** Over the newest `shas`, landed on the way to `headSha`; of a history too short nothing is judged. */
export async function shipsAloneUnderBound(
  git: GitRepository,
  landed: { repository: string; headSha: string; shas: readonly string[] },
): Promise<AloneUnderBound> {
  const { repository, headSha, shas } = landed;
  const text = await git.readText(headSha, POLICY_PATH, MAX_POLICY_BYTES);
  const { policy } =
    text === undefined
      ? { policy: null }
      : loadSources({ ...ALONE, text, catalog: await readCatalogAt(git, headSha) });
  const declared = policy?.document.boundPerMille ?? null;
  const bound = declared === null ? USUAL_BOUND : declared / 1000;
  const found = await assessLanded(git, { repository, to: headSha, count: shas.length });
  const judged = shas.flatMap((sha) => {
    const assessed = found.risks.get(sha);
    return assessed === undefined ? [] : [{ sha, ...assessed }];
  });
  const alone = judged.filter(({ risk, ceiling }) => risk.score <= ceiling(bound));
  const isDefective = ({ sha }: { sha: string }) => found.defects.has(sha);
  return {
    bound,
    isDeclared: declared !== null,
    judged: judged.length,
    alone: alone.map(({ sha }) => sha),
    defects: judged.filter(isDefective).length,
    slipped: alone.filter(isDefective).length,
    scores: new Map(judged.map(({ sha, risk }) => [sha, risk.score])),
  };
}

/** Problems of a policy text, its own tests included; none means it may take force. */
export function validatePolicy(
  text: string,
  file: string = POLICY_PATH,
  catalog: PolicyCatalog = NO_CATALOG,
): { problems: PolicyProblem[]; remarks: PolicyRemark[] } {
  const { policy, problems } = loadSources({ text, file, organisation: null, catalog });
  return { problems, remarks: policy === null ? [] : lintPolicy(policy.document) };
}

/**
 * The same over a local clone, without a server: the file at `baseSha` against an edited text.
 * @throws AppError `policy.invalid` when one of them cannot take force.
 */
export async function backtestOffline(
  question: { baseSha: string; text: string } & Omit<
    BacktestOptions,
    'current' | 'edited' | 'headSha'
  >,
): Promise<Backtest> {
  const { git, baseSha, text } = question;
  const catalog = await readCatalogAt(git, baseSha);
  const own = await git.readText(baseSha, POLICY_PATH, MAX_POLICY_BYTES);
  const load = (one: string) => {
    const { policy, problems } = loadSources({ ...ALONE, text: one, catalog });
    if (policy === null) throw refusedPolicy(problems);
    return policy;
  };
  const current = own === undefined ? BUILT_IN_POLICY : load(own);
  return backtestPolicy({ ...question, headSha: baseSha, current, edited: load(text) });
}
