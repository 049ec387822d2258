/**
 * Goal: tokens, login links and approvals hold what they promise, also under races and afterwards.
 * Method: the real service and ledger on a real database; time is injected.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogger, createNewId, type Db, type Id } from '#kernel';
import { createLedger, type Ledger } from '#ledger';
import { testClock, testDatabase, waitFor } from '#testing';
import type { Person, Principal, Role } from './schema.ts';
import { createGovernanceService } from './service.ts';

const DAY_MS = 86_400_000;
const HEAD = 'a'.repeat(40);
const NEXT_HEAD = 'b'.repeat(40);

async function open() {
  const database = await testDatabase();
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db: database.db, clock, newId, log, tenant: 'test' });
  const governance = createGovernanceService({ db: database.db, ledger, clock, newId, log });
  const { person } = await governance.ensureOwner();
  const owner = principalOf(person);
  const aPerson = (roles: Role[], identities: string[] = []) =>
    governance.createPerson({ name: 'Somebody', roles, identities }, owner);
  return {
    db: database.db,
    clock,
    newId,
    ledger,
    governance,
    owner,
    aPerson,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

function principalOf(person: Person): Principal {
  return { kind: 'person', scopes: 'all', ...person };
}

async function typesAbout(ledger: Ledger, subject: string): Promise<string[]> {
  const page = await ledger.list({ subject, order: 'oldest' });
  return page.items.map(({ type }) => type);
}

/** The error at once, so that no rejection waits unheard while the test goes on. */
function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'did not fail',
    (error: unknown) => error,
  );
}

function anApproval(changeId: Id<'chg'>, fields: { custody?: string[]; headSha?: string } = {}) {
  return {
    changeId,
    headSha: fields.headSha ?? HEAD,
    currentHeadSha: HEAD,
    policyVersion: 'v1',
    custody: fields.custody ?? [],
    decision: 'approve' as const,
    reason: 'looks right',
    correlationId: changeId,
  };
}

test('two nodes that start at once make one owner', async () => {
  await using database = await testDatabase();
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db: database.db, clock, newId, log, tenant: 'test' });
  const deps = { db: database.db, ledger, clock, newId, log };

  const made = await Promise.all([1, 2, 3].map(() => createGovernanceService(deps).ensureOwner()));

  expect(made.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(new Set(made.map(({ person }) => person.id)).size).toBe(1);
  expect(await typesAbout(ledger, made[0]!.person.id)).toEqual(['person.created']);
});

test('a token authenticates its person until it ends, is revoked or is mistyped', async () => {
  await using app = await open();
  const ada = await app.aPerson(['developer']);
  const { token, secret } = await app.governance.createToken(
    { personId: ada.id, name: 'laptop', expiresInDays: 30 },
    app.owner,
  );

  const principal = await app.governance.authenticate(secret);
  expect(principal).toMatchObject({ kind: 'person', id: ada.id, tokenId: token.id });
  const mistyped = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;
  await expect(app.governance.authenticate(mistyped)).rejects.toMatchObject({
    code: 'governance.bad_token',
  });
  app.clock.advance(30 * DAY_MS);
  await expect(app.governance.authenticate(secret)).rejects.toMatchObject({
    code: 'governance.token_expired',
  });
  await app.governance.revokeToken(token.id, app.owner);
  await expect(app.governance.authenticate(secret)).rejects.toMatchObject({
    code: 'governance.token_revoked',
  });
  expect(await typesAbout(app.ledger, token.id)).toEqual(['token.created', 'token.revoked']);
});

test('a revoked token counts for nothing at once here, and within a second on every other node', async () => {
  await using app = await open();
  const ada = await app.aPerson(['developer']);
  const other = createGovernanceService({ ...app, log: createLogger({ level: 'silent' }) });
  const { token, secret } = await app.governance.createToken(
    { personId: ada.id, name: 'laptop' },
    app.owner,
  );
  await app.governance.authenticate(secret);
  await other.authenticate(secret);

  await app.governance.revokeToken(token.id, app.owner);

  const revoked = { code: 'governance.token_revoked' };
  await expect(app.governance.authenticate(secret)).rejects.toMatchObject(revoked);
  app.clock.advance(1_000);
  await expect(other.authenticate(secret)).rejects.toMatchObject(revoked);
});

test('a role that is taken away is gone at once, though its holder has just called', async () => {
  await using app = await open();
  const ada = await app.aPerson(['developer', 'approver']);
  const { secret } = await app.governance.createToken(
    { personId: ada.id, name: 'laptop' },
    app.owner,
  );
  const before = await app.governance.authenticate(secret);

  await app.governance.updatePerson(ada.id, { roles: ['developer'] }, app.owner);
  const after = await app.governance.authenticate(secret);

  expect([before.roles, after.roles]).toEqual([['developer', 'approver'], ['developer']]);
});

test('a look-up that was under way during a revocation is not remembered', async () => {
  await using app = await open();
  const ada = await app.aPerson(['developer']);
  const { token, secret } = await app.governance.createToken(
    { personId: ada.id, name: 'laptop' },
    app.owner,
  );
  const reading = Array.from({ length: 8 }, () => failureOf(app.governance.authenticate(secret)));

  await app.governance.revokeToken(token.id, app.owner);
  await Promise.all(reading);

  await expect(app.governance.authenticate(secret)).rejects.toMatchObject({
    code: 'governance.token_revoked',
  });
});

test('many calls of one token within a second cost one statement', async () => {
  await using app = await open();
  const ada = await app.aPerson(['developer']);
  const { secret } = await app.governance.createToken(
    { personId: ada.id, name: 'laptop' },
    app.owner,
  );
  let statements = 0;
  const db: Db = {
    ...app.db,
    query: (...statement) => {
      statements += 1;
      return app.db.query(...statement);
    },
  };
  const counted = createGovernanceService({ ...app, db, log: createLogger({ level: 'silent' }) });

  await counted.authenticate(secret);
  const first = statements;
  for (let call = 0; call < 20; call += 1) await counted.authenticate(secret);

  expect(first).toBeGreaterThan(0);
  expect(statements).toBe(first);
});

test('the secret of a token is stored nowhere', async () => {
  await using app = await open();

  const { token, secret } = await app.governance.createToken(
    { personId: app.owner.id as Id<'usr'>, name: 'laptop' },
    app.owner,
  );

  const random = secret.split('_')[2]!;
  const rows = await app.db.query<{ text: string }>(`select t::text as text from loom.tokens t`);
  const events = await app.ledger.list({ subject: token.id });
  expect(JSON.stringify([rows, events])).not.toContain(random);
});

test('the last use of a token is written at most once a minute', async () => {
  await using app = await open();
  const { token, secret } = await app.governance.createToken(
    { personId: app.owner.id as Id<'usr'>, name: 'laptop' },
    app.owner,
  );
  const lastUsedAt = async () =>
    (await app.governance.listTokens({ limit: 10 })).items.find(({ id }) => id === token.id)
      ?.lastUsedAt;

  await app.governance.authenticate(secret);
  const first = await lastUsedAt();
  app.clock.advance(59_000);
  await app.governance.authenticate(secret);
  const second = await lastUsedAt();
  app.clock.advance(1_000);
  await app.governance.authenticate(secret);
  const third = await lastUsedAt();

  expect(second).toEqual(first);
  expect(third?.getTime()).toBe(first!.getTime() + 60_000);
});

test('a token never holds more than its maker', async () => {
  await using app = await open();
  const admin = principalOf(await app.aPerson(['admin']));
  const developer = await app.aPerson(['developer']);
  const approver = await app.aPerson(['approver']);
  const narrow = { ...principalOf(developer), scopes: ['tokens:manage', 'work:read'] as const };

  const beyond = await failureOf(
    app.governance.createToken(
      { personId: approver.id, name: 'sly', scopes: ['changes:approve'] },
      admin,
    ),
  );
  const forOther = await app.governance.createToken({ personId: approver.id, name: 'fine' }, admin);
  const forOwn = await app.governance.createToken({ personId: developer.id, name: 'own' }, narrow);
  const forAnother = await failureOf(
    app.governance.createToken({ personId: approver.id, name: 'not own' }, narrow),
  );

  expect(beyond).toMatchObject({ code: 'governance.token_exceeds_maker' });
  expect(forAnother).toMatchObject({ code: 'governance.forbidden' });
  expect(forOther.token.scopes).not.toContain('changes:approve');
  expect(forOther.token.scopes).toContain('changes:read');
  expect(forOwn.token.scopes).toEqual(['work:read', 'tokens:manage']);
});

test('a login code logs in once, and not after ten minutes', async () => {
  await using app = await open();
  const personId = app.owner.id as Id<'usr'>;
  const code = await app.governance.createLoginCode(personId);
  const late = await app.governance.createLoginCode(personId);

  const uses = await Promise.allSettled([1, 2, 3].map(() => app.governance.redeemLoginCode(code)));
  app.clock.advance(10 * 60_000);
  const tooLate = await failureOf(app.governance.redeemLoginCode(late));

  const fulfilled = uses.filter((use) => use.status === 'fulfilled');
  expect(fulfilled).toHaveLength(1);
  expect(await app.governance.authenticate(fulfilled[0]!.value.secret)).toMatchObject({
    id: personId,
  });
  expect(tooLate).toMatchObject({ code: 'governance.bad_login_code' });
});

test('an identity belongs to one person, in whatever case it is written', async () => {
  await using app = await open();
  const ada = await app.aPerson(['developer'], ['email:Ada@Example.com']);

  const again = app.aPerson(['viewer'], ['EMAIL:ada@example.com']);

  await expect(again).rejects.toMatchObject({ code: 'governance.identity_taken' });
  expect(await app.governance.findPersonByIdentity(['github:x', 'ADA@example.com'])).toEqual(ada);
  expect((await app.governance.listPeople({ limit: 10 })).items).toHaveLength(2);
});

test('nobody changes their own roles, and one admin stays', async () => {
  await using app = await open();
  const ownerId = app.owner.id as Id<'usr'>;
  const other = principalOf(await app.aPerson(['developer']));

  const own = await failureOf(
    app.governance.updatePerson(ownerId, { roles: ['viewer'] }, app.owner),
  );
  const last = await failureOf(app.governance.updatePerson(ownerId, { roles: ['viewer'] }, other));
  const renamed = await app.governance.updatePerson(ownerId, { name: 'Grace' }, app.owner);

  expect(own).toMatchObject({ code: 'governance.own_roles' });
  expect(last).toMatchObject({ code: 'governance.last_admin' });
  expect(renamed).toMatchObject({ name: 'Grace', roles: app.owner.roles });
});

test('a denial is an event, but a loop of denials is one a minute with their count', async () => {
  await using app = await open();
  const viewer = principalOf(await app.aPerson(['viewer']));
  const resource = { kind: 'people', id: 'all' };
  const tryOnce = () =>
    app.governance.authorize(viewer, 'people:manage', resource).catch((error: unknown) => error);

  const errors = [await tryOnce(), await tryOnce(), await tryOnce()];
  app.clock.advance(60_000);
  await tryOnce();

  expect(errors).toEqual(
    errors.map(() => expect.objectContaining({ code: 'governance.forbidden' }) as unknown),
  );
  const { items } = await app.ledger.list({ type: 'authorization.denied', order: 'oldest' });
  expect(items.map(({ data }) => data?.['unreported'])).toEqual([0, 2]);
});

test('agents and people without the role cannot approve, and that is written down', async () => {
  await using app = await open();
  const changeId = app.newId('chg');
  const agent = app.governance.agentPrincipal(app.owner, app.newId('ses'), 'codex');
  const developer = principalOf(await app.aPerson(['developer']));
  const approve = (by: Principal) =>
    app.db.transaction((tx) => app.governance.recordApproval(tx, anApproval(changeId), by));

  await expect(approve(agent)).rejects.toMatchObject({ code: 'governance.agent_cannot_approve' });
  await expect(approve(developer)).rejects.toMatchObject({ code: 'governance.forbidden' });

  const denials = await waitFor('both denials', async () => {
    const { items } = await app.ledger.list({ type: 'authorization.denied' });
    return items.length === 2 && items;
  });
  expect(new Set(denials.map(({ subject }) => subject))).toEqual(new Set([agent.id, developer.id]));
  expect(await app.governance.listApprovals(null, changeId)).toEqual([]);
});

test('an approval for a head the change has left is refused', async () => {
  await using app = await open();
  const changeId = app.newId('chg');

  const stale = app.db.transaction((tx) =>
    app.governance.recordApproval(tx, anApproval(changeId, { headSha: NEXT_HEAD }), app.owner),
  );

  await expect(stale).rejects.toMatchObject({ code: 'governance.stale_head' });
});

test('consenting twice is one consent, and a push makes it void', async () => {
  await using app = await open();
  const changeId = app.newId('chg');
  const approve = () =>
    app.db.transaction((tx) => app.governance.recordApproval(tx, anApproval(changeId), app.owner));

  const [first, second] = await Promise.all([approve(), approve()]);
  const voided = await app.db.transaction((tx) =>
    app.governance.voidApprovals(tx, changeId, NEXT_HEAD, changeId),
  );

  expect(second.id).toBe(first.id);
  expect(voided).toMatchObject([{ id: first.id, state: 'void' }]);
  expect(await typesAbout(app.ledger, changeId)).toEqual(['approval.given', 'approval.voided']);
});

test('one refusal outweighs every consent to the same head', async () => {
  await using app = await open();
  const changeId = app.newId('chg');
  const other = principalOf(await app.aPerson(['approver']));
  const facts = () =>
    app.db.transaction((tx) =>
      app.governance.approvalFacts(tx, { changeId, headSha: HEAD, custody: [] }),
    );
  await app.db.transaction((tx) =>
    app.governance.recordApproval(tx, anApproval(changeId), app.owner),
  );
  const before = await facts();

  await app.db.transaction((tx) =>
    app.governance.recordApproval(tx, { ...anApproval(changeId), decision: 'decline' }, other),
  );

  expect(before).toHaveLength(1);
  expect(await facts()).toEqual([]);
});

test('a consent counts for its head and policy version, while its giver is an approver', async () => {
  await using app = await open();
  const changeId = app.newId('chg');
  const approver = await app.aPerson(['approver'], ['github:grace']);
  await app.db.transaction((tx) =>
    app.governance.recordApproval(tx, anApproval(changeId), principalOf(approver)),
  );
  const count = (headSha: string, policyVersion: string) =>
    app.db.transaction(async (tx) => {
      const facts = await app.governance.approvalFacts(tx, {
        changeId,
        headSha,
        policyVersion,
        custody: [],
      });
      return facts.length;
    });

  expect(await count(HEAD, 'v1')).toBe(1);
  expect(await count(HEAD, 'v2')).toBe(0);
  expect(await count(NEXT_HEAD, 'v1')).toBe(0);
  await app.governance.updatePerson(approver.id, { roles: ['viewer'] }, app.owner);
  expect(await count(HEAD, 'v1')).toBe(0);
});

test('whoever shares an identity with the custody is refused, and never counted when it is added later', async () => {
  await using app = await open();
  const names = ['ada', 'bob', 'cyd', 'dee'];
  const anyone = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom('email', 'github'), fc.constantFrom(...names))
      .map(([scheme, name]) => `${scheme}:${name}${scheme === 'email' ? '@example.com' : ''}`),
  );

  await fc.assert(
    fc.asyncProperty(anyone, anyone, anyone, async (early, late, custody) => {
      const changeId = app.newId('chg');
      const approver = await app.aPerson(['approver'], early);
      const given = await app.db
        .transaction((tx) =>
          app.governance.recordApproval(
            tx,
            anApproval(changeId, { custody }),
            principalOf(approver),
          ),
        )
        .then(
          () => 'given',
          (error: { code: string }) => error.code,
        );
      await app.governance.updatePerson(
        approver.id,
        { identities: [...early, ...late] },
        app.owner,
      );
      const facts = await app.db.transaction((tx) =>
        app.governance.approvalFacts(tx, { changeId, headSha: HEAD, custody }),
      );
      await app.governance.updatePerson(approver.id, { identities: [] }, app.owner);

      const wasIn = early.some((identity) => custody.includes(identity));
      const isIn = wasIn || late.some((identity) => custody.includes(identity));
      expect(given).toBe(wasIn ? 'governance.in_custody' : 'given');
      expect(facts).toHaveLength(isIn ? 0 : 1);
    }),
    { numRuns: 40 },
  );
});

test('a token made by somebody in custody consents to nothing of theirs, nor does what it makes', async () => {
  await using app = await open();
  const ada = await app.aPerson(['approver'], ['email:ada@acme.test']);
  const secretMadeBy = async (by: Principal) =>
    (await app.governance.createToken({ personId: ada.id, name: 'given' }, by)).secret;
  const given = await app.governance.authenticate(
    (
      await app.governance.createToken(
        { personId: ada.id, name: 'given', scopes: ['changes:approve', 'tokens:manage'] },
        app.owner,
      )
    ).secret,
  );
  const inherited = await app.governance.authenticate(await secretMadeBy(given));
  const own = await app.governance.authenticate(await secretMadeBy(principalOf(ada)));
  const consent = (by: Principal, custody: string[]) =>
    app.db.transaction((tx) =>
      app.governance.recordApproval(tx, anApproval(app.newId('chg'), { custody }), by),
    );
  const custody = [`person:${app.owner.id}`];

  expect(await failureOf(consent(given, custody))).toMatchObject({ code: 'governance.in_custody' });
  expect(await failureOf(consent(inherited, custody))).toMatchObject({
    code: 'governance.in_custody',
  });
  expect(await consent(own, custody)).toMatchObject({ personId: ada.id });
  expect(await consent(given, ['email:grace@acme.test'])).toMatchObject({ personId: ada.id });
});

test('a refusal stands for its head also after the branch went away and came back', async () => {
  await using app = await open();
  const reviewer = principalOf(await app.aPerson(['approver']));
  const other = principalOf(await app.aPerson(['approver']));
  const changeId = app.newId('chg');
  const { db, governance } = app;
  await db.transaction((tx) =>
    governance.recordApproval(tx, { ...anApproval(changeId), decision: 'decline' }, reviewer),
  );

  await db.transaction((tx) => governance.voidApprovals(tx, changeId, NEXT_HEAD, changeId));
  await db.transaction((tx) => governance.recordApproval(tx, anApproval(changeId), other));

  const facts = await db.transaction((tx) =>
    governance.approvalFacts(tx, { changeId, headSha: HEAD, custody: [] }),
  );
  expect(facts).toEqual([]);
  expect(await governance.findDecline(null, changeId, HEAD)).toMatchObject({
    personId: reviewer.id,
  });
  expect(await governance.findDecline(null, changeId, NEXT_HEAD)).toBeUndefined();
});

test('a consent that a push made void can be given anew when its head comes back', async () => {
  await using app = await open();
  const { db, governance } = app;
  const reviewer = principalOf(await app.aPerson(['approver']));
  const changeId = app.newId('chg');
  const consent = () =>
    db.transaction((tx) => governance.recordApproval(tx, anApproval(changeId), reviewer));
  const facts = () =>
    db.transaction((tx) => governance.approvalFacts(tx, { changeId, headSha: HEAD, custody: [] }));
  await consent();
  await db.transaction((tx) => governance.voidApprovals(tx, changeId, NEXT_HEAD, changeId));

  const afterPush = await facts();
  await consent();

  expect(afterPush).toEqual([]);
  expect(await facts()).toMatchObject([{ person: reviewer.id }]);
  expect(await typesAbout(app.ledger, changeId)).toEqual([
    'approval.given',
    'approval.voided',
    'approval.given',
  ]);
});
