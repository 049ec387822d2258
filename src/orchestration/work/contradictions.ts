/**
 * Work items for contradictions of the context graph: one that is open per contradiction, however many ask
 * for it, and it ends with its contradiction, whichever way that ends.
 */
import { contradictionKey, type Contradiction, type ContextService, type Reader } from '#context';
import { AppError, type Tx } from '#kernel';
import type { Actor, Projection } from '#ledger';
import type { OrchestrationDeps } from '../deps.ts';
import type { WorkItem } from '../schema.ts';
import { workItemCreated } from './events.ts';
import { completeWorkItem, requesterIdentities } from './service.ts';
import * as store from './store.ts';

export interface ContradictionWork {
  /** Contradictions the reader sees, each with the newest work item made for it. */
  list(reader: Reader): Promise<(Contradiction & { workItem: WorkItem | null })[]>;
  /**
   * The open work item of a contradiction, made where there is none.
   * @throws AppError `work.no_contradiction` where the two do not contradict each other, as far as the
   *   reader knows.
   */
  open(reader: Reader, pair: { a: string; b: string }, actor: Actor): Promise<WorkItem>;
}

type Deps = Pick<OrchestrationDeps, 'db' | 'ledger' | 'newId'> & {
  context: Pick<ContextService, 'graph' | 'listRestrictions'>;
};

/** Source of items that come from what the organisation knows. */
const SOURCE = 'context';
const MAX_TITLE = 80;
const EVERYTHING: Reader = { mayRead: () => true };

export function createContradictionWork(deps: Deps): ContradictionWork {
  const { db, ledger, newId, context } = deps;

  /** What anybody may know who may read this at all: a work item is read by the whole house. */
  async function publicPart(reader: Reader): Promise<Set<string>> {
    const restrictions = await context.listRestrictions();
    const stranger: Reader = {
      mayRead: (acl) => !acl.startsWith('readers:') && reader.mayRead(acl),
      closed: restrictions.map(({ system, repository, prefix }) => ({
        system,
        scope: repository,
        prefix,
      })),
    };
    const known = await context.graph.contradictions(stranger);
    return new Set(known.map(({ a, b }) => contradictionKey(a, b)));
  }

  async function openIn(
    tx: Tx,
    key: string,
    draft: Pick<store.NewWorkItem, 'title' | 'body' | 'repository'>,
    actor: Actor,
  ): Promise<WorkItem> {
    for (;;) {
      const known = await store.findOfSubject(tx, SOURCE, key);
      const [newest] = known;
      if (newest?.state === 'open' || newest?.state === 'in-progress') {
        return store.toWorkItem(newest);
      }
      const row = await store.insertWorkItem(tx, {
        ...draft,
        id: newId('wrk'),
        labels: ['knowledge'],
        state: 'open',
        source: SOURCE,
        // Who asks at the same moment has the same number, and finds what the other made.
        external_key: known.length === 0 ? key : `${key}#${known.length + 1}`,
        requesters: requesterIdentities(actor),
      });
      if (row === undefined) continue;
      await ledger.append(tx, workItemCreated(row, { actor }));
      return store.toWorkItem(row);
    }
  }

  return {
    async list(reader) {
      const items = await context.graph.contradictions(reader);
      const rows = await store.findNewestOfSubjects(
        db,
        SOURCE,
        items.map(({ a, b }) => contradictionKey(a, b)),
      );
      return items.map((one) => {
        const row = rows.get(contradictionKey(one.a, one.b));
        return { ...one, workItem: row === undefined ? null : store.toWorkItem(row) };
      });
    },

    async open(reader, pair, actor) {
      const wanted = keyOfIds(pair);
      const items = await context.graph.contradictions(reader);
      const found = items.find(({ a, b }) => contradictionKey(a, b) === wanted);
      if (found === undefined) {
        throw new AppError('not_found', 'work.no_contradiction', {
          message: 'These two records do not contradict each other, as far as you may know.',
          hint: 'List contradictions with `loom context contradictions`.',
        });
      }
      const draft = draftOf(found, (await publicPart(reader)).has(wanted));
      return db.transaction((tx) => openIn(tx, wanted, draft, actor));
    },
  };
}

/** Ends items whose contradiction is over: settled by a person, or a side of it gone or replaced. */
export function contradictionWorkProjection({
  ledger,
  context,
}: Omit<Deps, 'newId' | 'db'>): Projection {
  return {
    name: 'orchestration.contradiction-work',
    types: ['contradiction.settled', 'graph.updated', 'repository.removed'],
    async apply(tx, events) {
      const open = await store.findOpenOf(tx, SOURCE);
      if (open.length === 0) return;
      const standing = new Set(
        (await context.graph.contradictions(EVERYTHING)).map(({ a, b }) => contradictionKey(a, b)),
      );
      for (const item of open) {
        const key = item.external_key?.split('#')[0];
        if (key === undefined || standing.has(key)) continue;
        const settled = events.findLast(
          ({ type, data }) => type === 'contradiction.settled' && keyOfData(data) === key,
        );
        const because = settled?.data?.['because'];
        await completeWorkItem(
          tx,
          { ledger },
          item.id,
          typeof because === 'string'
            ? `the contradiction was settled: ${because}`
            : 'the contradiction is over',
          {
            actor: settled?.actor ?? { kind: 'system', id: 'context' },
            cause: (settled ?? events.at(-1))?.id,
          },
        );
      }
    },
  };
}

function keyOfIds({ a, b }: { a: string; b: string }): string {
  const refOf = (id: string) => ({ kind: id.split(':')[0]!, key: id.slice(id.indexOf(':') + 1) });
  return contradictionKey(refOf(a), refOf(b));
}

function keyOfData(data: Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  const [a, b] = [data?.['a'], data?.['b']];
  return typeof a === 'string' && typeof b === 'string' ? keyOfIds({ a, b }) : undefined;
}

/** Names the records only where everybody may know of them. */
function draftOf(
  { a, b, sources }: Contradiction,
  isPublic: boolean,
): Pick<store.NewWorkItem, 'title' | 'body' | 'repository'> {
  const how =
    'Say which of the two holds, or that both do: in the console under Context, To put right. The item ends by itself when the contradiction is over.';
  if (!isPublic) {
    return {
      title: 'Settle a contradiction between records that are kept to some',
      body: how,
      repository: null,
    };
  }
  const reasons = sources.flatMap(({ properties }) => {
    const because = properties['because'];
    return typeof because === 'string' ? [`- ${because}`] : [];
  });
  const cut = (title: string) =>
    title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1)}…` : title;
  const repositories = new Set([a, b].map(({ key }) => /^([^:@\s]+\/[^:@\s]+):/.exec(key)?.[1]));
  const [repository] = repositories;
  return {
    title: `Settle: “${cut(a.title)}” and “${cut(b.title)}” cannot both hold`,
    body: ['Two records contradict each other:', `- ${a.id}`, `- ${b.id}`, '', ...reasons, '', how]
      .join('\n')
      .slice(0, 10_000),
    repository: repositories.size === 1 ? (repository ?? null) : null,
  };
}
