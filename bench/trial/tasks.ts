/**
 * The repository of the trial and its twelve tasks. Each edit keeps apart from the lines of the others, so
 * that the tasks may land in any order; many of them meet in the same places, as work on one product does.
 */
export interface Edit {
  path: string;
  /** Text that `put` replaces, or goes before; a new file where there is none. */
  find?: string;
  how?: 'replace' | 'before';
  put: string;
  /** Found out only while working: nobody claims it at the start. */
  isLate?: boolean;
}

export interface Task {
  name: string;
  title: string;
  text: string;
  edits: readonly Edit[];
  /** Another task that asks for the same in other words. */
  twin?: string;
}

const ROUTES_END = '  // Routes end here.\n';
const SETTINGS_END = '  // Settings end here.\n';
const route = (line: string, isLate = false): Edit => ({
  path: 'src/routes.js',
  find: ROUTES_END,
  how: 'before',
  put: `  ${line},\n`,
  isLate,
});
const setting = (line: string, isLate = false): Edit => ({
  path: 'src/settings.js',
  find: SETTINGS_END,
  how: 'before',
  put: `  ${line},\n`,
  isLate,
});
const testOf = (name: string, imports: string, check: string): Edit => ({
  path: `test/${name}.test.js`,
  put: `import assert from 'node:assert';\nimport { test } from 'node:test';\n${imports}\n\ntest('${name}', () => {\n  ${check}\n});\n`,
});

const FEE = '  const fee = amount * settings.feeRate;\n';
const EMPTY = '  // What may be in a cart.\n';

export const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "shop", "type": "module", "private": true }\n',
  'README.md': '# Shop\n\nA small shop. `node --test` runs its tests.\n',
  'src/routes.js': `export const routes = [\n  ['GET', '/cart', 'showCart'],\n  ['POST', '/cart', 'addToCart'],\n${ROUTES_END}];\n`,
  'src/settings.js': `export const settings = {\n  currency: 'EUR',\n  feeRate: 0.029,\n${SETTINGS_END}};\n`,
  'src/payment.js': `import { settings } from './settings.js';\n\nexport function charge(amount) {\n${FEE}  return { amount, fee, currency: settings.currency };\n}\n\nexport function attemptsFor(amount) {\n  return amount > 100_000 ? 1 : 3;\n}\n`,
  'src/cart.js': `export function totalOf(items) {\n${EMPTY}  let total = 0;\n  for (const { price, count } of items) total += price * count;\n  // What is taken off or put on.\n  return total;\n}\n`,
  'src/mail.js': `const SUBJECTS = {\n  order: 'Your order',\n  // Subjects end here.\n};\n\nexport const subjectOf = (kind) => SUBJECTS[kind] ?? 'Your shop';\n`,
  'src/stock.js': `const stock = new Map();\n\nexport function put(item, count) {\n  stock.set(item, (stock.get(item) ?? 0) + count);\n  // What happens when there is more.\n}\n\nexport function take(item, count) {\n  stock.set(item, (stock.get(item) ?? 0) - count);\n  // What happens when there is less.\n  return stock.get(item);\n}\n`,
  'test/shop.test.js': `import assert from 'node:assert';\nimport { test } from 'node:test';\nimport { totalOf } from '../src/cart.js';\nimport { charge } from '../src/payment.js';\nimport { routes } from '../src/routes.js';\n\ntest('a cart has a total', () => {\n  assert.equal(totalOf([{ price: 100, count: 2 }]), 200);\n});\n\ntest('a payment has a fee', () => {\n  assert.ok(charge(1_000).fee > 28);\n});\n\ntest('no route is there twice', () => {\n  const names = routes.map(([method, path]) => method + path);\n  assert.equal(new Set(names).size, names.length);\n});\n`,
};

export const TASKS: readonly Task[] = [
  {
    name: 'refunds',
    title: 'Let customers ask for a refund',
    text: 'A new address POST /refunds takes an order and gives its money back.',
    edits: [
      {
        path: 'src/refund.js',
        put: 'export const refundOf = ({ amount }) => ({ amount: -amount });\n',
      },
      route("['POST', '/refunds', 'refund']"),
      testOf(
        'refund',
        "import { refundOf } from '../src/refund.js';",
        'assert.equal(refundOf({ amount: 5 }).amount, -5);',
      ),
    ],
  },
  {
    name: 'retries',
    title: 'Read the number of payment attempts from the settings',
    text: 'Operators want to change how often a payment is tried without a release.',
    edits: [
      setting('paymentAttempts: 3'),
      {
        path: 'src/payment.js',
        find: '  return amount > 100_000 ? 1 : 3;\n',
        how: 'replace',
        put: '  return amount > 100_000 ? 1 : settings.paymentAttempts;\n',
      },
    ],
  },
  {
    name: 'coupons',
    title: 'Accept coupons in the cart',
    text: 'A coupon takes a share off the total; GET /coupons lists them.',
    edits: [
      {
        path: 'src/coupon.js',
        put: 'export const less = (total, share = 0) => total - total * share;\n',
      },
      {
        path: 'src/cart.js',
        find: '  // What is taken off or put on.\n',
        how: 'before',
        put: '  total -= Math.max(0, ...items.map(({ coupon = 0 }) => coupon));\n',
      },
      route("['GET', '/coupons', 'listCoupons']", true),
    ],
  },
  {
    name: 'round-fees',
    title: 'Round payment fees to whole cents',
    text: 'The fee of a payment must be a whole number of cents.',
    twin: 'fee-fractions',
    edits: [
      {
        path: 'src/payment.js',
        find: FEE,
        how: 'replace',
        put: '  const fee = Math.round(amount * settings.feeRate);\n',
      },
      testOf(
        'round-fees',
        "import { charge } from '../src/payment.js';",
        'assert.equal(charge(1_001).fee % 1, 0);',
      ),
    ],
  },
  {
    name: 'empty-cart',
    title: 'Refuse to total an empty cart',
    text: 'An empty cart must not be paid for: totalOf throws for it.',
    twin: 'pay-nothing',
    edits: [
      {
        path: 'src/cart.js',
        find: EMPTY,
        how: 'replace',
        put: "  if (items.length === 0) throw new Error('the cart is empty');\n",
      },
      testOf(
        'empty-cart',
        "import { totalOf } from '../src/cart.js';",
        'assert.throws(() => totalOf([]));',
      ),
    ],
  },
  {
    name: 'back-in-stock',
    title: 'Write to customers when an item is back in stock',
    text: 'Whoever asked is mailed when stock is put in; POST /reminders asks.',
    edits: [
      {
        path: 'src/stock.js',
        find: '  // What happens when there is more.\n',
        how: 'before',
        put: "  globalThis.outbox?.push('back-in-stock');\n",
      },
      route("['POST', '/reminders', 'remind']"),
      {
        path: 'src/mail.js',
        find: '  // Subjects end here.\n',
        how: 'before',
        put: "  'back-in-stock': 'It is back',\n",
        isLate: true,
      },
    ],
  },
  {
    name: 'timeout',
    title: 'Give payments a time limit',
    text: 'A payment that takes longer than the limit of the settings is given up.',
    edits: [
      setting('paymentTimeoutMs: 2_000'),
      {
        path: 'src/payment.js',
        find: '  return { amount, fee, currency: settings.currency };\n',
        how: 'replace',
        put: '  return { amount, fee, currency: settings.currency, limitMs: settings.paymentTimeoutMs };\n',
      },
    ],
  },
  {
    name: 'tax',
    title: 'Show the tax that is in a cart',
    text: 'Customers want to see the tax in the total; GET /tax gives it.',
    edits: [
      { path: 'src/tax.js', put: 'export const taxIn = (total) => total - total / 1.19;\n' },
      {
        path: 'src/cart.js',
        find: '  // What is taken off or put on.\n',
        how: 'before',
        put: '  total += items.reduce((tax, { duty = 0 }) => tax + duty, 0);\n',
      },
      route("['GET', '/tax', 'showTax']"),
    ],
  },
  {
    name: 'invoices',
    title: 'Number the invoices of a year',
    text: 'Invoices get a number with the prefix of the settings; GET /invoices lists them.',
    edits: [
      { path: 'src/invoice.js', put: "export const numberOf = (n) => 'R' + n;\n" },
      route("['GET', '/invoices', 'listInvoices']"),
      setting("invoicePrefix: 'R'", true),
    ],
  },
  {
    name: 'fee-fractions',
    title: 'Payment fees have fractions of a cent',
    text: 'Fees of payments are not whole numbers of cents: round them.',
    twin: 'round-fees',
    edits: [
      {
        path: 'src/payment.js',
        find: FEE,
        how: 'replace',
        put: '  const fee = Number((amount * settings.feeRate).toFixed(0));\n',
      },
    ],
  },
  {
    name: 'pay-nothing',
    title: 'An empty cart can be paid for',
    text: 'Paying for an empty cart must not work: the total of an empty cart is an error.',
    twin: 'empty-cart',
    edits: [
      {
        path: 'src/cart.js',
        find: EMPTY,
        how: 'replace',
        put: "  if (items.length < 1) throw new RangeError('nothing to pay for');\n",
      },
    ],
  },
  {
    name: 'low-stock',
    title: 'Warn when an item runs low',
    text: 'Buyers are mailed when fewer than three of an item are left.',
    edits: [
      {
        path: 'src/stock.js',
        find: '  // What happens when there is less.\n',
        how: 'before',
        put: "  if ((stock.get(item) ?? 0) < 3) globalThis.outbox?.push('low-stock');\n",
      },
      {
        path: 'src/mail.js',
        find: '  // Subjects end here.\n',
        how: 'before',
        put: "  'low-stock': 'It runs low',\n",
      },
    ],
  },
];

/** The text with the edit made; undefined where there is nothing left to do. Pure. */
export function applyEdit(text: string | undefined, edit: Edit): string | undefined {
  if (edit.find === undefined) return text === edit.put ? undefined : edit.put;
  if (text === undefined || !text.includes(edit.find) || text.includes(edit.put)) return undefined;
  const put = edit.how === 'before' ? edit.put + edit.find : edit.put;
  return text.replace(edit.find, () => put);
}
