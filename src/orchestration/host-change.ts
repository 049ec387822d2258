/** A change as its host knows it. Pure. */
import type { HostChange } from '#connectors/contract';
import type { Change } from './schema.ts';

export function toHostChange(change: Change): HostChange {
  return {
    changeId: change.id,
    repository: change.repository,
    ...(change.number === null ? {} : { number: change.number }),
    branch: change.branch,
    baseBranch: change.baseBranch,
    headSha: change.headSha,
  };
}
