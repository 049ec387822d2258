/**
 * What a node does without being asked: the steps it can run, the messages it delivers, and the loops that
 * read, sweep and remind. Nothing here answers a request.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createGuardedFetch } from '#connectors/contract';
import { createLessonProjection, createRankingFitLoop } from '#context';
import { type BackgroundLoop, ownEnvironment, type SecretBox } from '#kernel';
import { createOutboxWorker, createProjector, type createSequencer } from '#ledger';
import { traceProjection } from '#observability';
import {
  clearAbandonedChecks,
  createAgentStep,
  createArchiveLoop,
  createAutofixStep,
  createCollisionLoop,
  createCompositionLoop,
  createConnectionLoop,
  type createChangeService,
  type createCollisionService,
  createDevboxService,
  type createSessionService,
  createEscalationLoop,
  createGateStep,
  createHostOutboxHandlers,
  createIntakeLoop,
  createOpenChangeStep,
  createReconcileLoop,
  createReconsiderLoop,
  createScheduleLoop,
  createSessionLoop,
  createStepHandlers,
  createSweepLoop,
  contradictionWorkProjection,
  createWorkflowWorker,
  type Intake,
  mirrorHandler,
  mirrorProjection,
  subscriptionHandler,
  subscriptionProjection,
} from '#orchestration';
import { createAutonomyProjection } from '#policy';
import type { Services } from '#surfaces';
import { createAgentWiring } from './agent-wiring.ts';
import type { Hosts } from './hosts.ts';
import { checkoutsOf } from './landing.ts';
import { digestLoop } from './digest-loop.ts';
import { forgeSweepLoop } from './forge-sweep.ts';
import { knowledgeLoop } from './knowledge-loop.ts';
import { listenLoop } from './listen-loop.ts';
import {
  escalationHandler,
  escalationOutcomeHandler,
  escalationOutcomes,
  notifyHandler,
} from './notify.ts';
import { pointOutIn } from './verdict-lines.ts';
import type { SlackDesk } from './slack-desk.ts';

/**
 * Makes the loops of a node, not yet started, and says which kinds of step it can run. What must be let
 * go of at the end is given to `stack`.
 */
export async function createBackground(
  parts: {
    services: Services;
    hosts: Hosts;
    intake: Intake;
    sequencer: ReturnType<typeof createSequencer>;
    /** These do more in the background than anybody may ask of them. */
    changes: ReturnType<typeof createChangeService>;
    sessions: ReturnType<typeof createSessionService>;
    collisions: ReturnType<typeof createCollisionService>;
    slackDesk: SlackDesk;
    secretBox: SecretBox;
    publicUrl: string;
    inboxUrl: (escalationId: string) => string;
  },
  stack: AsyncDisposableStack,
): Promise<{ loops: BackgroundLoop[]; kinds: string[] }> {
  const { services, hosts, intake, sequencer, slackDesk, publicUrl, inboxUrl } = parts;
  const { changes, sessions, collisions, secretBox } = parts;
  const { config, db, ledger, clock, newId, log, governance, context, policy, work } = services;
  const { claims, breakers, escalations, connections } = services;
  const { composition, workflows: workflow } = services;
  const deps = { db, ledger, clock, newId, log };
  // A key that is missing keeps webhooks from being sent, and nothing else from working.
  await services.subscriptions.sealAnew().catch((err: unknown) => {
    log.error({ err }, 'secrets of outgoing webhooks cannot be read; see secrets.key');
  });

  const checkouts = checkoutsOf(config);
  await clearAbandonedChecks(checkouts, log);
  const environment = ownEnvironment();
  // A second server on this machine has another data folder, and other devboxes.
  const node = `${hostname()}:${config.data}`;
  const wiring = stack.use(await createAgentWiring({ governance, config, node }));
  const devboxes = stack.use(
    createDevboxService({
      ...deps,
      context,
      folder: join(config.data, 'devboxes'),
      node,
      warm: config.agents.warmDevboxes,
      environment: pick(environment, config.agents.passOn),
    }),
  );
  await devboxes.reconcile();
  const agentDeps = {
    ...deps,
    context,
    sessions,
    work,
    devboxes,
    fleet: breakers,
    concurrency: config.agents.concurrency,
    home: config.agents.home,
    environment,
    wire: wiring.wire,
  };
  const stepHandlers = createStepHandlers({
    ...deps,
    context,
    policy,
    governance,
    changes,
    landing: services.landing,
    escalations,
    gateMerge: (change) => claims.gateMerge(change),
    folder: checkouts,
    commandTimeoutMs: config.workflow.commandTimeoutMs,
  });
  const notifying = {
    db,
    log,
    messengers: () => [...hosts.connectors.messengers.values()],
    escalations,
    inboxUrl: inboxUrl,
  };
  const handlers = [
    ...stepHandlers,
    createAgentStep(agentDeps),
    createAutofixStep(agentDeps),
    createGateStep({ ...agentDeps, workflow }),
    createOpenChangeStep({ ...agentDeps, hostOf: hosts.find }),
  ];
  const loops = [
    digestLoop({ db, ledger, clock, log, settings: config.connectors.digest, publicUrl }),
    listenLoop({ hosts, isPaused: connections.isPaused, clock, log }),
    sequencer,
    createProjector({
      db,
      clock,
      log,
      projections: [
        traceProjection,
        createLessonProjection(deps),
        contradictionWorkProjection({ ledger, context }),
        createAutonomyProjection(deps),
        escalationOutcomes(ledger),
        mirrorProjection(deps),
        subscriptionProjection(deps),
      ],
    }),
    createOutboxWorker({
      ...deps,
      handlers: [
        ...createHostOutboxHandlers({
          changes,
          hostOf: hosts.find,
          detailsUrl: (changeId) => `${publicUrl}/changes/${changeId}`,
          pointOut: pointOutIn({ changes, policy, log }),
          noteTurn: (subject) => breakers.noteTurn(subject, 'us'),
          hold: breakers.hold,
        }),
        notifyHandler(notifying),
        escalationHandler(notifying),
        escalationOutcomeHandler(notifying),
        ...slackDesk.handlers,
        subscriptionHandler({
          ...deps,
          secretBox,
          send: createGuardedFetch({
            trustedUrls: config.connectors.webhooks.insideUrls,
            timeoutMs: 15_000,
            maxBytes: 100_000,
          }),
        }),
        mirrorHandler({
          ...deps,
          mirrorOf: (source) => hosts.connectors.workItems.get(source),
          changeUrl: (id) => `${publicUrl}/changes/${id}`,
        }),
      ],
      leaseMs: config.workflow.leaseMs,
      // Of a paused connection nothing is written; it waits, and nobody gives up on it.
      leaveToOthers: () =>
        [...hosts.spokenForElsewhere(), ...connections.pausedNames()].map((host) => ({ host })),
    }),
    createIntakeLoop({ intake, db, clock, log }),
    createCompositionLoop({ composition, db, clock, log }),
    createScheduleLoop({ ...deps, context, workflow, composition }),
    createSessionLoop({ sessions, clock, log }),
    createCollisionLoop({ collisions, clock, log }),
    createEscalationLoop({ escalations, clock, log }),
    createWorkflowWorker({
      ...deps,
      handlers,
      workerId: `${hostname()}-${process.pid}-${newId('agt').slice(-6)}`,
      concurrency: config.workflow.concurrency,
      leaseMs: config.workflow.leaseMs,
    }),
    services.landing.startLoop(),
    createArchiveLoop({ ...deps, settings: config.workflow }),
    createRankingFitLoop({ context, clock, log }),
    createReconcileLoop({ intake, context, clock, log }),
    createReconsiderLoop({ ...deps, context, policy, workflow }),
    createConnectionLoop({ connections, clock, log }),
    createSweepLoop({ connections, intake, db, clock, log }),
    knowledgeLoop({
      context,
      sources: hosts.knowledge,
      isPaused: connections.isPaused,
      clock,
      log,
    }),
    ...(hosts.forge === null ? [] : [forgeSweepLoop({ forge: hosts.forge, clock, log })]),
  ];
  return { loops, kinds: handlers.map(({ kind }) => kind) };
}

/** Those of the variables that are set. */
function pick(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
