/**
 * The past of the sample's repository: the files under organisation/, committed piece by piece over
 * the last quarter by the people who would have written them.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './shell.ts';

const TEMPLATE = join(import.meta.dirname, 'organisation/acme-shop');
const DAY_MS = 86_400_000;

const PEOPLE = {
  ada: { name: 'Ada Lovelace', email: 'ada@acme.example' },
  grace: { name: 'Grace Hopper', email: 'grace@acme.example' },
  edsger: { name: 'Edsger Dijkstra', email: 'edsger@acme.example' },
} as const;

interface PastCommit {
  daysAgo: number;
  author: keyof typeof PEOPLE;
  message: string;
  /** Files of the template that appear, by path. */
  add?: string[];
  /** What a file says from now on, until a later commit or the template's own text. */
  edit?: { path: string; from: string; to: string }[];
}

const PAST: readonly PastCommit[] = [
  {
    daysAgo: 88,
    author: 'ada',
    message: 'Start the shop with a cart',
    add: ['package.json', 'README.md', 'src/money.js', 'src/cart/totals.js', 'test/totals.test.js'],
    edit: [
      {
        path: 'src/cart/totals.js',
        from: 'FREE_SHIPPING_FROM = 5_000',
        to: 'FREE_SHIPPING_FROM = 4_000',
      },
    ],
  },
  {
    daysAgo: 81,
    author: 'ada',
    message: 'Say what an amount of money is',
    add: ['docs/adr/0001-money-in-cents.md', 'test/money.test.js'],
  },
  {
    daysAgo: 74,
    author: 'grace',
    message: 'Charge cards',
    add: ['src/payments/charge.js'],
    edit: [
      {
        path: 'src/payments/charge.js',
        from: 'idempotencyKey: `charge-${order.id}`',
        to: 'idempotencyKey: `charge-${Date.now()}`',
      },
    ],
  },
  {
    daysAgo: 70,
    author: 'edsger',
    message: 'Serve the cart summary over HTTP',
    add: ['src/server.js', 'src/cart/summary.js'],
  },
  {
    daysAgo: 61,
    author: 'grace',
    message:
      'Make the charge key from the order\n\nThe key changed with every attempt, so a retry charged twice.\nFixes the incident of 14 March.\n\nCo-authored-by: Claude <noreply@anthropic.com>',
    add: ['docs/postmortems/double-charge.md', 'docs/adr/0002-idempotent-payments.md'],
    edit: [
      {
        path: 'src/payments/charge.js',
        from: 'idempotencyKey: `charge-${Date.now()}`',
        to: 'idempotencyKey: `charge-${order.id}`',
      },
    ],
  },
  {
    daysAgo: 52,
    author: 'grace',
    message: 'Refund orders in full',
    add: ['src/payments/refund.js', 'test/payments.test.js'],
  },
  {
    daysAgo: 40,
    author: 'edsger',
    message:
      'Raise the limit for free shipping to fifty euros\n\nCo-authored-by: Claude <noreply@anthropic.com>',
    edit: [
      {
        path: 'src/cart/totals.js',
        from: 'FREE_SHIPPING_FROM = 4_000',
        to: 'FREE_SHIPPING_FROM = 5_000',
      },
    ],
  },
  {
    daysAgo: 33,
    author: 'ada',
    message: 'Write down who owns what',
    add: ['CODEOWNERS', 'catalog-info.yaml'],
  },
  { daysAgo: 21, author: 'edsger', message: 'Write the runbook', add: ['docs/runbook.md'] },
  { daysAgo: 12, author: 'ada', message: 'Tell agents how we work', add: ['AGENTS.md'] },
  {
    daysAgo: 3,
    author: 'grace',
    message: 'Let LoomStack judge changes',
    add: ['.loom/policy.yaml', '.loom/workflows/change.yaml'],
  },
];

/** Writes the repository into an empty folder, with `main` as its branch. */
export async function writePast(folder: string, now: Date): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await run('git', ['init', '--quiet', '--initial-branch=main', '.'], { cwd: folder });
  for (const commit of PAST) {
    for (const path of commit.add ?? []) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      cpSync(join(TEMPLATE, path), join(folder, path));
    }
    for (const { path, from, to } of commit.edit ?? []) {
      const text = readFileSync(join(folder, path), 'utf8');
      if (!text.includes(from)) throw new Error(`${path} does not say ${from}`);
      writeFileSync(join(folder, path), text.replace(from, to));
    }
    const { name, email } = PEOPLE[commit.author];
    const date = new Date(now.getTime() - commit.daysAgo * DAY_MS).toISOString();
    const env = {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: date,
    };
    await run('git', ['add', '--all'], { cwd: folder });
    await run('git', ['commit', '--quiet', '--message', commit.message], { cwd: folder, env });
  }
}
