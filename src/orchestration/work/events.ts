/** The events of work items, from the wish to its end. */
import type { Id } from '#kernel';
import type { Actor, NewEvent } from '#ledger';
import type { WorkItemRow } from './store.ts';

interface About {
  actor: Actor;
  cause?: Id<'evt'> | undefined;
  refs?: NewEvent['refs'];
}

function base(item: WorkItemRow, about: About): Omit<NewEvent, 'type'> {
  return {
    subject: item.id,
    actor: about.actor,
    cause: about.cause,
    correlationId: item.correlation_id,
    refs: {
      workItem: item.id,
      ...(item.repository === null ? {} : { repository: item.repository }),
      ...(item.session_id === null ? {} : { session: item.session_id }),
      ...about.refs,
    },
  };
}

export function workItemCreated(item: WorkItemRow, about: About): NewEvent {
  return {
    ...base(item, about),
    type: 'work-item.created',
    data: {
      title: item.title,
      labels: item.labels,
      priority: item.priority,
      source: item.source,
      externalKey: item.external_key,
    },
  };
}

export function workItemAssigned(item: WorkItemRow, about: About): NewEvent {
  return { ...base(item, about), type: 'work-item.assigned', data: { title: item.title } };
}

export function workItemUpdated(item: WorkItemRow, what: string, about: About): NewEvent {
  return {
    ...base(item, about),
    type: 'work-item.updated',
    data: {
      title: item.title,
      labels: item.labels,
      priority: item.priority,
      state: item.state,
      what,
    },
  };
}

export function workItemCompleted(item: WorkItemRow, how: string, about: About): NewEvent {
  return {
    ...base(item, about),
    type: 'work-item.completed',
    data: { title: item.title, state: item.state, how },
  };
}
