/**
 * The GraphQL documents the backfill sends. Whatever hangs on a pull request or an issue is read with it,
 * so that a repository costs tens of requests and not one per object; what does not fit into one answer
 * is read on by the id of its owner.
 */

const RATE = 'rateLimit { limit cost remaining resetAt }';
const PAGE = 'pageInfo { hasNextPage endCursor }';
const AUTHOR = 'author { __typename login }';
const COMMENT = `fullDatabaseId body url updatedAt ${AUTHOR}`;
const CODE_COMMENT = `${COMMENT} path line`;
const REVIEW = `id fullDatabaseId state body url submittedAt ${AUTHOR}
          comments(first: 30) { ${PAGE} nodes { ${CODE_COMMENT} } }`;
const FILE = 'path additions deletions';
const LABELS = 'labels(first: 100) { nodes { name } }';

/** Streams of a repository that GraphQL reads; each answers `repository.page`. */
export const PAGE_DOCUMENTS = {
  pulls: `query LoomPullRequests($owner: String!, $name: String!, $first: Int!, $after: String) {
  ${RATE}
  repository(owner: $owner, name: $name) {
    page: pullRequests(first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      totalCount
      ${PAGE}
      nodes {
        id number title body state url updatedAt mergedAt headRefName headRefOid baseRefName
        mergeCommit { oid }
        ${AUTHOR}
        ${LABELS}
        files(first: 100) { ${PAGE} nodes { ${FILE} } }
        reviews(first: 30) { ${PAGE} nodes { ${REVIEW} } }
        comments(first: 30) { ${PAGE} nodes { ${COMMENT} } }
      }
    }
  }
}`,
  issues: `query LoomIssues($owner: String!, $name: String!, $first: Int!, $after: String) {
  ${RATE}
  repository(owner: $owner, name: $name) {
    page: issues(first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      totalCount
      ${PAGE}
      nodes {
        id number title body state url updatedAt
        ${AUTHOR}
        ${LABELS}
        comments(first: 50) { ${PAGE} nodes { ${COMMENT} } }
      }
    }
  }
}`,
  deployments: `query LoomDeployments($owner: String!, $name: String!, $first: Int!, $after: String) {
  ${RATE}
  repository(owner: $owner, name: $name) {
    page: deployments(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
      totalCount
      ${PAGE}
      nodes { databaseId environment commitOid updatedAt creator { __typename login } }
    }
  }
}`,
} as const;
export type GraphStream = keyof typeof PAGE_DOCUMENTS;

/** What did not fit: the next hundred of one list of one object; each answers `node.page`. */
export const REMAINDER_DOCUMENTS = {
  reviews: next('PullRequest', 'reviews', REVIEW),
  files: next('PullRequest', 'files', FILE),
  pullComments: next('PullRequest', 'comments', COMMENT),
  issueComments: next('Issue', 'comments', COMMENT),
  reviewComments: next('PullRequestReview', 'comments', CODE_COMMENT),
} as const;

function next(type: string, list: string, fields: string): string {
  return `query Loom${type}_${list}($id: ID!, $after: String) {
  ${RATE}
  node(id: $id) {
    ... on ${type} {
      page: ${list}(first: 100, after: $after) {
        ${PAGE}
        nodes { ${fields} }
      }
    }
  }
}`;
}
