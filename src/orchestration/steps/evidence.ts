/** What orchestration knows of a change that its commits do not tell: checks, reviews, session, ticket. */
import type { Clock, Id, Queryable } from '#kernel';
import { type ChangeEvidence, NO_WORK, UNKNOWN_WORK, workFacts } from '#policy';
import { selectAgentReviews, selectDeployers, selectHostChecks } from '../changes/index.ts';
import type { Change } from '../schema.ts';
import { findSessions, type SessionRow } from '../sessions/index.ts';
import { findWorkItem, type WorkItemRow } from '../work/index.ts';
import { byNameOrder, type CheckResult } from './checks.ts';

const MAX_HOST_CHECKS = 200;
/** Whoever deployed the repository to production within a quarter deploys it. */
const DEPLOYER_DAYS = 90;
const DAY_MS = 86_400_000;

/** The facts, and apart from them what the host's checks say, for these also bear on the sum. */
export async function gatherEvidence(
  { db, clock }: { db: Queryable; clock: Clock },
  change: Change,
  steps: readonly CheckResult[],
): Promise<{ facts: ChangeEvidence; hostChecks: CheckResult[] }> {
  const { id, repository, headSha, sessionId } = change;
  const [session] = sessionId === null ? [] : await findSessions(db, [sessionId]);
  const hostChecks = await selectHostChecks(db, repository, headSha, MAX_HOST_CHECKS);
  const reviews = await selectAgentReviews(db, id, headSha);
  const since = new Date(clock.now().getTime() - DEPLOYER_DAYS * DAY_MS);
  const item = change.workItemId === null ? undefined : await findWorkItem(db, change.workItemId);
  const facts = evidenceOf(change, session, item);
  return {
    hostChecks,
    facts: {
      ...facts,
      marks: [
        ...(facts.marks ?? []),
        ...(isReviewedByAgent(reviews, sessionId) ? (['second-agent-review'] as const) : []),
      ],
      ci: [...steps, ...hostChecks].sort(byNameOrder),
      deployers: await selectDeployers(db, repository, since),
    },
  };
}

/** True when another session looked and none refused. Asked again here: who made it is learned late. Pure. */
export function isReviewedByAgent(
  reviews: readonly { sessionId: Id<'ses'>; decision: string }[],
  makerId: Id<'ses'> | null,
): boolean {
  const others = reviews.filter(({ sessionId }) => sessionId !== makerId);
  return others.length > 0 && others.every(({ decision }) => decision === 'approve');
}

/** Pure. */
export function evidenceOf(
  change: Pick<Change, 'authorKind' | 'authorName' | 'branch' | 'workItemId' | 'title'>,
  session: Pick<SessionRow, 'agent' | 'tool_calls' | 'denied_calls'> | undefined,
  item?: Pick<WorkItemRow, 'labels' | 'priority'>,
): ChangeEvidence {
  const isAgent = change.authorKind === 'agent';
  const namesTicket = TICKET.test(`${change.title}\n${change.branch}`);
  return {
    marks: /^hotfix\//i.test(change.branch) ? ['hotfix'] : [],
    hasTicket: change.workItemId !== null || namesTicket,
    // An item that is named and not known here may be labelled in any way.
    work: item !== undefined ? workFacts(item) : namesTicket ? UNKNOWN_WORK : NO_WORK,
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
