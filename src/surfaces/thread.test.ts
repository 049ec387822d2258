/**
 * Goal: what an agent meets from its first hook to its question before the push, over one repository.
 * Method: a real repository imported through the API; hooks and MCP as an agent uses them.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testRepository, type TestRepository } from '#testing';
import { type TestApp, testApp } from '#testing/app';

let app: TestApp;
let shop: TestRepository;
let admin: string;
let developer: string;
let client: Client;

beforeAll(async () => {
  app = await testApp();
  shop = await testRepository();
  admin = await app.tokenFor('admin');
  developer = await app.tokenFor('developer');
  await shop.commit({
    message: 'Begin the shop',
    files: {
      'src/orders/validate.ts': 'export function validateOrder(order) { return order.lines; }\n',
      'docs/adr/0001-money-in-cents.md': '# Money is in cents\n\nFloats broke the invoices.\n',
      'README.md': '# Shop\n',
    },
  });
  await shop.branch('empty-orders');
  await shop.commit({
    message: 'Refuse empty orders',
    files: {
      'src/orders/validate.ts':
        'export function validateOrder(order) { if (!order.lines.length) throw new Error(); }\n',
    },
  });
  await shop.switchTo('main');
  await app.call('POST', '/v1/repositories', {
    token: admin,
    body: { url: shop.dir, name: 'acme/shop' },
  });
  client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
      fetch: async (url, init) => app.http.request(new Request(url, init)),
      requestInit: { headers: { authorization: `Bearer ${developer}` } },
    }),
  );
});
afterAll(async () => {
  await client.close();
  await shop[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

const textOf = (result: { content: unknown }) =>
  (result.content as { text: string }[]).map(({ text }) => text).join('\n');

async function hook(event: string, input: object, tree: object = { toplevel: shop.dir }) {
  const { body } = await app.call('POST', `/hooks/claude-code/${event}`, {
    token: developer,
    body: { input, git: tree },
  });
  return body as {
    output: { hookSpecificOutput?: { additionalContext?: string } };
    note: string | null;
  };
}

const contextOf = (answer: Awaited<ReturnType<typeof hook>>) =>
  answer.output.hookSpecificOutput?.additionalContext ?? '';

async function sessionOf(externalId: string) {
  const session = await app.services.sessions.findByExternalId('claude-code', externalId);
  return session!;
}

describe('hooks', () => {
  test('the first one registers the session in its repository and says how to work here', async () => {
    const answer = await hook('SessionStart', { session_id: 'one', cwd: shop.dir, model: 'opus' });

    const session = await sessionOf('one');
    expect(session).toMatchObject({ repository: 'acme/shop', model: 'opus', state: 'active' });
    expect(contextOf(answer)).toContain(`Loom-Session: ${session.id}`);
  });

  test('what others hold is part of the briefing', async () => {
    await hook('SessionStart', { session_id: 'holder', cwd: shop.dir });
    await app.services.claims.acquire({
      sessionId: (await sessionOf('holder')).id,
      repository: 'acme/shop',
      paths: ['src/billing/'],
    });

    const answer = await hook('SessionStart', { session_id: 'newcomer', cwd: shop.dir });

    expect(contextOf(answer)).toContain('src/billing/');
  });

  test('a prompt becomes the intent and gets a pack that names the file it is about', async () => {
    const prompt = 'Refuse empty orders in validateOrder\n\nWith a clear message.';

    const answer = await hook('UserPromptSubmit', { session_id: 'asks', cwd: shop.dir, prompt });

    const session = await sessionOf('asks');
    expect(contextOf(answer)).toContain('src/orders/validate.ts');
    expect(session.intent).toBe('Refuse empty orders in validateOrder');
    expect(session.packId).toMatch(/^ctx_/);
  });

  test('a repository that is not imported is said to be so, and edits go on', async () => {
    const tree = { toplevel: '/somewhere/else' };

    const answer = await hook(
      'SessionStart',
      { session_id: 'stranger', cwd: '/somewhere/else' },
      tree,
    );
    const edit = await hook(
      'PreToolUse',
      {
        session_id: 'stranger',
        tool_name: 'Write',
        tool_input: { file_path: '/somewhere/else/a' },
      },
      tree,
    );

    expect(contextOf(answer)).toContain('not imported');
    expect(edit).toEqual({ output: {}, note: null });
  });
});

describe('what a session is told by hooks', () => {
  const tree = (branch: string) => ({ toplevel: shop.dir, branch });

  test('begins with a pack for the work item its branch is named after', async () => {
    await app.services.db.query(
      `insert into work_items (id, repository, title, body, state, source, external_key, correlation_id)
       values ($1, 'acme/shop', 'Refuse empty orders', 'In validateOrder.', 'open', 'github', 'acme/shop#42', 'thread-42')`,
      [app.services.newId('wrk')],
    );

    const answer = await hook(
      'SessionStart',
      { session_id: 'ticket', cwd: shop.dir, source: 'startup' },
      tree('fix/42-something'),
    );

    const session = await sessionOf('ticket');
    const pack = await app.services.context.findPack(session.packId!);
    expect(pack).toMatchObject({ title: 'Refuse empty orders', budgetTokens: 1_500 });
    expect(pack!.workItemId).toMatch(/^wrk_/);
    expect(contextOf(answer)).toContain(pack!.text);
    expect(contextOf(answer)).toContain('src/orders/validate.ts');
  });

  test('is not told again after a resume, and anew after its memory was compacted', async () => {
    const start = (source: string) =>
      hook(
        'SessionStart',
        { session_id: 'memory', cwd: shop.dir, source },
        tree('refuse-empty-orders'),
      );
    const unchanged = async () =>
      (await app.services.context.findPack((await sessionOf('memory')).packId!))!.unchanged.length;

    await start('startup');
    await start('resume');
    const resumed = await unchanged();
    await start('compact');

    expect(resumed).toBeGreaterThan(0);
    expect(await unchanged()).toBe(0);
  });

  test('fits what the agent shows its model, however much there is to say', async () => {
    for (let index = 0; index < 30; index += 1) {
      const { body } = await app.call('POST', '/v1/sessions', {
        token: developer,
        body: { agent: 'codex', externalId: `busy-${index}`, repository: 'acme/shop' },
      });
      const sessionId = (body as { id: `ses_${string}` }).id;
      await app.services.claims.acquire({
        sessionId,
        repository: 'acme/shop',
        paths: [`src/${'deep/'.repeat(40)}${index}/`],
        intent: 'A long story about the work at hand. '.repeat(10),
      });
    }

    const answer = await hook(
      'SessionStart',
      { session_id: 'crowded', cwd: shop.dir, source: 'startup' },
      tree('refuse-empty-orders'),
    );

    expect(contextOf(answer)).toContain('Held by other sessions now');
    expect(Buffer.byteLength(contextOf(answer))).toBeLessThan(10_000);
  });
});

describe('MCP', () => {
  test('lists its tools in few words: under 4.5 KB with every shape of input', async () => {
    const { tools } = await client.listTools();

    const shapes = tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema,
    }));
    expect(JSON.stringify(shapes).length).toBeLessThan(4_500);
  });

  test('hands out the very text that is kept, and then only what is new', async () => {
    const { body } = await app.call('POST', '/v1/sessions', {
      token: developer,
      body: { agent: 'codex', externalId: 'exact', repository: 'acme/shop' },
    });
    const session = (body as { id: string }).id;
    const ask = (more: object = {}) =>
      client.callTool({
        name: 'get_context',
        arguments: { session, task: 'Refuse empty orders in validateOrder', ...more },
      });

    const first = await ask();
    const second = await ask();
    const full = await ask({ full: true });

    const { pack, text } = first.structuredContent as { pack: string; text: string };
    const kept = await app.call('GET', `/v1/context-packs/${pack}`, { token: developer });
    expect(textOf(first)).toBe(text);
    expect((kept.body as { text: string }).text).toBe(text);
    expect(textOf(second)).toContain('Told before and still so');
    expect(textOf(full)).not.toContain('Told before and still so');
  });

  test('gives a pack, and more of one of its items', async () => {
    const pack = await client.callTool({
      name: 'get_context',
      arguments: { repository: 'acme/shop', task: 'Refuse empty orders in validateOrder' },
    });
    const id = (pack.structuredContent as { pack: `ctx_${string}` }).pack;
    const [item] = (await app.services.context.findPack(id))?.items ?? [];

    const more = await client.callTool({ name: 'expand', arguments: { pack: id, item: item?.id } });

    expect(textOf(pack)).toContain('src/orders/validate.ts');
    expect(more.isError).toBeFalsy();
    expect(textOf(more).length).toBeGreaterThan(10);
  });

  test('finds a decision by its words', async () => {
    const result = await client.callTool({
      name: 'search_knowledge',
      arguments: { query: 'money cents floats', repository: 'acme/shop' },
    });

    expect(textOf(result)).toContain('0001-money-in-cents.md');
  });

  test('denies a path that another session holds, naming it', async () => {
    await hook('SessionStart', { session_id: 'left', cwd: shop.dir });
    await hook('SessionStart', { session_id: 'right', cwd: shop.dir });
    const [left, right] = [await sessionOf('left'), await sessionOf('right')];
    const claim = (session: string) =>
      client.callTool({ name: 'claim', arguments: { session, paths: ['src/orders/validate.ts'] } });

    const first = await claim(left.id);
    const second = await claim(right.id);

    expect(first.structuredContent).toMatchObject({ outcome: 'granted' });
    expect(second.structuredContent).toMatchObject({ outcome: 'denied' });
    expect(textOf(second)).toContain('src/orders/validate.ts');
  });

  test('says what the rules will ask of a branch', async () => {
    const result = await client.callTool({
      name: 'check_change',
      arguments: { repository: 'acme/shop', branch: 'empty-orders' },
    });

    expect(result.isError).toBeFalsy();
    expect(result.structuredContent).toMatchObject({
      lane: expect.any(String),
      outcome: expect.any(String),
    });
  });

  test('lists the documents, a page to a repository, and reads one', async () => {
    const { resources } = await client.listResources();
    const decision = resources.find(({ uri }) => uri.endsWith('0001-money-in-cents.md'));

    const read = await client.readResource({ uri: decision?.uri ?? '' });

    expect(read.contents).toMatchObject([{ text: expect.stringContaining('Floats broke') }]);
    await expect(
      client.readResource({ uri: 'loom://documents/acme/shop/src/orders/validate.ts' }),
    ).rejects.toThrow(/no document/);
  });

  test('keeps a lesson', async () => {
    const result = await client.callTool({
      name: 'record',
      arguments: { repository: 'acme/shop', text: 'Orders without lines come from the old app.' },
    });

    expect(result.isError).toBeFalsy();
  });
});

describe('the API', () => {
  test.each([
    '/v1/me',
    '/v1/overview',
    '/v1/repositories',
    '/v1/repositories/acme%2Fshop',
    '/v1/search?q=orders',
    '/v1/changes',
    '/v1/sessions?state=active',
    '/v1/claims?state=held',
    '/v1/work-items',
    '/v1/runs',
    '/v1/deployments',
    '/v1/incidents',
    '/v1/events?limit=5',
    '/v1/tokens',
    '/v1/people',
    '/v1/policy?repository=acme/shop',
    '/v1/system',
    '/v1/why?repository=acme/shop&path=README.md&line=1',
  ])('answers GET %s', async (path) => {
    const answer = await app.call('GET', path, { token: admin });

    expect(answer).toMatchObject({ status: 200 });
  });

  test('verifies and exports the log it writes', async () => {
    await app.settle();
    const auditor = await app.tokenFor('auditor');
    await app.settle();

    const verified = await app.call('POST', '/v1/audit/verify', { token: auditor, body: {} });
    const exported = await app.call('GET', '/v1/audit/export', { token: auditor });
    const checkpoint = await app.call('GET', '/v1/audit/checkpoint', { token: auditor });
    const proof = await app.call('GET', '/v1/audit/proofs/0', { token: auditor });

    expect(verified.body).toMatchObject({ isValid: true });
    const lines = (exported.body as string)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string });
    expect(lines.map(({ path }) => path)).toContain('checkpoint');
    expect(checkpoint.body).toMatchObject({ size: expect.any(Number) });
    expect(proof.status).toBe(200);
  });

  test('writes a deployment down once, however often it is reported', async () => {
    const report = {
      repository: 'acme/shop',
      environment: 'production',
      sha: await shop.sha('main'),
      status: 'succeeded',
      externalKey: 'deploy-1',
    };
    const send = () => app.call('POST', '/v1/deployments', { token: developer, body: report });

    const [first, second] = [await send(), await send()];

    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
  });

  test('writes an incident down, and its end', async () => {
    const report = { title: 'Checkout answers 500', severity: 'high', externalKey: 'pager-1' };
    const send = (state: string) =>
      app.call('POST', '/v1/incidents', { token: developer, body: { ...report, state } });

    const [opened, resolved] = [await send('open'), await send('resolved')];

    expect(opened).toMatchObject({ status: 201, body: { state: 'open' } });
    expect(resolved).toMatchObject({ status: 201, body: { state: 'resolved' } });
  });
});
