/** What GitLab lets happen around us on the default branch. */
import type { ProtectionAudit, ProtectionFinding } from '#connectors/contract';
import { checkValue } from '#kernel';
import type { GitLabClient } from './client.ts';
import * as shape from './shapes.ts';

const UNREADABLE = 'gitlab.unreadable_answer';
const NOBODY = 0;

export async function auditProtection(
  client: GitLabClient,
  repository: string,
): Promise<ProtectionAudit> {
  const path = client.project(repository);
  const project = checkValue(shape.Project, (await client.json({ path })).body, UNREADABLE);
  const branch = project.default_branch ?? 'main';
  const answer = await client.json({
    path: `${path}/protected_branches/${encodeURIComponent(branch)}`,
    accept: [404],
  });
  const rules =
    answer.status === 404 ? undefined : checkValue(shape.ProtectedBranch, answer.body, UNREADABLE);
  const levels = rules?.push_access_levels ?? [];
  const refusesPushes = levels.length > 0 && levels.every((one) => one.access_level === NOBODY);
  const findings: ProtectionFinding[] = [
    project.only_allow_merge_if_pipeline_succeeds === true
      ? {
          code: 'check-required',
          level: 'ok',
          text: 'Merging asks for green pipelines, our status among them.',
        }
      : {
          code: 'check-not-required',
          level: 'problem',
          text: 'Merging does not ask for green pipelines: verdicts are shown and not enforced.',
          hint: 'Settings > Merge requests > Merge checks: "Pipelines must succeed".',
        },
    rules !== undefined && rules.allow_force_push !== true
      ? { code: 'force-refused', level: 'ok', text: `Nobody may force-push to ${branch}.` }
      : {
          code: 'force-allowed',
          level: 'problem',
          text: `${branch} may be force-pushed: a verdict could be pushed away.`,
          hint: 'Settings > Repository > Protected branches: protect it, without force push.',
        },
    refusesPushes
      ? { code: 'pull-required', level: 'ok', text: 'Every change comes by a merge request.' }
      : {
          code: 'pull-not-required',
          level: 'warning',
          text: `Some may push to ${branch} without a merge request.`,
          hint: 'Settings > Repository > Protected branches: allowed to push: no one.',
        },
  ];
  return { repository: project.path_with_namespace, branch, findings };
}
