/** What a page or thread of an outside system says in the graph. Pure. */
import type { EntityRef, NewFact, Statement } from '../graph/schema.ts';
import { linkedWork } from '../ingest/linked-work.ts';
import { repositoryRef } from '../ingest/refs.ts';
import { maskSecrets } from '../masking.ts';
import { shorten } from '../tokens.ts';
import { aclOf, type SourceDocument, type SourceItem } from './read-source.ts';

const MAX_SECTIONS = 100;
const MAX_LINKS = 40;
const MAX_QUOTE = 200;

/** The entity a source document is. A thread goes by its address, so that others can link to it. */
export function sourceRef({ kind, form, system, object, url }: SourceDocument): EntityRef {
  if (kind === 'thread') return { kind: 'thread', key: threadKey(url ?? `${system}:${object}`) };
  const key = `${system}:${object}`;
  if (kind === 'decision') return { kind: 'decision', key };
  return { kind: form === 'postmortem' ? 'incident' : 'document', key };
}

export function sourceStatement(document: SourceDocument, item: SourceItem): Statement {
  return {
    system: document.system,
    object: document.object,
    scope: document.scope,
    acl: aclOf(document),
    revision: document.revision,
    ordinal: document.updatedAt.getTime(),
    statedAt: document.updatedAt,
    extractor: `${document.system}-${item.kind}`,
    extractorVersion: 1,
    facts: factsOf(document, item),
  };
}

function factsOf(document: SourceDocument, item: SourceItem): NewFact[] {
  const self = sourceRef(document);
  const { title, path, form, status, url, system } = document;
  const evidence = url === null ? {} : { evidence: { url } };
  const person = (name: string): EntityRef => ({
    kind: 'person',
    key: `${system}:${name.toLowerCase()}`,
  });
  const byPerson = (kind: 'authored' | 'owns_declared', name: string): NewFact[] => [
    { kind: 'is', from: person(name), to: person(name), properties: { title: name } },
    { kind, from: person(name), to: self, method: 'declared', ...evidence },
  ];
  return [
    {
      kind: 'is',
      from: self,
      to: self,
      method: 'declared',
      ...evidence,
      properties: {
        title: maskSecrets(title),
        path,
        form,
        system,
        ...(status === null ? {} : { status }),
        ...(item.kind === 'thread' ? { reactions: item.reactions, replies: item.replies } : {}),
      },
    },
    ...(document.author === null ? [] : byPerson('authored', document.author)),
    ...(document.owner === null ? [] : byPerson('owns_declared', document.owner)),
    ...(document.repository === null
      ? []
      : [{ kind: 'mentions' as const, from: self, to: repositoryRef(document.repository) }]),
    ...linksOf(document, item).map((to): NewFact => {
      if (item.kind !== 'thread')
        return { kind: 'mentions', from: self, to, confidence: 0.9, ...evidence };
      const quote = shorten(maskSecrets(document.sections[0]?.text ?? ''), MAX_QUOTE);
      return {
        kind: 'discussed_in',
        from: to,
        to: self,
        confidence: 0.9,
        evidence: { ...(url === null ? {} : { url }), ...(quote === '' ? {} : { quote }) },
      };
    }),
    ...sectionFacts(document, self),
  ];
}

function sectionFacts(document: SourceDocument, self: EntityRef): NewFact[] {
  if (document.kind === 'thread') return [];
  return document.sections
    .filter(({ heading }) => heading !== '')
    .slice(0, MAX_SECTIONS)
    .map(({ heading, startLine, endLine }, index) => ({
      kind: 'contains',
      from: self,
      to: { kind: 'section', key: `${self.key}#${index}`.slice(0, 1_500) },
      evidence: { startLine, endLine, ...(document.url === null ? {} : { url: document.url }) },
      properties: { title: heading.split(' > ').at(-1)!, heading, path: document.path },
    }));
}

const CHANGE_URL =
  /https?:\/\/[\w.-]{1,200}\/([\w.-]{1,100}\/[\w.-]{1,100})\/(?:pull|-\/merge_requests)\/(\d{1,9})\b/g;
const ISSUE_URL =
  /https?:\/\/[\w.-]{1,200}\/([\w.-]{1,100}\/[\w.-]{1,100})\/(?:-\/)?issues\/(\d{1,9})\b/g;
const THREAD_URL = /https:\/\/[\w.-]{1,100}\.slack\.com\/archives\/\w{1,20}\/p\d{10,20}/g;
const DOCUMENT_URL = /https?:\/\/[\w.-]{1,200}\/[^\s)>\]"']{1,300}/g;

/** Changes, work items and threads that a text names. */
export function linksOf(
  document: Pick<SourceDocument, 'title' | 'repository' | 'kind' | 'url'>,
  { text }: Pick<SourceItem, 'text'>,
): EntityRef[] {
  const searched = `${document.title}\n${text}`.slice(0, 200_000);
  const found = new Map<string, EntityRef>();
  const add = (ref: EntityRef) => found.set(`${ref.kind}:${ref.key}`, ref);
  for (const [, repository, number] of searched.matchAll(CHANGE_URL)) {
    add({ kind: 'change', key: `${repository}#${number}` });
  }
  for (const [, repository, number] of searched.matchAll(ISSUE_URL)) {
    add({ kind: 'work-item', key: `${repository}#${number}` });
  }
  for (const ref of linkedWork(document.repository ?? '', 0, searched)) {
    if (!ref.key.startsWith('#')) add(ref);
  }
  if (document.kind !== 'thread') for (const ref of threadsIn(searched)) add(ref);
  return [...found.values()].slice(0, MAX_LINKS);
}

/** Threads of chats that a text links to. */
export function threadsIn(text: string): EntityRef[] {
  return [...text.slice(0, 200_000).matchAll(THREAD_URL)]
    .slice(0, 20)
    .map(([url]): EntityRef => ({ kind: 'thread', key: threadKey(url) }));
}

/** Addresses a thread names, to find decisions and incidents among them. */
export function addressesIn(text: string): string[] {
  const found = text.slice(0, 50_000).matchAll(DOCUMENT_URL);
  return [...new Set(Array.from(found, ([url]) => url.replace(/[.,;:!?]+$/, '')))].slice(0, 50);
}

/** One address per thread: without what a client adds to it. */
export function threadKey(url: string): string {
  return url.replace(/[?#].*$/, '').slice(0, 1_000);
}
