/** Failures callers of claims can meet, each in one place. */
import { AppError } from '#kernel';

export const MAX_HELD = 2_000;

export function unknownSession(sessionId: string): AppError {
  return new AppError('not_found', 'sessions.unknown', {
    message: `There is no session ${sessionId}.`,
    hint: 'Register it first: the SessionStart hook does, or POST /v1/sessions.',
  });
}

export function sessionIsOver(sessionId: string): AppError {
  return new AppError('conflict', 'sessions.over', {
    message: `The session ${sessionId} has ended and cannot hold anything.`,
    hint: 'Start it again; the same agent and external id take it up where it was.',
  });
}

export function tooManyHeld(): AppError {
  return new AppError('limit_exceeded', 'claims.too_many_held', {
    message: `A session may hold at most ${MAX_HELD} claims at once.`,
    hint: 'Release what is done, or claim a folder instead of its files.',
  });
}
