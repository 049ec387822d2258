/** "Would your agents have been told the right files?": asked of the repository's own last changes. */
import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { ContextExample, ContextStudy } from '../../api/types.ts';
import { count, day, percent, plural } from '../../parts/format.ts';
import { EmptyState, Loading, Panel, Problem, Stat } from '../../parts/layout.tsx';

type Figures = Extract<ContextStudy, { state: 'ready' }>['figures'];

export function ContextStudyPanel({ repositoryId }: { repositoryId: string }) {
  const query = useQuery(queries.contextStudy(repositoryId));
  const study = query.data;
  return (
    <Panel
      title="Files found for past changes"
      note={noteOf(study)}
      flush
      foot="Each change is asked about by its title and text alone, against what was known before it. By the weights that ship. Nothing leaves the server."
    >
      {study === undefined && query.error === null && (
        <Loading rows={3} label="Asking the server" />
      )}
      {study === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {study?.state === 'computing' && (
        <EmptyState
          small
          title={
            study.total === null
              ? 'Reading the history'
              : `Asked ${count(study.done)} of ${count(study.total)} changes`
          }
          text="This runs in the background; the figures appear here."
        />
      )}
      {study?.state === 'failed' && (
        <EmptyState small title="Could not be worked out" text={study.reason} />
      )}
      {(study?.state === 'empty' || (study?.state === 'ready' && study.figures.changes === 0)) && (
        <EmptyState
          small
          title="No change to ask about"
          text="It takes changes by people, with a title that says what they are for."
        />
      )}
      {study?.state === 'ready' && study.figures.changes > 0 && <Answer figures={study.figures} />}
    </Panel>
  );
}

function noteOf(study: ContextStudy | undefined): string | undefined {
  if (study?.state !== 'ready' || study.figures.changes === 0) return undefined;
  const { changes, cut } = study.figures;
  return cut === null
    ? `its last ${plural(changes, 'change')}`
    : `cut after ${Math.round(cut.afterMs / 1000)} seconds: ${count(cut.asked)} of ${count(cut.planned)} changes`;
}

function Answer({ figures }: { figures: Figures }) {
  const files = figures.tasks.find(({ task }) => task === 'files');
  const { withoutNames, examples } = figures;
  const rank = files?.meanReciprocalRank ?? null;
  return (
    <>
      <section className="stats context-study-stats" aria-label="How well files are found">
        <Stat
          label="Found in the first ten"
          value={percent(files?.recall10 ?? null)}
          note="of the files a change edited"
        />
        <Stat
          label="Where no file is named"
          value={percent(withoutNames?.recall10 ?? null)}
          note={
            withoutNames === null
              ? 'every text names one of its files'
              : `${plural(withoutNames.asked, 'change')} whose text names none of its files`
          }
        />
        <Stat
          label="Mean reciprocal rank"
          value={rank === null ? '–' : rank.toFixed(2)}
          note="1 when the first file is always right"
        />
      </section>
      <ul aria-label="Examples of past changes">
        {examples.map((example) => (
          <Example key={example.sha} example={example} />
        ))}
      </ul>
    </>
  );
}

const SHOWN_FILES = 3;

function Example({ example: { title, sha, at, isFound, files } }: { example: ContextExample }) {
  return (
    <li className="overlap">
      <span className="badge" data-tone={isFound ? 'good' : 'warn'}>
        {isFound ? 'Found' : 'Missed'}
      </span>
      <div className="grow">
        <p className="wrap-anywhere">
          {title}{' '}
          <span className="quiet small nowrap">
            <code>{sha.slice(0, 9)}</code>, {day(at)}
          </span>
        </p>
        {files.slice(0, SHOWN_FILES).map(({ path, place, reason }) => (
          <p key={path} className="quiet small wrap-anywhere">
            <code>{path}</code> {place === null ? 'not found' : `at place ${place}`}: {reason}
          </p>
        ))}
        {files.length > SHOWN_FILES && (
          <p className="quiet small">and {plural(files.length - SHOWN_FILES, 'more file')}</p>
        )}
      </div>
    </li>
  );
}
