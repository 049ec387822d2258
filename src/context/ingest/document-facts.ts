/** What documents say: that they are records and rules, what is in them, and what they name. */
import { createBreather } from '#kernel';
import type { EntityRef, NewFact } from '../graph/schema.ts';
import { repositoryRef } from './refs.ts';
import { type Draft, fileAt, type RepositoryView, type ViewedFile } from './repository-view.ts';

export interface KnownRecord {
  path: string;
  kind: 'document' | 'decision' | 'rule';
  form: string;
  title: string;
  scope: readonly string[];
  mentions: readonly { path: string; line: number | null }[];
  status: string | null;
  decidedOn: string | null;
  details: Readonly<Record<string, string>>;
  sections: readonly { heading: string; startLine: number; endLine: number }[];
}

/** The entity a document is in the graph. */
export function recordRef(record: Pick<KnownRecord, 'kind' | 'form'>, file: ViewedFile): EntityRef {
  if (record.kind !== 'document') return { kind: record.kind, key: file.ref.key };
  return { kind: record.form === 'postmortem' ? 'incident' : 'document', key: file.ref.key };
}

/**
 * Drafts for documents. `replacements` maps a record's path to the path of the record that took its
 * place, by either side's word.
 */
export async function documentDrafts(
  view: RepositoryView,
  records: readonly KnownRecord[],
  replacements: ReadonlyMap<string, string>,
): Promise<Draft[]> {
  const breathe = createBreather();
  const known = new Map(records.map((record) => [record.path, record]));
  const drafts: Draft[] = [];
  for (const record of records) {
    await breathe();
    const file = view.files.get(record.path);
    if (file === undefined) continue;
    const self = recordRef(record, file);
    drafts.push({
      object: `document:${file.ref.key}`,
      extractor: 'documents',
      extractorVersion: 2,
      revision: file.blobSha,
      position: file.position,
      facts: [
        existence(record, file, self),
        ...sectionFacts(record, self),
        ...ruleFacts(view, record, self),
        ...mentionFacts(view, record, self),
        ...replacementFacts(view, record, self, replacements, known),
      ],
    });
  }
  return drafts;
}

function existence(record: KnownRecord, file: ViewedFile, self: EntityRef): NewFact {
  return {
    kind: 'contains',
    from: file.ref,
    to: self,
    evidence: { path: record.path },
    properties: {
      title: record.title,
      path: record.path,
      form: record.form,
      ...(record.status === null ? {} : { status: record.status }),
      ...(record.decidedOn === null ? {} : { decidedOn: record.decidedOn }),
      ...(record.kind === 'rule' ? { scope: [...record.scope] } : {}),
      ...record.details,
    },
  };
}

function sectionFacts(record: KnownRecord, self: EntityRef): NewFact[] {
  const seen = new Map<string, number>();
  return record.sections
    .filter(({ heading }) => heading !== '')
    .map(({ heading, startLine, endLine }) => {
      const slug = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}>]+/gu, '-')
        .slice(0, 300);
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return {
        kind: 'contains' as const,
        from: self,
        to: {
          kind: 'section' as const,
          key: `${self.key}#${slug}${count === 0 ? '' : `~${count}`}`,
        },
        evidence: { path: record.path, startLine, endLine },
        properties: { title: heading.split(' > ').at(-1)!, heading, path: record.path },
      };
    });
}

/** A rule constrains its repository, one edge per pattern; the empty slot is everywhere. */
function ruleFacts(view: RepositoryView, record: KnownRecord, self: EntityRef): NewFact[] {
  if (record.kind !== 'rule') return [];
  const patterns = record.scope.length === 0 ? [''] : record.scope;
  return patterns.map((slot) => ({
    kind: 'constrains' as const,
    from: self,
    to: repositoryRef(view.name),
    slot: slot.slice(0, 1_000),
    method: 'declared' as const,
    evidence: { path: record.path },
  }));
}

function mentionFacts(view: RepositoryView, record: KnownRecord, self: EntityRef): NewFact[] {
  return record.mentions.flatMap(({ path, line }) => {
    const target = fileAt(view, path);
    if (target === undefined || target.ref.key === self.key) return [];
    return [
      {
        // What a postmortem names was part of what happened.
        kind: self.kind === 'incident' ? ('affected' as const) : ('mentions' as const),
        from: self,
        to: target.ref,
        confidence: 0.9,
        evidence: {
          path: record.path,
          ...(line === null ? {} : { startLine: line, endLine: line }),
        },
        // Under which name: a file that was renamed since is named wrongly.
        properties: { as: path },
      },
    ];
  });
}

function replacementFacts(
  view: RepositoryView,
  record: KnownRecord,
  self: EntityRef,
  replacements: ReadonlyMap<string, string>,
  known: ReadonlyMap<string, KnownRecord>,
): NewFact[] {
  const by = replacements.get(record.path);
  const other = by === undefined ? undefined : known.get(by);
  const file = by === undefined ? undefined : view.files.get(by);
  if (other === undefined || file === undefined) return [];
  return [
    {
      kind: 'supersedes',
      from: recordRef(other, file),
      to: self,
      method: 'declared',
      evidence: { path: record.path },
    },
  ];
}
