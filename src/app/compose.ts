/**
 * Builds everything over one database: the one place where the rooms meet. What is built is returned,
 * nothing is kept; disposing stops the loops and ends the work in hand.
 */
import { join } from 'node:path';
import { createContextService } from '#context';
import { createGovernanceService, type GovernanceService } from '#governance';
import { createContextStudies } from '#insights';
import {
  type BackgroundLoop,
  type Clock,
  type Config,
  createNewId,
  isId,
  type Logger,
} from '#kernel';
import { createLedger, createSequencer } from '#ledger';
import { createObservabilityService, createTelemetryService, readPrices } from '#observability';
import {
  breakerSettings,
  createBreakerService,
  createChangeService,
  createCollisionService,
  createClaimService,
  createCommandHandler,
  createCompositionService,
  createConnectionService,
  createClassOfPath,
  createEscalationService,
  createIntakeService,
  createNegotiationService,
  createPushGate,
  createMergeGroupHandler,
  createOpenWorkFinder,
  createOverrideService,
  createSessionService,
  createWorkflowService,
  createWorkshop,
  createContradictionWork,
  createWorkService,
  identitiesOf,
  type Intake,
  loadChangeWorkflow,
  weaveGraph,
  STEP_KINDS,
  createSubscriptionService,
} from '#orchestration';
import { createPolicyService, createRiskStudies, type PolicyService } from '#policy';
import { reportDeployment, type Services } from '#surfaces';
import { createDependantFinder } from './dependants.ts';
import { createGitHubAppService } from './connectors/github-app.ts';
import { openHosts, type Hosts } from './hosts.ts';
import { repositoryOfService } from './service-repository.ts';
import { openSecretBox } from './secrets.ts';
import { createProtectionService } from './protection.ts';
import { reachableHosts } from './reachable-hosts.ts';
import { takeComment } from './comments.ts';
import { nameSignal, takeRepositoryNews } from './repository-names.ts';
import { watchSystem } from './status.ts';
import type { Storage } from './storage.ts';
import { dataClassesIn } from './data-classes.ts';
import { createKnowledgeHints } from './knowledge-hints.ts';
import { createSlackDesk } from './slack-desk.ts';
import { createBackground } from './background.ts';
import { createInsights } from './insights.ts';
import { noteMainChecks, openLandingQueue } from './landing.ts';
import { knowOwnForge } from './own-forge.ts';

export interface Composition extends AsyncDisposable {
  services: Services;
  hosts: Hosts;
  intake: Intake;
}

export const VERSION = '0.1.0';
const CONSOLE_FOLDER = join(import.meta.dirname, '../../console/dist');

/**
 * Composes a node. With `work: false` it answers requests and leaves all background work to others:
 * for tests that decide the order of things.
 */
export async function compose(options: {
  config: Config;
  storage: Storage;
  clock: Clock;
  log: Logger;
  /** Where people and git clients reach this node. */
  publicUrl: string;
  work?: boolean;
}): Promise<Composition> {
  const { config, storage, clock, log, publicUrl } = options;
  const { db } = storage;
  const newId = createNewId(clock);
  const ledger = createLedger({ db, clock, newId, log, tenant: config.organisation.id });
  const deps = { db, ledger, clock, newId, log };
  const leaseMs = config.sessions.leaseMinutes * 60_000;

  const governance = createGovernanceService(deps);
  const risk = createRiskStudies({
    ...deps,
    onMended: (repository, shas) => policy.noteTracedFixes(repository, shas),
  });
  const policy: PolicyService = createPolicyService({
    ...deps,
    listTeams: () => governance.listTeams(),
    risk,
    // Contexts come later; nobody judges before both are here.
    dependantsOf: (services) => createDependantFinder(context.graph)(services),
  });
  const observability = createObservabilityService(deps);
  const workflow = createWorkflowService(deps);
  const sessions = createSessionService({ ...deps, leaseMs });
  const claimDeps = {
    ...deps,
    leaseMs,
    classOf: createClassOfPath(config.claims.exclusivePaths),
    editStrength: config.claims.edits,
  };
  const claims = createClaimService(claimDeps);
  const breakers = createBreakerService({ ...deps, settings: breakerSettings(config.breakers) });
  const work = createWorkService({
    ...deps,
    leaseMs,
    async mayStart({ agent, repository }) {
      const answer = await breakers.mayStart({ agent, repository });
      return answer.allowed ? { outcome: 'may' } : { outcome: 'refused', reason: answer.reason };
    },
    async findSameWork({ id, repository, title, text, externalKey }, sessionId) {
      if (repository === null) return undefined;
      const found = await collisions.findSameWork({
        repository,
        title,
        text,
        keys: externalKey === null ? [id] : [id, externalKey],
        exceptSessionId: sessionId,
        exceptWorkItemId: id,
      });
      // Of two items that ask for the same one is to be done; only what is under way counts.
      const underWay = found.find(({ kind }) => kind !== 'work-item');
      if (underWay === undefined) return undefined;
      return { reason: `${underWay.id} by ${underWay.by} seems to do it (${underWay.why})` };
    },
  });

  // Intake acts on changes, changes speak to hosts, and hosts deliver to intake: one knot, tied here.
  let intake: Intake | undefined;
  const hints = createKnowledgeHints({ context: () => context, log });
  const slackDesk = createSlackDesk({
    ...deps,
    governance,
    work,
    publicUrl,
    changes: () => changes,
    escalations: () => escalations,
  });
  const opened = openHosts({
    slackDesk,
    config,
    clock,
    log,
    publicUrl,
    governance,
    intake: () => intake!,
    tally: () => connections.tally,
    gatePush: createPushGate({ db, claims }),
    onKnowledge: hints.offer,
  });
  const hosts: Hosts = { ...opened, find: reachableHosts(opened.find, () => context) };
  const secretBox = openSecretBox(config);
  const connections = createConnectionService({ ...deps, parts: hosts.parts });
  const context = knowOwnForge(
    createContextService({
      ...deps,
      folder: join(config.data, 'mirrors'),
      findOpenWork: (query) => findOpenWork(query),
      dataClassesOf: dataClassesIn({ policy, log }),
      teamsOf: async (personId) => (await personOf(governance, personId))?.teams ?? [],
      identitiesOf: async (personId) => (await personOf(governance, personId))?.identities ?? [],
    }),
    hosts,
    publicUrl,
  );
  const changes = createChangeService({
    ...deps,
    context,
    governance,
    policy,
    workflow,
    hostOf: hosts.find,
    recordPush: (tx, push) => claims.recordPush(tx, push),
    loadWorkflow: async (source) => weaveGraph(await loadChangeWorkflow({ db, ledger }, source)),
  });
  const escalationDeps = {
    ...deps,
    context,
    policy,
    governance,
    changes,
    workflow,
    findIncidents: observability.listPastIncidents,
    inboxUrl: (id: string) => `${publicUrl}/inbox/${id}`,
  };
  const escalations = createEscalationService(escalationDeps);
  // A node that leaves the work to others takes it that they can do all there is.
  let kinds: readonly string[] = STEP_KINDS;
  const composition = createCompositionService({
    ...deps,
    context,
    governance,
    workflow,
    kinds: () => kinds,
  });
  const landingDeps = { ...deps, context, changes, workflow, hostOf: hosts.find };
  const landing = openLandingQueue(landingDeps, config);
  const noteMainCheck = noteMainChecks({ landing, context });
  const stack = new AsyncDisposableStack();
  stack.use(context);
  const collisions = stack.use(createCollisionService({ ...deps, claims, context }));
  const findOpenWork = createOpenWorkFinder({ claims, sessions, changes, collisions, context });
  stack.use(risk);
  stack.use(breakers);
  stack.use(hints);
  const studies = stack.use(createContextStudies({ clock, log }));
  const sequencer = createSequencer({
    db,
    clock,
    log,
    origin: config.audit.origin,
    keyFile: config.audit.keyFile,
    start: options.work !== false,
  });

  const services: Services = {
    config,
    version: VERSION,
    organisation: config.organisation.name,
    db,
    clock,
    newId,
    log,
    ledger,
    governance,
    context,
    policy,
    observability,
    telemetry: createTelemetryService({ ...deps, prices: readPrices(config.telemetry.prices) }),
    work,
    contradictionWork: createContradictionWork({ ...deps, context }),
    changes,
    sessions,
    claims,
    breakers,
    negotiation: createNegotiationService({ ...claimDeps, sessions }),
    collisions,
    escalations,
    overrides: createOverrideService(escalationDeps),
    workflows: workflow,
    landing,
    workshop: createWorkshop(deps),
    composition,
    connections,
    subscriptions: createSubscriptionService({
      ...deps,
      secretBox,
      insideUrls: config.connectors.webhooks.insideUrls,
    }),
    protection: createProtectionService({ context, hostOf: hosts.find, clock }),
    githubApp: createGitHubAppService({
      ...deps,
      config,
      publicUrl,
      secrets: hosts.secrets,
      connectors: hosts.connectors,
    }),
    webhooks: hosts.webhooks,
    forge: hosts.forgeService,
    insights: createInsights({ db, clock, context, studies }),
    transparencyLog: sequencer,
    systemStatus: () => status.read(),
    consoleFolder: CONSOLE_FOLDER,
  };

  intake = stack.use(
    createIntakeService({
      ...deps,
      changes,
      async considerSignal(signal, cause) {
        await noteMainCheck(signal);
        return composition.considerSignal(signal, cause);
      },
      noteTurn: (subject) => breakers.noteTurn(subject, 'mirror'),
      leaseMs: config.workflow.leaseMs,
      async onDeployment(signal) {
        // Of a repository that is not ours, as of its pushes and changes: no failure, and nothing to keep.
        if ((await context.findRepository(signal.repository)) === undefined) return;
        const actor = { kind: 'connector', id: signal.source } as const;
        const deployers = identitiesOf(signal.source, signal.deployer ?? {});
        await reportDeployment(
          { context, observability, changes },
          { ...signal, deployers },
          actor,
        );
      },
      onCommand: createCommandHandler({
        ...deps,
        changes,
        governance,
        policy,
        workflow,
        work,
        detailsUrl: (id) => `${publicUrl}/changes/${id}`,
      }),
      onComment: (signal, cause) => takeComment(context, signal, cause),
      onMergeGroup: createMergeGroupHandler({ ...deps, changes, policy }),
      nameSignal: (signal) => nameSignal(context, signal),
      onRepository: (signal) => takeRepositoryNews(context, signal),
      async onIncident(signal) {
        const { service } = signal;
        const repository =
          signal.repository ??
          (service === undefined ? undefined : await repositoryOfService(context.graph, service));
        await observability.recordIncident(
          { ...signal, repository },
          { kind: 'connector', id: signal.source },
        );
      },
    }),
  );

  const loops: BackgroundLoop[] = [];
  const status = watchSystem({ storage, hosts, loops });
  if (options.work !== false) {
    const background = await createBackground(
      {
        services,
        hosts,
        intake,
        changes,
        sessions,
        collisions,
        sequencer,
        slackDesk,
        secretBox,
        publicUrl,
        inboxUrl: escalationDeps.inboxUrl,
      },
      stack,
    );
    kinds = background.kinds;
    loops.push(...background.loops);
  }
  for (const loop of loops) stack.use(loop);

  return { services, hosts, intake, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Whoever asks, for sources that only some may know of. */
async function personOf(governance: GovernanceService, id: string) {
  return isId('usr', id) ? governance.findPerson(id) : undefined;
}
