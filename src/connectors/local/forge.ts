/**
 * The local forge: bare repositories under one folder, served to real git clients over smart HTTP.
 * Each pushed branch is a change, main moves only by merges that LoomStack makes, and whatever moves
 * is told in signed deliveries, so that the rest of the house cannot tell it from a host far away.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Delivery, SignalSource } from '#connectors/contract';
import { AppError, type Clock, type Logger, toAppError } from '#kernel';
import { createDeliverer, NO_MAIL_DOMAIN } from './deliverer.ts';
import { createLocalHost, type LocalHost } from './host.ts';
import { serveWithGit } from './http-backend.ts';
import { type GitRequest, readBasicCredentials, readGitRequest } from './http-request.ts';
import { readJournal, writeJournal } from './journal.ts';
import { createKeyedLock } from './keyed-lock.ts';
import { runGit } from './git-process.ts';
import type { Push } from './push.ts';
import { answerHook, type PushedBranch, type Refusal } from './push-gate.ts';
import { readBranches } from './refs.ts';
import {
  createBareRepository,
  type CreateRepositoryOptions,
  findRepository,
  guard,
  listRepositories,
  removeBareRepository,
  tidyWorkshop,
} from './repository-folder.ts';
import { checkBranchName } from './repository-name.ts';
import { createLocalSource } from './source.ts';

export interface ForgeUser {
  /** Id of the person in our own records: names can be alike, and commits can name anyone. */
  id?: string | undefined;
  name: string;
  /** Addresses and names under which the user is known; the first mail address is shown as theirs. */
  identities: readonly string[];
  mayPush: boolean;
}

export interface LocalForgeDeps {
  /** Holds `<owner>/<name>.git`. */
  folder: string;
  webhookSecret: string;
  /** Address of this server, for clone addresses. */
  publicUrl: string;
  /** Knows a user by name and secret (a token of ours); undefined when it does not. */
  authenticate(
    username: string,
    secret: string,
  ): Promise<ForgeUser | undefined> | ForgeUser | undefined;
  /**
   * Whether a branch may move to what is pushed; words refuse it, and what was pushed is kept apart.
   * Not asked of the forge's own moves.
   */
  gatePush?(push: PushedBranch, user: ForgeUser): Promise<Refusal | undefined>;
  /** Takes a delivery durably before it resolves; one that rejects comes again. */
  onDelivery(delivery: Delivery): Promise<unknown>;
  clock: Clock;
  log: Logger;
  /** Whether anyone who reaches the server may clone and fetch. */
  isReadableByAnyone?: boolean;
  /** Requests served at once; more are asked to come again. */
  maxRequests?: number;
}

export interface RepositoryAddress {
  repository: string;
  cloneUrl: string;
}

export interface LocalForge {
  readonly source: SignalSource;
  readonly host: LocalHost;
  /** Answers a request below `/git/`. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  createRepository(name: string, options?: CreateRepositoryOptions): Promise<RepositoryAddress>;
  removeRepository(name: string): Promise<void>;
  listRepositories(): Promise<string[]>;
  /** Delivers whatever a crash or a refusal left behind; call it at start and now and then. */
  sweep(): Promise<void>;
}

export function createLocalForge(deps: LocalForgeDeps): LocalForge {
  const { folder, webhookSecret, publicUrl, onDelivery, clock, log, maxRequests = 64 } = deps;
  const source = createLocalSource({ webhookSecret });
  const lock = createKeyedLock();
  const deliverer = createDeliverer({ folder, webhookSecret, onDelivery, lock, clock, log });
  let requests = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    try {
      await serve(request, response);
    } catch (error) {
      const failure = toAppError(error);
      if (failure.status >= 500) log.error({ err: error }, 'a git request failed');
      refuse(response, failure);
    } finally {
      requests -= 1;
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const git = readGitRequest(request.method ?? '', request.url ?? '');
    if (git === undefined) throw noSuchAddress();
    if (requests > maxRequests) throw tooManyRequests();
    const user = await admit(git, request);
    const dir = await findRepository(folder, git.repository);
    const isPush = git.service === 'git-receive-pack';
    if (isPush) await guard(dir);

    const { gatePush } = deps;
    const { repository } = git;
    const { stderr } = await serveWithGit({
      folder,
      dir,
      git,
      user: user === undefined ? undefined : committer(user),
      request,
      response,
      ...(gatePush === undefined || user === undefined || git.endpoint !== 'git-receive-pack'
        ? {}
        : {
            answerHook: (line) =>
              void answerHook(line, {
                repository,
                dir,
                ask: (push) => gatePush(push, user),
              }).catch((error: unknown) => {
                log.error({ err: error, repository }, 'a push could not be judged');
              }),
          }),
    });
    if (stderr !== '')
      log.debug({ repository: git.repository, stderr }, 'git had something to say');
    if (isPush && request.method === 'POST') await tell(git.repository, user);
    response.end();
  }

  /** The push stands whatever becomes of the news, so the client is not told of a failure here. */
  async function tell(repository: string, user: ForgeUser | undefined): Promise<void> {
    try {
      await deliverer.deliver(repository, user === undefined ? {} : pusherOf(user));
    } catch (error) {
      log.warn({ err: error, repository }, 'a push was taken but not delivered');
    }
  }

  async function admit(git: GitRequest, request: IncomingMessage): Promise<ForgeUser | undefined> {
    const isRead = git.service === 'git-upload-pack';
    const { authorization } = request.headers;
    if (authorization === undefined && isRead && deps.isReadableByAnyone === true) return undefined;

    const credentials = readBasicCredentials(authorization);
    const user =
      credentials === undefined
        ? undefined
        : await deps.authenticate(credentials.username, credentials.secret);
    if (user === undefined) throw notAuthenticated();
    if (!isRead && !user.mayPush) throw mayNotPush();
    return user;
  }

  return {
    source,
    host: createLocalHost({ folder, lock, deliverer, clock, log }),
    handle,

    async createRepository(name, options = {}) {
      if (options.defaultBranch !== undefined) checkBranchName(options.defaultBranch);
      await lock.run(name, async () => {
        const dir = await createBareRepository(folder, name, options);
        // What a repository starts with is its history and no news.
        const journal = await readJournal(dir);
        await writeJournal(dir, { ...journal, branches: await readBranches(dir) });
      });
      return { repository: name, cloneUrl: `${publicUrl.replace(/\/$/, '')}/git/${name}.git` };
    },

    async removeRepository(name) {
      await lock.run(name, async () => {
        await removeBareRepository(folder, name);
      });
    },

    async listRepositories() {
      return await listRepositories(folder);
    },

    async sweep() {
      await tidyWorkshop(folder, clock.now());
      for (const repository of await listRepositories(folder)) {
        try {
          await deliverer.deliver(repository);
          const dir = await findRepository(folder, repository);
          await runGit(['-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet'], { dir });
        } catch (error) {
          log.warn({ err: error, repository }, 'a repository of the local forge was not swept');
        }
      }
    },
  };
}

function pusherOf({ id, name }: ForgeUser): Push['pusher'] {
  return { ...(id === undefined ? {} : { id }), login: name };
}

/** What the reflog keeps of the pusher: the id where there is one, so that nobody is mistaken. */
function committer({ id, name, identities }: ForgeUser): { name: string; email: string } {
  // Git leaves out what would break its format and refuses a name of which nothing is left.
  const clean = name.replaceAll(/[^\p{L}\p{N} ._@:-]/gu, '').trim();
  const email = identities.find((identity) => /^[^\s<>@]+@[^\s<>@]+$/.test(identity));
  return {
    name: clean === '' ? 'unknown' : clean,
    email: id === undefined ? (email ?? `unknown${NO_MAIL_DOMAIN}`) : `${id}${NO_MAIL_DOMAIN}`,
  };
}

/** Plain text: git shows it to the user after "remote:". */
function refuse(response: ServerResponse, failure: AppError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = failure.status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  if (failure.kind === 'unauthenticated') {
    response.setHeader('www-authenticate', 'Basic realm="LoomStack", charset="UTF-8"');
  }
  if (failure.kind === 'unavailable') response.setHeader('retry-after', '5');
  // The rest of the request is not read; the connection cannot be used again.
  response.setHeader('connection', 'close');
  response.end(`${failure.message}${failure.hint === undefined ? '' : ` ${failure.hint}`}\n`);
}

function noSuchAddress(): AppError {
  return new AppError('not_found', 'local.no_such_address', {
    message: 'Only git repositories are served here, over smart HTTP.',
    hint: 'Clone …/git/<owner>/<name>.git with git 2.0 or newer.',
  });
}

function tooManyRequests(): AppError {
  return new AppError('unavailable', 'local.too_many_requests', {
    message: 'The forge serves as many git requests as it can.',
    hint: 'Try again in a few seconds.',
  });
}

function notAuthenticated(): AppError {
  return new AppError('unauthenticated', 'local.not_authenticated', {
    message: 'The forge does not know you.',
    hint: 'Use any user name, and a LoomStack token (`loom token create`) as the password.',
  });
}

function mayNotPush(): AppError {
  return new AppError('forbidden', 'local.may_not_push', {
    message: 'You may read from this forge but not push to it.',
    hint: 'Ask an administrator for the role developer.',
  });
}
