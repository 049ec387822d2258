/**
 * The whole house on a database of its own: real services, composed as the product composes them,
 * behind the real HTTP app. For tests of surfaces and of flows through several rooms.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContextService } from '#context';
import { createGovernanceService, type Principal, type Role } from '#governance';
import {
  AppError,
  type Config,
  createLogger,
  createNewId,
  createSecretBox,
  isId,
  loadConfig,
} from '#kernel';
import { createLedger, createSequencer } from '#ledger';
import { createObservabilityService, createTelemetryService, readPrices } from '#observability';
import {
  createChangeService,
  createClaimService,
  createCollisionService,
  createContradictionWork,
  createCompositionService,
  createConnectionService,
  createClassOfPath,
  createNegotiationService,
  createEscalationService,
  createOpenWorkFinder,
  createOverrideService,
  breakerSettings,
  createBreakerService,
  createSessionService,
  createSubscriptionService,
  createLandingQueue,
  createTreeTest,
  createWorkshop,
  createWorkflowService,
  createWorkService,
  loadChangeWorkflow,
} from '#orchestration';
import { createPolicyService } from '#policy';
import { createHttpApp, type HttpApp, type Services } from '#surfaces';
import { testClock, type TestClock, testDatabase } from '#testing';

export interface TestApp extends AsyncDisposable {
  readonly services: Services;
  readonly clock: TestClock;
  readonly http: HttpApp;
  /** Secret of a new token of a new person with these roles. */
  tokenFor(...roles: Role[]): Promise<string>;
  /** The same by a login of the person's own: nobody else knows this one. */
  loginOf(...roles: Role[]): Promise<string>;
  /** Secret of a new login of the person whose token this is, by a link nobody's token made. */
  loginAgain(token: string): Promise<string>;
  /** Places what was committed in the log, so that the stream and the audit routes know of it. */
  settle(): Promise<void>;
  /** Calls the app as a program would; `body` goes as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

export interface CallOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON, else the text. */
  // Tests look into answers of every shape; each asserts what it expects.
  body: never;
}

export async function testApp(
  options: { flags?: Record<string, unknown>; services?: Partial<Services> } = {},
): Promise<TestApp> {
  const stack = new AsyncDisposableStack();
  const { db } = stack.use(await testDatabase());
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const config: Config = loadConfig({
    env: {},
    flags: { data: '/nonexistent', ...options.flags },
    cwd: '/nonexistent',
  });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const deps = { db, ledger, clock, newId, log };
  const sequencer = stack.use(createSequencer({ db, clock, log, origin: config.audit.origin }));
  const folder = mkdtempSync(join(tmpdir(), 'loom-test-app-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const leaseMs = config.sessions.leaseMinutes * 60_000;
  const governance = createGovernanceService(deps);
  const { person: owner } = await governance.ensureOwner();
  const byOwner: Principal = {
    ...owner,
    kind: 'person',
    scopes: 'all',
  };

  const context = createContextService({
    ...deps,
    folder,
    findOpenWork: (query) => findOpenWork(query),
    async teamsOf(id) {
      return isId('usr', id) ? ((await governance.findPerson(id))?.teams ?? []) : [];
    },
  });
  const policy = createPolicyService({ ...deps, listTeams: () => governance.listTeams() });
  const workflows = createWorkflowService(deps);
  const changes = createChangeService({
    ...deps,
    context,
    governance,
    policy,
    workflow: workflows,
    hostOf: () => undefined,
    loadWorkflow: (at) => loadChangeWorkflow(deps, at),
  });

  const sessions = createSessionService({ ...deps, leaseMs });
  const claimDeps = {
    ...deps,
    leaseMs,
    classOf: createClassOfPath(),
    editStrength: 'exclusive',
  } as const;
  const claims = createClaimService(claimDeps);
  const breakers = stack.use(
    createBreakerService({ ...deps, settings: breakerSettings(config.breakers) }),
  );
  const collisions = stack.use(createCollisionService({ ...deps, claims, context }));
  const findOpenWork = createOpenWorkFinder({ claims, sessions, changes, collisions, context });

  const escalationDeps = { ...deps, context, policy, governance, changes, workflow: workflows };

  const services: Services = {
    config,
    version: '0.0.0-test',
    organisation: 'Test organisation',
    db,
    clock,
    newId,
    log,
    ledger,
    governance,
    context,
    contradictionWork: createContradictionWork({ ...deps, context }),
    policy,
    observability: createObservabilityService(deps),
    telemetry: createTelemetryService({ ...deps, prices: readPrices(config.telemetry.prices) }),
    work: createWorkService({ ...deps, leaseMs }),
    changes,
    sessions,
    claims,
    breakers,
    negotiation: createNegotiationService({ ...claimDeps, sessions }),
    collisions,
    escalations: createEscalationService(escalationDeps),
    overrides: createOverrideService(escalationDeps),
    workflows,
    workshop: createWorkshop(deps),
    landing: createLandingQueue({
      ...deps,
      context,
      changes,
      workflow: workflows,
      hostOf: () => undefined,
      test: createTreeTest({ ...deps, folder, commandTimeoutMs: 60_000 }),
      node: 'test-node',
      slots: 1,
      leaseMs,
    }),
    composition: createCompositionService({
      ...deps,
      context,
      governance,
      workflow: workflows,
      kinds: () => ['context.pack', 'notify', 'wait.signal'],
    }),
    connections: createConnectionService({ ...deps, parts: () => [] }),
    subscriptions: createSubscriptionService({
      ...deps,
      insideUrls: [],
      secretBox: createSecretBox(['test-test-test-test-test-test-test']),
    }),
    githubApp: absent('githubApp'),
    protection: { read: async () => undefined },
    webhooks: new Map(),
    forge: null,
    insights: absent('insights'),
    transparencyLog: sequencer,
    systemStatus: async () => ({
      database: { state: 'ready', version: null, isEmbedded: true },
      loops: [],
      connectors: [],
      outbox: { waiting: 0, lagSeconds: 0, failed: 0 },
    }),
    consoleFolder: '/nonexistent',
    ...options.services,
  };
  const http = createHttpApp(services);

  return {
    services,
    clock,
    http,
    async tokenFor(...roles) {
      const person = await governance.createPerson({ name: roles.join(' '), roles }, byOwner);
      const { secret } = await governance.createToken(
        { personId: person.id, name: 'test' },
        byOwner,
      );
      return secret;
    },
    async loginOf(...roles) {
      const { id } = await governance.createPerson({ name: roles.join(' '), roles }, byOwner);
      return (await governance.redeemLoginCode(await governance.createLoginCode(id))).secret;
    },
    async loginAgain(token) {
      const { id } = await governance.authenticate(token);
      const code = await governance.createLoginCode(id as `usr_${string}`);
      return (await governance.redeemLoginCode(code)).secret;
    },
    async settle() {
      await sequencer.runOnce();
    },
    async call(method, path, { token, body, headers } = {}) {
      const response = await http.request(path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /^application\/(problem\+)?json/.test(
        response.headers.get('content-type') ?? '',
      );
      return {
        status: response.status,
        headers: response.headers,
        body: (isJson ? JSON.parse(text) : text) as never,
      };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Stands for a service this composition does not have; every verb says so. */
function absent<Service extends object>(name: string): Service {
  return new Proxy({} as Service, {
    get: () => () => {
      throw new AppError('unavailable', 'test.absent', { message: `There is no ${name} here.` });
    },
  });
}
