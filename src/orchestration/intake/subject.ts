/** What a signal is about: news of one subject is acted upon in order. Pure. */
import type { Signal } from '#connectors/contract';

export function subjectOf(signal: Signal): string {
  switch (signal.type) {
    case 'change.opened':
    case 'change.updated':
    case 'change.closed':
    case 'review.submitted':
      return `branch:${signal.source}:${signal.change.repository}:${signal.change.branch}`;
    case 'branch.pushed':
      return `branch:${signal.source}:${signal.repository}:${signal.branch}`;
    case 'check.completed':
      return `commit:${signal.source}:${signal.repository}:${signal.headSha}`;
    case 'work-item.updated':
      return `work-item:${signal.source}:${signal.workItem.externalKey}`;
    case 'deployment.reported':
      return `deployment:${signal.source}:${signal.repository}:${signal.externalKey}`;
    case 'incident.reported':
      return `incident:${signal.source}:${signal.externalKey}`;
    case 'command.given':
      return `command:${signal.source}:${signal.repository}#${signal.number}`;
    case 'comment.told':
      // After the item it is on, which may have come with it.
      return signal.comment.isChange
        ? `comments:${signal.source}:${signal.comment.on}`
        : `work-item:${signal.source}:${signal.comment.on}`;
    case 'merge-group.requested':
      return `commit:${signal.source}:${signal.repository}:${signal.headSha}`;
    case 'repository.renamed':
      return `repository:${signal.source}:${signal.from}`;
    case 'repository.access-changed':
      return `account:${signal.source}:${signal.account}`;
    case 'advisory.published':
      return `advisory:${signal.source}:${signal.repository}:${signal.externalKey}`;
    case 'event.received':
      return `event:${signal.dedupeKey}`;
  }
}

/** Repository and commit of a signal, as links of its event. */
export function signalRefs(signal: Signal): { repository?: string; commit?: string } {
  switch (signal.type) {
    case 'change.opened':
    case 'change.updated':
    case 'change.closed':
    case 'review.submitted':
      return { repository: signal.change.repository, commit: signal.change.headSha };
    case 'branch.pushed':
      return {
        repository: signal.repository,
        ...(signal.afterSha === null ? {} : { commit: signal.afterSha }),
      };
    case 'check.completed':
      return { repository: signal.repository, commit: signal.headSha };
    case 'work-item.updated':
      return signal.workItem.repository === undefined
        ? {}
        : { repository: signal.workItem.repository };
    case 'advisory.published':
      return { repository: signal.repository };
    case 'deployment.reported':
      return { repository: signal.repository, commit: signal.sha };
    case 'incident.reported':
      return signal.repository === undefined ? {} : { repository: signal.repository };
    case 'comment.told':
      return signal.repository === undefined ? {} : { repository: signal.repository };
    case 'command.given':
      return { repository: signal.repository };
    case 'merge-group.requested':
      return { repository: signal.repository, commit: signal.headSha };
    case 'repository.renamed':
      return { repository: signal.to };
    case 'repository.access-changed':
    case 'event.received':
      return {};
  }
}
