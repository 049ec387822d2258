/**
 * Collisions between open changes and sessions: found by the cascade, kept until they are over, told of
 * once per pair and level. Guesses warn within a budget; only what git says is told of always.
 */
import { z } from 'zod';
import type { ContextService } from '#context';
import { AppError, decodeCursor, type Id, type Page, type PageRequest, toPage } from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import type { ClaimService } from '../service.ts';
import { createFactReader } from './change-facts.ts';
import { checkRepository } from './check-repository.ts';
import type { Collision, CollisionLevel } from './collision.ts';
import * as store from './collision-store.ts';
import { createForeseer } from './foresee.ts';
import { findSame, workKeys } from './same-work.ts';

const CollisionCursor = z.tuple([z.iso.datetime(), z.string()]);
const MAX_CANDIDATES = 200;
const MAX_SAME = 5;
const MAX_TOLD = 5;

export interface CollisionDeps extends OrchestrationDeps {
  claims: Pick<ClaimService, 'list'>;
  context: Pick<ContextService, 'openMirror' | 'findRepository'>;
  /** A session is compared again after so many tool calls. */
  editsPerCheck?: number;
}

/** Work that somebody else has, or that waits, and seems to be the same. */
export interface SameWorkFound {
  kind: 'work-item' | 'session' | 'change';
  id: Id<'wrk'> | Id<'ses'> | Id<'chg'>;
  title: string;
  by: string;
  since: Date;
  url: string | null;
  score: number;
  why: string;
}

export interface CollisionService {
  /** The last found first. `side` is the id of a change or session. */
  list(
    filter: {
      repository?: string | undefined;
      state?: Collision['state'] | undefined;
      level?: CollisionLevel | undefined;
      side?: string | undefined;
    } & PageRequest,
  ): Promise<Page<Collision>>;
  find(id: Id<'col'>): Promise<Collision | undefined>;
  /** Alerts about the session and its changes that it has not heard; each is given out once. */
  takeAlerts(sessionId: Id<'ses'>): Promise<Collision[]>;
  /**
   * Open work items, sessions and changes that seem to be the same work, the surest first: before an
   * agent starts. What belongs to the asking session is left out.
   */
  findSameWork(query: {
    repository: string;
    title: string;
    text?: string | undefined;
    /** Keys known beforehand, such as those of the branch or the ticket. */
    keys?: readonly string[] | undefined;
    exceptSessionId?: Id<'ses'> | undefined;
    exceptWorkItemId?: Id<'wrk'> | undefined;
  }): Promise<SameWorkFound[]>;
}

export interface CollisionChecker extends AsyncDisposable {
  /** Compares what is due in every repository. Gives how many pairs were stored or cleared. */
  sweep(): Promise<number>;
  /** The same for one repository, now. */
  check(repository: string): Promise<number>;
}

export function createCollisionService(deps: CollisionDeps): CollisionService & CollisionChecker {
  const { db, log } = deps;
  const facts = createFactReader();
  const foreseer = createForeseer(deps.clock);
  const tools = { facts, foreseer, editsPerCheck: deps.editsPerCheck ?? 10 };

  /** How a repository stood when nothing was due there any more. */
  const settled = new Map<string, string>();

  async function check(repository: string): Promise<number> {
    const head = (await deps.context.findRepository(repository))?.headSha ?? '';
    const pulse = `${head} ${await store.readPulse(db, repository, tools.editsPerCheck)}`;
    if (settled.get(repository) === pulse) return 0;
    const { moved, isSettled } = await checkRepository(deps, tools, repository);
    if (isSettled) settled.set(repository, pulse);
    else settled.delete(repository);
    return moved;
  }

  return {
    check,

    async sweep() {
      let moved = 0;
      for (const repository of await store.busyRepositories(db)) {
        try {
          moved += await check(repository);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          // One mirror that cannot be read must not keep the other repositories from being looked at.
          log.warn({ err: error, repository }, 'collisions of a repository not checked');
        }
      }
      return moved;
    },

    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(CollisionCursor, cursor);
      const rows = await store.listCollisions(db, filter, after, limit + 1);
      return toPage(rows.map(store.toCollision), limit, (collision) => [
        collision.foundAt.toISOString(),
        collision.id,
      ]);
    },

    async find(id) {
      const row = await store.findCollision(db, id);
      return row === undefined ? undefined : store.toCollision(row);
    },

    async takeAlerts(sessionId) {
      const changes = await db.query<{ id: string }>(
        `select id from loom.changes where session_id = $1 and state = 'open'`,
        [sessionId],
      );
      const sides = [sessionId, ...changes.map(({ id }) => id)];
      const rows = await store.takeUntold(db, sides, sessionId, MAX_TOLD);
      return rows.map(store.toCollision);
    },

    async findSameWork({ repository, title, text = '', keys = [], ...except }) {
      const [items, sessions, changes] = await Promise.all([
        store.openWorkItems(db, repository, MAX_CANDIDATES),
        store.liveSessions(db, repository, MAX_CANDIDATES),
        store.openChanges(db, repository, MAX_CANDIDATES),
      ]);
      const own = except.exceptSessionId;
      const ownItem =
        except.exceptWorkItemId ?? sessions.find(({ id }) => id === own)?.work_item_id ?? undefined;
      const keyOfItem = new Map(items.map(({ id, external_key: key }) => [id, key]));
      const itemKey = (id: Id<'wrk'> | null | undefined): string[] => {
        const key = id == null ? undefined : keyOfItem.get(id);
        return [...(id == null ? [] : [id]), ...(key == null ? [] : [key])];
      };
      const candidates: (Omit<SameWorkFound, 'score' | 'why'> & {
        text: string;
        keys: string[];
      })[] = [
        ...changes
          .filter((one) => own === undefined || one.session_id !== own)
          .map((one) => ({
            kind: 'change' as const,
            id: one.id,
            title: one.title,
            text: one.body,
            by: one.author_name,
            since: one.opened_at,
            url: one.url,
            keys: [
              ...itemKey(one.work_item_id),
              ...workKeys(repository, one.title, one.body, one.branch),
            ],
          })),
        ...sessions
          .filter(({ id }) => id !== own)
          .map((one) => ({
            kind: 'session' as const,
            id: one.id,
            title: one.intent,
            text: '',
            by: one.operator_name === null ? one.agent : `${one.agent} for ${one.operator_name}`,
            since: one.started_at,
            url: null,
            keys: [
              ...itemKey(one.work_item_id),
              ...workKeys(repository, one.intent, one.branch ?? ''),
            ],
          })),
        ...items
          .filter(({ id, session_id: holder }) => id !== ownItem && holder !== (own ?? ''))
          .map((one) => ({
            kind: 'work-item' as const,
            id: one.id,
            title: one.title,
            text: one.body,
            by: one.session_id === null ? 'nobody yet' : 'a session',
            since: one.created_at,
            url: one.url,
            keys: [...itemKey(one.id), ...workKeys(repository, one.title)],
          })),
      ];
      const asked = {
        title,
        text,
        keys: [...keys, ...itemKey(ownItem), ...workKeys(repository, title, text)],
      };
      return findSame(asked, candidates, MAX_SAME).map(({ candidate, score, why }) => {
        const { text: _text, keys: _keys, ...shown } = candidate;
        return { ...shown, score, why };
      });
    },

    [Symbol.asyncDispose]: () => facts[Symbol.asyncDispose](),
  };
}
