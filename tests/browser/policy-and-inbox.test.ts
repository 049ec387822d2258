/**
 * Goal: a leader sees what an edited policy would do before it is published, another one has to agree to it,
 * and a reviewer answers without a mouse. Method: Chromium on a real server with the sample organisation.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '#testing';
import { hasBrowser, launchChromium, signIn, type Visitor, visit } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type ServerProcess, startServer } from '../support/server.ts';

interface Assignment {
  id: string;
  title: string;
  personId: string;
  changeId: string;
  state: string;
}

describe.skipIf(!hasBrowser)('policy studio and inbox', () => {
  const resources = new AsyncDisposableStack();
  let browser: Browser;
  let server: ServerProcess;
  let visitor: Visitor;

  beforeAll(async () => {
    browser = await launchChromium();
    resources.defer(() => browser.close());
    const folder = resources.use(temporaryFolder('policy-and-inbox'));
    server = resources.use(await startServer({ data: folder.path, args: ['up'] }));
    visitor = resources.use(await visit(browser, server, { reducedMotion: 'reduce' }));
    await signIn(visitor.page, server);
  });

  afterAll(() => resources.disposeAsync());

  /** The text of the repository's file, once a change was judged by it. */
  function policyText(): Promise<string> {
    return waitFor(
      'a change to be judged by the file',
      async () => {
        const path = '/v1/policy/versions?repository=acme/shop';
        const { items } = await server
          .get<{ items: { text: string; isActive: boolean }[] }>(path)
          .catch(() => ({ items: [] }));
        return items.find(({ isActive }) => isActive)?.text;
      },
      { timeoutMs: 150_000, everyMs: 250 },
    );
  }

  async function writePolicy(text: string): Promise<void> {
    const { page } = visitor;
    await page.getByRole('textbox', { name: 'Policy file' }).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  }

  it('a typo is named in its line, and jumped to from the list', async () => {
    const { page } = visitor;
    const text = await policyText();
    await page.goto('/policy?tab=edit');
    await page.getByText('It loads, and its own tests pass').waitFor();

    await writePolicy(text.replace('rules:', 'rulse:'));

    const line = page.locator('.cm-line', { hasText: 'rulse:' });
    await line.getByText(/Unknown key rulse/).waitFor();
    await page.getByText('It would be refused').waitFor();
    await page
      .getByRole('list', { name: 'Problems' })
      .getByText('rules', { exact: true })
      .waitFor();
    await page
      .getByRole('button', { name: /^Go to line \d+, column 1$/ })
      .first()
      .click();
    await page.locator('.cm-activeLine', { hasText: 'rulse:' }).waitFor();
    expect(await page.getByRole('button', { name: 'Run backtest' }).isDisabled()).toBe(true);

    // Keys come from the schema the server gives.
    await writePolicy('');
    await page.keyboard.type('auto');
    await page.locator('.cm-tooltip-autocomplete', { hasText: 'autonomy' }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('a backtest shows which changes a stricter text moves, and by which rule', async () => {
    const { page } = visitor;
    const [rules = ''] = (await policyText()).split('\ntests:');
    await page.goto('/policy?tab=edit');
    await writePolicy(`${rules}
  - id: cart-by-two
    because: Two people look at the cart
    when: { paths: ["src/cart/**"] }
    require: { reviewers: 2 }
`);
    await page.getByText('It loads, and its own tests pass').waitFor();

    await page.keyboard.press('Control+Enter');

    const moved = page.getByRole('table', { name: 'Changes that move lane' });
    await moved.waitFor();
    expect(await moved.getByText('Two people').count()).toBeGreaterThan(0);
    expect(await moved.getByText('cart-by-two').count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('The text has changed since this backtest').waitFor();
  });

  it('a review is read and approved by keys alone, and its change goes on', async () => {
    const asked = await waitFor(
      'somebody to be asked',
      async () => {
        const path = '/v1/inbox?everybody=true';
        const { items } = await server.get<{ items: Assignment[] }>(path);
        return items.find(({ state }) => state === 'open' || state === 'acknowledged');
      },
      { timeoutMs: 150_000, everyMs: 250 },
    );
    const { personId } = asked;
    const { code } = await server.post<{ code: string }>('/v1/login-codes', { personId });
    await using reviewer = await visit(browser, server, { reducedMotion: 'reduce' });
    const { page } = reviewer;
    await page.goto(`/login?code=${code}`);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByRole('heading', { level: 2, name: asked.title }).waitFor();
    for (const slot of ['You', 'Rules', 'Risk', 'Reaches', 'Evidence', 'Read', 'From', 'Undo'])
      await page.getByRole('region', { name: slot, exact: true }).waitFor();

    await page.keyboard.press('a');
    await page.keyboard.type('Boundary cases are tested.');
    await page.keyboard.press('Control+Enter');

    await page.getByText('Nothing waits for you').waitFor();
    await waitFor(
      'the change to land',
      async () => {
        const path = `/v1/changes/${asked.changeId}`;
        const { change } = await server.get<{ change: { state: string } }>(path);
        return change.state === 'merged';
      },
      { timeoutMs: 150_000, everyMs: 250 },
    );
  });

  // Last: it holds above every repository.
  it('a policy of the organisation waits until another leader agrees', async () => {
    const { page } = visitor;
    const path = '/v1/policy/organisation/versions';
    const [first, why] = ['version: 1\nrules: []\n', 'Say what we mean'];
    await server.post(path, { text: first, reason: 'Nothing is asked for yet' });
    await page.goto('/policy?tab=edit&layer=organisation');
    await page.getByRole('textbox', { name: 'Policy file' }).waitFor();
    await writePolicy(`${first}# Said twice.\n`);
    await page.getByRole('textbox', { name: 'Reason' }).fill(why);
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByText('Somebody else has to agree to yours.').waitFor();
    expect(await page.getByRole('button', { name: 'Agree' }).isDisabled()).toBe(true);

    const { id } = await server.post<{ id: string }>('/v1/people', {
      name: 'Grace Hopper',
      roles: ['admin'],
    });
    const { code } = await server.post<{ code: string }>('/v1/login-codes', { personId: id });
    await using leader = await visit(browser, server, { reducedMotion: 'reduce' });
    await leader.page.goto(`/login?code=${code}`);
    await leader.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await leader.page.goto('/policy?tab=edit&layer=organisation');
    await leader.page.getByRole('button', { name: 'Agree' }).click();

    const inForce = await waitFor(
      'the version to be in force',
      async () => {
        const { items } = await server.get<{
          items: { state: string; reason: string; approvals: { personName: string }[] }[];
        }>(path);
        return items.find(({ state, reason }) => state === 'active' && reason === why);
      },
      { timeoutMs: 60_000, everyMs: 250 },
    );
    expect(inForce.approvals).toMatchObject([{ personName: 'Grace Hopper' }]);
  });
});
