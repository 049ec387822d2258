/** The events of devboxes. */
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { DevboxRow } from './store.ts';

function base(row: DevboxRow, correlationId: string | undefined): Omit<NewEvent, 'type'> {
  return {
    subject: row.id,
    actor: ORCHESTRATION,
    correlationId,
    refs: {
      repository: row.repository,
      commit: row.head_sha,
      ...(row.run_id === null ? {} : { run: row.run_id }),
      ...(row.session_id === null ? {} : { session: row.session_id }),
    },
  };
}

export function devboxOpened(row: DevboxRow, correlationId: string | undefined): NewEvent {
  const { branch, base_sha: baseSha, was_warm: wasWarm, ready_ms: readyMs } = row;
  return {
    ...base(row, correlationId),
    type: 'devbox.opened',
    data: { branch, baseSha, wasWarm, readyMs },
  };
}

export function devboxClosed(
  row: DevboxRow,
  correlationId: string | undefined,
  why: string,
): NewEvent {
  const { branch, base_sha: baseSha, head_sha: headSha, state } = row;
  return {
    ...base(row, correlationId),
    type: 'devbox.closed',
    data: { branch, baseSha, headSha, state, why },
  };
}
