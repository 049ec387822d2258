/**
 * What a session gets that another one had since it began: the file may have changed under it, and an
 * edit of what it was would collide with what has landed.
 */
import type { Tx } from '#kernel';
import { leaveNotes } from '../notes/index.ts';
import type { ClaimRow } from './store.ts';

interface Former {
  path: string;
  claimId: string;
  sessionId: `ses_${string}`;
  agent: string;
  releasedAt: Date;
}

/** Leaves the session a note for each file of these that somebody else held while it was at work. */
export async function noteChangedHands(
  tx: Tx,
  sessionId: string,
  granted: readonly ClaimRow[],
): Promise<void> {
  const files = granted.filter(({ kind }) => kind === 'path');
  if (files.length === 0) return;
  const former = await tx.query<Former>(
    `select f.path, f.id as "claimId", o.id as "sessionId", o.agent, f.released_at as "releasedAt"
     from unnest($2::text[], $3::text[]) as g (repository, path)
     join loom.sessions s on s.id = $1
     cross join lateral (
       select c.id, c.path, c.session_id, c.released_at from loom.claims c
       where c.repository = g.repository and c.path = g.path and c.kind = 'path'
         and c.session_id <> $1
       order by c.fence desc limit 1) f
     join loom.sessions o on o.id = f.session_id
     where f.released_at > s.started_at
       -- What is handed over in this very transaction comes with words of its own.
       and f.released_at < date_trunc('milliseconds', now())
       and o.id is distinct from s.parent_id and o.parent_id is distinct from s.id`,
    [sessionId, files.map(({ repository }) => repository), files.map(({ path }) => path)],
    'claims_former_holders',
  );
  await leaveNotes(
    tx,
    former.map(({ path, claimId, sessionId: from, agent, releasedAt }) => ({
      sessionId,
      kind: 'message' as const,
      fromSessionId: from,
      text: `${path} was held by ${agent} (session ${from}) until ${releasedAt.toISOString().slice(11, 16)} UTC, after you began. Where that work has landed, take it in (git fetch, then rebase) before you edit the file.`,
      dedupeKey: `changed-hands:${claimId}`,
    })),
  );
}
