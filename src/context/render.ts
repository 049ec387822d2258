/** The pack as text, and the choice of what fits. The budget is counted on the text itself. Pure. */
import { createHash } from 'node:crypto';
import type { Evidence, PackItem } from './schema.ts';
import { asLine, asQuote, mixesLookAlikes } from './quoting.ts';
import { type PackSection, sectionOf, SECTIONS } from './sections.ts';
import { countTokens, shorten, shortenToTokens } from './tokens.ts';

/** An item before it is chosen, numbered and counted. */
export type ItemDraft = Omit<PackItem, 'id' | 'tokens' | 'ageDays'>;

/** An item that was told earlier in the session. */
export interface ToldItem {
  id: string;
  /** What it said; another fingerprint is news. */
  fingerprint: string;
}

export interface PackRequest {
  /** Lines above the sections; written by us, with every foreign word in them made a line. */
  head: readonly string[];
  drafts: readonly ItemDraft[];
  unknowns: readonly string[];
  budgetTokens: number;
  /** Most bytes of UTF-8; none unless given. */
  maxBytes?: number | undefined;
  now: Date;
  /** By `keyOf`: told before in this session. Empty for a pack that stands alone. */
  told?: ReadonlyMap<string, ToldItem>;
}

export interface ComposedPack {
  items: PackItem[];
  /** Ids of chosen items that need not be told again. */
  unchanged: string[];
  leftOut: ItemDraft[];
  unknowns: string[];
  text: string;
  tokens: number;
}

const MAX_UNKNOWNS = 8;
const MAX_UNKNOWN = 300;
const MAX_WHY = 4;
const MAX_EVIDENCE = 160;
const MAX_URL = 300;
/** A head alone tells what and why; its text is worth this share of the score. */
const TEXT_SHARE = 0.3;

/** What an item is about, whatever it says at the moment: equal in all packs of a session. */
export function keyOf({
  kind,
  source,
  title,
}: Pick<ItemDraft, 'kind' | 'source' | 'title'>): string {
  const about = [kind, source.system, source.object, source.lines ?? '', title].join('\n');
  return createHash('sha256').update(about).digest('base64url');
}

/** What an item says. Its age, score, reasons and the commit it was read at may change without news. */
export function fingerprintOf({
  text,
  freshness,
  path = '',
}: Pick<ItemDraft, 'text' | 'freshness' | 'path'>): string {
  const told = [text, freshness, path].join('\n');
  return createHash('sha256').update(told).digest('base64url').slice(0, 16);
}

/** One thing that may be added to the text: the head of an item, or the text below its head. */
interface Step {
  entry: Entry;
  part: 'head' | 'text';
  cost: number;
  value: number;
}

interface Entry {
  draft: ItemDraft;
  section: PackSection;
  /** As it was told before, if it still says the same. */
  told: ToldItem | undefined;
  /** Its number is not known yet when it is counted; the longest one stands in. */
  headCost: number;
  textCost: number;
}

/**
 * Chooses what fits into the budget and writes it down. Each section gets its floor first, then heads
 * and texts compete by score per token.
 */
export function composePack(request: PackRequest): ComposedPack {
  const told = request.told ?? new Map<string, ToldItem>();
  const unknowns = request.unknowns
    .slice(0, MAX_UNKNOWNS)
    .map((unknown) => shorten(asLine(unknown), MAX_UNKNOWN));
  // A byte costs its share of the budget too, so that whichever limit is tighter holds.
  const share = request.maxBytes === undefined ? 0 : request.budgetTokens / request.maxBytes;
  const costOf = (text: string) =>
    Math.max(countTokens(text), Math.ceil(Buffer.byteLength(text) * share));
  const entries = request.drafts.map((draft) => toEntry(draft, told, request.now, costOf));
  for (;;) {
    const frame = costOf(renderPack(request.head, [], [], unknowns, request.now));
    const chosen = choose(entries, request.budgetTokens - frame, costOf);
    const { items, unchanged } = numberItems(chosen, told, request.now);
    const text = renderPack(request.head, items, unchanged, unknowns, request.now);
    const tokens = countTokens(text);
    const isSmall = Buffer.byteLength(text) <= (request.maxBytes ?? Infinity);
    if (tokens <= request.budgetTokens && isSmall) {
      const isChosen = new Set([...chosen.keys()].map(({ draft }) => draft));
      const leftOut = request.drafts.filter((draft) => !isChosen.has(draft));
      return { items, unchanged: unchanged.map(({ id }) => id), leftOut, unknowns, text, tokens };
    }
    // Only a frame that is too large by itself gets here: costs of parts add up to the whole.
    if (unknowns.length > 0) unknowns.pop();
    else {
      const whole = shortenToTokens(text, request.budgetTokens);
      // Four bytes are the most a character takes.
      const cut = shorten(
        whole,
        request.maxBytes === undefined ? whole.length : Math.floor(request.maxBytes / 4),
      );
      const leftOut = [...request.drafts];
      return { items: [], unchanged: [], leftOut, unknowns, text: cut, tokens: countTokens(cut) };
    }
  }
}

function toEntry(
  draft: ItemDraft,
  told: ReadonlyMap<string, ToldItem>,
  now: Date,
  costOf: (text: string) => number,
): Entry {
  const section = sectionOf(draft);
  const before = told.get(keyOf(draft));
  // What was told by its head alone, for want of room, is known as well: `expand` gives the rest.
  const isTold =
    before?.fingerprint === fingerprintOf(draft) ||
    before?.fingerprint === fingerprintOf({ ...draft, text: '' });
  if (before !== undefined && isTold) {
    const headCost = costOf(renderUnchanged({ id: before.id, title: draft.title })) + 1;
    return { draft, section, told: before, headCost, textCost: 0 };
  }
  const item: PackItem = { ...draft, id: `${section.letter}999`, tokens: 0, ageDays: null };
  const headCost = costOf(renderHead(item, now)) + 1;
  const textCost = draft.text === '' ? 0 : costOf(renderText(draft.text)) + 1;
  return { draft, section, told: undefined, headCost, textCost };
}

/** Chosen entries, each with whether its text is in. */
function choose(
  entries: readonly Entry[],
  budget: number,
  costOf: (text: string) => number,
): Map<Entry, boolean> {
  const chosen = new Map<Entry, boolean>();
  const counts = new Map<PackSection, number>();
  const opened = new Set<PackSection | 'unchanged'>();
  let left = budget;

  const costOfOpening = (entry: Entry): number => {
    const place = entry.told === undefined ? entry.section : 'unchanged';
    if (opened.has(place)) return 0;
    return costOf(place === 'unchanged' ? UNCHANGED_HEADING : heading(place.heading)) + 2;
  };
  const take = (entry: Entry, cost: number): boolean => {
    const whole = cost + costOfOpening(entry);
    if (whole > left || (counts.get(entry.section) ?? 0) >= entry.section.limit) return false;
    left -= whole;
    opened.add(entry.told === undefined ? entry.section : 'unchanged');
    counts.set(entry.section, (counts.get(entry.section) ?? 0) + 1);
    return true;
  };

  const bySection = SECTIONS.map((section) => ({
    section,
    own: entries
      .filter((entry) => entry.section === section)
      .toSorted((a, b) => b.draft.score - a.draft.score),
  }));
  for (const { section, own } of bySection.toSorted((a, b) => a.section.turn - b.section.turn)) {
    for (const entry of own.slice(0, section.floor)) {
      // A constraint without its words is none; anything else is worth knowing of by name.
      if (section.needsText) {
        if (take(entry, entry.headCost + entry.textCost)) chosen.set(entry, true);
      } else if (take(entry, entry.headCost)) chosen.set(entry, false);
    }
  }

  const steps = entries
    .flatMap((entry): Step[] => {
      const { headCost, textCost, draft, section } = entry;
      if (section.needsText) {
        const cost = headCost + textCost;
        return [{ entry, part: 'head', cost, value: draft.score }];
      }
      const whole: Step = {
        entry,
        part: 'head',
        cost: headCost,
        value: draft.score * (1 - TEXT_SHARE),
      };
      if (textCost === 0) return [whole];
      return [whole, { entry, part: 'text', cost: textCost, value: draft.score * TEXT_SHARE }];
    })
    .toSorted((a, b) => b.value / b.cost - a.value / a.cost);
  // Heads first: a text can only stand below its head.
  for (const { entry, part, cost } of steps) {
    if (part === 'head' && !chosen.has(entry) && take(entry, cost)) {
      chosen.set(entry, entry.section.needsText);
    }
  }
  for (const { entry, part, cost } of steps) {
    if (part !== 'text' || chosen.get(entry) !== false || cost > left) continue;
    left -= cost;
    chosen.set(entry, true);
  }
  return chosen;
}

function numberItems(
  chosen: ReadonlyMap<Entry, boolean>,
  told: ReadonlyMap<string, ToldItem>,
  now: Date,
): { items: PackItem[]; unchanged: { id: string; title: string }[] } {
  const numbers = new Map<string, number>();
  for (const { id } of told.values()) {
    const letter = id.slice(0, 1);
    numbers.set(letter, Math.max(numbers.get(letter) ?? 0, Number(id.slice(1))));
  }
  const items: PackItem[] = [];
  const unchanged: { id: string; title: string }[] = [];
  for (const section of SECTIONS) {
    const own = [...chosen]
      .filter(([entry]) => entry.section === section)
      .toSorted(([a], [b]) => b.draft.score - a.draft.score);
    for (const [{ draft, told: before }, hasText] of own) {
      if (before !== undefined) {
        unchanged.push({ id: before.id, title: draft.title });
        continue;
      }
      const known = told.get(keyOf(draft));
      const next = (numbers.get(section.letter) ?? 0) + 1;
      if (known === undefined) numbers.set(section.letter, next);
      const item: PackItem = {
        id: known?.id ?? `${section.letter}${next}`,
        ...draft,
        text: hasText ? draft.text : '',
        why: draft.why.slice(0, MAX_WHY),
        ageDays: draft.observedAt === null ? null : daysBetween(draft.observedAt, now),
        tokens: 0,
      };
      item.tokens = countTokens(renderItem(item, now));
      items.push(item);
    }
  }
  return { items, unchanged };
}

const UNCHANGED_HEADING = heading('Told before and still so');
const UNKNOWN_HEADING = heading('Looked for and not found');

function heading(text: string): string {
  return `\n## ${text}`;
}

function renderPack(
  head: readonly string[],
  items: readonly PackItem[],
  unchanged: readonly { id: string; title: string }[],
  unknowns: readonly string[],
  now: Date,
): string {
  const lines = [...head];
  for (const section of SECTIONS) {
    const own = items.filter((item) => sectionOf(item) === section);
    if (own.length === 0) continue;
    lines.push(heading(section.heading), ...own.map((item) => renderItem(item, now)));
  }
  if (unchanged.length > 0) lines.push(UNCHANGED_HEADING, ...unchanged.map(renderUnchanged));
  if (unknowns.length > 0) {
    lines.push(UNKNOWN_HEADING, ...unknowns.map((unknown) => `- ${unknown}`));
  }
  return `${lines.join('\n')}\n`;
}

function renderUnchanged({ id, title }: { id: string; title: string }): string {
  return `- [${id}] ${shorten(asLine(title), 120)}`;
}

function renderItem(item: PackItem, now: Date): string {
  const head = renderHead(item, now);
  return item.text === '' ? head : `${head}\n${renderText(item.text)}`;
}

function renderHead(item: PackItem, now: Date): string {
  const lines = item.source.lines === undefined ? '' : `:${asLine(item.source.lines)}`;
  const path = item.path === undefined ? undefined : asLine(item.path);
  const page =
    item.source.url === undefined || item.source.system === 'git'
      ? ''
      : ` (${shorten(asLine(item.source.url), MAX_URL)})`;
  const place = path === undefined ? page : item.title === item.path ? lines : ` (${path}${lines})`;
  const source = [
    item.source.system === 'git' ? '' : asLine(item.source.system),
    asLine(item.source.revision).slice(0, 9),
  ];
  const facts = [
    source.filter((word) => word !== '').join(' '),
    item.observedAt === null ? '' : ageOf(item.observedAt, now),
    item.freshness === 'current' ? '' : item.freshness.toUpperCase(),
    mixesLookAlikes(`${item.path ?? ''} ${item.title}`) ? 'LOOK-ALIKE LETTERS' : '',
  ].filter((fact) => fact !== '');
  const origin = facts.length === 0 ? '' : ` {${facts.join(', ')}}`;
  const title = shorten(asLine(item.title), 160);
  return `- [${item.id}] ${title}${place}${origin} ${renderWhy(item.why)}`.trimEnd();
}

function renderWhy(why: readonly Evidence[]): string {
  return why
    .slice(0, MAX_WHY)
    .map(({ evidence }) => shorten(asLine(evidence), MAX_EVIDENCE))
    .join('; ');
}

function renderText(text: string): string {
  return asQuote(text)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function daysBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor((to.getTime() - from.getTime()) / 86_400_000));
}

/** How long ago, in one short word. */
function ageOf(date: Date, now: Date): string {
  const days = daysBetween(date, now);
  if (days < 1) return 'today';
  if (days < 60) return `${days} d ago`;
  if (days < 730) return `${Math.round(days / 30)} mo ago`;
  return `${Math.round(days / 365)} y ago`;
}
