/**
 * What happens in the sample organisation: one small change ships alone, one touches payments and
 * waits for a person, and one agent is told that another holds the file it wants.
 */
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
  await agent.edit('test/summary.test.js', () => SUMMARY_TEST);
  log.info({ passed: await agent.test() }, 'the sample agent ran its tests');
  await agent.push('Show what is missing for free shipping');
  await agent.end();
}

/** Waits for a person: payments. Meanwhile a second agent wants the same file and is stopped. */
export async function refundPartsOfAnOrder({ start, log }: Cast): Promise<void> {
  const agent = await start('agent/partial-refunds');
  const work = await agent.nextWork();
  await agent.prompt(`${work?.title ?? WORK[1]!.title}. ${WORK[1]!.text}`);
  await agent.edit('src/payments/refund.js', () => PARTIAL_REFUND);

  const second = await start('agent/log-refunds');
  const other = await second.nextWork();
  await second.prompt(`${other?.title ?? WORK[2]!.title}. ${WORK[2]!.text}`);
  const answer = await second.edit('src/payments/refund.js', (text) => `${text}\n`);
  log.info(
    { isAllowed: answer.isAllowed, reason: answer.reason },
    'the second sample agent asked for the same file',
  );

  await agent.edit('test/payments.test.js', (text) => text + REFUND_TEST);
  log.info({ passed: await agent.test() }, 'the sample agent ran its tests');
  await agent.push('Refund parts of an order');
  await agent.end();
  await second.end();
}

const SUMMARY_TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summary } from '../src/cart/summary.js';

test('below fifty euros the summary says what is missing', () => {
  assert.ok(summary([{ price: 4_000, quantity: 1 }]).includes('€10.00 more and shipping is free'));
});

test('with free shipping nothing is missing', () => {
  assert.ok(!summary([{ price: 5_000, quantity: 1 }]).some((line) => line.includes('more and shipping')));
});
`;

const PARTIAL_REFUND = `import { cents } from '../money.js';

/**
 * Gives money back for an order: all of it, or \`amount\` cents. The amount is part of the key, so that
 * two different refunds of one order are two refunds, and a retry of one is one.
 */
export async function refund(gateway, order, amount = order.total) {
  if (order.refunded) return { status: 'already-refunded' };
  if (cents(amount) <= 0 || amount > order.total) throw new RangeError('no more than was paid');
  return gateway.refund({
    amount,
    chargeId: order.chargeId,
    idempotencyKey: \`refund-\${order.id}-\${amount}\`,
  });
}
`;

const REFUND_TEST = `
test('a part of an order can be refunded', async () => {
  const gateway = { refund: async (request) => request };
  assert.equal((await refund(gateway, order, 500)).amount, 500);
});

test('no more is refunded than was paid', async () => {
  await assert.rejects(refund({}, order, 1_201), RangeError);
});
`;
