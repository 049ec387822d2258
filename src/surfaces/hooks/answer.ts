/** What happens on a hook event, whatever agent it comes from. */
import type { ContextPack } from '#context';
import type { Principal } from '#governance';
import { AppError, type Id } from '#kernel';
import type { Actor } from '#ledger';
import type { Note, Session, WorkItem } from '#orchestration';
import { actorOf } from '../actor.ts';
import type { Services } from '../services.ts';
import { renderNotes, takeNotes } from '../session-notes.ts';
import { isTicket, taskOfBranch } from './branch-task.ts';
import { noteFailedTurn, observeCall, readHandOver, startTurn, stopCall } from './breaker.ts';
import { writeBriefing } from './briefing.ts';
import type { HookAnswer, HookEvent } from './dialect.ts';
import { tellNeighbours } from './neighbours.ts';
import { findRepositoryOf, pathsInTree, type WorkTree } from './work-tree.ts';

type Heard = Exclude<HookEvent, { kind: 'ignored' }>;
type Of<Kind extends Heard['kind']> = Extract<Heard, { kind: Kind }>;

const NOTHING: HookAnswer = { kind: 'nothing' };
const MAX_TITLE = 2_000;
const MAX_PROMPT = 50_000;
const MAX_CLAIMS = 50;
const MAX_WORK = 200;
/** One tool call rarely changes more files than this; each is told of by itself. */
const MAX_BRIEFED = 3;
/** A pack smaller than this says nothing. */
const MIN_PACK_BYTES = 1_000;
const START_BUDGET_TOKENS = 1_500;
const PROMPT_BUDGET_TOKENS = 4_000;

export interface HookReport {
  agent: string;
  event: HookEvent;
  tree: WorkTree;
  operator: Principal;
  /** The most context the agent shows its model, in bytes. */
  maxContextBytes: number;
  /** Whether the agent shows its model what is answered to this event … */
  carriesContext: boolean;
  /** … and what is answered before a tool runs; else the rules of a file come after its first edit. */
  briefsBefore: boolean;
}

/** Acts on one event and says what the agent is to hear. */
export async function answerHook(services: Services, report: HookReport): Promise<HookAnswer> {
  const { event } = report;
  switch (event.kind) {
    case 'ignored':
      return NOTHING;
    case 'session-started':
      return welcome(services, report, event);
    case 'prompt-submitted':
      return answerPrompt(services, report, event);
    case 'tool-starting':
      return (
        (await stopCall(services, report, event)) ?? (await claimPaths(services, report, event))
      );
    case 'tool-finished': {
      const session = await joinSession(services, report, event);
      const paths = pathsInTree(event.paths, report.tree.toplevel ?? null, event.cwd);
      const [stopped] = await Promise.all([
        observeCall(services, session, event),
        services.sessions.touch(session.id, { tool: event.tool, path: paths[0] }),
      ]);
      if (stopped !== undefined) return stopped;
      const answer =
        report.briefsBefore || !report.carriesContext || session.repository === null
          ? NOTHING
          : await briefPaths(services, session, paths, report.operator);
      return withNotes(answer, await notesFor(services, report, session));
    }
    case 'turn-failed':
      await noteFailedTurn(services, await joinSession(services, report, event), event.reason);
      return NOTHING;
    case 'turn-ended': {
      const { id } = await joinSession(services, report, event);
      await services.sessions.touch(id, { branch: report.tree.branch ?? undefined });
      return NOTHING;
    }
    case 'session-ended': {
      const session = await findOwn(services, report, event);
      if (session !== undefined) {
        await services.sessions.end(session.id, event.reason);
        await services.breakers.finish(session);
      }
      return NOTHING;
    }
  }
}

/** News first: it may change what the session does next. */
function withNotes(answer: HookAnswer, notes: readonly Note[]): HookAnswer {
  const news = renderNotes(notes);
  if (news === undefined) return answer;
  switch (answer.kind) {
    case 'nothing':
      return { kind: 'context', text: news };
    case 'context':
      return { kind: 'context', text: `${news}\n\n${answer.text}` };
    case 'denied':
    case 'stopped':
      return { kind: answer.kind, reason: `${answer.reason}\n\n${news}` };
  }
}

async function startSession(
  services: Services,
  report: HookReport,
  event: Heard,
  model: string | null,
): Promise<Session> {
  const { sessions, context } = services;
  const { agent, tree, operator } = report;
  const repository = await findRepositoryOf(context, tree);
  const parent = await joinParent(services, report, event);
  return sessions.start(
    {
      agent,
      parentId: parent?.id,
      role: event.parent?.role ?? undefined,
      externalId: event.externalId,
      model: model ?? undefined,
      repository: repository?.name,
      branch: tree.branch ?? undefined,
      baseSha: tree.head ?? undefined,
      cwd: event.cwd ?? tree.toplevel ?? undefined,
      // A helper does a part of it; the work item stays with whoever was given it.
      ...(operator.assignment === undefined || parent !== undefined
        ? {}
        : {
            intent: operator.assignment.title,
            workItemId: operator.assignment.workItemId ?? undefined,
          }),
    },
    operator,
  );
}

/** The session that a helper works for; it may be new to us too. */
async function joinParent(
  services: Services,
  report: HookReport,
  { parent, cwd }: Heard,
): Promise<Session | undefined> {
  if (parent === undefined) return undefined;
  const { externalId } = parent;
  return joinSession(services, report, { kind: 'turn-ended', externalId, cwd });
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
  if (session !== undefined) refuseOthers(session, operator);
  return session;
}

function refuseOthers(session: Session, operator: Principal): void {
  const person = operator.onBehalfOf ?? operator.id;
  if (session.operatorId === null || session.operatorId === person) return;
  throw new AppError('conflict', 'hooks.other_operator', {
    message: 'This session was started by somebody else.',
    hint: 'Use the token of the person who runs the agent.',
  });
}

/** The briefing, and what is known about the task of the branch, where it names one. */
async function welcome(
  services: Services,
  report: HookReport,
  event: Of<'session-started'>,
): Promise<HookAnswer> {
  const session = await startSession(services, report, event, event.model);
  if (event.isFresh) await services.context.forgetSession(session.id);
  const notes = await readHandOver(services, session);
  const neighbours = report.carriesContext
    ? await tellNeighbours(services, session, await taskBefore(services, session))
    : '';
  const parts = [await brief(services, session), ...notes, neighbours];
  const briefing = parts.filter((part) => part !== '').join('\n\n');
  const left = report.maxContextBytes - Buffer.byteLength(briefing) - 2;
  const pack =
    left < MIN_PACK_BYTES ? undefined : await packOfBranch(services, session, report, left);
  if (pack === undefined) return { kind: 'context', text: briefing };
  await services.sessions.touch(session.id, { packId: pack.id });
  return { kind: 'context', text: `${briefing}\n\n${pack.text}` };
}

/** What the session is about before its first prompt: its branch or work item says. */
async function taskBefore(
  { context, work, log }: Services,
  session: Session,
): Promise<{ title: string; text: string; keys: readonly string[] } | undefined> {
  if (session.repository === null) return undefined;
  try {
    const repository = await context.findRepository(session.repository);
    const task = taskOfBranch(session.branch, repository?.defaultBranch ?? 'main');
    const item = await workItemOf(work, session, task?.tickets ?? []);
    const title = item?.title ?? task?.title ?? '';
    const keys = [
      ...(task?.tickets ?? []).map((ticket) =>
        /^\d+$/.test(ticket) ? `${session.repository}#${ticket}` : ticket,
      ),
      ...(item === undefined ? [] : [item.id]),
      ...(item?.externalKey == null ? [] : [item.externalKey]),
    ];
    return title === '' && keys.length === 0 ? undefined : { title, text: item?.text ?? '', keys };
  } catch (error) {
    log.warn({ err: error, sessionId: session.id }, 'no task known at the start of a session');
    return undefined;
  }
}

async function packOfBranch(
  services: Services,
  session: Session,
  { operator }: HookReport,
  maxBytes: number,
): Promise<ContextPack | undefined> {
  const { context, work, log } = services;
  if (session.repository === null) return undefined;
  try {
    const repository = await context.findRepository(session.repository);
    const task = taskOfBranch(session.branch, repository?.defaultBranch ?? 'main');
    const item = await workItemOf(work, session, task?.tickets ?? []);
    const title = item?.title ?? operator.assignment?.title ?? task?.title ?? '';
    if (title === '') return undefined;
    return await packFor(services, session, operator, {
      title,
      text: item?.text ?? '',
      budgetTokens: START_BUDGET_TOKENS,
      maxBytes,
      workItemId: item?.id,
    });
  } catch (error) {
    // The session starts all the same, and the first prompt brings its pack.
    log.warn({ err: error, sessionId: session.id }, 'no context pack at the start of a session');
    return undefined;
  }
}

/** The work item the session has, else the one its branch is named after. */
async function workItemOf(
  work: Services['work'],
  session: Session,
  tickets: readonly string[],
): Promise<WorkItem | undefined> {
  if (session.workItemId !== null) return work.find(session.workItemId);
  if (tickets.length === 0) return undefined;
  const repository = session.repository ?? undefined;
  for (const state of ['in-progress', 'open'] as const) {
    const { items } = await work.list({ state, repository, limit: MAX_WORK });
    const match = items.find(({ externalKey }) => isTicket(externalKey, tickets));
    if (match !== undefined) return match;
  }
  return undefined;
}

function packFor(
  { context }: Services,
  session: Session,
  operator: Principal,
  task: {
    title: string;
    text: string;
    budgetTokens: number;
    maxBytes: number;
    workItemId?: Id<'wrk'> | undefined;
  },
): Promise<ContextPack> {
  const workItemId = task.workItemId ?? session.workItemId;
  return context.buildPack(
    {
      repository: session.repository!,
      title: task.title.slice(0, MAX_TITLE),
      text: task.text.slice(0, MAX_PROMPT),
      paths: [],
      budgetTokens: task.budgetTokens,
      maxBytes: task.maxBytes,
      sessionId: session.id,
      ...(workItemId === null ? {} : { workItemId }),
    },
    actorFor(session, operator),
    session.correlationId,
  );
}

function actorFor(session: Session, operator: Principal): Actor {
  return { kind: 'agent', id: session.id, onBehalfOf: actorOf(operator).id };
}

async function brief(services: Services, session: Session): Promise<string> {
  const { repository } = session;
  if (repository === null) {
    return writeBriefing({ session, repository, rules: [], claims: [] });
  }
  const [held, rules] = await Promise.all([
    services.claims.list({ repository, state: 'held', limit: MAX_CLAIMS }),
    readRules(services, repository),
  ]);
  const claims = held.items.filter(({ sessionId }) => sessionId !== session.id);
  return writeBriefing({ session, repository, rules, claims });
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

/** A new prompt is a new chance, but not for a session that was ended: it is not taken up again. */
async function answerPrompt(
  services: Services,
  report: HookReport,
  event: Of<'prompt-submitted'>,
): Promise<HookAnswer> {
  const known = await findOwn(services, report, event);
  const stopped = known === undefined ? undefined : await startTurn(services, known);
  if (stopped !== undefined) return stopped;
  const session = await joinSession(services, report, event);
  const [notes, answer] = await Promise.all([
    notesFor(services, report, session),
    givePack(services, session, event, report),
  ]);
  return withNotes(answer, notes);
}

async function givePack(
  services: Services,
  session: Session,
  { prompt }: Of<'prompt-submitted'>,
  report: HookReport,
): Promise<HookAnswer> {
  const { sessions } = services;
  const { operator, maxContextBytes, carriesContext } = report;
  // The prompt of an agent that we started begins with words of ours.
  const firstLine = prompt.trim().split('\n')[0]!.slice(0, MAX_TITLE).trim();
  const title = operator.assignment?.title ?? firstLine;
  if (title === '') return NOTHING;
  if (session.repository === null) {
    await sessions.touch(session.id, { intent: title });
    return NOTHING;
  }
  const neighbours = carriesContext
    ? await tellNeighbours(services, session, { title, text: prompt, keys: [] })
    : '';
  const pack = await packFor(services, session, operator, {
    title,
    text: prompt,
    budgetTokens: PROMPT_BUDGET_TOKENS,
    maxBytes: maxContextBytes - Buffer.byteLength(neighbours) - 2,
  });
  await sessions.touch(session.id, { intent: title, packId: pack.id });
  return { kind: 'context', text: [neighbours, pack.text].filter(Boolean).join('\n\n') };
}

/** The hot path: an edit of a file the session holds already costs two short queries. */
async function claimPaths(
  services: Services,
  report: HookReport,
  event: Of<'tool-starting'>,
): Promise<HookAnswer> {
  const paths = pathsInTree(event.paths, report.tree.toplevel ?? null, event.cwd);
  if (paths.length === 0 || (await isOldNews(services, report, event, paths))) return NOTHING;
  const session = await joinSession(services, report, event);
  if (session.repository === null) {
    return withNotes(NOTHING, await notesFor(services, report, session));
  }

  const { repository, id: sessionId, intent } = session;
  const answer = await services.claims.acquireForEdit({ sessionId, repository, paths, intent });
  // After the grant, which may have left some.
  const notes = await notesFor(services, report, session);
  if (answer.outcome === 'granted') {
    const { operator, briefsBefore } = report;
    return withNotes(
      briefsBefore ? await briefPaths(services, session, paths, operator) : NOTHING,
      notes,
    );
  }
  await services.sessions.touch(sessionId, {
    tool: event.tool,
    path: paths[0],
    outcome: 'denied',
  });
  const choices = answer.choices.map((choice) => `- ${choice}`);
  return withNotes({ kind: 'denied', reason: [answer.message, ...choices].join('\n') }, notes);
}

/** Notes are given once, so they are taken only where the agent shows its model what we say. */
async function notesFor(
  services: Services,
  { carriesContext }: HookReport,
  session: Session,
): Promise<Note[]> {
  return carriesContext ? takeNotes(services, session.id) : [];
}

/** What holds for the files, the first time the session is about to change each. */
async function briefPaths(
  { context, log }: Services,
  session: Session,
  paths: readonly string[],
  operator: Principal,
): Promise<HookAnswer> {
  const repository = session.repository!;
  const texts: string[] = [];
  try {
    for (const path of paths.slice(0, MAX_BRIEFED)) {
      const pack = await context.briefPath(
        { repository, path, sessionId: session.id },
        actorFor(session, operator),
        session.correlationId,
      );
      if (pack !== undefined) texts.push(pack.text);
    }
  } catch (error) {
    // An edit is not held up because nothing can be said about it.
    log.warn({ err: error, sessionId: session.id }, 'rules of a path left out');
  }
  return texts.length === 0 ? NOTHING : { kind: 'context', text: texts.join('\n') };
}

/** Whether the session holds the file and has heard what there is to hear about it. */
async function isOldNews(
  { sessions, context }: Services,
  { agent, operator }: HookReport,
  { externalId }: Of<'tool-starting'>,
  paths: readonly string[],
): Promise<boolean> {
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0) return false;
  const known = await sessions.findWithHold({ agent, externalId, path });
  if (known === undefined) return false;
  const { session, isHeld, hasNotes } = known;
  refuseOthers(session, operator);
  const { repository, state } = session;
  if (!isHeld || hasNotes || repository === null || (state !== 'active' && state !== 'idle'))
    return false;
  return context.isPathBriefed({ repository, path, sessionId: session.id });
}
