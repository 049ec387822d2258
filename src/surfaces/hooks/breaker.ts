/** What the circuit breaker of a session says to its hook events. */
import type { Principal } from '#governance';
import type { Session, Verdict } from '#orchestration';
import type { Services } from '../services.ts';
import type { HookAnswer, HookEvent } from './dialect.ts';

type Of<Kind extends HookEvent['kind']> = Extract<HookEvent, { kind: Kind }>;

/** The provider's fault, not the agent's: the words of Claude Code, and what HTTP calls them. */
const PROVIDER_TROUBLE = /rate.?limit|overloaded|server.?error|unavailable|\b(?:429|5\d\d)\b/i;

/** Before a call: denied where it would repeat a loop, stopped where the turn or session was. */
export async function stopCall(
  { breakers }: Services,
  { agent, operator }: { agent: string; operator: Principal },
  { externalId, tool, args }: Of<'tool-starting'>,
): Promise<HookAnswer | undefined> {
  const personId = operator.onBehalfOf ?? operator.id;
  const verdict = await breakers.judgeCall({ agent, externalId, personId, tool, args });
  return answerOf(verdict);
}

/** After a call: nothing, a nudge, or the end of the turn or session. */
export async function observeCall(
  services: Services,
  session: Session,
  { tool, args, result, hasFailed }: Of<'tool-finished'>,
): Promise<HookAnswer | undefined> {
  const step = { tool, args, result, ...(hasFailed ? { ok: false } : {}) };
  const verdict = await services.breakers.observe(session.id, step);
  if (verdict.stage === 'end-session') {
    await services.sessions.end(session.id, `circuit breaker: ${verdict.reason}`);
    await services.breakers.finish(session);
  }
  return answerOf(verdict);
}

/** A person speaks: a turn that was ended may go on. Undefined unless the session was ended for good. */
export async function startTurn(
  { breakers }: Services,
  session: Session,
): Promise<HookAnswer | undefined> {
  return answerOf(await breakers.startTurn(session.id));
}

/** The model could not be asked: three such sessions at once hold new ones back. */
export async function noteFailedTurn(
  { breakers }: Services,
  { id, agent, repository }: Session,
  reason: string,
): Promise<void> {
  if (!PROVIDER_TROUBLE.test(reason)) return;
  await breakers.reportOutcome({
    sessionId: id,
    agent,
    repository,
    outcome: 'provider-trouble',
  });
}

/** What a session that was ended left for this one, when they share a work item or branch. */
export async function readHandOver(
  { breakers, log }: Services,
  session: Session,
): Promise<string[]> {
  try {
    const note = await breakers.findHandOver(session);
    return note === undefined ? [] : [`Notes of an earlier session:\n${note}`];
  } catch (error) {
    // A session starts without notes rather than not at all.
    log.warn({ err: error, sessionId: session.id }, 'notes of an earlier session left out');
    return [];
  }
}

function answerOf(verdict: Verdict): HookAnswer | undefined {
  if (verdict.stage === 'go-on') return undefined;
  const text = `LoomStack: ${verdict.reason} ${verdict.advice}`;
  switch (verdict.stage) {
    case 'nudge':
      return { kind: 'context', text };
    case 'block-call':
      return { kind: 'denied', reason: text };
    case 'end-turn':
      return { kind: 'stopped', reason: text };
    case 'end-session':
      return { kind: 'stopped', reason: `${text} This session is over.` };
  }
}
