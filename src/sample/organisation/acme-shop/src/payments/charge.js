import { cents } from '../money.js';

/**
 * Charges a card once per order. The gateway is called with the order as idempotency key, so a retry
 * after a timeout never charges twice (incident of 14 March, docs/postmortems/double-charge.md).
 */
export async function charge(gateway, order) {
  if (order.total <= 0) throw new RangeError('nothing to charge');
  return gateway.charge({
    amount: cents(order.total),
    currency: order.currency,
    idempotencyKey: `charge-${order.id}`,
  });
}
