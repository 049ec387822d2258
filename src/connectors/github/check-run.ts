/** The verdict as a check run: one per change and head, its name safe from other branches. */
import type { VerdictAnnotation, VerdictReport } from '#connectors/contract';
import type { RepositoryClient } from './client.ts';
import { CHECK_NAME } from './naming.ts';
import { cut, numberOf } from './words.ts';

const CONCLUSIONS = {
  success: 'success',
  'action-required': 'action_required',
  failure: 'failure',
} as const;
/** GitHub takes so many annotations in one request. */
const ANNOTATIONS_AT_ONCE = 50;
const MAX_ANNOTATIONS = 200;

export async function writeCheckRun(
  { octokit, owner, repo }: RepositoryClient,
  { change, conclusion, title, summary, detailsUrl, annotations = [] }: VerdictReport,
  appId: string,
) {
  const { headSha } = change;
  const externalId = `${change.changeId ?? `${change.repository}#${numberOf(change)}`}@${headSha}`;
  const output = { title: title.slice(0, 255), summary: cut(summary) };
  const content = {
    owner,
    repo,
    external_id: externalId,
    status: 'completed' as const,
    conclusion: CONCLUSIONS[conclusion],
    details_url: detailsUrl,
  };
  const name = await nameOfCheck({ octokit, owner, repo }, change.baseBranch);
  const { data } = await octokit.rest.checks.listForRef({
    owner,
    repo,
    ref: headSha,
    check_name: name,
    app_id: Number(appId),
    per_page: 100,
  });
  // One commit may be the head of two pull requests, each with a verdict of its own.
  const ours = data.check_runs.find((run) => run.external_id === externalId);
  const shown = annotations.slice(0, MAX_ANNOTATIONS).map(toAnnotation);
  // GitHub adds annotations to those there are, so a verdict told again tells none.
  const isAnnotated = (ours?.output.annotations_count ?? 0) > 0;
  const first = isAnnotated ? [] : shown.slice(0, ANNOTATIONS_AT_ONCE);
  const told = { ...output, ...(first.length === 0 ? {} : { annotations: first }) };
  const answer =
    ours === undefined
      ? await octokit.rest.checks.create({ ...content, name, head_sha: headSha, output: told })
      : await octokit.rest.checks.update({ ...content, check_run_id: ours.id, output: told });
  if (!isAnnotated) {
    for (let at = ANNOTATIONS_AT_ONCE; at < shown.length; at += ANNOTATIONS_AT_ONCE) {
      await octokit.rest.checks.update({
        owner,
        repo,
        check_run_id: answer.data.id,
        output: { ...output, annotations: shown.slice(at, at + ANNOTATIONS_AT_ONCE) },
      });
    }
  }
  return answer;
}

function toAnnotation({ path, startLine, endLine, level, title, message }: VerdictAnnotation) {
  return {
    path,
    start_line: startLine,
    end_line: Math.max(startLine, endLine),
    annotation_level: level,
    title: title.slice(0, 255),
    message: cut(message),
  };
}

/**
 * GitHub keeps checks by commit and name, and the newest of a name counts. Anybody who may push could
 * open a second pull request of the same commit into a branch of their own, with rules of their own,
 * and so turn green what the ruleset of the default branch asks for. Verdicts on other bases
 * therefore bear another name.
 */
export async function nameOfCheck(
  { octokit, owner, repo }: Pick<RepositoryClient, 'octokit' | 'owner' | 'repo'>,
  baseBranch: string,
): Promise<string> {
  const { data } = await octokit.rest.repos.get({ owner, repo });
  return data.default_branch === baseBranch ? CHECK_NAME : `${CHECK_NAME} (${baseBranch})`;
}
