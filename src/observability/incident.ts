/**
 * What an incident is after one more report. The newest word of the source counts, whatever the order in
 * which words arrive: a late firing never reopens, a late resolution never closes what began again. Pure.
 */
import type { Id } from '#kernel';
import type { Incident } from './schema.ts';

export type KnownIncident = Incident & {
  /** When the source says it took the state it has. */
  stateAt: Date;
};

export interface IncidentReport {
  title: string;
  severity: Incident['severity'];
  state: Incident['state'];
  externalKey: string;
  repository?: string | undefined;
  deploymentId?: Id<'dep'> | undefined;
  url?: string | undefined;
}

/** At one and the same moment the resolution is the last word. */
export function foldIncident(
  known: KnownIncident | undefined,
  report: IncidentReport,
  at: Date,
  newId: () => Incident['id'],
): KnownIncident {
  const isOpen = report.state === 'open';
  if (known === undefined) {
    return {
      id: newId(),
      title: report.title,
      severity: report.severity,
      state: report.state,
      repository: report.repository ?? null,
      deploymentId: report.deploymentId ?? null,
      externalKey: report.externalKey,
      url: report.url ?? null,
      detectedAt: at,
      resolvedAt: isOpen ? null : at,
      stateAt: at,
    };
  }
  const isTie = at.getTime() === known.stateAt.getTime();
  const isNews = isTie ? !isOpen || known.state === 'open' : at > known.stateAt;
  const told = {
    repository: report.repository ?? known.repository,
    deploymentId: report.deploymentId ?? known.deploymentId,
    url: report.url ?? known.url,
    detectedAt: at < known.detectedAt ? at : known.detectedAt,
  };
  if (!isNews) {
    return {
      ...known,
      repository: known.repository ?? told.repository,
      deploymentId: known.deploymentId ?? told.deploymentId,
      url: known.url ?? told.url,
      detectedAt: told.detectedAt,
    };
  }
  return {
    ...known,
    ...told,
    title: report.title,
    severity: report.severity,
    state: report.state,
    // Resolved twice: it was over the first time.
    resolvedAt: isOpen ? null : (known.resolvedAt ?? at),
    stateAt: at,
  };
}
