/** The verbs of restrictions: which sources are kept from whom. */
import { AppError, type Clock, type Db, type NewId } from '#kernel';
import type { Actor, Ledger } from '#ledger';
import { sourceRestricted } from '../events.ts';
import type { Repository } from '../schema.ts';
import {
  deleteRestriction,
  insertRestriction,
  type KeptRestriction,
  readRestrictions,
} from './store.ts';

export interface RestrictionService {
  listRestrictions(): Promise<KeptRestriction[]>;
  /** From now on only the named teams and people know of the source. */
  restrictSource(
    restriction: {
      repository?: string | undefined;
      system: string;
      prefix: string;
      teams: string[];
      people: string[];
      reason: string;
    },
    actor: Actor,
  ): Promise<KeptRestriction>;
  /** @throws AppError `context.unknown_restriction`. */
  openSource(id: string, actor: Actor): Promise<void>;
}

export function createRestrictionService(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  need(nameOrId: string): Promise<Repository>;
}): RestrictionService {
  const { db, ledger, clock, newId, need } = deps;
  return {
    listRestrictions: () => readRestrictions(db),
    async restrictSource({ repository: name, ...restriction }, actor) {
      const repository = name === undefined ? null : await need(name);
      const kept = {
        ...restriction,
        id: newId('evt'),
        repositoryId: repository?.id ?? null,
        repository: repository?.name ?? null,
        createdBy: actor.id,
        createdAt: clock.now(),
      };
      await db.transaction(async (tx) => {
        await insertRestriction(tx, kept);
        await sourceRestricted(ledger, tx, kept, 'restricted', actor);
      });
      return kept;
    },
    async openSource(id, actor) {
      const kept = (await readRestrictions(db)).find((one) => one.id === id);
      await db.transaction(async (tx) => {
        if (kept === undefined || !(await deleteRestriction(tx, id))) {
          throw new AppError('not_found', 'context.unknown_restriction', {
            message: 'There is no such restriction.',
            hint: 'GET /v1/source-restrictions lists them.',
          });
        }
        await sourceRestricted(ledger, tx, kept, 'opened', actor);
      });
    },
  };
}
