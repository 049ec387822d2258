/**
 * What happens in the sample organisation: one small change ships alone, one touches payments and
 * waits for a person, and one agent is told that another holds the file it wants.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '#kernel';
import type { Api } from './api.ts';
import type { ScriptedAgent } from './agent.ts';

export const REPOSITORY = 'acme/shop';

const WORK = [
  {
    title: 'Show what is missing for free shipping',
    text: 'In the cart summary, tell customers below fifty euros how much is missing until shipping is free.',
    labels: ['cart'],
  },
  {
    title: 'Allow refunds of a part of an order',
    text: 'Support wants to refund single items. refund() should take an optional amount, never more than the order total.',
    labels: ['payments'],
  },
  {
    title: 'Log refunds for bookkeeping',
    text: 'Bookkeeping needs one line per refund: order, amount, time.',
    labels: ['payments'],
  },
];

export async function addWork(developer: Api): Promise<void> {
  for (const item of WORK)
    await developer.post('/v1/work-items', { ...item, repository: REPOSITORY });
}

export interface Cast {
  /** Starts an agent of the sample's developer on a branch of its own. */
  start(branch: string): Promise<ScriptedAgent>;
  log: Logger;
}

/** Ships alone: small, tested, in a part of the shop where the leads allow it. */
export async function showFreeShippingHint({ start, log }: Cast): Promise<void> {
  const agent = await start('agent/free-shipping-hint');
  const work = await agent.nextWork();
  await agent.prompt(`${work?.title ?? WORK[0]!.title}. ${WORK[0]!.text}`);
  await agent.edit('src/cart/summary.js', (text) =>
    text
      .replace(
        "import { totals } from './totals.js';",
        "import { FREE_SHIPPING_FROM, totals } from './totals.js';",
      )
      .replace(
        '    `Tax: ${format(sum.tax)}`,',
        '    ...(sum.shipping === 0 ? [] : [`${format(FREE_SHIPPING_FROM - sum.items)} more and shipping is free`]),\n    `Tax: ${format(sum.tax)}`,',
      ),
  );
  await agent.edit('test/summary.test.js', () => written('summary.test.js'));
  log.info({ passed: await agent.test() }, 'the sample agent ran its tests');
  await agent.push('Show what is missing for free shipping');
  await agent.end();
}

/** Waits for a person: payments. Meanwhile a second agent wants the same file and is stopped. */
export async function refundPartsOfAnOrder({ start, log }: Cast): Promise<void> {
  const agent = await start('agent/partial-refunds');
  const work = await agent.nextWork();
  await agent.prompt(`${work?.title ?? WORK[1]!.title}. ${WORK[1]!.text}`);
  await agent.edit('src/payments/refund.js', () => written('refund.js'));

  const second = await start('agent/log-refunds');
  const other = await second.nextWork();
  await second.prompt(`${other?.title ?? WORK[2]!.title}. ${WORK[2]!.text}`);
  const answer = await second.edit('src/payments/refund.js', (text) => `${text}\n`);
  log.info(
    { isAllowed: answer.isAllowed, reason: answer.reason },
    'the second sample agent asked for the same file',
  );

  await agent.edit('test/payments.test.js', (text) => text + written('payments-more.test.js'));
  log.info({ passed: await agent.test() }, 'the sample agent ran its tests');
  await agent.push('Refund parts of an order');
  await agent.end();
  await second.end();
}

/** What the scripted agents write, kept as files so that it can be read as code. */
function written(file: string): string {
  return readFileSync(join(import.meta.dirname, 'organisation/agents-write', file), 'utf8');
}
