/**
 * `npm run new:connector NAME [-- TITLE]`: a connector that takes signed webhooks and passes the suite all
 * sources must pass, with its entry and its page. What is left to do is in docs/checklists/connector.md.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const [name = '', title = titleOf(name)] = process.argv.slice(2);
if (!/^[a-z][a-z0-9]{1,30}$/.test(name)) {
  console.error('Usage: npm run new:connector NAME, in lower-case letters and digits: acmetracker');
  process.exit(2);
}
const folder = `src/connectors/${name}`;
if (existsSync(folder)) {
  console.error(`${folder} is there already.`);
  process.exit(1);
}

const Name = name.charAt(0).toUpperCase() + name.slice(1);
const files: Record<string, string> = {
  [`${folder}/index.ts`]: `/**
 * ${title}: deliveries become signals. It keeps nothing.
 */
export { create${Name}Source, ${name.toUpperCase()} } from './source.ts';
`,
  [`${folder}/source.ts`]: `/** ${title} as a source of signals: checks that a delivery is genuine and has it translated. Pure. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { isSignedBy, type Signal, type SignalSource } from '#connectors/contract';
import { AppError, parseJson } from '#kernel';

export const ${name.toUpperCase()} = '${name}';
const MAX_ID = 200;

/** Only the fields we use; the system may add or drop the rest at will. */
const ItemEvent = z.object({
  id: z.string().max(200),
  title: z.string(),
  isClosed: z.boolean(),
  updatedAt: z.iso.datetime({ offset: true }),
});

/** @throws AppError \`${name}.missing_webhook_secret\` when the secret is empty: anyone could sign then. */
export function create${Name}Source({ webhookSecret }: { webhookSecret: string }): SignalSource {
  if (webhookSecret.trim() === '') {
    throw new AppError('invalid', '${name}.missing_webhook_secret', {
      message: 'The webhook secret of ${title} is empty.',
      hint: 'Set its webhook secret to the one in ${title}.',
    });
  }
  return {
    name: ${name.toUpperCase()},

    verify({ headers, body }) {
      if (isSignedBy(webhookSecret, body, headers['x-${name}-signature'] ?? '')) return;
      throw new AppError('unauthenticated', '${name}.bad_signature', {
        message: 'The delivery is not signed with the configured webhook secret.',
        hint: 'Compare the secret in ${title} with the one here.',
      });
    },

    deliveryId({ headers, body }) {
      const id = headers['x-${name}-delivery'] ?? '';
      // Without an id of their own, equal bytes are the same delivery.
      return id !== '' && id.length <= MAX_ID ? id : \`sha256:\${hash('sha256', body)}\`;
    },

    toSignals: ({ headers, body }) =>
      headers['x-${name}-event'] === 'item.updated' ? [itemUpdated(body)] : [],
  };
}

function itemUpdated(body: Uint8Array): Signal {
  const item = parseJson(ItemEvent, body, '${name}.unreadable_delivery');
  return {
    type: 'work-item.updated',
    source: ${name.toUpperCase()},
    // Names the fact and not the delivery: whatever tells of it again has the same key.
    dedupeKey: \`${name}:\${hash('sha256', JSON.stringify(item))}\`,
    occurredAt: new Date(item.updatedAt),
    workItem: {
      externalKey: item.id,
      title: item.title,
      text: '',
      labels: [],
      state: item.isClosed ? 'closed' : 'open',
      author: {},
    },
  };
}
`,
  [`${folder}/source.test.ts`]: `/**
 * Goal: deliveries of ${title} become the signals they are, and only its own count.
 * Method: the suite all sources share. Put recorded deliveries of the real system beside it.
 */
import { describeSignalSource } from '../contract/conformance.ts';
import { signBody } from '#connectors/contract';
import { create${Name}Source } from './source.ts';

const item = { id: 'ITEM-1', title: 'Refuse empty orders', isClosed: false };

function delivery(fields: object, id = 'delivery-1') {
  return {
    headers: { 'x-${name}-event': 'item.updated', 'x-${name}-delivery': id },
    body: Buffer.from(JSON.stringify({ ...item, updatedAt: '2026-01-05T09:00:00Z', ...fields })),
  };
}

describeSignalSource({
  name: '${title}',
  create: create${Name}Source,
  sign: ({ headers, body }, secret) => ({
    headers: { ...headers, 'x-${name}-signature': signBody(secret, body) },
    body,
  }),
  signatureHeader: 'x-${name}-signature',
  eventHeader: 'x-${name}-event',
  firstPush: delivery({}),
  secondPush: delivery({ isClosed: true, updatedAt: '2026-01-05T10:00:00Z' }, 'delivery-2'),
  redelivered: delivery({}, 'delivery-3'),
  withTitle: (title) => delivery({ title }),
});
`,
  [`src/app/connectors/${name}.ts`]: `/** ${title}. Its webhook secret is ours: \`rotate-secret\` shows a new one once. */
import { create${Name}Source } from '#connectors/${name}';
import type { ConnectorEntry } from './entry.ts';

const HOOK_SECRET = '${name}-webhook';

export const ${name}Entry: ConnectorEntry = {
  description: {
    name: '${name}',
    title: '${title}',
    summary: 'Work items.',
    capabilities: ['signals'],
    documentation: 'docs/connectors/${name}.md',
  },
  ownSecret: () => HOOK_SECRET,
  open: ({ secrets }) => ({
    settings: [],
    source: create${Name}Source({ webhookSecret: secrets.ensure(HOOK_SECRET) }),
  }),
};
`,
  [`docs/connectors/${name}.md`]: `# ${title}

## Set it up
1. \`POST /v1/connections/${name}/rotate-secret\` shows a new webhook secret once.
2. In ${title}, make a webhook to \`https://<your LoomStack>/webhooks/${name}\` with that secret.

## What becomes of events
| event | signal |
| --- | --- |
| item updated | \`work-item.updated\` |
| all others | none |
`,
};

for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`made    ${path}`);
}
edit('src/app/connectors/registry.ts', (text) =>
  text
    .replace(
      /(import type \{ ConnectorEntry \})/,
      `import { ${name}Entry } from './${name}.ts';\n$1`,
    )
    .replace(/\n\];/, `\n  ${name}Entry,\n];`),
);
edit('docs/README.md', (text) =>
  text.replace('- Connectors: ', `- Connectors: [${title}](connectors/${name}.md), `),
);
edit('docs/errors/connectors.md', (text) =>
  [
    text.trimEnd(),
    `| \`${name}.missing_webhook_secret\` | The connector of ${title} was started with an empty webhook secret. | Set it. |`,
    `| \`${name}.bad_signature\` | A delivery to \`/webhooks/${name}\` is not signed with the webhook secret. | Compare the secrets on both sides. |`,
    `| \`${name}.unreadable_delivery\` | The body is not JSON, or not what ${title} documents for the event. | Check the version of whatever sent it. |`,
    '',
  ].join('\n'),
);
console.log(`
Now: oxfmt --write src/app/connectors src/connectors/${name}
     vitest run ${folder} src/app/documents.test.ts
     and docs/checklists/connector.md for what makes it yours.`);

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${path} is not as expected; add ${name} by hand.`);
  writeFileSync(path, after);
  console.log(`edited  ${path}`);
}

function titleOf(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
