/**
 * What GitHub lets happen around us on the default branch: is the check required and only ours to give,
 * may anyone force or delete. Read from the active rules and the classic protection, with read rights.
 */
import type { ProtectionAudit, ProtectionFinding } from '#connectors/contract';
import type { RepositoryClient } from './client.ts';
import { statusOf } from './failures.ts';
import { CHECK_NAME } from './naming.ts';

interface RequiredCheck {
  context: string;
  /** The only App that may give it; undefined when any may. */
  app: number | undefined;
}

/** The protection of a branch, from wherever it comes. */
export interface BranchRules {
  checks: RequiredCheck[];
  refusesForce: boolean;
  refusesDeletion: boolean;
  requiresPull: boolean;
}

export async function auditProtection(
  client: RepositoryClient,
  appId: number,
): Promise<ProtectionAudit> {
  const { octokit, owner, repo } = client;
  const { data } = await octokit.rest.repos.get({ owner, repo });
  const branch = data.default_branch;
  const rules = await readRules(client, branch);
  return { repository: data.full_name, branch, findings: judgeRules(rules, branch, appId) };
}

async function readRules(
  { octokit, owner, repo }: RepositoryClient,
  branch: string,
): Promise<BranchRules> {
  const rules: BranchRules = {
    checks: [],
    refusesForce: false,
    refusesDeletion: false,
    requiresPull: false,
  };
  const active = await octokit.rest.repos
    .getBranchRules({ owner, repo, branch, per_page: 100 })
    .catch((error: unknown) => {
      // Enterprise Server before 3.11 has no rulesets.
      if (statusOf(error) === 404) return undefined;
      throw error;
    });
  for (const rule of active?.data ?? []) {
    if (rule.type === 'non_fast_forward') rules.refusesForce = true;
    if (rule.type === 'deletion') rules.refusesDeletion = true;
    if (rule.type === 'pull_request') rules.requiresPull = true;
    if (rule.type !== 'required_status_checks') continue;
    for (const check of rule.parameters?.required_status_checks ?? []) {
      rules.checks.push({ context: check.context, app: check.integration_id });
    }
  }
  const { data } = await octokit.rest.repos.getBranch({ owner, repo, branch });
  // Missing where the branch has no protection of the classic kind.
  const protection = data.protection as typeof data.protection | undefined;
  const classic = protection?.required_status_checks;
  // A protected branch refuses force pushes and its deletion unless somebody allowed them, which only
  // administrators may read.
  if (data.protected) rules.refusesForce = rules.refusesDeletion = true;
  for (const context of classic?.contexts ?? []) rules.checks.push({ context, app: undefined });
  return rules;
}

/** Pure. */
export function judgeRules(rules: BranchRules, branch: string, appId: number): ProtectionFinding[] {
  const ours = rules.checks.filter(({ context }) => context === CHECK_NAME);
  return [
    checkFinding(ours, branch, appId),
    rules.refusesForce
      ? finding('force-refused', 'ok', `Nobody may force-push to ${branch}.`)
      : finding(
          'force-allowed',
          'problem',
          `${branch} may be force-pushed: a verdict could be pushed away.`,
          'Add the rule "Block force pushes" to a ruleset for the default branch.',
        ),
    rules.refusesDeletion
      ? finding('deletion-refused', 'ok', `Nobody may delete ${branch}.`)
      : finding(
          'deletion-allowed',
          'warning',
          `${branch} may be deleted.`,
          'Add the rule "Restrict deletions" to a ruleset for the default branch.',
        ),
    rules.requiresPull
      ? finding('pull-required', 'ok', 'Every change comes by a pull request.')
      : finding(
          'pull-not-required',
          'warning',
          `No ruleset asks for a pull request before ${branch} moves.`,
          'Add the rule "Require a pull request before merging", so that each change has a verdict.',
        ),
  ];
}

function checkFinding(
  ours: readonly RequiredCheck[],
  branch: string,
  appId: number,
): ProtectionFinding {
  if (ours.length === 0) {
    return finding(
      'check-not-required',
      'problem',
      `The check ${CHECK_NAME} is not required on ${branch}: verdicts are shown and not enforced.`,
      `Add the rule "Require status checks to pass" with ${CHECK_NAME} of this App to a ruleset.`,
    );
  }
  if (!ours.some(({ app }) => app === appId)) {
    return finding(
      'check-from-anyone',
      'warning',
      `The check ${CHECK_NAME} is required, but not tied to this App: others could give it.`,
      'Choose this App as the expected source of the check in the ruleset.',
    );
  }
  return finding(
    'check-required',
    'ok',
    `The check ${CHECK_NAME} of this App is required on ${branch}.`,
  );
}

function finding(
  code: string,
  level: ProtectionFinding['level'],
  text: string,
  hint?: string,
): ProtectionFinding {
  return { code, level, text, ...(hint === undefined ? {} : { hint }) };
}
