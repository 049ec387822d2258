/**
 * At a commit a session's claims shrink to what it really changed: a folder or a pattern becomes the
 * files of it that were touched, and a file that an edit took and that is unchanged again is let go. A
 * file that was claimed by name ahead of the work stays: the session may still come to it.
 */
import type { Tx } from '#kernel';
import { acquireIn, toWanted } from './acquire.ts';
import type { ClaimDeps } from './deps.ts';
import { releaseById } from './release.ts';
import * as store from './store.ts';
import { includes, pathTarget } from './target.ts';

const MAX_CLAIMED = 200;

/** Gives how many claims were let go. `changed` are files of the commit and those changed beside it. */
export async function narrow(
  tx: Tx,
  deps: ClaimDeps,
  session: store.HolderSession,
  { repository, changed }: { repository: string; changed: readonly string[] },
): Promise<number> {
  const files = [...new Set(changed)].map(pathTarget);
  const held = await store.findAllOwn(tx, repository, session.id);
  const wide = held.filter(
    ({ kind, path }) => kind === 'glob' || (kind === 'path' && path.endsWith('/')),
  );
  const unchanged = held.filter(
    (claim) =>
      claim.kind === 'path' &&
      !claim.path.endsWith('/') &&
      claim.origin === 'edit' &&
      !files.some(({ path }) => path === claim.path),
  );
  // Nothing of a wide claim was changed yet: what it was taken for is still to come.
  const used = wide.filter((claim) => files.some((file) => includes(claim, file)));
  const inside = files.filter((file) => used.some((claim) => includes(claim, file)));
  if (inside.length > MAX_CLAIMED) return 0;
  const ids = [...used, ...unchanged].map(({ id }) => id);
  if (ids.length === 0) return 0;
  if (inside.length > 0) {
    const strength = used.some((claim) => claim.strength === 'exclusive') ? 'exclusive' : 'shared';
    // The wide claims go first, else they would count as holding the files already.
    await store.lockRepository(tx, repository);
    await releaseById(tx, deps, session, ids, 'narrowed to what was changed', { isMove: true });
    await acquireIn(tx, deps, {
      sessionId: session.id,
      wanted: inside.map((file) => toWanted(file, repository, strength)),
      intent: used[0]!.intent,
      origin: 'edit',
    });
  } else {
    await releaseById(tx, deps, session, ids, 'unchanged at the commit');
  }
  return ids.length;
}
