/** What each repository of a code host lets happen around us, and what to set so that it does not. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { protectionQuery, type ProtectionReport } from '../../api/connections.ts';
import { queries } from '../../api/queries.ts';
import { Badge } from '../../parts/badges.tsx';
import { Loading, Panel, Problem } from '../../parts/layout.tsx';

/** Each look costs calls of the host's hourly budget. */
const MAX_SHOWN = 20;

const LOOKS = {
  protected: { label: 'Protected', tone: 'good', icon: 'check' },
  open: { label: 'Open', tone: 'bad', icon: 'alert' },
  unknown: { label: 'Unknown', tone: 'warn', icon: 'alert' },
} as const;

export function Protection({ host }: { host: string }) {
  const all = useQuery(queries.repositories());
  const repositories = (all.data?.items ?? []).filter((repository) => repository.host === host);
  const shown = repositories.slice(0, MAX_SHOWN);
  const reports = useQueries({ queries: shown.map(({ id }) => protectionQuery(id)) });
  if (shown.length === 0) return null;
  return (
    <Panel
      title="Branch protection"
      note={
        repositories.length > MAX_SHOWN
          ? `the first ${MAX_SHOWN} of ${repositories.length} repositories`
          : 'whether a verdict can be gone around'
      }
    >
      <ul className="protection">
        {shown.map(({ id, name }, index) => (
          <li key={id}>
            <One name={name} query={reports[index]!} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function One({
  name,
  query: { data, error },
}: {
  name: string;
  query: { data: ProtectionReport | undefined; error: Error | null };
}) {
  if (error !== null) return <Problem error={error} />;
  if (data === undefined) return <Loading rows={1} label={`Reading the protection of ${name}`} />;
  const missing = data.findings.filter(({ level }) => level !== 'ok');
  return (
    <>
      <span className="protection-head">
        <strong className="wrap-anywhere">{name}</strong> <code>{data.branch}</code>{' '}
        <Badge look={LOOKS[data.state]} bare />
      </span>
      {missing.length === 0 ? (
        <p className="soft small">{data.findings.map(({ text }) => text).join(' ')}</p>
      ) : (
        <ul>
          {missing.map(({ code, text, hint }) => (
            <li key={code}>
              <span>{text}</span>
              {hint !== undefined && <p className="soft small">{hint}</p>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
