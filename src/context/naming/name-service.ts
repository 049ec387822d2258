/**
 * Keeps repositories apart and themselves, whatever their hosts call them: a rename moves everything that
 * is kept under the old name, in one transaction, and the old name leads on to it.
 */
import { AppError, type Clock, type Db, type Logger } from '#kernel';
import type { Actor, Ledger } from '#ledger';
import { accessLost, accessRestored, repositoryRenamed } from '../events.ts';
import type { Repository } from '../schema.ts';
import { findRepositoryRow, lockRepository } from '../store.ts';
import { moveRows } from './move-rows.ts';
import * as store from './store.ts';
import { renamedUrl, type ToldName, whoIsMeant } from './who-is-meant.ts';

export interface NameService {
  /**
   * Our name of the repository a host speaks of. A rename that was never told is made up for. `another`
   * has the name of one of ours and is not ours; `unknown` was not imported.
   */
  nameOf(
    host: string,
    told: ToldName,
    actor: Actor,
  ): Promise<{ outcome: 'ours'; name: string } | { outcome: 'another' | 'unknown' }>;
  /**
   * Undefined when it is not one of ours, or has the name already.
   * @throws AppError `context.name_taken` while another one of ours bears the new name.
   */
  renameRepository(
    host: string,
    news: { from: string; to: string; key?: string | undefined; at: Date },
    actor: Actor,
  ): Promise<Repository | undefined>;
  /** The host took our access to these away (`lost`), or gave it back (null). */
  setAccess(
    host: string,
    names: readonly string[],
    lost: { at: Date; why: string } | null,
    actor: Actor,
  ): Promise<void>;
}

export function createNameService(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  log: Logger;
}): NameService {
  const { db, ledger, log } = deps;

  const service: NameService = {
    async nameOf(host, told, actor) {
      const candidates = await store.findNamed(db, host, told.name, told.key);
      const meant = whoIsMeant(candidates, told);
      switch (meant.outcome) {
        case 'unknown':
          return meant;
        case 'another':
          log.warn(
            { repositoryId: meant.repository.id, name: told.name },
            'another repository has the name of one of ours; its news is left out',
          );
          return { outcome: 'another' };
        case 'ours':
          if (meant.learns && told.key !== undefined) {
            await store.learnKey(db, meant.repository.id, told.key);
          }
          return { outcome: 'ours', name: meant.repository.name };
        case 'renamed': {
          const { name: from } = meant.repository;
          await service.renameRepository(host, { from, to: told.name, ...told }, actor);
          return { outcome: 'ours', name: told.name };
        }
      }
    },

    async renameRepository(host, { from, to, key, at }, actor) {
      const candidates = await store.findNamed(db, host, from, key);
      const meant = whoIsMeant(candidates, { name: from, key, at: new Date(0) });
      if (meant.outcome !== 'ours' || meant.repository.name === to) return undefined;
      // A rename that came late, after a newer one.
      if (at < meant.repository.namedAt && meant.repository.name !== from) return undefined;
      const { id } = meant.repository;
      await db.transaction(async (tx) => {
        const standing = await lockRepository(tx, id);
        if (standing === undefined || standing.name === to) return;
        const bearer = await store.bearerOf(tx, to);
        if (bearer !== undefined && bearer.id !== id) throw taken(standing.name, to);
        // Left by a repository that was removed, or said of one we never had: it is not this one's.
        // Names that differ in case only are one name to keys in lower case.
        const isSpelling = standing.name.toLowerCase() === to.toLowerCase();
        if (!isSpelling) await moveRows(tx, host, to, `${to}~${id}`);
        await moveRows(tx, host, standing.name, to);
        const url = renamedUrl(standing.url, standing.name, to);
        await store.setName(tx, id, { name: to, url, at });
        await store.dropFormerName(tx, host, to);
        await store.keepFormerName(tx, { host, name: standing.name, repositoryId: id, until: at });
        if (key !== undefined) await store.learnKey(tx, id, key);
        await repositoryRenamed(ledger, tx, { ...standing, name: to }, standing.name, actor);
      });
      log.info({ repositoryId: id, from, to }, 'a repository goes by another name');
      return findRepositoryRow(db, { nameOrId: id });
    },

    async setAccess(host, names, lost, actor) {
      if (names.length === 0) return;
      await db.transaction(async (tx) => {
        for (const repository of await store.setAccess(tx, host, names, lost)) {
          await (lost === null
            ? accessRestored(ledger, tx, repository, host, actor)
            : accessLost(ledger, tx, repository, host, lost.why, actor));
        }
      });
    },
  };
  return service;
}

function taken(from: string, to: string): AppError {
  return new AppError('conflict', 'context.name_taken', {
    message: `${from} is to be called ${to}, and another repository bears that name here.`,
    hint: 'If that one was renamed too, its news is on the way and this is tried again; if it is gone, remove it.',
  });
}
