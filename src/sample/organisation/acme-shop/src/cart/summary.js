import { format } from '../money.js';
import { totals } from './totals.js';

/** The lines a customer reads above the pay button. */
export function summary(lines) {
  const sum = totals(lines);
  return [
    `Items: ${format(sum.items)}`,
    `Shipping: ${sum.shipping === 0 ? 'free' : format(sum.shipping)}`,
    `Tax: ${format(sum.tax)}`,
    `Total: ${format(sum.total)}`,
  ];
}
