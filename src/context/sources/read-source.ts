/** A page or thread of an outside system as the Context Layer keeps it: sections, kind, links. Pure. */
import { createHash } from 'node:crypto';
import type { KnowledgeItem, KnownDocument, KnownThread, Readers } from '#connectors/contract';
import { canonicalJson } from '#kernel';
import {
  type DecisionStatus,
  type DocumentForm,
  readDocument,
  type Section,
} from '../documents.ts';
import { listOf, readFrontMatter } from '../ingest/documents/front-matter.ts';
import { asLine, neutralise } from '../quoting.ts';
import { shorten } from '../tokens.ts';

export type SourceItem = Extract<KnowledgeItem, KnownDocument | KnownThread>;

export interface SourceDocument {
  system: string;
  scope: string;
  /** `<scope>:<id within the system>`. */
  object: string;
  repository: string | null;
  kind: 'document' | 'decision' | 'thread';
  form: DocumentForm;
  path: string;
  title: string;
  url: string | null;
  revision: string;
  contentHash: string;
  mark: string | null;
  author: string | null;
  owner: string | null;
  readers: ReaderSet | null;
  /** `owner/name:path`. */
  mentions: string[];
  status: DecisionStatus | null;
  supersedes: string[];
  supersededBy: string[];
  updatedAt: Date;
  sections: Section[];
}

/** Who may know of something; equal sets have one id. Lower case and sorted. */
export interface ReaderSet {
  id: string;
  teams: string[];
  identities: string[];
}

/** Longer pages are cut, and the cut is said. */
const MAX_CHARACTERS = 400_000;
const MAX_THREAD = 1_500;
const MAX_PATH = 500;
const MAX_MENTIONS = 200;
const MAX_READERS = 5_000;
const BLOB_URL =
  /https?:\/\/[\w.-]{1,200}\/([\w.-]{1,100}\/[\w.-]{1,100})\/(?:-\/)?(?:blob|tree)\/[\w.-]{1,200}\/([\w@./-]{1,300})/g;

export function readSource(system: string, item: SourceItem): SourceDocument {
  const isThread = item.kind === 'thread';
  const whole = neutralise(item.text);
  const text = shorten(whole, isThread ? MAX_THREAD : MAX_CHARACTERS);
  const path = shorten(isThread ? `${item.object}.md` : asLine(item.path), MAX_PATH);
  const read = readDocument(path, text);
  const title = shorten(asLine(item.title) || asLine(read.title) || path, 200);
  // Rules for agents come from repositories alone: what anybody may edit in a wiki constrains nobody.
  const kind = isThread ? 'thread' : read.kind === 'decision' ? 'decision' : 'document';
  const document = {
    system,
    scope: item.repository,
    object: `${item.repository}:${item.object}`,
    repository: item.belongsTo ?? null,
    kind,
    form: read.form === 'rule' ? 'page' : read.form,
    path,
    title,
    url: webAddress(item.url),
    revision: shorten(isThread ? item.updatedAt.toISOString() : item.revision, 100),
    mark: isThread ? null : (item.mark ?? null),
    author: nameOf(item.author),
    owner: isThread ? null : nameOf(item.owner ?? ownerIn(text)),
    readers: item.readers === undefined ? null : readerSet(item.readers),
    mentions: mentionsOf(text, read.mentions, item.belongsTo),
    status: read.decision?.status ?? null,
    supersedes: read.decision?.supersedes ?? [],
    supersededBy: read.decision?.supersededBy ?? [],
    updatedAt: item.updatedAt,
    sections: read.sections,
  } satisfies Omit<SourceDocument, 'contentHash'>;
  return { ...document, contentHash: hashOf(document) };
}

export function readerSet({ teams, identities }: Readers): ReaderSet {
  const tidy = (names: readonly string[]) =>
    [...new Set(names.map((name) => name.trim().toLowerCase()))]
      .filter((name) => name !== '')
      .sort()
      .slice(0, MAX_READERS);
  const set = { teams: tidy(teams), identities: tidy(identities) };
  const id = createHash('sha256').update(canonicalJson(set)).digest('hex').slice(0, 24);
  return { id, ...set };
}

/** The ACL of a document in the graph. */
export function aclOf({ readers }: Pick<SourceDocument, 'readers'>): string {
  return readers === null ? 'organisation' : `readers:${readers.id}`;
}

function hashOf(document: Omit<SourceDocument, 'contentHash' | 'sections'>): string {
  // Its time is the source's word where there is one, and our first reading where there is none.
  const { updatedAt: _time, ...said } = document;
  const text = canonicalJson(said);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Paths whose repository is known: by the settings, or by the address they are part of. */
function mentionsOf(text: string, paths: readonly string[], belongsTo: string | undefined) {
  const found = new Set(belongsTo === undefined ? [] : paths.map((path) => `${belongsTo}:${path}`));
  for (const [, repository, path] of text.matchAll(BLOB_URL)) {
    if (found.size >= MAX_MENTIONS) break;
    found.add(`${repository}:${path!.replace(/[./]+$/, '')}`);
  }
  return [...found].slice(0, MAX_MENTIONS);
}

/** Only addresses of the web are handed on: a link may come from anybody. */
function webAddress(url: string | undefined): string | null {
  return url !== undefined && url.length <= 1_000 && /^(?:https?|file):\/\/[^\s<>"]+$/.test(url)
    ? url
    : null;
}

/** As documents say it themselves, in their front matter. */
function ownerIn(text: string): string | undefined {
  const { values } = readFrontMatter(text);
  const [owner] = [...listOf(values['owner']), ...listOf(values['owners'])];
  return owner;
}

function nameOf(name: string | undefined): string | null {
  const line = shorten(asLine(name ?? ''), 100);
  return line === '' ? null : line;
}
