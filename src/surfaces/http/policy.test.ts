/**
 * Goal: leaders try a policy over what landed and publish the organisation's, through the public
 * interface; a backtest tells how far it is. Method: the real app over an imported repository.
 */
import { expect, test } from 'vitest';
import { testApp } from '#testing/app';
import { testRepository } from '#testing';

const DRAFT = `version: 1
autonomy: { docs: { paths: ["docs/**"], max_score: 100 } }
rules: [{ id: idle, when: { paths: "nowhere/**" }, require: { reviewers: 1 } }]
`;

test('a policy is checked, put over history, published, agreed to, and kept', async () => {
  await using app = await testApp();
  await using made = await testRepository();
  await made.commit({ message: 'Begin', files: { 'a.md': 'a\n' } });
  await made.commit({ message: 'docs: a', files: { 'docs/a.md': 'a\n' } });
  const [ada, bo, agent] = [
    await app.loginOf('admin'),
    await app.loginOf('admin'),
    await app.tokenFor('viewer'),
  ];
  await app.services.context.importRepository(
    { url: made.dir, name: 'acme/shop' },
    { kind: 'system', id: 'test' },
  );
  const asAda = (body: unknown) => ({ token: ada, body });

  const checked = await app.call(
    'POST',
    '/v1/policy/validate',
    asAda({ text: 'version: 1\nrulez: []\n', repository: 'acme/shop' }),
  );
  const tried = await app.http.request('/v1/policy/backtest', {
    method: 'POST',
    headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: DRAFT, repository: 'acme/shop', sinceDays: 3_650 }),
  });
  const refused = await app.http.request('/v1/policy/backtest', {
    method: 'POST',
    headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'version: 2\n', repository: 'acme/shop' }),
  });
  const versions = '/v1/policy/organisation/versions';
  const first = await app.call('POST', versions, asAda({ text: DRAFT, reason: 'Ship documents' }));
  const second = await app.call(
    'POST',
    versions,
    asAda({ text: 'version: 1\nrules: []\n', reason: 'Ship nothing' }),
  );
  const agreed = await app.call('POST', `${versions}/2/endorse`, { token: bo });
  const listed = await app.call('GET', versions, { token: agent });

  expect(checked.body).toMatchObject({ problems: [{ line: 2, suggestion: 'rules' }] });
  const lines = (await tried.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(lines.slice(0, -1).every((line) => (line as { type: string }).type === 'progress')).toBe(
    true,
  );
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.at(-1)).toMatchObject({
    type: 'report',
    report: { changes: 2, milder: 1, neverFired: [{ id: 'idle' }] },
  });
  expect(JSON.parse((await refused.text()).trim())).toMatchObject({
    type: 'problem',
    problem: { code: 'policy.invalid', status: 400 },
  });
  expect([first.status, first.body]).toMatchObject([201, { version: 1, state: 'active' }]);
  expect(second.body).toMatchObject({ version: 2, state: 'proposed' });
  expect(agreed.body).toMatchObject({ state: 'active' });
  expect(listed.body).toMatchObject({
    items: [
      { version: 2, state: 'active' },
      { version: 1, state: 'replaced' },
    ],
  });
});
