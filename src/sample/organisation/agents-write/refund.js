import { cents } from '../money.js';

/**
 * Gives money back for an order: all of it, or `amount` cents. The amount is part of the key, so that
 * two different refunds of one order are two refunds, and a retry of one is one.
 */
export async function refund(gateway, order, amount = order.total) {
  if (order.refunded) return { status: 'already-refunded' };
  if (cents(amount) <= 0 || amount > order.total) throw new RangeError('no more than was paid');
  return gateway.refund({
    amount,
    chargeId: order.chargeId,
    idempotencyKey: `refund-${order.id}-${amount}`,
  });
}
