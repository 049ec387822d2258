import { cents, multiply } from '../money.js';

export const FREE_SHIPPING_FROM = 5_000;
const SHIPPING = 490;

/** Sums the lines of a cart: `{ items, shipping, tax, total }`, all in cents. */
export function totals(lines, { taxRate = 0.2 } = {}) {
  const items = lines.reduce((sum, line) => sum + cents(line.price) * line.quantity, 0);
  const shipping = items === 0 || items >= FREE_SHIPPING_FROM ? 0 : SHIPPING;
  const tax = multiply(items + shipping, taxRate);
  return { items, shipping, tax, total: items + shipping + tax };
}
