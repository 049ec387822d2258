/**
 * Goal: what shipped alone is written down once, harm traced to it halves what may ship alone there for
 * two weeks, only the owner ends that early, and budgets hold exactly under a rush.
 * Method: the real service, database and repository; time is injected, events are given by hand.
 */
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { createLogger, createNewId, type Id } from '#kernel';
import { createLedger, type LedgerEvent } from '#ledger';
import { testClock, testDatabase, testRepository } from '#testing';
import { createPolicyService } from '../service.ts';
import { createAutonomyProjection } from './projection.ts';
import { prefixesOf } from './service.ts';

const DAY = 86_400_000;
const POLICY = `version: 1
services: { guide: { paths: ["docs/**"], owner: "team:docs" } }
tiers: { tier3: [guide] }
autonomy: { tier3: { max_risk_percentile: 100, daily_per_service: 3 }, agents: { daily_per_agent: 20, needs: [] } }
`;

async function open() {
  const stack = new AsyncDisposableStack();
  const { db } = stack.use(await testDatabase());
  const work = stack.use(await testRepository());
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const policy = createPolicyService({ db, ledger, clock, newId, log });
  await work.commit({ files: { '.loom/policy.yaml': POLICY, 'docs/guide.md': 'Guide\n' } });
  const git = openRepository(`${work.dir}/.git`);
  const baseSha = await work.sha();
  let count = 0;

  async function aHead(): Promise<string> {
    count += 1;
    await work.git('switch', '--quiet', '--detach', baseSha);
    return work.commit({ files: { 'docs/guide.md': `Guide ${count}\n` } });
  }
  const decide = (changeId: Id<'chg'>, headSha: string) =>
    policy.decide(
      {
        changeId,
        repository: 'acme/shop',
        git,
        baseSha,
        headSha,
        authorKind: 'human',
        owners: new Map(),
        approvals: [],
        checks: 'passed',
      },
      { correlationId: changeId },
    );
  async function land(title: string, fields: { isOurs?: boolean; text?: string } = {}) {
    const changeId = newId('chg');
    const headSha = await aHead();
    const decision = await decide(changeId, headSha);
    await db.transaction((tx) =>
      policy.recordLanding(tx, {
        changeId,
        repository: 'acme/shop',
        headSha,
        mergeSha: headSha,
        title,
        text: fields.text ?? '',
        agent: 'claude-code',
        isOurs: fields.isOurs ?? true,
        at: clock.now(),
      }),
    );
    return { changeId, headSha, decision };
  }
  return {
    db,
    clock,
    newId,
    ledger,
    policy,
    aHead,
    decide,
    land,
    read: () => policy.readAutonomy({ repository: 'acme/shop' }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test('budgets of a day hold exactly when eight changes ask at once', async () => {
  await using app = await open();
  const heads: string[] = [];
  for (let index = 0; index < 8; index += 1) heads.push(await app.aHead());

  const verdicts = await Promise.all(heads.map((head) => app.decide(app.newId('chg'), head)));

  expect(verdicts.filter(({ outcome }) => outcome === 'ship')).toHaveLength(3);
});

test('a revert of what shipped alone halves its service once, until the owner restores it with a reason', async () => {
  await using app = await open();
  const first = await app.land('Explain refunds');
  expect(first.decision.lane).toBe('ship');
  app.clock.advance(1_000);
  const reverting = await app.land('Revert "Explain refunds"');
  await app.land('Past us', { isOurs: false });

  const { curbs, records } = await app.read();
  expect(curbs).toHaveLength(1);
  expect(curbs[0]).toMatchObject({
    service: 'guide',
    cause: 'revert',
    causeRef: reverting.changeId,
    changeId: first.changeId,
    isActive: true,
    until: new Date(app.clock.now().getTime() + 14 * DAY),
  });
  expect(records).toMatchObject([
    { agent: 'claude-code', prefix: 'docs/', shippedAlone: 2, reverted: 1, incidents: 0 },
  ]);
  const halved = await app.decide(app.newId('chg'), await app.aHead());
  expect(halved.facts).toMatchObject({ isHalved: true });

  const restore = (isOwner: boolean, reason: string) =>
    app.policy.restoreAutonomy(curbs[0]!.number, {
      by: { id: app.newId('usr'), name: 'Dora' },
      reason,
      isOwner: () => isOwner,
    });
  await expect(restore(false, 'it was a fixture')).rejects.toMatchObject({
    code: 'policy.not_service_owner',
  });
  await expect(restore(true, 'short')).rejects.toMatchObject({ code: 'policy.short_reason' });
  await restore(true, 'it was a broken fixture');
  await restore(true, 'it was a broken fixture');
  expect((await app.read()).curbs[0]).toMatchObject({ isActive: false, restoredName: 'Dora' });
  const { items } = await app.ledger.list({ ref: first.changeId, type: 'autonomy.' });
  expect(items.map(({ type }) => type)).toEqual(['autonomy.restored', 'autonomy.halved']);
});

test('an incident told of twice halves once, and the halving ends by itself after two weeks', async () => {
  await using app = await open();
  const { changeId } = await app.land('Explain refunds');
  const projection = createAutonomyProjection(app);
  const deployment = app.newId('dep');
  const incident = app.newId('inc');
  const event = (type: string, refs: LedgerEvent['refs']) =>
    ({ type, refs, recordedAt: app.clock.now() }) as LedgerEvent;

  for (let again = 0; again < 2; again += 1) {
    await app.db.transaction((tx) =>
      projection.apply(tx, [
        event('change.deployed', { change: changeId, deployment }),
        event('incident.detected', { incident, deployment }),
        event('incident.updated', { incident, deployment }),
      ]),
    );
  }

  const { curbs, records } = await app.read();
  expect(curbs.map(({ cause, causeRef }) => [cause, causeRef])).toEqual([['incident', incident]]);
  expect(records[0]).toMatchObject({ incidents: 1, reverted: 0 });
  app.clock.advance(14 * DAY);
  expect((await app.read()).curbs[0]!.isActive).toBe(false);
  const later = await app.decide(app.newId('chg'), await app.aHead());
  expect(later.facts).toMatchObject({ isHalved: false });
});

test('track records are kept by the folders a change touches, two names deep', () => {
  expect(prefixesOf(['a/b/c/d.ts', 'a/b/x.ts', 'a/y.ts', 'README.md'])).toEqual([
    '.',
    'a/',
    'a/b/',
  ]);
});
