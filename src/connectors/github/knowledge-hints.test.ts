/**
 * Goal: a delivery says of an object what the sweep would say of it, and no delivery makes it fall.
 * Method: GitHub's own recorded deliveries, all of them; the rows in them read as the sweep reads them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { knowledgeOfDelivery } from './knowledge-hints.ts';
import * as items from './knowledge-items.ts';

type Row = Record<string, unknown>;
const path = createRequire(import.meta.url).resolve(
  '@octokit/webhooks-examples/api.github.com/index.json',
);
const RECORDINGS = JSON.parse(readFileSync(path, 'utf8')) as { name: string; examples: Row[] }[];
const NAME = 'Codertocat/Hello-World';

const recorded = (event: string, action?: string): Row =>
  RECORDINGS.find(({ name }) => name === event)!.examples.find(
    (example) => action === undefined || example['action'] === action,
  )!;
const told = (event: string, payload: unknown) =>
  knowledgeOfDelivery({
    headers: { 'x-github-event': event },
    body: Buffer.from(JSON.stringify(payload)),
  });

test('a hint is word for word what the sweep reads of the same row', () => {
  const pull = recorded('pull_request', 'opened');
  const review = recorded('pull_request_review', 'submitted');
  const comment = recorded('pull_request_review_comment', 'created');
  const issue = recorded('issues', 'opened');
  const deployment = recorded('deployment');

  expect(told('pull_request', pull)).toEqual([
    items.toChange(NAME, items.Pull.parse(pull['pull_request'])),
  ]);
  expect(told('pull_request_review', review)).toEqual([
    items.toReview(NAME, 2, items.Review.parse(review['review'])),
  ]);
  expect(told('pull_request_review_comment', comment)).toEqual([
    items.toComment(NAME, items.Comment.parse(comment['comment'])),
  ]);
  expect(told('issues', issue)).toEqual([
    items.toWorkItem(NAME, items.Issue.parse(issue['issue'])),
  ]);
  expect(told('deployment', deployment)).toEqual([
    items.toDeployment(NAME, items.Deployment.parse(deployment['deployment'])),
  ]);
});

test('every recorded delivery is read or left alone', () => {
  for (const { name, examples } of RECORDINGS) {
    for (const example of examples) {
      for (const item of told(name, example)) expect(item.updatedAt.getTime()).toBeGreaterThan(0);
    }
  }
});

test('a dismissal comes after the approval it takes back, though GitHub gives both one time', () => {
  const row = { ...(recorded('pull_request_review', 'submitted')['review'] as Row) };
  const [approved, dismissed] = ['APPROVED', 'DISMISSED'].map((state) =>
    items.toReview(NAME, 2, items.Review.parse({ ...row, state })),
  );

  expect(dismissed!.updatedAt.getTime()).toBeGreaterThan(approved!.updatedAt.getTime());
});

test.each([
  ['issues', { ...recorded('issues', 'opened'), action: 'deleted' }],
  ['pull_request_review_comment', recorded('pull_request_review_comment', 'deleted')],
  ['pull_request', { repository: { full_name: NAME }, pull_request: { number: 'x' } }],
  ['issues', null],
  ['nothing_we_know', {}],
])('%s that says nothing sure of an object is left to the sweep', (event, payload) => {
  expect(told(event, payload)).toEqual([]);
});

test('a body that is no JSON tells nothing', () => {
  const headers = { 'x-github-event': 'issues' };

  expect(knowledgeOfDelivery({ headers, body: Buffer.from('{') })).toEqual([]);
});
