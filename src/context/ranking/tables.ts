/** One question of any kind, as a table of candidates. */
import type { CandidateTable } from './features.ts';
import { tabulateCompanions } from './companion-signals.ts';
import { tabulateDocuments } from './document-signals.ts';
import { readFileQuery } from './file-query.ts';
import { tabulateFiles } from './file-signals.ts';
import { tabulatePeople } from './people-signals.ts';
import type { BacktestQuery, BacktestTask } from './queries.ts';
import type { Snapshot } from './snapshot.ts';

/** `now` in seconds. */
export function tabulateQuery(
  snapshot: Snapshot,
  task: Exclude<BacktestTask, 'cow'>,
  query: BacktestQuery,
  now: number,
): CandidateTable {
  const text = query.query ?? { title: '', body: '' };
  switch (task) {
    case 'loc':
      return tabulateFiles(snapshot, readFileQuery(text), now);
    case 'co':
      return tabulateCompanions(snapshot, query.given ?? [], now);
    case 'own':
      return tabulatePeople(snapshot, query.paths ?? [], query.author, now);
    case 'doc':
    case 'dec':
      return tabulateDocuments(
        snapshot,
        readFileQuery(text),
        query.paths ?? [],
        now,
        task === 'doc' ? 'documents' : 'decisions',
      );
  }
}
