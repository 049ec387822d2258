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
import { isDrawnForAudit } from './outcomes.ts';
import { prefixesOf } from './service.ts';

const DAY = 86_400_000;
const POLICY = `version: 1
services: { guide: { paths: ["docs/**", "ci/**"], owner: "team:docs" } }
tiers: { tier3: [guide] }
autonomy: { bound: 5%, tier3: { max_risk_percentile: 100, daily_per_service: 3 }, agents: { daily_per_agent: 20, needs: [] } }
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

  async function aHead(path = 'docs/guide.md'): Promise<string> {
    count += 1;
    await work.git('switch', '--quiet', '--detach', baseSha);
    return work.commit({ files: { [path]: `Guide ${count}\n` } });
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
  async function land(
    title: string,
    fields: { isOurs?: boolean; text?: string; isDrawn?: boolean; path?: string } = {},
  ) {
    let changeId = newId('chg');
    while (isDrawnForAudit(changeId) !== (fields.isDrawn ?? false)) changeId = newId('chg');
    const headSha = await aHead(fields.path);
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
    log,
    ledger,
    policy,
    aHead,
    decide,
    land,
    read: () => policy.readAutonomy({ repository: 'acme/shop' }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Thresholds move with every harm; a test of its own is about them. */
function besidesThresholds(items: readonly { type: string }[]): string[] {
  return items.map(({ type }) => type).filter((type) => type !== 'autonomy.threshold-moved');
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
  expect(besidesThresholds(items)).toEqual(['autonomy.restored', 'autonomy.halved']);
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

test('more harm that shipped alone than was declared raises one alarm and tightens, until it is rare again', async () => {
  await using app = await open();
  const bounds = async () => (await app.read()).bounds;
  const alone = await app.land('Explain refunds');
  app.clock.advance(1_000);
  await app.land('Revert "Explain refunds"', { text: `This reverts commit ${alone.headSha}.` });

  expect(await bounds()).toMatchObject([
    { landed: 2, shippedAlone: 2, defects: 1, slipped: 1, boundPerMille: 50 },
  ]);
  expect((await bounds())[0]!.alarmSince).toBeNull();

  // The halving after the revert is over.
  app.clock.advance(15 * DAY);
  const second = await app.land('Explain vouchers');
  // Two traces of one change are one defect.
  await app.policy.noteTracedFixes('acme/shop', [second.headSha, 'f'.repeat(40), alone.headSha]);
  await app.policy.noteTracedFixes('acme/shop', [second.headSha]);

  const [passed] = await bounds();
  expect(passed).toMatchObject({ defects: 2, slipped: 2, realised: 1 });
  expect(passed!.alarmSince).toEqual(app.clock.now());
  expect(passed!.tightening).toBeLessThan(1);
  // Harm of changes that people let through is no slip: it makes the same two rare.
  let withPeople = 0;
  while (withPeople < 12) {
    const next = await app.land('Past the budget of the day');
    if (next.decision.outcome === 'ship') continue;
    withPeople += 1;
    await app.policy.noteTracedFixes('acme/shop', [next.headSha]);
  }
  expect((await bounds())[0]).toMatchObject({ defects: 14, slipped: 2, alarmSince: null });
  const { items } = await app.ledger.list({ ref: 'acme/shop', type: 'autonomy.', limit: 20 });
  const alarms = items.map(({ type }) => type).filter((type) => type.startsWith('autonomy.bound'));
  expect(alarms).toEqual(['autonomy.bound-kept', 'autonomy.bound-passed']);
});

test('each kind of change and tier keeps a threshold of its own, over a restart', async () => {
  await using app = await open();
  const thresholds = async () => (await app.read()).thresholds;
  const decideAbout = async (path: string) => app.decide(app.newId('chg'), await app.aHead(path));

  // Without a record of their own, build and configuration start with half of what is granted.
  const first = await app.land('Pin the runner', { path: 'ci/runner.yaml' });
  expect(first.decision).toMatchObject({
    outcome: 'ship',
    facts: { changeClass: 'operations', isCold: true, budgets: [{ limit: 1 }] },
  });
  expect((await decideAbout('docs/guide.md')).facts).toMatchObject({
    changeClass: 'docs-and-tests',
    isCold: false,
    budgets: [{ limit: 3 }],
  });
  app.clock.advance(DAY);
  const second = await app.land('Pin the linter', { path: 'ci/linter.yaml' });
  await app.policy.noteTracedFixes('acme/shop', [first.headSha, second.headSha]);

  const kept = await thresholds();
  expect(
    kept.map(({ changeClass, tier, defects, slipped }) => [changeClass, tier, defects, slipped]),
  ).toEqual([
    ['*', '*', 2, 2],
    ['operations', '*', 2, 2],
    ['operations', 'tier3', 2, 2],
  ]);
  expect(kept.every(({ tightening, phase }) => tightening < 1 && phase === 'cold')).toBe(true);
  expect(kept[1]!.alarmSince).toEqual(app.clock.now());

  // Another process reads what stands there; documents go on, operations take a person.
  const again = createPolicyService(app);
  expect(await again.thresholdsOf('acme/shop')).toEqual(kept);
  app.clock.advance(DAY);
  expect((await decideAbout('docs/guide.md')).outcome).toBe('ship');
  const stopped = await decideAbout('ci/runner.yaml');
  expect(stopped.outcome).toBe('escalate');
  expect(stopped.rules.map(({ id }) => id)).toContain('built-in.operations-over-bound');
  const { items } = await app.ledger.list({ ref: 'acme/shop', type: 'autonomy.threshold-moved' });
  const alarms = items.filter(({ data }) => data?.['isAlarmed'] === true);
  expect(alarms).toHaveLength(3);
  // Told again only when one moves.
  await app.land('Say more');
  const { items: later } = await app.ledger.list({
    ref: 'acme/shop',
    type: 'autonomy.threshold-moved',
  });
  expect(later).toHaveLength(items.length);

  // A year on, what landed before counts no more.
  expect((await thresholds())[0]).toMatchObject({ landed: 3, shippedAlone: 3, defects: 2 });
  app.clock.advance(366 * DAY);
  await app.land('Say even more');
  expect((await thresholds())[0]).toMatchObject({ landed: 1, shippedAlone: 1, defects: 0 });
});

test('what was drawn for an audit is answered once, and a risky one counts as harm that slipped', async () => {
  await using app = await open();
  const plain = await app.land('Explain refunds');
  const drawn = await app.land('Explain vouchers', { isDrawn: true });
  const by = { id: app.newId('usr'), name: 'Dora' };
  const answer = (finding: 'fine' | 'risky', reason = 'it names a price that is wrong') =>
    app.policy.answerAudit(drawn.changeId, { finding, reason, by });

  expect((await app.read()).audits).toMatchObject([{ changeId: drawn.changeId, state: 'open' }]);
  await expect(answer('fine', 'ok')).rejects.toMatchObject({ code: 'policy.short_reason' });
  await expect(
    app.policy.answerAudit(plain.changeId, { finding: 'fine', reason: 'all of it was read', by }),
  ).rejects.toMatchObject({ code: 'policy.no_such_audit' });
  await Promise.all([answer('risky'), answer('risky')]);
  await expect(answer('fine')).rejects.toMatchObject({ code: 'policy.audit_answered' });

  const { audits, bounds } = await app.read();
  expect(audits).toMatchObject([{ state: 'risky', auditedName: 'Dora' }]);
  expect(bounds).toMatchObject([{ audited: 1, auditedRisky: 1, defects: 1, slipped: 1 }]);
  const { items } = await app.ledger.list({ ref: drawn.changeId, type: 'autonomy.' });
  expect(besidesThresholds(items)).toEqual(['autonomy.audited', 'autonomy.audit-drawn']);
});

test('track records are kept by the folders a change touches, two names deep', () => {
  expect(prefixesOf(['a/b/c/d.ts', 'a/b/x.ts', 'a/y.ts', 'README.md'])).toEqual([
    '.',
    'a/',
    'a/b/',
  ]);
});
