/** Reads traces and the reason of a line from what the projection made of the ledger. Writes nothing. */
import type { GitRepository } from '#git';
import { AppError, type Queryable } from '#kernel';
import type { Ledger, LedgerEvent } from '#ledger';
import { STORY } from './flow.ts';
import type { Trace, WhyAnswer } from './schema.ts';
import { findNodes, findNodesByPrefix, type NodeRow } from './store.ts';
import { walk } from './trace.ts';

export interface TraceReader {
  /**
   * Everything connected with an id, a commit (also abbreviated), `owner/name#12` or
   * `owner/name:branch`, both ways. @throws AppError `observability.unknown_reference`.
   */
  trace(reference: string): Promise<Trace>;
  /** From a line of code back to the signal it came from. */
  why(request: {
    repository: string;
    git: GitRepository;
    path: string;
    line: number;
    revision?: string | undefined;
  }): Promise<WhyAnswer>;
}

const MAX_TRACE_EVENTS = 500;

export function createTraceReader({
  db,
  ledger,
}: {
  db: Queryable;
  ledger: Pick<Ledger, 'list'>;
}): TraceReader {
  async function trace(reference: string): Promise<Trace> {
    const start = await resolve(reference);
    const { nodes, edges, isTruncated } = await walk(db, start);
    const { events, isCut } = await eventsOf(nodes);
    const order = (kind: (typeof STORY)[number]) => STORY.indexOf(kind);
    return {
      ref: start.ref,
      correlationIds: [...new Set(events.map(({ correlationId }) => correlationId))],
      nodes: nodes
        .map(({ ref, kind, title, at }) => ({ ref, kind, title, at }))
        .sort((a, b) => order(a.kind) - order(b.kind) || a.at.getTime() - b.at.getTime()),
      edges,
      events,
      isTruncated: isTruncated || isCut,
    };
  }

  async function resolve(reference: string): Promise<NodeRow> {
    const exact = await findNodes(db, [reference]);
    if (exact[0] !== undefined) return exact[0];
    if (/^[0-9a-f]{6,40}$/.test(reference)) {
      const found = await findNodesByPrefix(db, reference);
      if (found.length === 1) return found[0]!;
      if (found.length > 1) {
        throw new AppError('invalid', 'observability.ambiguous_reference', {
          message: `More than one commit starts with ${reference}.`,
          hint: 'Give more digits of the commit.',
        });
      }
    }
    throw new AppError('not_found', 'observability.unknown_reference', {
      message: `Nothing in the ledger is named ${reference}.`,
      hint: 'Give an id (chg_…, ses_…, wrk_…, dep_…, inc_…), a commit, owner/name#12 or owner/name:branch.',
    });
  }

  /** Events about the nodes, oldest first, each once. */
  async function eventsOf(
    nodes: readonly NodeRow[],
  ): Promise<{ events: LedgerEvent[]; isCut: boolean }> {
    const found = new Map<string, LedgerEvent>();
    let isCut = false;
    for (const { ref } of nodes) {
      const page = await ledger.list({ ref, order: 'oldest', limit: 100 });
      isCut ||= page.nextCursor !== null;
      for (const event of page.items) found.set(event.id, event);
      if (found.size > MAX_TRACE_EVENTS) return { events: inOrder(found), isCut: true };
    }
    return { events: inOrder(found), isCut };
  }

  const why: TraceReader['why'] = async ({ repository, git, path, line, revision = 'HEAD' }) => {
    const tip = await git.resolve(revision);
    const blamed = tip === undefined ? undefined : await git.blame(tip, path, line);
    if (tip === undefined || blamed === undefined) {
      throw new AppError('not_found', 'observability.no_such_line', {
        message: `${repository} has no line ${line} in ${path} at ${revision}.`,
        hint: 'Paths are relative to the root of the repository; lines count from 1.',
      });
    }
    const commit = await git.commit(blamed.sha);
    const landedAs = await findLanding(git, blamed.sha, tip);
    const [node] = await findNodes(db, [...new Set([blamed.sha, landedAs ?? blamed.sha])]);
    return {
      repository,
      path,
      line,
      text: blamed.text,
      commit: {
        sha: blamed.sha,
        subject: commit?.subject ?? '',
        author: blamed.author.name,
        at: blamed.authoredAt,
      },
      trace: node === undefined ? null : await trace(node.ref),
    };
  };

  return { trace, why };
}

function inOrder(events: ReadonlyMap<string, LedgerEvent>): LedgerEvent[] {
  const last = Number.MAX_SAFE_INTEGER;
  return [...events.values()].sort(
    (a, b) => (a.seq ?? last) - (b.seq ?? last) || a.recordedAt.getTime() - b.recordedAt.getTime(),
  );
}

/**
 * The commit of the main line that brought `sha` in: the oldest first-parent commit that contains it.
 * Containment only grows along the main line, so a binary search needs few calls of git.
 */
async function findLanding(
  git: GitRepository,
  sha: string,
  tip: string,
): Promise<string | undefined> {
  const mainLine: string[] = [];
  for await (const commit of git.log({ to: tip, from: sha, firstParent: true, limit: 50_000 })) {
    // A commit of the main line itself came in by itself.
    if (commit.parents[0] === sha) return sha;
    mainLine.push(commit.sha);
  }
  let newest = 0;
  let oldest = mainLine.length - 1;
  let landing: string | undefined;
  while (newest <= oldest) {
    const middle = Math.floor((newest + oldest) / 2);
    if (await git.isAncestor(sha, mainLine[middle]!)) {
      landing = mainLine[middle];
      newest = middle + 1;
    } else {
      oldest = middle - 1;
    }
  }
  return landing;
}
