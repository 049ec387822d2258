/** Words to whoever is asked: a comment on the change's page, and a neutral message for other channels. */
import type { EscalationMessage } from '#connectors/contract';
import type { Tx } from '#kernel';
import type { NewOutboxMessage } from '#ledger';
import { type EscalationPackage, foldLines, renderEscalationMarkdown } from '#policy';
import type { Change } from '../schema.ts';
import { toHostChange } from '../host-change.ts';
import type { EscalationDeps } from './deps.ts';
import { openPackage } from './package-hash.ts';
import * as store from './store.ts';

/** One comment on the host, one message for whatever carries words to people. */
export async function tellPerson(
  deps: EscalationDeps,
  tx: Tx,
  row: store.NewAssignment,
  change: Change,
  identities: readonly string[],
): Promise<NewOutboxMessage[]> {
  const body = await store.selectPackage(tx, row.packageSha256);
  if (body === undefined) return [];
  const escalation = openPackage(body);
  const url = deps.inboxUrl?.(row.id) ?? `/inbox/${row.id}`;
  const common = { correlationId: row.correlationId };
  return [
    {
      target: 'host.comment',
      payload: {
        host: change.host,
        changeId: change.id,
        change: toHostChange(change),
        markdown: renderEscalationMarkdown(escalation, url),
      },
      idempotencyKey: `escalation:${row.id}:comment`,
      ...common,
    },
    {
      target: 'escalation.message',
      payload: {
        ...toMessage(escalation, {
          assignmentId: row.id,
          url,
          identities,
          packageSha256: row.packageSha256,
        }),
      },
      idempotencyKey: `escalation:${row.id}:message`,
      ...common,
    },
  ];
}

/** The package in words without markup: each channel renders it its own way. Pure. */
export function toMessage(
  escalation: EscalationPackage,
  to: {
    assignmentId: string;
    url: string;
    identities: readonly string[];
    packageSha256?: string;
  },
): EscalationMessage {
  const { slots, title, repository } = escalation;
  return {
    assignmentId: to.assignmentId,
    packageSha256: to.packageSha256,
    to: { name: slots.whyYou.personName, identities: [...to.identities] },
    subject: `Review asked: ${title} (${repository})`.slice(0, 200),
    lines: foldLines(slots),
    deadline: slots.decision.deadline,
    actions: slots.actions.actions.map((action) => ({
      action,
      label: action.replaceAll('-', ' '),
      url: `${to.url}?answer=${action}`,
    })),
    url: to.url,
  };
}
