/** Money is an integer number of cents; see docs/adr/0001-money-in-cents.md. */

export function cents(amount) {
  if (!Number.isSafeInteger(amount)) throw new TypeError(`not whole cents: ${amount}`);
  return amount;
}

/** Multiplies and rounds half up, the way the tax office wants it. */
export function multiply(amount, factor) {
  return Math.floor(cents(amount) * factor + 0.5);
}

export function format(amount, currency = 'EUR') {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(cents(amount) / 100);
}
