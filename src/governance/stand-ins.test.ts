/**
 * Goal: who stands in for somebody consents in their own name, never for a change either had a hand in;
 * and an emergency puts a verdict aside only for two who are free of it, for a short time.
 * Method: the real service and ledger on a real database; time is injected.
 */
import { expect, test } from 'vitest';
import { createLogger, createNewId, type Id } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase } from '#testing';
import type { Person, Principal } from './schema.ts';
import { createGovernanceService } from './service.ts';

const HOUR = 3_600_000;
const HEAD = 'a'.repeat(40);

async function open() {
  const database = await testDatabase();
  const { db } = database;
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const governance = createGovernanceService({ db, ledger, clock, newId, log });
  const { person: owner } = await governance.ensureOwner();
  const byOwner = principalOf(owner);
  const changeId = newId('chg');
  const after = (hours: number) => new Date(clock.now().getTime() + hours * HOUR);

  async function aPerson(name: string, teams: string[] = []): Promise<Principal> {
    const identities = [`email:${name.toLowerCase()}@example.org`];
    return principalOf(
      await governance.createPerson({ name, roles: ['approver'], teams, identities }, byOwner),
    );
  }
  const approve = (by: Principal, custody: string[] = []) =>
    db.transaction((tx) =>
      governance.recordApproval(
        tx,
        {
          changeId,
          headSha: HEAD,
          currentHeadSha: HEAD,
          policyVersion: 'v1',
          custody,
          decision: 'approve',
          reason: 'looks right',
          correlationId: changeId,
        },
        by,
      ),
    );
  const facts = (custody: string[] = []) =>
    db.transaction((tx) => governance.approvalFacts(tx, { changeId, headSha: HEAD, custody }));
  const away = (who: Principal, delegate: Principal | null, hours = 8) =>
    governance.recordAbsence(
      who.id as Id<'usr'>,
      {
        from: after(-1),
        to: after(hours),
        ...(delegate === null ? {} : { delegateId: delegate.id as Id<'usr'> }),
      },
      who,
    );
  const terms = {
    minReasonLength: 10,
    needsTicket: true,
    needsSecondPerson: true,
    expiresMs: 4 * HOUR,
    reportTo: 'compliance',
  };
  const subject = (custody: string[] = [], headSha = HEAD) => ({
    changeId,
    repository: 'acme/shop',
    currentHeadSha: headSha,
    custody,
    isEntitled: () => true,
  });
  const request = (by: Principal, fields: Partial<{ custody: string[]; reason: string }> = {}) =>
    db.transaction((tx) =>
      governance.requestOverride(
        tx,
        {
          ...subject(fields.custody),
          headSha: HEAD,
          policyVersion: 'v1',
          reason: fields.reason ?? 'Checkout is down for everybody',
          ticket: 'INC-12',
          isEmergency: false,
          correlationId: changeId,
          terms,
        },
        by,
      ),
    );
  const confirm = (id: Id<'ovr'>, by: Principal, custody: string[] = []) =>
    db.transaction((tx) => governance.confirmOverride(tx, id, subject(custody), by));
  const inForce = (custody: string[] = []) =>
    governance.activeOverride(null, { changeId, headSha: HEAD, custody });
  return {
    db,
    clock,
    ledger,
    governance,
    changeId,
    after,
    aPerson,
    approve,
    facts,
    away,
    request,
    confirm,
    inForce,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

function principalOf(person: Person): Principal {
  return { kind: 'person', scopes: 'all', ...person };
}

test('a delegate consents in their own name, with the teams of the absent', async () => {
  await using app = await open();
  const [ada, bob] = [await app.aPerson('Ada', ['payments']), await app.aPerson('Bob', ['web'])];
  await app.away(ada, bob);
  app.clock.advance(HOUR);
  await app.approve(bob);

  const [given] = await app.facts();

  expect(given).toMatchObject({ person: bob.id, standsInFor: [ada.id] });
  expect(given!.teams).toEqual(['web', 'payments']);
  expect(given!.identities).toContain('email:ada@example.org');
  // A change of the absent person is not theirs to judge, so neither is it the delegate's.
  expect((await app.facts(['email:ada@example.org']))[0]).toMatchObject({
    person: bob.id,
    teams: ['web'],
    standsInFor: [],
  });
  expect(await app.facts(['email:bob@example.org'])).toEqual([]);
});

test('nothing is lent outside the absence, after it is cancelled, twice, or on', async () => {
  await using app = await open();
  const [ada, bob, cy] = [
    await app.aPerson('Ada', ['payments']),
    await app.aPerson('Bob'),
    await app.aPerson('Cy'),
  ];
  await app.approve(bob);
  const absence = await app.away(ada, bob);
  const early = await app.facts();
  app.clock.advance(HOUR);
  await app.approve(cy);
  await app.away(bob, cy);
  const chained = await app.facts();
  await app.approve(ada);

  // Bob consented before the absence was entered, but while it held: it counts from its beginning.
  expect(early[0]!.standsInFor).toEqual([ada.id]);
  expect(chained.find(({ person }) => person === cy.id)!.teams).toEqual([]);
  // Whoever is away and consents all the same fills their own seat.
  expect((await app.facts()).find(({ person }) => person === bob.id)!.teams).toEqual([]);
  await app.governance.cancelAbsence(ada.id as Id<'usr'>, absence.id, ada);
  const away = await app.governance.listAway(app.clock.now());
  expect(away.map(({ personId }) => personId)).toEqual([bob.id]);
});

test('people enter their own absences, sound ones only', async () => {
  await using app = await open();
  const [ada, bob] = [await app.aPerson('Ada'), await app.aPerson('Bob')];
  const enter = (by: Principal, fields: { from: Date; to: Date; delegateId?: Id<'usr'> }) =>
    app.governance.recordAbsence(ada.id as Id<'usr'>, fields, by);

  const sound = { from: app.after(1), to: app.after(2) };
  await expect(enter(bob, sound)).rejects.toMatchObject({ code: 'governance.forbidden' });
  for (const unsound of [
    { from: app.after(2), to: app.after(1) },
    { from: app.after(-2), to: app.after(-1) },
    { ...sound, delegateId: ada.id as Id<'usr'> },
    { from: app.after(0), to: app.after(24 * 400) },
  ]) {
    await expect(enter(ada, unsound)).rejects.toMatchObject({ code: 'governance.bad_absence' });
  }
  await enter(ada, sound);
  const { items } = await app.ledger.list({ subject: ada.id, type: 'absence.' });
  expect(items.map(({ type }) => type)).toEqual(['absence.recorded']);
});

test('an override takes a reason, a ticket and two who are free of the change, and ends by itself', async () => {
  await using app = await open();
  const [ada, bob, cy] = [
    await app.aPerson('Ada'),
    await app.aPerson('Bob'),
    await app.aPerson('Cy'),
  ];
  await expect(app.request(ada, { reason: 'short' })).rejects.toMatchObject({
    code: 'governance.bad_override',
  });
  await expect(app.request(ada, { custody: ['email:ada@example.org'] })).rejects.toMatchObject({
    code: 'governance.in_custody',
  });
  const agent: Principal = { ...ada, kind: 'agent' };
  await expect(app.request(agent)).rejects.toMatchObject({ code: 'governance.forbidden' });

  const asked = await app.request(ada);
  const again = await app.request(ada);
  expect(again.id).toBe(asked.id);
  expect(await app.inForce()).toBeUndefined();
  await expect(app.confirm(asked.id, ada)).rejects.toMatchObject({
    code: 'governance.override_needs_another',
  });
  await expect(app.confirm(asked.id, bob, ['email:bob@example.org'])).rejects.toMatchObject({
    code: 'governance.in_custody',
  });
  // Two seconds at once: one of them is the second person.
  const settled = await Promise.allSettled([app.confirm(asked.id, bob), app.confirm(asked.id, cy)]);

  expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await app.inForce()).toMatchObject({ id: asked.id, state: 'active' });
  // Who turns out to have had a hand in it takes it out of force again.
  expect(await app.inForce(['email:ada@example.org'])).toBeUndefined();
  app.clock.advance(4 * HOUR);
  expect(await app.inForce()).toBeUndefined();
  const { items } = await app.ledger.list({ subject: app.changeId, order: 'oldest' });
  expect(items.map(({ type }) => type)).toEqual(['override.requested', 'override.activated']);
  const outbox = await app.db.query<{ target: string }>('select target from loom.outbox_messages');
  expect(outbox.map(({ target }) => target)).toEqual(['notify']);
  expect((await app.governance.listOverrides({ limit: 10 })).items[0]).toMatchObject({
    requesterName: 'Ada',
    state: 'expired',
    ticket: 'INC-12',
  });
});

test('one person with two accounts, or with a token for another, is one person', async () => {
  await using app = await open();
  const [ada, bob, twin] = [
    await app.aPerson('Ada'),
    await app.aPerson('Bob'),
    await app.aPerson('Ada+two'),
  ];
  const { id } = await app.request(ada);
  const borrowed: Principal = { ...bob, tokenMadeBy: ada.id };

  await expect(app.confirm(id, twin)).rejects.toMatchObject({
    code: 'governance.override_needs_another',
  });
  await expect(app.confirm(id, borrowed)).rejects.toMatchObject({
    code: 'governance.override_needs_another',
  });
  await expect(app.request(borrowed)).rejects.toMatchObject({
    code: 'governance.override_needs_another',
  });
  await app.approve(ada);
  await app.approve(twin);
  expect(await app.facts()).toHaveLength(1);
  await app.approve(bob);
  expect(await app.facts()).toHaveLength(2);
});
