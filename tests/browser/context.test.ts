/**
 * Goal: what the organisation knows can be found, questioned and put right in the console. Method: a
 * real server with the sample organisation, used in Chromium by role and label.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '#testing';
import { hasBrowser, launchChromium, signIn, visit, type Visitor } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type ServerProcess, startServer } from '../support/server.ts';

const LESSON = 'Money is in cents everywhere; floats break the invoices.';
const ADR = '1. Money is an integer number of cents';
const OTHER_ADR = '2. Calls to the payment gateway carry an idempotency key';

describe.skipIf(!hasBrowser)('context in the browser', () => {
  const resources = new AsyncDisposableStack();
  let server: ServerProcess;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    const folder = resources.use(temporaryFolder('context'));
    server = resources.use(await startServer({ data: folder.path, args: ['up'] }));
    browser = await launchChromium();
    resources.defer(() => browser.close());
    visitor = resources.use(
      await visit(browser, server, { viewport: { width: 1440, height: 900 } }),
    );
    page = visitor.page;
    await waitFor(
      'the repository of the sample in the graph',
      async () => {
        const path = '/v1/graph/entities?kind=decision&limit=1';
        return (await server.get<{ items: unknown[] }>(path)).items.length > 0;
      },
      { timeoutMs: 150_000, everyMs: 250 },
    );
    await signIn(page, server);
    visitor.complaints();
  });

  afterAll(() => resources.disposeAsync());

  const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });
  const panel = (name: string) => page.getByRole('region', { name, exact: true });

  it('finds a decision by part of its name and shows by whose word it stands', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('k');
    await heading('Context').waitFor();
    await page.getByRole('textbox', { name: 'Search by name or path' }).fill('integer number');

    // The decision, not the section of its document, which is called the same.
    await page.getByRole('link', { name: ADR }).and(page.locator('[href*="id=decision"]')).click();
    await heading(ADR).waitFor();

    await panel('Sources').getByText('docs/adr/0001-money-in-cents.md').first().waitFor();
    await panel('Relations').getByRole('listitem').first().waitFor();
  });

  it('looks at it as of a time before anybody knew', async () => {
    const handle = page.getByRole('slider', { name: 'Known to us, as of' });
    await handle.focus();

    await handle.press('Home');

    await page.getByText('Nothing was known of it then').waitFor();
    expect(new URL(page.url()).searchParams.has('knownAt')).toBe(true);
    await page.getByRole('button', { name: 'Back to now' }).click();
    await panel('Timeline').waitFor();
    // That nobody knew of it is what the server answers, too.
    expect(visitor.complaints().filter((text) => !/\b404\b/.test(text))).toEqual([]);
  });

  it('reports that two decisions contradict each other, and settles it', async () => {
    await page.getByRole('button', { name: 'Report a contradiction' }).click();
    await page.getByRole('combobox', { name: 'The other record' }).fill('idempotency key');
    await page
      .getByRole('option', { name: new RegExp(OTHER_ADR.slice(3)) })
      .first()
      .click();
    await page.getByRole('textbox', { name: 'Because' }).fill('Only one of them can hold.');
    await page.getByRole('button', { name: 'Report', exact: true }).click();

    const disagreements = panel('Disagreements');
    await disagreements.getByText('Only one of them can hold.').waitFor();
    await disagreements.getByRole('button', { name: 'Settle' }).click();
    await disagreements.getByText('Both hold').click();
    await disagreements.getByRole('textbox', { name: 'Because' }).fill('They speak of two things.');
    await disagreements.getByRole('button', { name: 'Settle it' }).click();

    await disagreements.waitFor({ state: 'detached' });
  });

  it('shows what an agent would be told for a task, and why', async () => {
    await page.goto('/context/preview');
    await page.getByRole('textbox', { name: 'Task' }).fill('Refund a part of an order');
    await page.getByRole('button', { name: 'Preview' }).click();

    await panel('Likely files').getByText('src/payments/refund.js').first().waitFor();
    await panel('Tokens').getByText('of 4,000').waitFor();
    await page.getByRole('button', { name: 'Show as the agent reads it' }).click();
    await page.getByText('# Context: Refund a part of an order').waitFor();
  });

  it('says how well past changes would have been found, and fits the ranking to them', async () => {
    const { items } = await server.get<{ items: { id: string; name: string }[] }>(
      '/v1/repositories',
    );
    await page.goto(`/xray/${items.find(({ name }) => name === 'acme/shop')!.id}`);
    const study = panel('Files found for past changes');
    await study.getByText('Found in the first ten').waitFor({ timeout: 90_000 });
    await study.getByRole('list', { name: 'Examples of past changes' }).waitFor();

    await panel('Ranking fitted to your changes').getByRole('button', { name: 'Fit anew' }).click();

    await panel('Ranking fitted to your changes')
      .getByText(/later changes ask this; 40 are needed/)
      .first()
      .waitFor({ timeout: 90_000 });
  });

  it('tells agents of a lesson once a person has approved it', async () => {
    const { id } = await server.post<{ id: string }>('/v1/lessons', {
      repository: 'acme/shop',
      text: LESSON,
      paths: ['src/payments/'],
    });
    await page.goto('/context/lessons');
    const row = page.getByRole('list', { name: 'Lessons' }).getByText(LESSON);
    await row.waitFor();

    await page.getByRole('button', { name: 'Approve', exact: true }).click();

    await row.waitFor({ state: 'detached' });
    expect(await server.get(`/v1/lessons/${id}`)).toMatchObject({ state: 'approved' });
    await page
      .getByRole('radiogroup', { name: 'State' })
      .getByText('In force', { exact: true })
      .click();
    await row.waitFor();
  });

  it('opens a folder of the ownership map without a mouse', async () => {
    await page.goto('/context/ownership');
    const folder = page.getByRole('button', { name: /^src\// });
    await folder.focus();

    await page.keyboard.press('Enter');

    await page.getByRole('button', { name: /^payments\// }).waitFor();
    await page.getByText('@acme/payments').first().waitFor();
  });

  it('complained about nothing on the way', () => {
    expect(visitor.complaints()).toEqual([]);
  });
});
