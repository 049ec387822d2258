/** What orchestration knows of a change that its commits do not tell: session, ticket, purpose. */
import type { Queryable } from '#kernel';
import type { ChangeEvidence } from '#policy';
import type { Change } from '../schema.ts';
import { findSessions, type SessionRow } from '../sessions/index.ts';

export async function gatherEvidence(db: Queryable, change: Change): Promise<ChangeEvidence> {
  const [session] = change.sessionId === null ? [] : await findSessions(db, [change.sessionId]);
  return evidenceOf(change, session);
}

/** Pure. */
export function evidenceOf(
  change: Pick<Change, 'authorKind' | 'authorName' | 'branch' | 'workItemId' | 'title'>,
  session: Pick<SessionRow, 'agent' | 'tool_calls' | 'denied_calls'> | undefined,
): ChangeEvidence {
  const isAgent = change.authorKind === 'agent';
  return {
    marks: /^hotfix\//i.test(change.branch) ? ['hotfix'] : [],
    hasTicket: change.workItemId !== null || TICKET.test(`${change.title}\n${change.branch}`),
    // Without a session the name it signs with: an unknown agent has a budget too.
    agent: isAgent ? (session?.agent ?? change.authorName).toLowerCase() : undefined,
    session:
      session === undefined
        ? null
        : {
            toolCalls: magnitude(session.tool_calls),
            deniedCalls: magnitude(session.denied_calls),
            retries: null,
            contextMisses: null,
          },
  };
}

const TICKET = /(?:^|[\s(/])#\d{1,9}\b|\b[A-Z][A-Z0-9]{1,9}-\d{1,9}\b/;

/** Rounded down to a power of two: a session that goes on must not ask for a verdict with every call. */
function magnitude(count: number): number {
  return count < 1 ? 0 : 2 ** Math.floor(Math.log2(count));
}
