/**
 * Makes, plays and removes the sample organisation. Everything goes through doors that are open to
 * any customer: HTTP, git, hooks and MCP.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, systemClock } from '#kernel';
import { startAgent } from './agent.ts';
import { type Api, createApi } from './api.ts';
import { runDeployer } from './deployer.ts';
import { writePast } from './history.ts';
import { gitCredentials, run } from './shell.ts';
import {
  addWork,
  type Cast,
  refundPartsOfAnOrder,
  REPOSITORY,
  showFreeShippingHint,
} from './stories.ts';

export interface SampleSetup {
  url: string;
  /** Token of an administrator. */
  token: string;
  /** Folder of the sample's clones and its own notes. */
  folder: string;
  /** Path of the `loom` program. */
  loom: string;
  log: Logger;
}

interface Notes {
  /** How far the play has come; it goes on from there after a restart. */
  scene: 'made' | 'shipping' | 'refunding' | 'played';
  developerToken: string;
  pipelineToken: string;
}

const DEVELOPER = { name: 'Ada Lovelace', email: 'ada@acme.example' };

/** Makes the organisation if it is missing, plays what is left of its stories, then deploys merges until aborted. */
export async function runSample(setup: SampleSetup, signal: AbortSignal): Promise<void> {
  const api = createApi(setup.url, setup.token);
  const notes = readNotes(setup) ?? (await make(setup, api));
  const deployer = runDeployer(api.as(notes.pipelineToken), setup.log, signal);
  await play(setup, notes);
  await deployer;
}

/** Removes its repository and everything on disk. What the ledger recorded stays recorded. */
export async function removeSample(setup: SampleSetup): Promise<void> {
  const api = createApi(setup.url, setup.token);
  const { items } = await api.get<{ items: { id: string; name: string }[] }>(
    '/v1/repositories?limit=200',
  );
  const repository = items.find(({ name }) => name === REPOSITORY);
  if (repository !== undefined) await api.remove(`/v1/repositories/${repository.id}`);
  await api.remove(`/v1/forge/repositories/${REPOSITORY}`).catch((error: unknown) => {
    if ((error as { kind?: string }).kind !== 'not_found') throw error;
  });
  const tokens = await api.get<{ items: { id: string; name: string; revokedAt: string | null }[] }>(
    '/v1/tokens?limit=200',
  );
  for (const token of tokens.items) {
    if (token.name.startsWith('sample ') && token.revokedAt === null)
      await api.remove(`/v1/tokens/${token.id}`);
  }
  rmSync(setup.folder, { recursive: true, force: true });
}

export function isSampleMade(folder: string): boolean {
  return existsSync(join(folder, 'notes.json'));
}

async function make(setup: SampleSetup, api: Api): Promise<Notes> {
  const { folder, log } = setup;
  rmSync(folder, { recursive: true, force: true });
  const past = join(folder, 'past');
  await writePast(past, systemClock.now());

  const developer = await personWithToken(
    api,
    { ...DEVELOPER, roles: ['developer'], teams: ['storefront'] },
    'sample developer',
  );
  await personWithToken(api, {
    name: 'Grace Hopper',
    email: 'grace@acme.example',
    roles: ['approver'],
    teams: ['payments'],
  });
  const pipeline = await personWithToken(
    api,
    { name: 'Delivery pipeline', email: 'pipeline@acme.example', roles: ['admin'], teams: [] },
    'sample pipeline',
    ['deployments:write', 'changes:read', 'audit:read'],
  );

  await api.remove(`/v1/forge/repositories/${REPOSITORY}`).catch(() => {});
  const { cloneUrl } = await api.post<{ cloneUrl: string }>('/v1/forge/repositories', {
    name: REPOSITORY,
  });
  await run('git', ['push', '--quiet', cloneUrl, 'main:main'], {
    cwd: past,
    env: gitCredentials(developer),
  });
  await api.post('/v1/repositories', { url: cloneUrl, name: REPOSITORY });
  await run('git', ['clone', '--quiet', cloneUrl, join(folder, 'clone')], {
    cwd: folder,
    env: gitCredentials(developer),
  });
  rmSync(past, { recursive: true, force: true });
  await addWork(api.as(developer));

  const notes: Notes = { scene: 'made', developerToken: developer, pipelineToken: pipeline };
  writeNotes(setup, notes);
  log.info({ repository: REPOSITORY }, 'the sample organisation was made');
  return notes;
}

async function play(setup: SampleSetup, notes: Notes): Promise<void> {
  const cast: Cast = {
    log: setup.log,
    start: (branch) =>
      startAgent({
        url: setup.url,
        token: notes.developerToken,
        operator: DEVELOPER,
        loom: setup.loom,
        clone: join(setup.folder, 'clone'),
        folder: join(setup.folder, 'worktrees', branch.replaceAll('/', '-')),
        branch,
      }),
  };
  // A scene that was cut off is not played again: its half would collide with itself.
  if (notes.scene === 'made') {
    writeNotes(setup, { ...notes, scene: 'shipping' });
    await showFreeShippingHint(cast);
    writeNotes(setup, { ...notes, scene: 'refunding' });
    await refundPartsOfAnOrder(cast);
    writeNotes(setup, { ...notes, scene: 'played' });
    setup.log.info({}, 'the sample organisation has played its stories');
  }
}

async function personWithToken(
  api: Api,
  person: { name: string; email: string; roles: string[]; teams: string[] },
  tokenName?: string,
  scopes?: string[],
): Promise<string> {
  const identity = `email:${person.email}`;
  const { items } = await api.get<{ items: { id: string; identities: string[] }[] }>(
    '/v1/people?limit=200',
  );
  const known = items.find(({ identities }) => identities.includes(identity));
  const { name, roles, teams } = person;
  const { id } =
    known ??
    (await api.post<{ id: string }>('/v1/people', { name, roles, teams, identities: [identity] }));
  if (tokenName === undefined) return '';
  const token = await api.post<{ secret: string }>('/v1/tokens', {
    personId: id,
    name: tokenName,
    expiresInDays: 30,
    ...(scopes === undefined ? {} : { scopes }),
  });
  return token.secret;
}

function notesPath({ folder }: SampleSetup): string {
  return join(folder, 'notes.json');
}

function readNotes(setup: SampleSetup): Notes | undefined {
  return existsSync(notesPath(setup))
    ? (JSON.parse(readFileSync(notesPath(setup), 'utf8')) as Notes)
    : undefined;
}

function writeNotes(setup: SampleSetup, notes: Notes): void {
  mkdirSync(setup.folder, { recursive: true });
  writeFileSync(notesPath(setup), JSON.stringify(notes), { mode: 0o600 });
}
