/**
 * Goal: GitLab's webhooks become the signals they are, and only those of GitLab count.
 * Method: the suite all sources share, and payloads in the shapes GitLab documents.
 */
import { expect, test } from 'vitest';
import { testClock } from '#testing';
import { Signal } from '#connectors/contract';
import { describeSignalSource } from '../contract/conformance.ts';
import { createGitLabSource } from './source.ts';
import { delivery, mergeRequest, NOW, OTHERS, sign } from './test-deliveries.ts';

const clock = testClock(NOW);
const source = createGitLabSource({ webhookSecret: 'secret', clock });
const signalsOf = (payload: unknown, event = 'Merge Request Hook') =>
  source.toSignals(delivery(event, payload));

describeSignalSource({
  name: 'GitLab',
  create: ({ webhookSecret }) => createGitLabSource({ webhookSecret, clock }),
  sign,
  signatureHeader: 'webhook-signature',
  eventHeader: 'x-gitlab-event',
  firstPush: delivery('Merge Request Hook', mergeRequest()),
  secondPush: delivery(
    'Merge Request Hook',
    mergeRequest({
      action: 'update',
      oldrev: 'a'.repeat(40),
      last_commit: { id: 'b'.repeat(40) },
      updated_at: '2026-01-05 09:05:00 UTC',
    }),
    'delivery-2',
  ),
  redelivered: delivery('Merge Request Hook', mergeRequest(), 'delivery-3'),
  withTitle: (title) => delivery('Merge Request Hook', mergeRequest({ title })),
});

test.each(OTHERS)('%s is understood or left alone', (event, payload, type) => {
  const signals = source.toSignals(delivery(event, payload));

  expect(signals.map((signal) => signal.type)).toEqual(type === undefined ? [] : [type]);
  for (const signal of signals) expect(Signal.parse(signal)).toEqual(signal);
});

test('the secret token in its header will do, and nothing else in that header', () => {
  const plain = delivery('Push Hook', {});
  const withToken = (token: string) => ({
    ...plain,
    headers: { ...plain.headers, 'x-gitlab-token': token },
  });

  expect(() => source.verify(withToken('secret'))).not.toThrow();
  for (const wrong of ['', 'secre', 'secret2', 'SECRET']) {
    expect(() => source.verify(withToken(wrong))).toThrow(/token or signature/);
  }
});

test.each([6, -6])('a signature of %i minutes ago is too old, or too early', (minutes) => {
  const at = new Date(NOW.getTime() - minutes * 60_000);

  expect(() => source.verify(sign(delivery('Push Hook', {}), 'secret', at))).toThrow(/too old/);
});

test('each end and each word of a merge request is told', () => {
  const grace = { id: 3, username: 'grace', email: '[REDACTED]' };

  expect(
    signalsOf(mergeRequest({ action: 'merge', state: 'merged', merge_commit_sha: 'e'.repeat(40) })),
  ).toMatchObject([{ type: 'change.closed', isMerged: true, mergeSha: 'e'.repeat(40) }]);
  expect(signalsOf(mergeRequest({ action: 'close', state: 'closed' }))).toMatchObject([
    { type: 'change.closed', isMerged: false },
  ]);
  expect(signalsOf(mergeRequest({ action: 'approved' }, grace))).toMatchObject([
    { type: 'review.submitted', verdict: 'approved', reviewer: { login: 'grace' } },
  ]);
  expect(signalsOf(mergeRequest({ action: 'unapproved' }, grace))).toMatchObject([
    { type: 'review.submitted', verdict: 'dismissed' },
  ]);
  const [pushed] = signalsOf(mergeRequest({ action: 'update', oldrev: 'f'.repeat(40) }, grace));
  expect(pushed).toMatchObject({ change: { author: {}, pushers: [{ login: 'grace' }] } });
  expect(signalsOf(mergeRequest({ source_project_id: 8 }))).toMatchObject([
    { change: { branch: 'fork-8:change-1' } },
  ]);
});

test('a program gives no commands, and our own statuses are no checks', () => {
  const payloadOf = (wanted: string) =>
    OTHERS.find(([event]) => event === wanted)![1] as Record<string, object>;
  const bot = { ...payloadOf('Note Hook'), user: { username: 'project_7_bot_0123abcd' } };
  const pipeline = payloadOf('Pipeline Hook');
  const external = {
    ...pipeline,
    object_attributes: { ...pipeline['object_attributes'], source: 'external' },
  };

  expect(signalsOf(bot, 'Note Hook')).toEqual([]);
  expect(signalsOf(external, 'Pipeline Hook')).toEqual([]);
});
