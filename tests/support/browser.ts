/** A real Chromium on a real server, and everything it complained about. */
import { existsSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Page,
  type Request,
} from 'playwright-core';
import type { ServerProcess } from './server.ts';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

const HINT = 'Install Chromium, or name one with CHROMIUM_PATH.';

export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  return named === undefined || named === '' ? PLACES.find((path) => existsSync(path)) : named;
}

/** Whether the tests run; in CI a missing Chromium is a failure and not a skip. */
export const hasBrowser = findChromium() !== undefined || process.env['CI'] !== undefined;

if (!hasBrowser) process.stderr.write(`Browser tests are skipped: no Chromium found. ${HINT}\n`);

export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(`No Chromium found. ${HINT}`);
  // Chromium refuses its sandbox to root, which is who runs tests in a container.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface Visitor extends AsyncDisposable {
  page: Page;
  context: BrowserContext;
  /** Console errors, failed requests and requests to other hosts, since the last call. */
  complaints(): string[];
}

/** A fresh browser profile whose page reports what goes wrong in it. */
export async function visit(
  browser: Browser,
  server: Pick<ServerProcess, 'url'>,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: server.url, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  let complaints: string[] = [];

  page.on('pageerror', (error) => complaints.push(`error thrown: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== new URL(server.url).origin)
      complaints.push(`request to another host: ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    if (!isCutByLeaving(request))
      complaints.push(`request failed: ${request.url()} ${request.failure()?.errorText ?? ''}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400)
      complaints.push(`answered ${response.status()}: ${response.url()}`);
  });

  return {
    page,
    context,
    complaints() {
      const given = complaints;
      complaints = [];
      return given;
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Leaving a page ends its live stream and whatever it was still asking for. */
function isCutByLeaving(request: Request): boolean {
  return request.failure()?.errorText === 'net::ERR_ABORTED';
}

/** Signs in with a fresh one-time link, as a person would. */
export async function signIn(page: Page, server: ServerProcess): Promise<void> {
  const { code } = await server.post<{ code: string }>('/v1/login-codes', {});
  await page.goto(`/login?code=${code}`);
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/**
 * Waits until nothing on the page is on its way from one look to another: a colour read in between
 * belongs to neither. What moves for ever, such as a spinner, is not waited for.
 */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const moving = () => document.getAnimations().filter(
      (each) => each.playState === 'running' && each.effect.getComputedTiming().endTime < Infinity,
    );
    // A change of style starts its transitions with the frame after it.
    await nextFrame();
    await nextFrame();
    while (moving().length > 0) {
      await Promise.allSettled(moving().map((each) => each.finished));
      await nextFrame();
    }
  })()`);
}

/** What axe finds against WCAG 2 A and AA, one line for each element. */
export async function accessibilityProblems(
  page: Page,
  what: 'everything' | 'colours' = 'everything',
): Promise<string[]> {
  await settled(page);
  const axe = new AxeBuilder({ page });
  if (what === 'everything') axe.withTags(WCAG);
  else axe.withRules(['color-contrast', 'link-in-text-block']);
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) =>
        `${id}: ${help} at ${target.join(' ')} (${failureSummary ?? ''})`,
    ),
  );
}
