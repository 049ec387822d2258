import { cents } from '../money.js';

/** Gives money back for an order, in full. */
export async function refund(gateway, order) {
  if (order.refunded) return { status: 'already-refunded' };
  return gateway.refund({
    amount: cents(order.total),
    chargeId: order.chargeId,
    idempotencyKey: `refund-${order.id}`,
  });
}
