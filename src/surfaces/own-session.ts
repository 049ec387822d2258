/** Acting for a session is for whoever runs it. */
import type { Principal } from '#governance';
import { AppError, type Id } from '#kernel';
import type { Session } from '#orchestration';
import type { Services } from './services.ts';

/**
 * The session, if the caller is its operator or an agent of theirs. To everybody else it does not
 * exist: a session's claims and work are not given or taken in its name by others.
 */
export async function ownSession(
  { sessions }: Pick<Services, 'sessions'>,
  principal: Principal,
  id: Id<'ses'>,
): Promise<Session> {
  const session = await sessions.find(id);
  if (session !== undefined && isRunBy(session, principal)) return session;
  throw notYours(id);
}

/** As `ownSession`; but an admin may end the session of anybody, to stop an agent that runs wild. */
export async function endableSession(
  { sessions, governance }: Pick<Services, 'sessions' | 'governance'>,
  principal: Principal,
  id: Id<'ses'>,
): Promise<Session> {
  const session = await sessions.find(id);
  if (session !== undefined && mayEndSession({ governance }, principal, session)) return session;
  throw notYours(id);
}

/** Whoever runs a session may end it, and an admin any. */
export function mayEndSession(
  { governance }: Pick<Services, 'governance'>,
  principal: Principal,
  session: Session,
): boolean {
  const everyone = { kind: 'person', id: '*' };
  return isRunBy(session, principal) || governance.isAllowed(principal, 'people:manage', everyone);
}

function isRunBy(session: Session, principal: Principal): boolean {
  const person = principal.onBehalfOf ?? principal.id;
  // Nobody's sessions are for people: an agent of ours has its own and no other.
  if (session.operatorId === null) return principal.assignment === undefined;
  return session.operatorId === person;
}

function notYours(id: string): AppError {
  return new AppError('not_found', 'http.not_found', {
    message: `You run no session ${id}.`,
    hint: 'Use the id that your agent was told at its start, or register a session first.',
  });
}
