/**
 * What this node saw of each connection since it last wrote it down. In memory, because deliveries come by
 * the thousand a second and a row per connection would be in the way of every one of them.
 */
import { AppError, type Clock, describeError } from '#kernel';
import type { RateSnapshot } from '#connectors/contract';
import type { TallyRow } from './store.ts';

export interface ConnectionTally {
  /** A sound delivery was kept, or was known already. */
  delivered(name: string, receipt: { accepted: number; isDuplicate: boolean }): void;
  /** A delivery was not genuine or not readable. */
  refused(name: string, error: unknown): void;
  /** A call to the outside system worked; `objects` were read for the graph. */
  succeeded(name: string, objects?: number): void;
  failed(name: string, error: unknown): void;
}

export interface Tally extends ConnectionTally {
  /** Gives what was noted and forgets it. */
  take(rateOf: (name: string) => RateSnapshot | undefined): TallyRow[];
  /** Puts back what could not be written. */
  putBack(rows: readonly TallyRow[]): void;
}

const MAX_MESSAGE = 500;

export function createTally(clock: Clock): Tally {
  let rows = new Map<string, TallyRow>();

  function rowOf(name: string): TallyRow {
    let row = rows.get(name);
    if (row === undefined) {
      row = emptyRow(name);
      rows.set(name, row);
    }
    return row;
  }

  function noteError(row: TallyRow, error: unknown): void {
    row.lastError = {
      at: clock.now(),
      code: error instanceof AppError ? error.code : 'kernel.unexpected',
      message: (error instanceof AppError ? error.message : describeError(error)).slice(
        0,
        MAX_MESSAGE,
      ),
    };
  }

  return {
    delivered(name, { accepted, isDuplicate }) {
      const row = rowOf(name);
      row.deliveries += 1;
      row.duplicates += isDuplicate ? 1 : 0;
      row.signals += accepted;
      row.lastEventAt = clock.now();
    },
    refused(name, error) {
      const row = rowOf(name);
      row.refused += 1;
      noteError(row, error);
    },
    succeeded(name, objects = 0) {
      const row = rowOf(name);
      row.objects += objects;
      row.lastSuccessAt = clock.now();
    },
    failed(name, error) {
      noteError(rowOf(name), error);
    },
    take(rateOf) {
      const taken = [...rows.values()];
      rows = new Map();
      return taken.map((row) => ({ ...row, rate: rateOf(row.name) ?? null }));
    },
    putBack(back) {
      for (const old of back) {
        const row = rowOf(old.name);
        row.deliveries += old.deliveries;
        row.duplicates += old.duplicates;
        row.refused += old.refused;
        row.signals += old.signals;
        row.objects += old.objects;
        row.lastEventAt ??= old.lastEventAt;
        row.lastSuccessAt ??= old.lastSuccessAt;
        row.lastError ??= old.lastError;
      }
    },
  };
}

function emptyRow(name: string): TallyRow {
  return {
    name,
    lastEventAt: null,
    lastSuccessAt: null,
    lastError: null,
    deliveries: 0,
    duplicates: 0,
    refused: 0,
    signals: 0,
    objects: 0,
    rate: null,
  };
}
