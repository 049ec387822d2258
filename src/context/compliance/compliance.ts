/**
 * Which controls bear on a service, a file or a repository, and what a control bears on: services, paths,
 * files and the changes to them. Worked out when asked, from what catalogs, policies and trees say then.
 */
import picomatch from 'picomatch';
import { AppError, type Db } from '#kernel';
import { parseEntityId, unknownEntity } from '../graph/entity-id.ts';
import type { EntitySummary, Perspective, Reader } from '../graph/index.ts';
import { readServices } from '../graph/landscape-store.ts';
import { foldersOf } from '../graph/places.ts';
import { readEntity, summarise } from '../graph/read.ts';

import * as store from './store.ts';

export interface ControlBond {
  /** The glob or the thing it is written for. */
  pattern: string;
  dataClass: string | null;
  /** The service it comes through; null when it is written for the thing itself. */
  through: EntitySummary | null;
  /** `path:line` of the file that says so, or the system. */
  writtenIn: string;
}

export interface BearingControl {
  control: EntitySummary;
  bonds: ControlBond[];
}

export interface ControlReach {
  services: { service: EntitySummary; because: string[] }[];
  patterns: {
    repository: string;
    pattern: string;
    dataClass: string | null;
    files: number;
    writtenIn: string;
  }[];
  fileCount: number;
  /** The first of them by path. */
  files: { repository: string; path: string }[];
  /** The newest changes to any of them. */
  changes: {
    repository: string;
    sha: string;
    subject: string;
    author: string;
    at: Date;
    /** How many of the files it touched. */
    files: number;
  }[];
}

export interface Compliance {
  /** @throws AppError `context.unknown_entity`, also for what the reader may not know of. */
  controlsOf(reader: Reader, id: string): Promise<BearingControl[]>;
  /** The same error; `context.not_a_control` for another kind of thing. */
  reachOf(reader: Reader, id: string): Promise<ControlReach>;
}

const MAX_FILES = 300;
const MAX_CHANGES = 50;

export function createCompliance(deps: {
  db: Db;
  perspective(reader: Reader): Promise<Perspective>;
}): Compliance {
  const { db } = deps;

  async function find(from: Perspective, id: string) {
    const found = await readEntity(db, from, parseEntityId(id));
    if (found === undefined) throw unknownEntity(id);
    return found;
  }

  /** Files the reader may know of. */
  async function pathsFor(reader: Reader, repository: string) {
    const closed = (reader.closed ?? []).filter(
      ({ system, scope }) =>
        (system === '*' || system === 'git') && (scope === null || scope === repository),
    );
    const files = reader.mayRead(`repository:${repository}`)
      ? await store.readPaths(db, repository)
      : [];
    return files.filter(({ path }) => !closed.some(({ prefix }) => path.startsWith(prefix)));
  }

  /** Folders of the services of repositories, by row, with the files there are. */
  async function readPlaces(reader: Reader, from: Perspective, repositories: readonly string[]) {
    const files = new Map<string, { number: number; path: string }[]>();
    for (const name of repositories) files.set(name, await pathsFor(reader, name));
    const services = await readServices(db, from, repositories);
    const folders = foldersOf(services, (name) => (files.get(name) ?? []).map(({ path }) => path));
    return { files, folders };
  }

  return {
    async controlsOf(reader, id) {
      const from = await deps.perspective(reader);
      const { rowId, entity } = await find(from, id);
      const repositories =
        entity.kind === 'repository' ? [entity.key] : await store.readHomes(db, from, rowId);
      const places = await readPlaces(reader, from, repositories);
      const rows = await store.findRepositoryEntities(db, repositories);
      const path = entity.kind === 'file' ? entity.properties['path'] : undefined;
      const around =
        typeof path !== 'string'
          ? []
          : [...places.folders].filter(([, own]) =>
              own.some(
                ({ repository, folder }) =>
                  repositories.includes(repository) && path.startsWith(folder),
              ),
            );
      const own = places.folders.get(rowId) ?? [];
      const bonds = await store.readBonds(db, from, {
        targetIds: [rowId, ...rows.values(), ...around.map(([service]) => service)],
      });
      const bearing = bonds.filter((bond) => {
        if (bond.targetKind !== 'repository' || entity.kind === 'repository') return true;
        const matches = matcherOf([bond.slot]);
        if (typeof path === 'string') return matches(path);
        return own.some(
          ({ repository, folder }) =>
            repository === bond.targetKey &&
            (places.files.get(repository) ?? []).some(
              (file) => file.path.startsWith(folder) && matches(file.path),
            ),
        );
      });
      const summaries = await summarise(
        db,
        from,
        bearing.flatMap(({ controlId, targetId }) => [controlId, targetId]),
      );
      return [...Map.groupBy(bearing, ({ controlId }) => controlId)].flatMap(([controlId, of]) => {
        const control = summaries.get(controlId);
        if (control === undefined) return [];
        return [
          {
            control,
            bonds: of.map((bond) => ({
              pattern: patternOf(bond),
              dataClass: bond.dataClass,
              through:
                bond.targetId === rowId || bond.targetKind === 'repository'
                  ? null
                  : (summaries.get(bond.targetId) ?? null),
              writtenIn: placeOf(bond),
            })),
          },
        ];
      });
    },

    async reachOf(reader, id) {
      const from = await deps.perspective(reader);
      const { rowId, entity } = await find(from, id);
      if (entity.kind !== 'control') {
        throw new AppError('invalid', 'context.not_a_control', {
          message: `${entity.id.slice(0, 200)} is no control.`,
          hint: 'Search for controls with `GET /v1/graph/entities?kind=control`.',
        });
      }
      const bonds = await store.readBonds(db, from, { controlId: rowId });
      const onPaths = bonds.filter(({ targetKind }) => targetKind === 'repository');
      const repositories = [...new Set(onPaths.map(({ targetKey }) => targetKey))];
      const { files, folders } = await readPlaces(reader, from, repositories);

      const because = new Map<number, Set<string>>();
      const add = (service: number, reason: string) => {
        const known = because.get(service);
        if (known === undefined) because.set(service, new Set([reason]));
        else known.add(reason);
      };
      for (const bond of bonds) {
        if (bond.targetKind !== 'repository') add(bond.targetId, `named in ${placeOf(bond)}`);
      }
      const patterns: ControlReach['patterns'] = [];
      const held = new Map<string, Map<number, string>>();
      for (const bond of onPaths) {
        const matches = matcherOf([bond.slot]);
        const matched = (files.get(bond.targetKey) ?? []).filter(({ path }) => matches(path));
        const { targetKey: repository, dataClass } = bond;
        const pattern = patternOf(bond);
        patterns.push({
          repository,
          pattern,
          dataClass,
          files: matched.length,
          writtenIn: placeOf(bond),
        });
        const known = held.get(repository) ?? new Map<number, string>();
        for (const { number, path } of matched) known.set(number, path);
        held.set(repository, known);
        for (const [service, places] of folders) {
          const isWithin = places.some(
            (place) =>
              place.repository === repository &&
              matched.some(({ path }) => path.startsWith(place.folder)),
          );
          if (isWithin) add(service, `has files in ${pattern}`);
        }
      }

      const summaries = await summarise(db, from, [...because.keys()]);
      const all = [...held].flatMap(([repository, of]) =>
        [...of.values()].map((path) => ({ repository, path })),
      );
      const changes: ControlReach['changes'] = [];
      for (const [repository, of] of held) {
        const rows = await store.readChanges(db, repository, [...of.keys()], MAX_CHANGES);
        changes.push(...rows.map((row) => ({ repository, ...row })));
      }
      return {
        services: [...because].flatMap(([service, reasons]) => {
          const summary = summaries.get(service);
          return summary === undefined ? [] : [{ service: summary, because: [...reasons].sort() }];
        }),
        patterns,
        fileCount: all.length,
        files: all.slice(0, MAX_FILES),
        changes: changes.toSorted((a, b) => b.at.getTime() - a.at.getTime()).slice(0, MAX_CHANGES),
      };
    },
  };
}

function matcherOf(globs: readonly string[]): (path: string) => boolean {
  const written = globs.map((glob) => (glob === '' ? '**' : glob.replace(/^\//, '')));
  return picomatch(written, { dot: true });
}

const patternOf = ({ slot, targetKey }: store.Bond): string => (slot === '' ? targetKey : slot);

const placeOf = ({ path, line, system }: store.Bond): string =>
  path === null ? system : line === null ? path : `${path}:${line}`;
