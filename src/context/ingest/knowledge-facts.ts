/** What code hosts and trackers say, as statements: one object, one statement per revision. Pure. */
import type { KnowledgeItem, KnownDocument, KnownThread } from '#connectors/contract';
import type { JsonObject } from '#kernel';
import type { EntityRef, NewFact, Statement } from '../graph/schema.ts';
import { maskSecrets } from '../masking.ts';
import { neutralise } from '../quoting.ts';
import { shorten } from '../tokens.ts';
import { threadsIn } from '../sources/source-facts.ts';
import { linkedWork } from './linked-work.ts';
import { repositoryRef } from './refs.ts';

/** What is of a repository; documents and threads are read apart, see `sources`. */
export type RepositoryItem = Exclude<KnowledgeItem, KnownDocument | KnownThread>;

const MAX_TITLE = 300;
const MAX_TEXT = 500;
const MAX_LINKS = 20;
const MAX_FILES = 100;

export function knowledgeStatement(system: string, item: RepositoryItem): Statement {
  return {
    system,
    object: `${item.repository}:${item.object}`,
    scope: item.repository,
    acl: `repository:${item.repository}`,
    revision: item.updatedAt.toISOString(),
    ordinal: item.updatedAt.getTime(),
    statedAt: item.updatedAt,
    extractor: `${system}-${item.kind}`,
    extractorVersion: 1,
    facts: factsOf(system, item),
  };
}

/** The object is gone: what it said is over. */
export function goneStatement(
  source: Pick<Statement, 'system' | 'scope' | 'acl'>,
  object: string,
  after: number,
  now: Date,
): Statement {
  return {
    ...source,
    object,
    revision: 'gone',
    ordinal: Math.max(now.getTime(), after + 1),
    statedAt: now,
    extractor: 'gone',
    extractorVersion: 1,
    facts: [],
  };
}

function factsOf(system: string, item: RepositoryItem): NewFact[] {
  const evidence = item.url === undefined ? {} : { evidence: { url: item.url.slice(0, 1_000) } };
  const repository = repositoryRef(item.repository);
  const person = item.author === undefined ? undefined : accountRef(system, item.author);
  const byPerson: NewFact[] =
    person === undefined
      ? []
      : [{ kind: 'is', from: person, to: person, properties: { title: item.author! } }];
  const held = (to: EntityRef, properties: JsonObject): NewFact => ({
    kind: 'contains',
    from: repository,
    to,
    method: 'declared',
    ...evidence,
    properties,
  });

  switch (item.kind) {
    case 'change': {
      const self = changeRef(item.repository, item.number);
      return [
        held(self, {
          title: clean(item.title, MAX_TITLE),
          state: item.state,
          number: item.number,
          headSha: item.headSha,
          labels: item.labels.slice(0, MAX_LINKS),
          ...(item.mergeSha === undefined ? {} : { mergeSha: item.mergeSha }),
        }),
        ...byPerson,
        ...(person === undefined
          ? []
          : [
              {
                kind: 'authored' as const,
                from: person,
                to: self,
                method: 'declared' as const,
                ...evidence,
              },
            ]),
        ...linkedWork(
          item.repository,
          item.number,
          `${item.title}\n${item.branch}\n${item.text}`,
        ).map((to): NewFact => ({
          kind: 'implements',
          from: self,
          to,
          confidence: 0.9,
          ...evidence,
        })),
        ...discussions(self, item.text),
      ];
    }
    case 'review':
      return person === undefined
        ? []
        : [
            ...byPerson,
            {
              kind: 'reviewed',
              from: person,
              to: changeRef(item.repository, item.changeNumber),
              slot: item.object,
              method: 'declared',
              ...evidence,
              properties: { verdict: item.verdict, text: clean(item.text, MAX_TEXT) },
            },
          ];
    case 'review-comment':
      return person === undefined
        ? []
        : [
            ...byPerson,
            {
              kind: 'reviewed',
              from: person,
              to: changeRef(item.repository, item.changeNumber),
              slot: item.object,
              method: 'declared',
              evidence: {
                ...(item.url === undefined ? {} : { url: item.url.slice(0, 1_000) }),
                path: item.path.slice(0, 1_000),
                ...(item.line === undefined || item.line < 1
                  ? {}
                  : { startLine: item.line, endLine: item.line }),
              },
              properties: {
                verdict: 'commented',
                text: clean(item.text, MAX_TEXT),
                path: item.path.slice(0, 1_000),
              },
            },
          ];
    case 'changed-files': {
      const self = changeRef(item.repository, item.changeNumber);
      return [
        {
          kind: 'is',
          from: self,
          to: self,
          method: 'declared',
          properties: {
            files: item.files.slice(0, MAX_FILES).map(({ path }) => path.slice(0, 500)),
            fileCount: item.files.length,
            additions: sum(item.files.map(({ additions }) => additions)),
            deletions: sum(item.files.map(({ deletions }) => deletions)),
          },
        },
      ];
    }
    case 'comment': {
      const { on, repository: name, number } = item;
      const subject = on === 'change' ? changeRef(name, number) : workItemRef(name, number);
      return [...byPerson, ...discussions(subject, item.text)];
    }
    case 'work-item':
      return [
        held(workItemRef(item.repository, item.number), {
          title: clean(item.title, MAX_TITLE),
          state: item.state,
          number: item.number,
          labels: item.labels.slice(0, MAX_LINKS),
        }),
        ...byPerson,
        ...discussions(workItemRef(item.repository, item.number), item.text),
      ];
    case 'deployment': {
      const self: EntityRef = { kind: 'deployment', key: `${item.repository}:${item.object}` };
      return [
        held(self, {
          title: `${item.environment} ${item.sha.slice(0, 10)}`,
          environment: item.environment,
          sha: item.sha,
        }),
        {
          kind: 'deployed',
          from: self,
          to: repository,
          slot: item.environment.slice(0, 200),
          method: 'declared',
          properties: { sha: item.sha },
        },
      ];
    }
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);

const changeRef = (repository: string, number: number): EntityRef => ({
  kind: 'change',
  key: `${repository}#${number}`,
});
const workItemRef = (repository: string, number: number): EntityRef => ({
  kind: 'work-item',
  key: `${repository}#${number}`,
});
const accountRef = (system: string, login: string): EntityRef => ({
  kind: 'person',
  key: `${system}:${login.toLowerCase()}`,
});

/** Threads of chats the text links to: they were had about this. */
function discussions(self: EntityRef, text: string): NewFact[] {
  return threadsIn(text).map((to) => ({ kind: 'discussed_in', from: self, to, confidence: 0.9 }));
}

/** Outside text: no secrets, nothing hidden, and no more than is needed. */
function clean(text: string, most: number): string {
  return shorten(maskSecrets(neutralise(text)).trim(), most);
}
