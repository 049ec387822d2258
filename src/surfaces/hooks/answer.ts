/** What happens on a hook event, whatever agent it comes from. */
import type { Principal } from '#governance';
import { AppError } from '#kernel';
import type { Session } from '#orchestration';
import { actorOf } from '../actor.ts';
import type { Services } from '../services.ts';
import { writeBriefing } from './briefing.ts';
import type { HookAnswer, HookEvent } from './dialect.ts';
import { findRepositoryOf, pathsInTree, type WorkTree } from './work-tree.ts';

type Heard = Exclude<HookEvent, { kind: 'ignored' }>;
type Of<Kind extends Heard['kind']> = Extract<Heard, { kind: Kind }>;

const NOTHING: HookAnswer = { kind: 'nothing' };
const MAX_TITLE = 2_000;
const MAX_PROMPT = 50_000;
const MAX_CLAIMS = 50;

export interface HookReport {
  agent: string;
  event: HookEvent;
  tree: WorkTree;
  operator: Principal;
}

/** Acts on one event and says what the agent is to hear. */
export async function answerHook(services: Services, report: HookReport): Promise<HookAnswer> {
  const { event } = report;
  switch (event.kind) {
    case 'ignored':
      return NOTHING;
    case 'session-started':
      return brief(services, await startSession(services, report, event, event.model));
    case 'prompt-submitted':
      return givePack(services, await joinSession(services, report, event), event, report.operator);
    case 'tool-starting':
      return claimPaths(services, report, event);
    case 'tool-finished': {
      const { id } = await joinSession(services, report, event);
      const [path] = pathsInTree(event.paths, report.tree.toplevel ?? null, event.cwd);
      await services.sessions.touch(id, { tool: event.tool, path });
      return NOTHING;
    }
    case 'turn-ended': {
      const { id } = await joinSession(services, report, event);
      await services.sessions.touch(id, { branch: report.tree.branch ?? undefined });
      return NOTHING;
    }
    case 'session-ended': {
      const session = await findOwn(services, report, event);
      if (session !== undefined) await services.sessions.end(session.id, event.reason);
      return NOTHING;
    }
  }
}

async function startSession(
  { sessions, context }: Services,
  { agent, tree, operator }: HookReport,
  event: Heard,
  model: string | null,
): Promise<Session> {
  const repository = await findRepositoryOf(context, tree);
  return sessions.start(
    {
      agent,
      externalId: event.externalId,
      model: model ?? undefined,
      repository: repository?.name,
      branch: tree.branch ?? undefined,
      baseSha: tree.head ?? undefined,
      cwd: event.cwd ?? tree.toplevel ?? undefined,
    },
    operator,
  );
}

/** The session of the event. Hooks may be attached while the agent runs, so it may be new to us. */
async function joinSession(services: Services, report: HookReport, event: Heard): Promise<Session> {
  const known = await findOwn(services, report, event);
  const isOver = known?.state === 'ended' || known?.state === 'lost';
  return known === undefined || isOver
    ? startSession(services, report, event, known?.model ?? null)
    : known;
}

async function findOwn(
  { sessions }: Services,
  { agent, operator }: HookReport,
  event: Heard,
): Promise<Session | undefined> {
  const session = await sessions.findByExternalId(agent, event.externalId);
  const person = operator.onBehalfOf ?? operator.id;
  if (session?.operatorId == null || session.operatorId === person) return session;
  throw new AppError('conflict', 'hooks.other_operator', {
    message: 'This session was started by somebody else.',
    hint: 'Use the token of the person who runs the agent.',
  });
}

async function brief(services: Services, session: Session): Promise<HookAnswer> {
  const { repository } = session;
  if (repository === null) {
    return { kind: 'context', text: writeBriefing({ session, repository, rules: [], claims: [] }) };
  }
  const [held, rules] = await Promise.all([
    services.claims.list({ repository, state: 'held', limit: MAX_CLAIMS }),
    readRules(services, repository),
  ]);
  const claims = held.items.filter(({ sessionId }) => sessionId !== session.id);
  return { kind: 'context', text: writeBriefing({ session, repository, rules, claims }) };
}

/** Rules in force. A briefing without them is better than no session. */
async function readRules({ context, policy, log }: Services, name: string) {
  try {
    const repository = await context.findRepository(name);
    if (repository?.headSha == null) return [];
    const git = await context.openMirror(name);
    return (await policy.activePolicy(name, git, repository.headSha)).rules;
  } catch (error) {
    log.warn({ err: error, repository: name }, 'rules left out of a briefing');
    return [];
  }
}

async function givePack(
  { context, sessions }: Services,
  session: Session,
  { prompt }: Of<'prompt-submitted'>,
  operator: Principal,
): Promise<HookAnswer> {
  const title = prompt.trim().split('\n')[0]!.slice(0, MAX_TITLE).trim();
  if (title === '') return NOTHING;
  if (session.repository === null) {
    await sessions.touch(session.id, { intent: title });
    return NOTHING;
  }
  const actor = { kind: 'agent', id: session.id, onBehalfOf: actorOf(operator).id } as const;
  const pack = await context.buildPack(
    {
      repository: session.repository,
      title,
      text: prompt.slice(0, MAX_PROMPT),
      paths: [],
      budgetTokens: 4_000,
      sessionId: session.id,
      ...(session.workItemId === null ? {} : { workItemId: session.workItemId }),
    },
    actor,
    session.correlationId,
  );
  await sessions.touch(session.id, { intent: title, packId: pack.id });
  return { kind: 'context', text: pack.text };
}

/** The hot path: an edit of a file the session holds already costs two short queries. */
async function claimPaths(
  services: Services,
  report: HookReport,
  event: Of<'tool-starting'>,
): Promise<HookAnswer> {
  const paths = pathsInTree(event.paths, report.tree.toplevel ?? null, event.cwd);
  if (paths.length === 0) return NOTHING;
  const session = await joinSession(services, report, event);
  if (session.repository === null) return NOTHING;

  const { repository, id: sessionId, intent } = session;
  const answer = await services.claims.acquire({ sessionId, repository, paths, intent });
  if (answer.outcome === 'granted') return NOTHING;
  await services.sessions.touch(sessionId, {
    tool: event.tool,
    path: paths[0],
    outcome: 'denied',
  });
  const choices = answer.choices.map((choice) => `- ${choice}`);
  return { kind: 'denied', reason: [answer.message, ...choices].join('\n') };
}
