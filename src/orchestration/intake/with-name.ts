/** News of a repository under the name we know it by. Pure. */
import type { Signal } from '#connectors/contract';

/** What a signal calls its repository; undefined where it is of none, or of several. */
export function repositoryOf(signal: Signal): string | undefined {
  switch (signal.type) {
    case 'change.opened':
    case 'change.updated':
    case 'change.closed':
    case 'review.submitted':
      return signal.change.repository;
    case 'work-item.updated':
      return signal.workItem.repository;
    case 'branch.pushed':
    case 'comment.told':
    case 'check.completed':
    case 'command.given':
    case 'merge-group.requested':
    case 'deployment.reported':
    case 'incident.reported':
    case 'advisory.published':
      return signal.repository;
    // These speak of names as such.
    case 'repository.renamed':
    case 'repository.access-changed':
    case 'event.received':
      return undefined;
  }
}

/** The same news of the repository of this name. */
export function withName(signal: Signal, name: string): Signal {
  const told = repositoryOf(signal);
  if (told === undefined || told === name) return signal;
  switch (signal.type) {
    case 'change.opened':
    case 'change.updated':
    case 'change.closed':
    case 'review.submitted':
      return { ...signal, change: { ...signal.change, repository: name } };
    case 'work-item.updated': {
      const { externalKey } = signal.workItem;
      const key = externalKey.startsWith(`${told}#`)
        ? `${name}${externalKey.slice(told.length)}`
        : externalKey;
      return { ...signal, workItem: { ...signal.workItem, repository: name, externalKey: key } };
    }
    case 'comment.told': {
      const { on } = signal.comment;
      const renamed = on.startsWith(`${told}#`) ? `${name}${on.slice(told.length)}` : on;
      return { ...signal, repository: name, comment: { ...signal.comment, on: renamed } };
    }
    default:
      return { ...signal, repository: name } as Signal;
  }
}
