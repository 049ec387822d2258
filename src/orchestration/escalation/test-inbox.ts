/** For tests of escalations: the real services over a database and a real repository, time held still. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContextService } from '#context';
import { createGovernanceService, type Principal, type Role } from '#governance';
import { type Clock, createLogger, createNewId, type Db, type Id } from '#kernel';
import { createLedger } from '#ledger';
import { createPolicyService, type Decision, rotates } from '#policy';
import { createChangeService, findChange, toChange } from '../changes/index.ts';
import { loadChangeWorkflow } from '../library/index.ts';
import type { Change } from '../schema.ts';
import { createWorkflowService } from '../workflow/index.ts';
import { createEscalationService, createOverrideService, type PastIncident } from './index.ts';

export const REPOSITORY = 'acme/shop';

/** What `testRepository` of the test support gives, as far as it is used here. */
interface WorkTree {
  dir: string;
  git(...args: string[]): Promise<string>;
}

export async function inboxOver(
  db: Db,
  clock: Clock,
  work: WorkTree,
  incidents: readonly PastIncident[] = [],
) {
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const rooms = { db, ledger, clock, newId, log };
  const folder = await mkdtemp(join(tmpdir(), 'loom-inbox-'));
  const governance = createGovernanceService(rooms);
  const policy = createPolicyService(rooms);
  const workflow = createWorkflowService(rooms);
  const context = createContextService({ ...rooms, folder: join(folder, 'mirrors') });
  const changes = createChangeService({
    ...rooms,
    context,
    governance,
    policy,
    workflow,
    hostOf: () => undefined,
    loadWorkflow: (source) => loadChangeWorkflow(rooms, source),
  });
  const deps = {
    ...rooms,
    context,
    policy,
    governance,
    changes,
    workflow,
    findIncidents: async () => [...incidents],
  };
  const { person: owner } = await governance.ensureOwner();
  const byOwner: Principal = { ...owner, kind: 'person', scopes: 'all' };
  // The owner holds every role, and would be asked wherever nobody else may.
  const another = await governance.createPerson({ name: 'Root', roles: ['admin'] }, byOwner);
  const byRoot: Principal = { ...another, kind: 'person', scopes: 'all' };
  await governance.updatePerson(owner.id, { roles: ['auditor'] }, byRoot);
  await context.importRepository(
    { url: work.dir, name: REPOSITORY },
    { kind: 'system', id: 'test' },
  );

  async function person(
    name: string,
    fields: { roles?: Role[]; teams?: string[]; identities?: string[] } = {},
  ): Promise<Principal & { id: Id<'usr'> }> {
    const made = await governance.createPerson(
      {
        name,
        roles: fields.roles ?? ['approver'],
        teams: fields.teams,
        identities: fields.identities ?? [`email:${name.toLowerCase()}@example.org`],
      },
      byRoot,
    );
    return { ...made, kind: 'person', scopes: 'all' };
  }

  /** A change of the branch we are on, written down as intake would. */
  async function open(
    branch: string,
    fields: { custody?: string[]; isRotated?: boolean } = {},
  ): Promise<Change> {
    await context.refreshRepository(REPOSITORY);
    let id = newId('chg');
    // One change in ten asks the second expert first; a test says which kind it means.
    while (rotates(id) !== (fields.isRotated ?? false)) id = newId('chg');
    await db.query(
      `insert into loom.changes (id, repository, host, branch, base_branch, base_sha, head_sha, title,
         author_name, author_kind, custody, state, correlation_id, head_at, state_at)
       values ($1, $2, 'test', $3, 'main', $4, $5, $6, 'Nobody', 'human', $7, 'open', $1, now(), now())`,
      [
        id,
        REPOSITORY,
        branch,
        await work.git('rev-parse', 'main'),
        await work.git('rev-parse', branch),
        `Change of ${branch}`,
        fields.custody ?? ['email:nobody@example.org'],
      ],
    );
    return toChange((await findChange(db, id))!);
  }

  async function decide(change: Change): Promise<Decision> {
    const git = await changes.openMirror(change);
    const baseSha = (await git.resolve('refs/heads/main'))!;
    const { id: changeId, headSha, custody } = change;
    return policy.decide(
      {
        changeId,
        repository: REPOSITORY,
        git,
        baseSha,
        headSha,
        authorKind: 'human',
        owners: await context.ownersOf(
          REPOSITORY,
          baseSha,
          (await git.changedFiles(baseSha, headSha)).map(({ path }) => path),
        ),
        approvals: await db.transaction((tx) =>
          governance.approvalFacts(tx, { changeId, headSha, custody }),
        ),
        checks: 'passed',
      },
      { correlationId: change.correlationId },
    );
  }

  const node = () => createEscalationService(deps);
  const escalations = node();
  return {
    ...rooms,
    governance,
    policy,
    changes,
    escalations,
    overrides: createOverrideService(deps),
    /** Another node over the same database. */
    node,
    byRoot,
    person,
    open,
    decide,
    /** Judges the change and asks people, as the step does. */
    async ask(change: Change, by = escalations) {
      const prepared = await by.prepare(change, await decide(change));
      await db.transaction((tx) => prepared.write(tx));
      return prepared;
    },
    async asked(change: Change) {
      const { assignments } = await escalations.ofChange(change.id);
      return assignments.filter(({ state }) => state === 'open' || state === 'acknowledged');
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
