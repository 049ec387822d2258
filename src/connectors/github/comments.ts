/** Comments of ours: found again by a hidden marker and by who wrote them. */
import { hash } from 'node:crypto';
import type { Published } from '#connectors/contract';
import type { RepositoryClient } from './client.ts';
import { cut } from './words.ts';

/** A change with more comments than this gets another one of ours rather than an endless search. */
const MAX_COMMENT_PAGES = 50;
const PER_PAGE = 100;

/** Hidden in the one comment with the run card. */
export const CARD_MARKER = '<!-- loomstack:run-card -->';

/** Hidden in an answer that is given once for this key. */
export function answerMarker(idempotencyKey: string): string {
  return `<!-- loomstack:answer:${hash('sha256', idempotencyKey, 'hex').slice(0, 24)} -->`;
}

/**
 * Whether a comment begins as ours do. Whoever copies the marker is left out too, which harms only what
 * they wrote themselves.
 */
export function isOurs(body: string): boolean {
  return body.startsWith('<!-- loomstack:');
}

/** Writes our comment with the marker, or what it says now over what it said. */
export async function writeComment(
  client: RepositoryClient,
  comment: { number: number; marker: string; markdown: string; botLogin: string },
): Promise<Published> {
  const { octokit, owner, repo } = client;
  const { number, marker } = comment;
  const body = `${marker}\n${cut(comment.markdown)}`;
  const ours = await findComment(client, comment);
  const { data } =
    ours === undefined
      ? await octokit.rest.issues.createComment({ owner, repo, issue_number: number, body })
      : await octokit.rest.issues.updateComment({ owner, repo, comment_id: ours, body });
  return { externalId: String(data.id), url: data.html_url };
}

/** Our comment is the one with the marker that we wrote; anyone may copy a marker. */
async function findComment(
  { octokit, owner, repo }: RepositoryClient,
  { number, marker, botLogin }: { number: number; marker: string; botLogin: string },
): Promise<number | undefined> {
  // Page by page and not by the links of the answer, whose addresses are GitHub's word.
  for (let page = 1; page <= MAX_COMMENT_PAGES; page += 1) {
    const query = { owner, repo, issue_number: number, per_page: PER_PAGE, page };
    const { data } = await octokit.rest.issues.listComments(query);
    const found = data.find(
      ({ body, user }) => user?.login === botLogin && body?.startsWith(marker) === true,
    );
    if (found !== undefined) return found.id;
    if (data.length < PER_PAGE) return undefined;
  }
  return undefined;
}
