/** What code hosts and trackers say, as statements: one object, one statement per revision. Pure. */
import type { JsonObject } from '#kernel';
import type { EntityRef, NewFact, Statement } from '../graph/schema.ts';
import { maskSecrets } from '../masking.ts';
import { neutralise } from '../quoting.ts';
import { shorten } from '../tokens.ts';
import { repositoryRef } from './refs.ts';

interface Common {
  object: string;
  repository: string;
  updatedAt: Date;
  url?: string | undefined;
  author?: string | undefined;
}

/** As connectors hand it out; see their contract. */
export type KnowledgeItem = Common &
  (
    | {
        kind: 'change';
        number: number;
        title: string;
        text: string;
        state: string;
        branch: string;
        headSha: string;
        mergeSha?: string | undefined;
        labels: string[];
      }
    | { kind: 'review'; changeNumber: number; verdict: string; text: string }
    | {
        kind: 'review-comment';
        changeNumber: number;
        path: string;
        line?: number | undefined;
        text: string;
      }
    | {
        kind: 'work-item';
        number: number;
        title: string;
        text: string;
        state: string;
        labels: string[];
      }
    | { kind: 'deployment'; environment: string; sha: string }
  );

const MAX_TITLE = 300;
const MAX_TEXT = 500;
const MAX_LINKS = 20;

export function knowledgeStatement(system: string, item: KnowledgeItem): Statement {
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
  system: string,
  repository: string,
  object: string,
  after: number,
  now: Date,
): Statement {
  return {
    system,
    object,
    scope: repository,
    acl: `repository:${repository}`,
    revision: 'gone',
    ordinal: Math.max(now.getTime(), after + 1),
    statedAt: now,
    extractor: 'gone',
    extractorVersion: 1,
    facts: [],
  };
}

function factsOf(system: string, item: KnowledgeItem): NewFact[] {
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
    case 'work-item':
      return [
        held(workItemRef(item.repository, item.number), {
          title: clean(item.title, MAX_TITLE),
          state: item.state,
          number: item.number,
          labels: item.labels.slice(0, MAX_LINKS),
        }),
        ...byPerson,
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

/** Issues a text of a change says it closes, and keys of trackers in it. */
export function linkedWork(repository: string, own: number, text: string): EntityRef[] {
  const found = new Map<string, EntityRef>();
  const searched = text.slice(0, 50_000);
  const closing =
    /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)[ \t]{1,3}(?:([\w.-]{1,100}\/[\w.-]{1,100}))?#(\d{1,9})\b/gi;
  for (const [, other, number] of searched.matchAll(closing)) {
    if (other === undefined && Number(number) === own) continue;
    const ref = workItemRef(other ?? repository, Number(number));
    found.set(ref.key, ref);
  }
  for (const [key] of searched.matchAll(/(?<![\w/-])[A-Z][A-Z0-9]{1,9}-\d{1,6}(?![\w-])/g)) {
    // Names of standards look the same and are no work.
    if (/^(?:UTF|SHA|ISO|RFC|CVE|GHSA|HTTP|TLS|ADR|KEP|PEP|AES|RSA|X)-/.test(key)) continue;
    found.set(key, { kind: 'work-item', key });
  }
  return [...found.values()].slice(0, MAX_LINKS);
}

/** Outside text: no secrets, nothing hidden, and no more than is needed. */
function clean(text: string, most: number): string {
  return shorten(maskSecrets(neutralise(text)).trim(), most);
}
