/**
 * Takes over what a host tells of a change, in whatever order the news arrives. The older of two news
 * never undoes the newer; the same news twice changes nothing. What a new head makes void or restarts
 * is one transaction with it.
 */
import type { Signal, SignalChange } from '#connectors/contract';
import type { Id, Tx } from '#kernel';
import type { Actor } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { WorkflowGraph } from '../service.ts';
import { beginWorkItem } from '../work/index.ts';
import { approvalsSurvive } from './approvals-survive.ts';
import type { ChangeDeps } from './deps.ts';
import { changeClosed, changeOpened, changeUpdated } from './events.ts';
import { type ChangeFacts, gatherFacts } from './gather.ts';
import { markMerged } from './merged.ts';
import { type Ancestry, isEarlier, isNewerHead } from './newer-head.ts';
import * as store from './store.ts';

type Told = Extract<Signal, { type: 'change.opened' | 'change.updated' | 'change.closed' }>;

/** Undefined when the repository is not one of ours, or the news was too old to make a change of. */
export async function applyChangeSignal(
  deps: ChangeDeps,
  signal: Told,
  cause: Id<'evt'>,
): Promise<store.ChangeRow | undefined> {
  const facts = await gatherFacts(deps, signal.source, signal.change);
  if (facts === undefined) return undefined;
  const known = await store.findOnHost(deps.db, hostKey(signal));
  const ancestry = await ancestryOf(facts, known?.head_sha, signal.change.headSha);
  const keepsApprovals =
    known !== undefined && (await approvalsSurvive(deps, known, { signal, facts, ancestry }));
  const written = await readWritten(facts, signal.change, known?.head_sha, ancestry);
  return deps.db.transaction(async (tx) => {
    const knownHead = known?.head_sha ?? null;
    const news = { signal, facts, ancestry, knownHead, keepsApprovals, written, cause };
    return signal.type === 'change.closed' ? close(tx, deps, news) : open(tx, deps, news);
  });
}

interface News<Type extends Told = Told> {
  signal: Type;
  facts: ChangeFacts;
  ancestry: Ancestry;
  /** The head `ancestry` was found for. */
  knownHead: string | null;
  /** True when the new head does the very same, and policy lets consents live on then. */
  keepsApprovals: boolean;
  /** Files the push of a session wrote. */
  written: readonly string[];
  cause: Id<'evt'>;
}

async function open(tx: Tx, deps: ChangeDeps, news: News): Promise<store.ChangeRow | undefined> {
  const { signal } = news;
  const row = await store.findOnHost(tx, hostKey(signal), { forUpdate: true });
  if (row === undefined) return create(tx, deps, news);
  switch (row.state) {
    case 'open':
      return update(tx, deps, news, row);
    case 'closed':
      // News that was only delayed must not wake what was closed; opening it again is news of its own.
      if (signal.type !== 'change.opened' || isEarlier(signal.occurredAt, row.state_at)) return row;
      return reopen(tx, deps, news, row);
    case 'merged':
      return startAnew(tx, deps, news, row);
  }
}

/** A merged branch that is pushed again, on a host that goes by branches, is another change. */
async function startAnew(
  tx: Tx,
  deps: ChangeDeps,
  news: News,
  merged: store.ChangeRow,
): Promise<store.ChangeRow | undefined> {
  const { signal } = news;
  const isDelayed =
    isEarlier(signal.occurredAt, merged.state_at) ||
    signal.change.headSha === merged.head_sha ||
    news.ancestry === 'ancestor';
  if (merged.number !== null || isDelayed) return merged;
  const key = hostKey(signal);
  const earlier = await store.findByBranchAndHead(tx, key, signal.change.headSha);
  return earlier ?? create(tx, deps, news);
}

async function create(tx: Tx, deps: ChangeDeps, news: News): Promise<store.ChangeRow | undefined> {
  const { signal, facts, cause } = news;
  const id = deps.newId('chg');
  const { session, workItem } = facts;
  const inserted = await store.insertChange(tx, {
    ...wording(signal.change),
    ...found(facts),
    id,
    host: signal.source,
    repository: signal.change.repository,
    number: signal.change.number ?? null,
    head_sha: signal.change.headSha,
    head_at: signal.occurredAt,
    state: 'open',
    state_at: signal.occurredAt,
    correlation_id: workItem?.correlation_id ?? session?.correlation_id ?? id,
  });
  // Another node was faster; what it made is updated with what we know.
  if (inserted === undefined) return open(tx, deps, news);

  const actor = actorOf(signal, facts);
  const event = deps.newId('evt');
  // Of a change that is over when we first hear of it, only the fact is kept.
  const isOver = signal.type === 'change.closed';
  const row = isOver ? inserted : await startRun(tx, deps, inserted, facts.workflow, event);
  if (!isOver) await passPush(tx, deps, news, row, null);
  await deps.ledger.append(
    tx,
    changeOpened(row, { id: event, actor, cause, occurredAt: signal.occurredAt }),
  );
  if (workItem !== undefined) {
    await beginWorkItem(tx, deps, workItem.id, session?.id ?? null, {
      actor,
      cause: event,
      refs: { change: id },
    });
  }
  return row;
}

async function update(
  tx: Tx,
  deps: ChangeDeps,
  news: News,
  row: store.ChangeRow,
): Promise<store.ChangeRow> {
  const { signal, facts, cause } = news;
  const head = { sha: signal.change.headSha, at: signal.occurredAt };
  // Another node moved the head since we looked at the history: that knowledge is void.
  const ancestry = row.head_sha === news.knownHead ? news.ancestry : 'unknown';
  const hasNewHead = isNewerHead({ sha: row.head_sha, at: row.head_at }, head, ancestry);
  const isLate = isEarlier(signal.occurredAt, row.head_at);
  if (isLate || (!hasNewHead && head.sha !== row.head_sha)) return row;

  const previousHeadSha = row.head_sha;
  const changed = await store.updateChange(tx, row.id, {
    ...wording(signal.change),
    ...(hasNewHead ? found(facts, row) : { custody: joinCustody(row, facts) }),
    head_sha: head.sha,
    head_at: signal.occurredAt,
  });
  if (hasNewHead) await passPush(tx, deps, news, changed, previousHeadSha);
  const isReady = row.is_draft && !changed.is_draft;
  const isRetitled = changed.title !== row.title || changed.base_branch !== row.base_branch;
  if (!hasNewHead && !isReady && !isRetitled) return changed;

  const event = deps.newId('evt');
  const { id, correlation_id: thread } = row;
  const isSameCode =
    news.keepsApprovals &&
    previousHeadSha === news.knownHead &&
    changed.base_branch === row.base_branch;
  if (hasNewHead && isSameCode) {
    const carried = { changeId: id, fromHeadSha: previousHeadSha, toHeadSha: changed.head_sha };
    await deps.governance.carryApprovals(tx, carried, thread);
  }
  const voided = hasNewHead
    ? await deps.governance.voidApprovals(tx, id, changed.head_sha, thread)
    : [];
  const needsRun = hasNewHead || isReady || changed.base_branch !== row.base_branch;
  const running = needsRun
    ? await restartRun(tx, deps, changed, facts.workflow, event, 'a newer commit took its place')
    : changed;
  await deps.ledger.append(
    tx,
    changeUpdated(
      running,
      {
        previousHeadSha: hasNewHead ? previousHeadSha : null,
        voidedApprovals: voided.length,
        what: hasNewHead ? 'new head' : isReady ? 'ready for review' : 'edited',
      },
      { id: event, actor: actorOf(signal, facts), cause, occurredAt: signal.occurredAt },
    ),
  );
  return running;
}

/** A lease may have ended while its holder still wrote: that is found here, and stopped at the merge. */
async function passPush(
  tx: Tx,
  { recordPush }: ChangeDeps,
  { facts, written }: News,
  row: store.ChangeRow,
  previousHeadSha: string | null,
): Promise<void> {
  if (facts.session === undefined || recordPush === undefined) return;
  await recordPush(tx, {
    sessionId: facts.session.id,
    repository: row.repository,
    headSha: row.head_sha,
    previousHeadSha,
    paths: written,
  });
}

/** What is new since the head we know, or all of the change where it was written anew. */
async function readWritten(
  { git, baseSha, session }: ChangeFacts,
  { headSha }: { headSha: string },
  knownHead: string | undefined,
  ancestry: Ancestry,
): Promise<string[]> {
  if (session === undefined) return [];
  const from = ancestry === 'descendant' ? knownHead : (baseSha ?? undefined);
  if (from === undefined || (await git.resolve(headSha)) === undefined) return [];
  const written = pathsOf(await git.changedFiles(from, headSha));
  if (ancestry !== 'descendant' || baseSha === null) return written;
  // What it only took in from its base was judged when it landed there.
  const own = new Set(pathsOf(await git.changedFiles(baseSha, headSha)));
  return written.filter((path) => own.has(path));
}

function pathsOf(files: readonly { path: string; oldPath?: string | undefined }[]): string[] {
  return files.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath]));
}

async function reopen(
  tx: Tx,
  deps: ChangeDeps,
  news: News,
  row: store.ChangeRow,
): Promise<store.ChangeRow> {
  const { signal, facts, cause } = news;
  const opened = await store.updateChange(tx, row.id, {
    ...wording(signal.change),
    ...found(facts, row),
    head_sha: signal.change.headSha,
    head_at: signal.occurredAt,
    state: 'open',
    state_at: signal.occurredAt,
  });
  await deps.governance.voidApprovals(tx, row.id, opened.head_sha, row.correlation_id);
  const event = deps.newId('evt');
  const running = await restartRun(tx, deps, opened, facts.workflow, event, 'opened again');
  const about = { id: event, actor: actorOf(signal, facts), cause, occurredAt: signal.occurredAt };
  await deps.ledger.append(tx, changeOpened(running, about, true));
  return running;
}

async function close(tx: Tx, deps: ChangeDeps, news: News): Promise<store.ChangeRow | undefined> {
  const { facts, cause } = news;
  const signal = news.signal as Extract<Told, { type: 'change.closed' }>;
  const key = hostKey(signal);
  const standing =
    // A branch may have been used again before the news of its earlier end arrived.
    (key.number === null
      ? await store.findByBranchAndHead(tx, key, signal.change.headSha)
      : undefined) ?? (await store.findOnHost(tx, key, { forUpdate: true }));
  const row = standing ?? (await create(tx, deps, news));
  if (row === undefined || row.state === 'merged') return row;
  const actor = actorOf(signal, facts);

  if (signal.isMerged) {
    const isOther = key.number === null && row.head_sha !== signal.change.headSha;
    if (isOther && isEarlier(signal.occurredAt, row.head_at)) return row;
    return markMerged(tx, deps, row, {
      mergeSha: signal.mergeSha ?? signal.change.headSha,
      at: signal.occurredAt,
      actor,
      cause,
    });
  }
  if (row.state === 'closed' || isEarlier(signal.occurredAt, row.state_at)) return row;
  const isOfOldHead = row.head_sha !== signal.change.headSha;
  if (isOfOldHead && isEarlier(signal.occurredAt, row.head_at)) return row;
  if (row.run_id !== null) {
    await deps.workflow.cancel(row.run_id, 'the change was closed', ORCHESTRATION, tx);
  }
  const closed = await store.updateChange(tx, row.id, {
    state: 'closed',
    state_at: signal.occurredAt,
  });
  const about = { actor, cause, occurredAt: signal.occurredAt };
  await deps.ledger.append(tx, changeClosed(closed, about));
  return closed;
}

/** Ends the run for the old head, if there is one, and starts one for the new. */
async function restartRun(
  tx: Tx,
  deps: ChangeDeps,
  row: store.ChangeRow,
  definition: WorkflowGraph | undefined,
  cause: Id<'evt'>,
  reason: string,
): Promise<store.ChangeRow> {
  if (row.run_id !== null) await deps.workflow.cancel(row.run_id, reason, ORCHESTRATION, tx);
  return startRun(tx, deps, row, definition, cause);
}

/** A draft waits; a repository without its base branch has nothing to be judged against. */
async function startRun(
  tx: Tx,
  deps: ChangeDeps,
  row: store.ChangeRow,
  definition: WorkflowGraph | undefined,
  cause: Id<'evt'>,
): Promise<store.ChangeRow> {
  if (row.is_draft || definition === undefined) {
    return store.updateChange(tx, row.id, { run_id: null, lane: null });
  }
  const run = await deps.workflow.start(tx, {
    definition,
    title: row.title,
    input: {
      changeId: row.id,
      repository: row.repository,
      branch: row.branch,
      headSha: row.head_sha,
    },
    changeId: row.id,
    workItemId: row.work_item_id ?? undefined,
    repository: row.repository,
    correlationId: row.correlation_id,
    cause,
  });
  return store.updateChange(tx, row.id, { run_id: run.id, lane: null });
}

function wording(change: SignalChange) {
  return {
    branch: change.branch,
    base_branch: change.baseBranch,
    title: change.title.slice(0, 500),
    body: change.text.slice(0, 50_000),
    url: change.url ?? null,
    is_draft: change.isDraft,
  };
}

/** What was found out about it. Whoever had a hand in an earlier head keeps it in custody. */
function found(facts: ChangeFacts, before?: store.ChangeRow) {
  return {
    base_sha: facts.baseSha,
    author_name: before?.author_name ?? facts.authorName,
    author_kind: facts.authorKind,
    author_identities: facts.authorIdentities,
    custody: joinCustody(before, facts),
    session_id: facts.session?.id ?? before?.session_id ?? null,
    work_item_id: facts.workItem?.id ?? before?.work_item_id ?? null,
  };
}

/** Custody only grows: the same head may be told twice, and the second news may know who pushed it. */
function joinCustody(before: store.ChangeRow | undefined, facts: ChangeFacts): string[] {
  return [...new Set([...(before?.custody ?? []), ...facts.custody])].sort();
}

function hostKey({ source, change }: Told): store.HostKey {
  return {
    host: source,
    repository: change.repository,
    number: change.number ?? null,
    branch: change.branch,
  };
}

/** The host told it; where a session wrote the commits, on whose behalf is known. */
function actorOf(signal: Told, { session }: ChangeFacts): Actor {
  return session === undefined
    ? { kind: 'connector', id: signal.source }
    : { kind: 'connector', id: signal.source, onBehalfOf: session.id };
}

async function ancestryOf(
  { git }: ChangeFacts,
  known: string | undefined,
  told: string,
): Promise<Ancestry> {
  if (known === undefined) return 'unknown';
  const shas = await Promise.all([git.resolve(known), git.resolve(told)]);
  if (shas.includes(undefined)) return 'unknown';
  if (await git.isAncestor(known, told)) return 'descendant';
  return (await git.isAncestor(told, known)) ? 'ancestor' : 'unrelated';
}
