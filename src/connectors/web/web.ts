/**
 * Plain web pages from a list of what may be read: single pages, or all that one links to below it. A
 * redirect off the list is not followed, no page brings us to an address inside the network, and what
 * a site's robots.txt closes to programs is not read.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError, type Clock, decodeCursor } from '#kernel';
import {
  belongsTo,
  createGuardedFetch,
  type DocumentPlaces,
  findAll,
  type GuardedFetch,
  type KnowledgeItem,
  type KnowledgeSource,
  parseHtml,
  readersOf,
  readPage,
  toHttpFailure,
  webAddress,
} from '#connectors/contract';
import { PRODUCT } from './robots.ts';
import { createSiteRules } from './site-rules.ts';

export const WEB = 'web';
const PREFIX = 'url/';
const PER_STEP = 10;
const MAX_PAGES = 300;
const MAX_BYTES = 5_000_000;
const TIMEOUT_MS = 20_000;
const EVERY_MS = 3_600_000;
const LIST_EVERY_MS = 6 * 3_600_000;

const Cursor = z.object({
  began: z.iso.datetime(),
  waiting: z.array(z.string()),
  /** Everything met in this reading, so that nothing is read twice. */
  met: z.array(z.string()),
  /** Pages of this reading that robots.txt keeps us from: how many, and the first. */
  closed: z.object({ count: z.int(), first: z.string() }).nullable().default(null),
});

type Answer =
  | { state: 'read'; item: KnowledgeItem; links: string[] }
  /** Not there, or not to be read: of another kind, or elsewhere. */
  | { state: 'gone' | 'passed-over' }
  /** The site asks programs not to read it. */
  | { state: 'closed' };

/** An entry of the list: a page, or with `/*` at its end all below. */
export interface WebPlace {
  /** As the settings write it, without `/*`. */
  place: string;
  isTree: boolean;
}

export function readPlace(text: string): WebPlace {
  const place = text.replace(/\/\*$/, '');
  const address = webAddress(place);
  if (address === undefined) {
    throw new AppError('invalid', 'web.bad_address', {
      message: `${text.slice(0, 200)} is no address of a web page.`,
      hint: 'Write whole addresses in connectors.web.pages, such as https://docs.example/guide/*.',
    });
  }
  return { place, isTree: text.endsWith('/*') };
}

export function createWebSource(options: {
  list: readonly WebPlace[];
  places: DocumentPlaces;
  insideUrls: readonly string[];
  clock: Clock;
  timeoutMs?: number;
  fetch?: GuardedFetch;
}): KnowledgeSource {
  const { list, places, clock } = options;
  const fetch =
    options.fetch ??
    createGuardedFetch({
      trustedUrls: options.insideUrls,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      mayFollow: (to) => list.some((entry) => isBelow(entry, to.href)),
    });

  const rules = createSiteRules({
    clock,
    fetch:
      options.fetch ??
      createGuardedFetch({
        trustedUrls: options.insideUrls,
        timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
        maxBytes: MAX_BYTES,
      }),
  });

  function need(place: string): WebPlace {
    const found = list.find((entry) => entry.place === place);
    if (found !== undefined) return found;
    throw new AppError('invalid', 'web.unknown_page', {
      message: `${place.slice(0, 200)} is not on the list of pages that are read.`,
      hint: 'connectors.web.pages names them.',
    });
  }

  async function read(entry: WebPlace, address: string): Promise<Answer> {
    const url = new URL(address);
    if (!(await rules.mayRead(url))) return { state: 'closed' };
    const response = await fetch(url, {
      headers: { accept: 'text/html, text/markdown, text/plain', 'user-agent': PRODUCT },
    });
    if (response.status === 404 || response.status === 410) return { state: 'gone' };
    if (response.status >= 300 && response.status < 400) return { state: 'gone' };
    if (!response.ok) {
      throw await toHttpFailure(response, { title: url.host, url, method: 'GET', clock });
    }
    const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    const isHtml = type === 'text/html' || type === 'application/xhtml+xml';
    if (!isHtml && type !== 'text/markdown' && type !== 'text/plain')
      return { state: 'passed-over' };
    const text = await response.text();
    const page = isHtml
      ? readPage(text, { baseUrl: address })
      : { title: '', author: undefined, text };
    const changed = new Date(response.headers.get('last-modified') ?? Number.NaN);
    return {
      state: 'read',
      links: isHtml && entry.isTree ? linksIn(text, address) : [],
      item: {
        kind: 'document',
        object: `${PREFIX}${address}`,
        repository: entry.place,
        // Where the server does not say, it is as old as our first reading of these words.
        updatedAt: Number.isNaN(changed.getTime()) ? clock.now() : changed,
        url: address,
        author: page.author,
        path: pathOf(url),
        title: page.title,
        text: page.text,
        revision: createHash('sha256').update(page.text).digest('hex').slice(0, 12),
        ...belongsTo(places, entry.place),
        readers: readersOf(places, entry.place),
      },
    };
  }

  return {
    name: WEB,
    listEveryMs: LIST_EVERY_MS,
    listScopes: async () => list.map(({ place }) => place),

    async sweep(place, cursor) {
      const entry = need(place);
      const last = cursor === null ? undefined : decodeCursor(Cursor, cursor);
      const now = clock.now();
      const isDue =
        last === undefined ||
        (last.waiting.length === 0 && now.getTime() - Date.parse(last.began) >= EVERY_MS);
      const at = isDue
        ? {
            began: now.toISOString(),
            waiting: [webAddress(place)!],
            met: [webAddress(place)!],
            closed: null,
          }
        : last;
      const met = new Set(at.met);
      const waiting = at.waiting.slice(PER_STEP);
      const items: KnowledgeItem[] = [];
      let { closed } = at;
      for (const address of at.waiting.slice(0, PER_STEP)) {
        const answer = await read(entry, address);
        if (answer.state === 'closed') {
          closed = { count: (closed?.count ?? 0) + 1, first: closed?.first ?? address };
        }
        if (answer.state !== 'read') continue;
        items.push(answer.item);
        for (const link of answer.links) {
          if (met.has(link) || met.size >= MAX_PAGES || !isBelow(entry, link)) continue;
          met.add(link);
          waiting.push(link);
        }
      }
      const next = { began: at.began, waiting, met: [...met], closed };
      return {
        items,
        cursor: Buffer.from(JSON.stringify(next)).toString('base64url'),
        hasMore: waiting.length > 0,
        progress: { stream: 'pages', ...(closed === null ? {} : { why: closedWords(closed) }) },
      };
    },

    // The web has no list of its pages: each that is known is asked for itself.
    listObjects: async () => ({ prefixes: [PREFIX], objects: [] }),

    async isGone(place, object) {
      const address = object.slice(PREFIX.length);
      const entry = need(place);
      if (!isBelow(entry, address)) return true;
      // What may not be read any more is not kept either.
      return ['gone', 'closed'].includes((await read(entry, address)).state);
    },
  };
}

function closedWords({ count, first }: { count: number; first: string }): string {
  const { host } = new URL(first);
  const what = count === 1 ? first : `${count} pages, such as ${first}`;
  return `robots.txt of ${host} does not let programs read ${what.slice(0, 300)}`;
}

/** Whether an address is the page itself or, of a tree, below it. */
export function isBelow({ place, isTree }: WebPlace, address: string): boolean {
  const root = webAddress(place)!;
  if (address === root) return true;
  return isTree && address.startsWith(root.endsWith('/') ? root : `${root}/`);
}

function linksIn(html: string, baseUrl: string): string[] {
  return findAll(parseHtml(html), 'a', 2_000).flatMap(({ attributes }) => {
    const address = webAddress(attributes.get('href')?.replace(/#.*$/, ''), baseUrl);
    return address === undefined ? [] : [address];
  });
}

function pathOf(url: URL): string {
  const path = decodeURIComponent(url.pathname.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  return `${url.host}${path.replace(/\/$/, '').replace(/\.(?:html?|md|txt)$/i, '')}.md`;
}
