/**
 * Goal: a newcomer's first ten minutes, from the printed link to a signed log. Method: a real server
 * with the sample organisation, walked in Chromium by role and label, never loading a page anew
 * where the page promises to be live.
 */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, launchChromium, visit, type Visitor } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type ServerProcess, startServer } from '../support/server.ts';

/** The sample's agents run real tests in real worktrees; a busy machine takes its time. */
const PLAY_MS = 120_000;
const SHIPPED = 'Show what is missing for free shipping';
const WAITING = 'Refund parts of an order';

describe.skipIf(!hasBrowser)('the first thread in the browser', () => {
  const resources = new AsyncDisposableStack();
  let server: ServerProcess;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let loginUrl: string;

  beforeAll(async () => {
    const folder = resources.use(temporaryFolder('browser'));
    server = resources.use(await startServer({ data: folder.path, args: ['up'] }));
    browser = await launchChromium();
    resources.defer(() => browser.close());
    visitor = resources.use(
      await visit(browser, server, { viewport: { width: 1440, height: 900 } }),
    );
    page = visitor.page;
    loginUrl = /\bhttp\S+\/login\?code=\S+/.exec(server.output())![0];
  });

  afterAll(() => resources.disposeAsync());

  const panel = (name: string): Locator => page.getByRole('region', { name, exact: true });
  const goTo = (name: string) =>
    page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
  const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });

  async function openChange(title: string, state: 'Open' | 'Merged'): Promise<void> {
    await goTo('Changes');
    await page.getByRole('radiogroup', { name: 'State' }).getByText(state, { exact: true }).click();
    await page.getByRole('link', { name: title }).click({ timeout: PLAY_MS });
    await heading(title).waitFor();
  }

  it('logs in by the link the server printed', async () => {
    await page.goto(loginUrl);

    await heading('Overview').waitFor();

    expect(new URL(page.url()).pathname).toBe('/');
  });

  it('shows the overview come alive without loading it anew', async () => {
    await page.evaluate('isSamePage = true');
    const events = page.getByRole('list', { name: 'Latest events' });

    await panel('Sidebar').getByText('Live', { exact: true }).waitFor();
    await events.getByText('Claim denied').first().waitFor({ timeout: PLAY_MS });
    await events.getByText('Approval requested').first().waitFor({ timeout: PLAY_MS });
    await panel('Needs attention').getByText(WAITING).waitFor();

    expect(await page.evaluate('typeof isSamePage')).toBe('boolean');
  });

  it('shows the low-risk change merged, with its verdict, the rule that decided and its line', async () => {
    await openChange(SHIPPED, 'Merged');
    const verdict = panel('Verdict');

    await verdict.getByText('It may merge without a person.').waitFor();
    const rules = verdict.getByRole('list', { name: 'Deciding rules' });

    await rules.getByText('A small tested change of the cart may ship alone').waitFor();
    await rules.getByText(/^\.loom\/policy\.yaml:\d+$/).waitFor();
  });

  it('adds the risk factors up to the score', async () => {
    const rows = panel('Verdict')
      .getByRole('table', { name: /Risk factors/ })
      .getByRole('row');

    const points = await rows.locator('td:last-child').allInnerTexts();
    const numbers = points.map((text) => Number(text.replace('−', '-')));
    const score = numbers.pop();

    expect(numbers.reduce((sum, each) => sum + each, 0)).toBeCloseTo(score!, 0);
  });

  it('shows the deployment that carried it', async () => {
    const delivery = panel('Delivery');

    await delivery.getByText('Merged as').waitFor();
    await delivery.getByText('Succeeded').waitFor({ timeout: PLAY_MS });
  });

  it('opens the context pack its session was given', async () => {
    const change = page.url();
    await panel('About')
      .getByRole('link', { name: /items?, [\d,]+ tokens/ })
      .click();

    // A later pack of a session tells only what is new, and leads to the one it adds to.
    const items = panel('Context pack');
    const earlier = page.locator('p').filter({ hasText: 'Adds to' }).getByRole('link');
    const wanted = items.getByText('src/cart/summary.js').first();
    await wanted.or(earlier).first().waitFor();
    if (!(await wanted.isVisible())) await earlier.first().click();
    await wanted.waitFor();
    await page.goto(change);
    await heading(SHIPPED).waitFor();
  });

  it('opens the run as a graph of finished steps', async () => {
    await panel('Run').getByRole('link', { name: 'Open graph' }).click();
    const graph = panel('Graph');

    for (const step of ['Tests', 'Verdict', 'Approval', 'Merge', 'Deployment'])
      await graph.getByText(step, { exact: true }).waitFor();
    await page.getByText('6 of 6 steps done').waitFor();
    await page.getByRole('link', { name: 'Open change' }).click();
    await heading(SHIPPED).waitFor();
  });

  it('traces the change back to its session and claim, and from the session forward to it', async () => {
    const origin = panel('Trace').getByRole('list', { name: 'Where it came from' });
    await origin.getByRole('listitem').filter({ hasText: 'Claim' }).first().waitFor();
    await origin.getByRole('listitem').filter({ hasText: 'Session' }).getByRole('link').click();

    await page
      .getByRole('table', { name: 'Claims of this session' })
      .getByText('src/cart/summary.js')
      .waitFor();
    await page
      .getByRole('list', { name: 'Changes of this session' })
      .getByRole('link', { name: SHIPPED })
      .click();

    await panel('Verdict').waitFor();
  });

  it('traces the deployment back to the request behind it', async () => {
    const outcome = panel('Trace').getByRole('list', { name: 'What came of it' });
    await outcome.getByRole('listitem').filter({ hasText: 'Deployment' }).getByRole('link').click();

    const origin = panel('Trace').getByRole('list', { name: 'Where it came from' });
    await origin.getByRole('listitem').filter({ hasText: 'Work item' }).waitFor();
    await origin
      .getByRole('listitem')
      .filter({ hasText: /^Change/ })
      .getByRole('link')
      .click();

    await heading(SHIPPED).waitFor();
  });

  it('says for the payments change what is missing, why, and where it is written', async () => {
    await openChange(WAITING, 'Open');
    const verdict = panel('Verdict');

    await verdict.getByText('One person has to approve it.').waitFor();
    await verdict.getByRole('heading', { name: 'Still missing to ship' }).waitFor();
    await verdict.getByText(/^1 approval from/).waitFor();
    const rule = verdict
      .getByRole('list', { name: 'Deciding rules' })
      .getByRole('listitem')
      .filter({ hasText: 'Money moves here' });

    await rule.getByText(/^\.loom\/policy\.yaml:\d+$/).waitFor();
    await rule.getByRole('img', { name: 'Not met' }).waitFor();
  });

  it('asks for a reason before a review, and merges and deploys live after an approval', async () => {
    await page.evaluate('isSamePage = true');
    const review = panel('Your review');
    await review.getByRole('button', { name: 'Approve' }).click();
    await review.getByText('Write one sentence').waitFor();

    await review.getByRole('textbox', { name: 'Reason' }).fill('Amounts are bounded and tested.');
    await review.getByRole('button', { name: 'Approve' }).click();

    const delivery = panel('Delivery');
    await delivery.getByText('Merged as').waitFor({ timeout: PLAY_MS });
    await delivery.getByText('Succeeded').waitFor({ timeout: PLAY_MS });
    await panel('Approvals').getByText('Amounts are bounded and tested.').waitFor();
    expect(await page.evaluate('typeof isSamePage')).toBe('boolean');
  });

  it('shows the second agent who holds the file it wanted', async () => {
    await goTo('Sessions');
    await page.getByRole('link', { name: 'Log refunds for bookkeeping' }).click();

    const refused = page.getByRole('list', { name: 'Refused claims' }).getByRole('listitem');

    await refused
      .getByText('src/payments/refund.js is held by claude-code of Ada Lovelace')
      .waitFor();
  });

  it('verifies the whole log at the press of a button', async () => {
    await goTo('Audit');
    await page.getByRole('button', { name: 'Verify now' }).click();

    await page.getByText(/^All \d+ entries verify$/).waitFor();
  });

  it('opens the commits behind a figure of the X-ray', async () => {
    await goTo('X-ray');
    await page.getByRole('link', { name: 'acme/shop' }).click();
    await page
      .getByRole('region', { name: 'Figures of the period' })
      .getByRole('button', { name: /^Changes/ })
      .click();

    const commits = page.getByRole('dialog', { name: 'All changes' }).getByRole('listitem');
    await commits.filter({ hasText: SHIPPED }).first().waitFor();

    expect(await commits.count()).toBeGreaterThan(5);
    await page.keyboard.press('Escape');
  });

  it('jumps anywhere from the command palette', async () => {
    await page.keyboard.press('Control+K');
    await page.getByRole('textbox', { name: 'Search and commands' }).fill('partial-refunds');
    await page.getByRole('dialog').getByText(WAITING).first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');

    await heading(WAITING).waitFor();
  });

  it('turns dark and stays so after a reload', async () => {
    const scheme = () => page.evaluate('getComputedStyle(document.documentElement).colorScheme');
    await page.getByRole('radio', { name: 'Dark' }).press('Space');
    expect(await scheme()).toBe('dark');

    await page.reload();
    await heading(WAITING).waitFor();

    expect(await scheme()).toBe('dark');
  });

  it('complained about nothing on the way', () => {
    expect(visitor.complaints()).toEqual([]);
  });

  it('signs out', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();

    await heading('Sign in to LoomStack').waitFor();
  });

  it('lets nobody in by the same link again', async () => {
    await page.goto(loginUrl);
    await heading('This login link does not work any more').waitFor();

    await page.goto('/');

    await heading('Sign in to LoomStack').waitFor();
  });
});
