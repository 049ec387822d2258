/**
 * Goal: every page is whole for everybody: light and dark, desk and phone, full and empty, by mouse,
 * by keyboard and read aloud. Method: each address is opened in Chromium on a real server, once with
 * the sample organisation and once with nothing, and everything that is wrong is listed.
 */
import { gzipSync } from 'node:zlib';
import type { Browser, Page, Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '#testing';
import {
  accessibilityProblems,
  hasBrowser,
  launchChromium,
  signIn,
  type Visitor,
  visit,
} from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { type ServerProcess, startServer } from '../support/server.ts';

/**
 * A page is loaded once and then follows its window and the system's colours, as it would live. Both
 * colours and both widths are among these two; each further look costs CI two minutes.
 */
const DESK = { colorScheme: 'light', width: 1440, height: 900 } as const;
const PHONE_AT_NIGHT = { colorScheme: 'dark', width: 390, height: 844 } as const;
const LOOKS = [DESK, PHONE_AT_NIGHT] as const;

/** Reading a page of a hundred rows for its accessibility takes a minute on a busy machine. */
const PAGE_MS = 300_000;

/** Text that only a program's mistake puts on a page. */
const BROKEN_TEXT =
  /\bundefined\b|\bNaN\b|\[object |Invalid Date|(?<![\w,.+−])1 (?:changes|commits|entries|events|files|items|lines|people|repositories|runs|sessions|steps|tokens|work items)\b/;

/** An id in full, where a name or a short form should stand. */
const RAW_ID = /\b[a-z]{2,5}_[0-9a-f]{32}\b/;

const EVERYWHERE = {
  overview: '/',
  inbox: '/inbox',
  autonomy: '/autonomy',
  changes: '/changes?state=all',
  sessions: '/sessions',
  runs: '/runs',
  'the work board': '/board',
  'the landing queue': '/queue',
  devboxes: '/devboxes',
  collisions: '/collisions',
  workflows: '/workflows',
  work: '/work',
  'new work item': '/work?create=yes',
  'X-ray': '/xray',
  trace: '/trace',
  'the context explorer': '/context',
  dependencies: '/context/map',
  'the pack preview': '/context/preview',
  ownership: '/context/ownership',
  'knowledge to put right': '/context/attention',
  lessons: '/context/lessons',
  policy: '/policy',
  'policy studio': '/policy?tab=edit',
  'studio of the organisation': '/policy?tab=edit&layer=organisation',
  'policy versions': '/policy?tab=versions',
  audit: '/audit',
  agents: '/agents',
  connections: '/connections',
  'a connection that works': '/connections/local',
  'a connection to be set up': '/connections/github',
  people: '/settings?tab=people',
  tokens: '/settings?tab=tokens',
  'new token': '/settings?tab=tokens&create=yes',
  system: '/settings?tab=system',
  'an address without a page': '/nowhere',
};

/** Pages of single records; what stands in braces is an id of the sample organisation. */
const OF_THE_SAMPLE = {
  'a merged change': '/changes/{merged}',
  'a waiting change': '/changes/{waiting}',
  'a session': '/sessions/{session}',
  'a refused session': '/sessions/{refused}',
  'a context pack': '/packs/{pack}',
  'a finished run': '/runs/{finishedRun}',
  'a waiting run': '/runs/{waitingRun}',
  'a step of a run': '/runs/{waitingRun}?step=approval',
  'a work item': '/work?item={workItem}',
  'an X-ray': '/xray/{repository}',
  'a trace': '/trace?ref={merged}',
  'a line of code': '/trace?ref=src/cart/summary.js:5',
  'an audit entry': '/audit?event={event}',
  'a search in the context': '/context?text=payment',
  'an entity': '/context/entity?id=component%3Adefault%2Fshop',
  'a person': '/context/entity?id=person%3Aemail%3Agrace%40acme.example',
  'a service in the graph': '/context/map?focus=component%3Adefault%2Fshop',
  'a previewed pack': '/context/preview?task=Refuse+empty+orders&repository=acme%2Fshop',
  'the map of owners': '/context/ownership?view=map',
};

describe.skipIf(!hasBrowser)('pages of the console', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(() => browser.close());

  describe('of the sample organisation', () => {
    const world = openWorld(() => browser, ['up']);
    let ids: Record<string, string>;

    beforeAll(async () => {
      ids = await playedOut(world.server());
    });

    for (const [name, path] of Object.entries({ ...EVERYWHERE, ...OF_THE_SAMPLE })) {
      it(
        `${name} is whole`,
        async () => {
          const address = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => ids[key]!);

          expect(await problemsAt(world.visitor(), address)).toEqual([]);
        },
        PAGE_MS,
      );
    }

    it('the command palette, the list of shortcuts and the navigation of a phone are whole', async () => {
      const { page } = world.visitor();
      await open(page, '/', DESK);
      // The palette loads on demand and listens only then: a key pressed before is nobody's.
      const palettes = page.getByRole('textbox', { name: 'Search and commands' });
      await waitFor('the command palette', async () => {
        await page.keyboard.press('Control+K');
        return palettes.waitFor({ timeout: 3_000 }).then(
          () => true,
          () => false,
        );
      });
      const palette = await accessibilityProblems(page);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
      const shortcuts = await accessibilityProblems(page);
      await open(page, '/', PHONE_AT_NIGHT);
      await page.getByRole('button', { name: 'Open navigation' }).click();
      await page.getByRole('link', { name: 'Sessions' }).first().waitFor();
      const navigation = await accessibilityProblems(page);

      expect({ palette, shortcuts, navigation }).toEqual({
        palette: [],
        shortcuts: [],
        navigation: [],
      });
    });

    it('a row of a table is walked to and opened without a mouse', async () => {
      const { page } = world.visitor();
      await open(page, '/sessions', DESK);
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');

      await page.getByRole('heading', { level: 1, name: 'Allow refunds of a part' }).waitFor();
    });
  });

  describe('of an installation with nothing in it', () => {
    const world = openWorld(() => browser, ['up', '--no-sample', '--organisation', 'Acme Widgets']);

    for (const [name, path] of Object.entries(EVERYWHERE)) {
      it(
        `${name} is whole`,
        async () => {
          // An empty page is made of parts that full ones show in every look.
          expect(await problemsAt(world.visitor(), path, [DESK])).toEqual([]);
        },
        PAGE_MS,
      );
    }

    it('the first page needs less than 250 kB of script', async () => {
      await using first = await visit(browser, world.server());
      const scripts: Response[] = [];
      first.page.on('response', (response) => {
        if (response.request().resourceType() === 'script') scripts.push(response);
      });
      await signIn(first.page, world.server());

      // Those the page needed to be shown: what it loads ahead afterwards may still be under way.
      const sizes = await Promise.all(
        scripts.slice().map(async (script) => gzipSync(await script.body()).length),
      );

      expect(sizes.length).toBeGreaterThan(0);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000);
    });

    it('the organisation is named in the sidebar and in the tab', async () => {
      const { page } = world.visitor();
      await open(page, '/sessions', DESK);

      await page.getByRole('region', { name: 'Sidebar' }).getByText('Acme Widgets').waitFor();
      expect(await page.title()).toBe('Sessions · Acme Widgets · LoomStack');
    });

    it('the overview teaches the first commands', async () => {
      const { page } = world.visitor();
      await open(page, '/', DESK);

      for (const command of ['loom import ../my-repo', 'loom attach', 'loom doctor'])
        await page.getByText(command, { exact: true }).waitFor();
    });

    it('the sign-in page is whole', async () => {
      await using stranger = await visit(browser, world.server(), { reducedMotion: 'reduce' });
      const found: string[] = [];
      await open(stranger.page, '/', DESK);
      for (const look of LOOKS) {
        await dress(stranger.page, look);
        found.push(...(await problemsOn(stranger.page, look)));
      }

      expect(found).toEqual([]);
      // The one question every visit begins with: who am I?
      const others = stranger.complaints().filter((text) => !/\b401\b/.test(text));
      expect(others).toEqual([]);
    });
  });
});

/** A server and somebody signed in on it, for the tests of one `describe`. */
function openWorld(browser: () => Browser, args: string[]) {
  const resources = new AsyncDisposableStack();
  let server: ServerProcess;
  let visitor: Visitor;

  beforeAll(async () => {
    const folder = resources.use(temporaryFolder('pages'));
    server = resources.use(await startServer({ data: folder.path, args }));
    visitor = resources.use(await visit(browser(), server, { reducedMotion: 'reduce' }));
    await signIn(visitor.page, server);
    visitor.complaints();
  });

  afterAll(() => resources.disposeAsync());

  return { server: () => server, visitor: () => visitor };
}

interface Item {
  id: string;
  state: string;
  lane?: string | null;
  packId?: string | null;
  deniedCalls?: number;
  sessionId?: string | null;
}

/** Waits until the sample's stories are over; then nothing moves under a test any more. */
async function playedOut(server: ServerProcess): Promise<Record<string, string>> {
  const list = async (path: string) => (await server.get<{ items: Item[] }>(path)).items;
  const changes = await waitFor(
    'one change to be shipped and one to wait',
    async () => {
      const items = await list('/v1/changes');
      const isWaiting = items.some(({ state, lane }) => state === 'open' && lane != null);
      return items.some(({ state }) => state === 'merged') && isWaiting && items;
    },
    { timeoutMs: 150_000, everyMs: 250 },
  );
  const runs = await waitFor(
    'the deployment of the shipped change',
    async () => {
      const items = await list('/v1/runs');
      return items.some(({ state }) => state === 'done') && items;
    },
    { timeoutMs: 60_000, everyMs: 250 },
  );
  const sessions = await list('/v1/sessions');
  const refused = sessions.find(({ deniedCalls }) => deniedCalls !== 0)!;
  return {
    merged: changes.find(({ state }) => state === 'merged')!.id,
    waiting: changes.find(({ state }) => state === 'open')!.id,
    session: sessions.find(({ id }) => id !== refused.id)!.id,
    refused: refused.id,
    pack: refused.packId!,
    finishedRun: runs.find(({ state }) => state === 'done')!.id,
    waitingRun: runs.find(({ state }) => state !== 'done')!.id,
    workItem: (await list('/v1/work-items'))[0]!.id,
    repository: (await list('/v1/repositories'))[0]!.id,
    event: (await list('/v1/events?type=decision.made'))[0]!.id,
  };
}

type Look = (typeof LOOKS)[number];

async function dress(page: Page, { colorScheme, width, height }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height });
  await page.locator(`[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
}

/** Opens an address and waits until everything it asked for is there. */
async function open(page: Page, path: string, look: Look): Promise<void> {
  await page.goto(path);
  await dress(page, look);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await waitFor('the page to have loaded', async () => {
    const loading = page.getByRole('status', { name: /^(Loading|Reading)/ });
    return (await loading.count()) === 0;
  });
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}

async function problemsAt(
  visitor: Visitor,
  path: string,
  looks: readonly Look[] = LOOKS,
): Promise<string[]> {
  const { page } = visitor;
  const found: string[] = [];
  await open(page, path, DESK);
  for (const look of looks) {
    await dress(page, look);
    const problems = await problemsOn(page, look);
    if (look === DESK) problems.push(...(await unreachableByKeyboard(page)));
    problems.push(...visitor.complaints());
    found.push(...problems.map((text) => `${look.colorScheme} ${look.width}: ${text}`));
  }
  return found;
}

async function problemsOn(page: Page, look: Look): Promise<string[]> {
  const { width } = look;
  // Structure does not depend on colours, and reading all of it takes seconds on a busy machine.
  const problems = await accessibilityProblems(
    page,
    look.colorScheme === 'light' ? 'everything' : 'colours',
  );
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - window.innerWidth',
  );
  if (overflow > 0) problems.push(`it scrolls sideways by ${overflow} px at ${width} px`);

  const titles = await page.getByRole('heading', { level: 1 }).count();
  if (titles !== 1 && (await page.getByRole('dialog').count()) === 0)
    problems.push(`it has ${titles} headings of level 1`);
  if ((await page.locator('main').count()) !== 1) problems.push('it has not one main landmark');
  if (!/\S · LoomStack$/.test(await page.title())) problems.push('the tab has no name');

  // A record shown word for word names things by their ids; everything else by their names.
  const records = await page.locator('pre.json').allInnerTexts();
  const text = await page.locator('body').innerText();
  const words = records.reduce((rest, record) => rest.replace(record, ''), text);
  for (const [wrong] of [BROKEN_TEXT.exec(text) ?? [], RAW_ID.exec(words) ?? []])
    if (wrong !== undefined) problems.push(`it shows ${JSON.stringify(wrong)}`);
  return problems;
}

/** A long list is not walked to its end: what comes before the last stop must have been one, too. */
const MAX_TABS = 80;

/** Tabs through the page and tells which links, buttons and fields were passed over. */
async function unreachableByKeyboard(page: Page): Promise<string[]> {
  // A dialog keeps the focus inside; then only its own controls count.
  await page.evaluate(`(() => {
    const scope = document.querySelector('[role="dialog"]') ?? document;
    const controls = [...scope.querySelectorAll('a[href], button, input, select, textarea, summary')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled)
      .filter((element) => element.type !== 'radio' && element.tabIndex !== -1 || element.matches('a[href], .row-link'));
    window.unreached = new Set(controls);
    document.addEventListener('focusin', ({ target }) => window.unreached.delete(target));
    window.unreached.delete(document.activeElement);
  })()`);
  let left = await page.evaluate<number>('window.unreached.size');
  const isLong = left > MAX_TABS;
  for (let presses = 0; left > 0 && presses < MAX_TABS; presses += 10) {
    for (let press = 0; press < 10; press += 1) await page.keyboard.press('Tab');
    left = await page.evaluate<number>('window.unreached.size');
  }
  const missed = await page.evaluate<string[]>(
    `[...window.unreached].filter((element) => !${isLong} || element.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING).map((element) => 'not reached by Tab: ' + (element.ariaLabel ?? element.textContent.trim().slice(0, 60)) + ' (' + element.tagName + ' ' + element.className + ')')`,
  );
  // Leaving a field closes the list of choices it had opened.
  await page.evaluate('document.activeElement?.blur()');
  return missed;
}
