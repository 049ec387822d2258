/** What bears on one file that is about to be edited: its rules, decisions, incidents and companions. */
import type { Queryable } from '#kernel';
import type { ReadAccess } from '../access/viewer.ts';
import { readDocuments } from '../document-store.ts';
import { findFiles } from '../file-store.ts';
import { readCompanions } from '../history-store.ts';
import { readServedLessons } from '../lessons/store.ts';
import type { ItemDraft } from '../render.ts';
import type { Repository } from '../schema.ts';
import { findDocuments } from './find-documents.ts';
import { companionDrafts } from './find-files.ts';
import { toReadable, toSafe } from './safe.ts';
import { findLessons } from './find-lessons.ts';
import { findRules } from './find-rules.ts';
import { markContradictions } from './mark-contradictions.ts';

export async function findForPath(
  db: Queryable,
  repository: Repository,
  path: string,
  options: {
    access: ReadAccess;
    now: Date;
    /** What holds everywhere need not be said again when it was said already. */
    isTold(draft: ItemDraft): boolean;
  },
): Promise<ItemDraft[]> {
  const { access, now, isTold } = options;
  const { id } = repository;
  const [allRecords, [file], lessons] = await Promise.all([
    readDocuments(db, id, { kinds: ['rule', 'decision'] }),
    findFiles(db, id, [path]),
    readServedLessons(db, id),
  ]);
  const records = allRecords.filter((record) => access.mayReadPath(record.path));
  const scores = new Map<number, number>();
  const paths = [path];
  const [rules, documents, companions] = await Promise.all([
    findRules(db, id, {
      rules: records.filter(({ kind }) => kind === 'rule'),
      paths,
      sectionScores: scores,
      now,
    }),
    findDocuments(db, id, {
      records,
      sections: [],
      sectionScores: scores,
      corePaths: paths,
      mayRead: access.mayReadPath,
      now,
    }),
    file === undefined ? [] : readCompanions(db, id, [file.number], now),
  ]);
  const drafts = [
    ...rules.filter((draft) => isScoped(draft) || !isTold(draft)),
    ...documents.filter((draft) => draft.freshness !== 'superseded' && !isTold(draft)),
    ...findLessons(lessons, new Map(), paths, now),
    ...(await companionDrafts(db, id, companions, [], access.mayReadPath)).slice(0, 4),
  ];
  const readable = drafts.flatMap((draft) => toReadable(draft, access));
  return markContradictions(readable.map(toSafe));
}

function isScoped(draft: ItemDraft): boolean {
  return draft.why.some(({ signal }) => signal === 'path-scope');
}
