/** What a signal gives a workflow to start from; most signals give nothing. Pure. */
import type { Signal } from '#connectors/contract';
import type { Id } from '#kernel';
import type { WorkItem } from '../schema.ts';
import type { Occasion } from './facts.ts';

type Told = Omit<Occasion, 'cause'> & {
  /** Who asks for it, where that decides whether it may begin. */
  askedBy: string[] | null;
};

const MAX_TITLE = 500;

export function occasionOfWorkItem(item: WorkItem): Occasion {
  const { id, repository, labels, source, title, correlationId } = item;
  return {
    facts: { kind: 'workItem', repository, labels, source },
    subject: `work-item:${id}`,
    title,
    input: { workItemId: id, ...(repository === null ? {} : { repository }) },
    workItemId: id,
    correlationId,
    cause: undefined,
  };
}

/**
 * `mainHead` is the newest commit of the main branch of the repository the signal names; a check that
 * failed on any other commit is the business of its change.
 */
export function occasionOf(
  signal: Signal,
  { mainHead, identities }: { mainHead: string | null; identities(author: object): string[] },
): Told | undefined {
  switch (signal.type) {
    case 'incident.reported': {
      if (signal.state !== 'open') return undefined;
      const { severity, title, externalKey, source, repository = null, url } = signal;
      return told({
        facts: { kind: 'incident', repository, severity, source },
        subject: `incident:${source}:${externalKey}`,
        title: `Incident: ${title}`,
        input: { incident: externalKey, severity, ...(url === undefined ? {} : { url }) },
      });
    }
    case 'check.completed': {
      const { repository, headSha, name, conclusion } = signal;
      if (conclusion !== 'failure' || headSha !== mainHead) return undefined;
      return told({
        facts: { kind: 'mainFailed', repository, check: name },
        subject: `main:${repository}:${name}`,
        title: `${name} fails on the main branch of ${repository}`,
        input: { check: name, headSha },
      });
    }
    case 'advisory.published': {
      const { repository, severity, title, externalKey, source } = signal;
      return told({
        facts: { kind: 'advisory', repository, severity, package: signal.package },
        subject: `advisory:${source}:${repository}:${externalKey}`,
        title: `${signal.package}: ${title}`,
        input: { advisory: externalKey, severity, package: signal.package },
      });
    }
    case 'command.given': {
      const { repository, number, word, argument, dedupeKey } = signal;
      const about = `${repository}#${number}`;
      return {
        ...told({
          facts: { kind: 'comment', repository, command: word },
          subject: `command:${dedupeKey}`,
          title: `/loom ${word} on ${about}`,
          input: { command: word, words: argument, about },
        }),
        askedBy: identities(signal.author),
      };
    }
    default:
      return undefined;
  }
}

function told(occasion: Pick<Occasion, 'facts' | 'subject' | 'title' | 'input'>): Told {
  const { repository } = occasion.facts;
  return {
    ...occasion,
    title: occasion.title.slice(0, MAX_TITLE),
    input: { ...occasion.input, ...(repository === null ? {} : { repository }) },
    workItemId: null as Id<'wrk'> | null,
    correlationId: null,
    askedBy: null,
  };
}
