/**
 * Goal: one named person at a time, handed over by the clock exactly once whatever nodes there are,
 * never anybody with a hand in the change; answers settle races and are given once.
 * Method: real services, database and repository; a clock that stands still; two nodes at once.
 */
import { expect, test } from 'vitest';
import { type TestClock, testClock, testDatabase, testRepository } from '#testing';
import { insertAgentReview } from '../changes/evidence-store.ts';
import { createSessionService } from '../sessions/index.ts';
import { eventTypes, LEASE_MS, startSession } from '../test-rooms.ts';
import { inboxOver } from './test-inbox.ts';

const HOUR = 3_600_000;
const POLICY = `version: 1
teams: { pay: [nobody@example.org] }
routing: { ack_within: { default: 2h }, then: [next-expert], max_open_per_person: 2 }
override: { by: [role:commander], needs: [reason>=20-chars, ticket, second-person], expires: 4h }
roles: { commander: [cora@example.org, carl@example.org] }
rules: [{ id: code, when: { paths: "src/**" }, require: { reviewers: 1 }, because: Code is read by somebody. }]
`;

async function aShop(options: { policy?: string; start?: TestClock } = {}) {
  const stack = new AsyncDisposableStack();
  const { db } = stack.use(await testDatabase());
  const work = stack.use(await testRepository());
  const clock = options.start ?? testClock(new Date('2026-01-06T09:00:00Z'));
  await work.commit({
    files: { '.loom/policy.yaml': options.policy ?? POLICY, 'src/total.ts': 'export {};\n' },
  });
  // Grace reviews what others write here.
  for (let index = 0; index < 6; index += 1) {
    await work.commit({
      files: { 'src/total.ts': `export const total = ${index};\n` },
      author: { name: 'Nobody', email: 'nobody@example.org' },
      message: `Total ${index}\n\nReviewed-by: Grace <grace@example.org>`,
    });
  }
  const inbox = stack.use(await inboxOver(db, clock, work));
  return {
    ...inbox,
    clock,
    work,
    async aChange(branch: string, custody?: string[], isRotated = false) {
      await work.git('switch', '--quiet', 'main');
      await work.branch(branch);
      await work.commit({
        files: { 'src/total.ts': `export const total = '${branch}';\n` },
        author: { name: 'Nobody', email: 'nobody@example.org' },
      });
      return inbox.open(branch, { isRotated, ...(custody === undefined ? {} : { custody }) });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test('whoever reviews this code is asked, with reasons, a successor and a package of ten slots', async () => {
  await using shop = await aShop();
  await shop.person('Ada');
  const grace = await shop.person('Grace');
  const change = await shop.aChange('total');
  const { id: sessionId } = await startSession({
    sessions: createSessionService({ ...shop, leaseMs: LEASE_MS }),
  });
  const said = { decision: 'decline', reason: 'The total is never read.' } as const;
  await shop.db.transaction((tx) =>
    insertAgentReview(tx, { ...said, sessionId, changeId: change.id, headSha: change.headSha }),
  );

  await shop.ask(change);
  await shop.ask(change);

  const asked = await shop.asked(change);
  expect(asked).toMatchObject([{ via: 'expert', personId: grace.id }]);
  const shown = await shop.escalations.show(asked[0]!.id);
  expect(Object.keys(shown.package.slots)).toHaveLength(10);
  expect(shown.package.words).toBeLessThanOrEqual(220);
  expect(shown.package.slots.evidence.text).toContain('no incident on these paths in 365 days');
  expect(shown.package.slots.evidence.findings).toEqual([
    'claude-code declines: The total is never read.',
  ]);
  expect(shown.package.slots.hunks.hunks[0]).toMatchObject({ path: 'src/total.ts' });
  expect(shown.package.slots.rules.text).toContain('Code is read by somebody.');
  expect(shown.package.slots.whyYou.next).not.toBeNull();
  expect(shown.markdown).toContain('**Decide:**');
  expect(await eventTypes(shop.ledger, change.id)).toEqual([
    'decision.made',
    'escalation.assigned',
  ]);
});

test('one change in ten asks the second expert first, so that there is one', async () => {
  await using shop = await aShop();
  const ada = await shop.person('Ada');
  await shop.person('Grace');
  const change = await shop.aChange('total', undefined, true);

  await shop.ask(change);

  expect(await shop.asked(change)).toMatchObject([{ via: 'second-expert', personId: ada.id }]);
});

test('nobody behind the change is asked: not the author, a co-author, nor through a delegate', async () => {
  await using shop = await aShop();
  const ada = await shop.person('Ada');
  await shop.person('Grace');
  const cy = await shop.person('Cy');
  const custody = ['email:ada@example.org', 'email:grace@example.org'];
  // Ada is away and named Cy; a change of hers is not his to judge in her place, only in his own.
  await shop.governance.recordAbsence(
    ada.id,
    { from: shop.clock.now(), to: new Date(shop.clock.now().getTime() + HOUR), delegateId: cy.id },
    ada,
  );
  const change = await shop.aChange('total', custody);

  await shop.ask(change);

  const [asked] = await shop.asked(change);
  expect(asked).toMatchObject({ personId: cy.id, standsInFor: null });
  const alone = await shop.aChange('alone', [...custody, 'email:cy@example.org']);
  const prepared = await shop.ask(alone);
  expect(prepared.unfilled).toHaveLength(1);
  expect(await shop.asked(alone)).toEqual([]);
});

test('silence hands over to the next person once, though two nodes look at once', async () => {
  await using shop = await aShop();
  await shop.person('Ada');
  await shop.person('Grace');
  const change = await shop.aChange('total');
  await shop.ask(change);
  const [first] = await shop.asked(change);
  const nodes = [shop.node(), shop.node()];

  await Promise.all(nodes.map((node) => node.keep()));
  expect((await shop.asked(change))[0]!.id).toBe(first!.id);
  shop.clock.advance(2 * HOUR);
  await Promise.all(nodes.map((node) => node.keep()));

  const [second, ...others] = await shop.asked(change);
  expect(others).toEqual([]);
  expect(second!.personId).not.toBe(first!.personId);
  const shown = await shop.escalations.show(second!.id);
  expect(shown.package.slots.whyYou).toMatchObject({ personId: second!.personId, next: null });
  const { items } = await shop.ledger.list({ ref: change.id, type: 'escalation.' });
  expect(items.map(({ type }) => type).toReversed()).toEqual([
    'escalation.assigned',
    'escalation.handed-over',
    'escalation.assigned',
  ]);
  // With nobody left it stays, and the ledger says so once.
  shop.clock.advance(2 * HOUR);
  await Promise.all(nodes.map((node) => node.keep()));
  await shop.escalations.keep();
  expect((await shop.asked(change)).map(({ id, dueAt }) => [id, dueAt])).toEqual([
    [second!.id, null],
  ]);
  const stranded = await shop.ledger.list({ ref: change.id, type: 'escalation.stranded' });
  expect(stranded.items).toHaveLength(1);
});

test('an acknowledgement stops the clock for an answer and starts a longer one', async () => {
  await using shop = await aShop();
  const people = [await shop.person('Ada'), await shop.person('Grace')];
  const change = await shop.aChange('total');
  await shop.ask(change);
  const [first] = await shop.asked(change);
  const by = people.find(({ id }) => id === first!.personId)!;
  const other = people.find(({ id }) => id !== first!.personId)!;

  await expect(shop.escalations.acknowledge(first!.id, other)).rejects.toMatchObject({
    code: 'inbox.not_yours',
  });
  await shop.escalations.acknowledge(first!.id, by);
  await shop.escalations.acknowledge(first!.id, by);
  shop.clock.advance(2 * HOUR);
  await shop.escalations.keep();
  expect((await shop.asked(change))[0]).toMatchObject({ id: first!.id, state: 'acknowledged' });
  shop.clock.advance(6 * HOUR);
  await shop.escalations.keep();

  expect((await shop.asked(change))[0]!.personId).toBe(other.id);
});

test('an answer and the clock at the same moment: one of them counts', async () => {
  await using shop = await aShop();
  const people = [await shop.person('Ada'), await shop.person('Grace')];
  const change = await shop.aChange('total');
  await shop.ask(change);
  const [first] = await shop.asked(change);
  const by = people.find(({ id }) => id === first!.personId)!;
  shop.clock.advance(2 * HOUR);

  const [answered] = await Promise.allSettled([
    shop.escalations.answer(first!.id, { decision: 'approve', reason: 'reads well' }, by),
    shop.node().keep(),
  ]);

  const approvals = await shop.governance.listApprovals(null, change.id);
  const { items } = await shop.ledger.list({ ref: change.id, type: 'escalation.handed-over' });
  expect(answered.status === 'fulfilled' ? [1, 0] : [0, 1]).toEqual([
    approvals.length,
    items.length,
  ]);
});

test('an approval with a watch is given once, however often it is sent, and watched after landing', async () => {
  await using shop = await aShop();
  const people = [await shop.person('Ada'), await shop.person('Grace')];
  const change = await shop.aChange('total');
  await shop.ask(change);
  const [first] = await shop.asked(change);
  const by = people.find(({ id }) => id === first!.personId)!;
  const answer = { decision: 'approve-with-watch', reason: 'watch the totals' } as const;
  await expect(
    shop.escalations.answer(first!.id, { ...answer, packageSha256: 'f'.repeat(64) }, by),
  ).rejects.toMatchObject({ code: 'inbox.package_changed' });

  await Promise.all([
    shop.escalations.answer(first!.id, answer, by),
    shop.escalations.answer(first!.id, answer, by),
  ]);
  await shop.escalations.answer(first!.id, answer, by);

  const approvals = await shop.governance.listApprovals(null, change.id);
  expect(approvals.map(({ decision, state }) => [decision, state])).toEqual([['approve', 'valid']]);
  expect((await shop.decide(change)).outcome).toBe('ship');
  await shop.db.query(
    `update loom.changes set state = 'merged', merge_sha = head_sha, merged_at = $2 where id = $1`,
    [change.id, shop.clock.now()],
  );
  await shop.escalations.keep();
  expect((await shop.escalations.ofChange(change.id)).watch).toMatchObject({
    state: 'watching',
    watcherId: by.id,
    hours: 24,
  });
  shop.clock.advance(24 * HOUR);
  await shop.escalations.keep();
  expect(
    (await eventTypes(shop.ledger, change.id)).filter((type) => type.startsWith('watch.')),
  ).toEqual(['watch.promised', 'watch.started', 'watch.ended']);
});

test('a change sent back is refused for its commit, and whoever else was asked is let go', async () => {
  await using shop = await aShop({
    policy: POLICY.replace('reviewers: 1', 'reviewers: 2'),
  });
  const people = [await shop.person('Ada'), await shop.person('Grace')];
  const change = await shop.aChange('total');
  await shop.ask(change);
  const asked = await shop.asked(change);
  expect(new Set(asked.map(({ personId }) => personId)).size).toBe(2);
  const by = people.find(({ id }) => id === asked[0]!.personId)!;

  await shop.escalations.answer(
    asked[0]!.id,
    { decision: 'send-back', reason: 'keep rounding' },
    by,
  );

  expect(await shop.asked(change)).toEqual([]);
  expect(await shop.governance.findDecline(null, change.id, change.headSha)).toMatchObject({
    reason: 'keep rounding',
  });
  const other = people.find(({ id }) => id !== by.id)!;
  const late = shop.escalations.answer(
    asked[1]!.id,
    { decision: 'approve', reason: 'fine' },
    other,
  );
  await expect(late).rejects.toMatchObject({ code: 'inbox.over' });
  expect(await eventTypes(shop.ledger, change.id)).toContain('change.returned');
});

test('handing over by hand keeps to the filters, and names the next where nobody is named', async () => {
  await using shop = await aShop();
  const people = [await shop.person('Ada'), await shop.person('Grace'), await shop.person('Cy')];
  const author = await shop.person('Nils', { identities: ['email:nobody@example.org'] });
  const viewer = await shop.person('Vera', { roles: ['viewer'] });
  const change = await shop.aChange('total');
  await shop.ask(change);
  const [first] = await shop.asked(change);
  const by = people.find(({ id }) => id === first!.personId)!;
  const to = people.find(({ id }) => id !== first!.personId)!;
  const handTo = (id: typeof to.id) =>
    shop.escalations.answer(
      first!.id,
      { decision: 'hand-over', reason: 'knows it better', to: id },
      by,
    );

  for (const { id } of [author, viewer, by]) {
    await expect(handTo(id)).rejects.toMatchObject({ code: 'inbox.cannot_take_over' });
  }
  await handTo(to.id);
  const [second] = await shop.asked(change);
  expect(second).toMatchObject({ personId: to.id, via: 'named' });
  await shop.escalations.answer(second!.id, { decision: 'hand-over', reason: 'no time' }, to);

  const [third] = await shop.asked(change);
  expect([by.id, to.id]).not.toContain(third!.personId);
});

test('the limit of open reviews holds exactly when many changes are routed at once', async () => {
  await using shop = await aShop();
  await shop.person('Ada');
  await shop.person('Grace');
  const changes = [];
  for (const name of ['one', 'two', 'three', 'four']) changes.push(await shop.aChange(name));

  await Promise.all(changes.map((change) => shop.ask(change)));

  const { items } = await shop.escalations.list({ isOpen: true, limit: 50 });
  const counts = Map.groupBy(items, ({ personId }) => personId);
  expect(items).toHaveLength(4);
  expect([...counts.values()].map((list) => list.length)).toEqual([2, 2]);
});

test('a newer commit takes the question away from whoever was asked', async () => {
  await using shop = await aShop();
  await shop.person('Ada');
  const change = await shop.aChange('total');
  await shop.ask(change);
  await shop.db.query('update loom.changes set head_sha = $2 where id = $1', [
    change.id,
    'f'.repeat(40),
  ]);

  expect((await shop.escalations.list({ isOpen: true, limit: 5 })).items).toEqual([]);
  await shop.escalations.keep();

  expect(await shop.asked(change)).toEqual([]);
});

test('two people the policy names put a verdict aside; others and the author never do', async () => {
  await using shop = await aShop();
  const cora = await shop.person('Cora');
  const carl = await shop.person('Carl');
  const ada = await shop.person('Ada');
  const change = await shop.aChange('total');
  await shop.decide(change);
  const request = {
    headSha: change.headSha,
    reason: 'Checkout is down for everybody',
    ticket: 'INC-12',
  };

  await expect(shop.overrides.request(change.id, request, ada)).rejects.toMatchObject({
    code: 'governance.forbidden',
  });
  const asked = await shop.overrides.request(change.id, request, cora);
  expect(asked.state).toBe('requested');
  await expect(shop.overrides.confirm(asked.id, ada)).rejects.toMatchObject({
    code: 'governance.forbidden',
  });
  const active = await shop.overrides.confirm(asked.id, carl);

  expect(active).toMatchObject({ state: 'active', confirmerName: 'Carl' });
  const own = await shop.aChange('own', ['email:cora@example.org']);
  await shop.decide(own);
  const mine = { ...request, headSha: own.headSha };
  await expect(shop.overrides.request(own.id, mine, cora)).rejects.toMatchObject({
    code: 'governance.in_custody',
  });
});
