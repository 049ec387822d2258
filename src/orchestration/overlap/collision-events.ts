/** The events of collisions: one side is the subject, the other among the links, so both are found. */
import { ORCHESTRATION } from '../deps.ts';
import type { NewEvent } from '#ledger';
import type { CollisionRow } from './collision-store.ts';

const MAX_PATHS = 20;

export function collisionFound(row: CollisionRow): NewEvent {
  return {
    ...aboutPair(row),
    type: 'collision.found',
    data: {
      collision: row.id,
      level: row.level,
      paths: row.paths.slice(0, MAX_PATHS),
      symbols: row.symbols.slice(0, MAX_PATHS),
      conflicts: row.hunks.length,
      sides: row.sides.map(({ kind, id, headSha }) => ({ kind, id, headSha })),
      why: row.why,
      isAlerted: row.is_alerted,
    },
  };
}

export function collisionCleared(row: CollisionRow): NewEvent {
  return {
    ...aboutPair(row),
    type: 'collision.cleared',
    data: { collision: row.id, level: row.level, reason: row.clear_reason },
  };
}

function aboutPair(row: CollisionRow): Pick<NewEvent, 'subject' | 'actor' | 'refs'> {
  const [other, subject] = row.sides;
  return {
    subject: subject.id,
    actor: ORCHESTRATION,
    refs: {
      repository: row.repository,
      ...(other.kind === 'change' ? { change: other.id } : { session: other.id }),
      ...(subject.kind === 'change' && other.kind !== 'change' ? { change: subject.id } : {}),
      ...(subject.kind === 'session' && other.kind !== 'session' ? { session: subject.id } : {}),
    },
  };
}
