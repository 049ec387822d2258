/**
 * What every monitoring system says of one alert, in neutral words, and the signal it becomes. Pure.
 *
 * One alert is one incident: its key names the alert and the moment it began, so that repeated
 * notifications meet, and the same alert a week later is another incident.
 */
import { hash } from 'node:crypto';
import type { Signal } from '#connectors/contract';
import { type Labels, type LabelNames, placeOf, severityOf } from './labels.ts';

export type Severity = Extract<Signal, { type: 'incident.reported' }>['severity'];

export interface AlertReport {
  /** Names the alert, and when it began where the system says so. */
  key: readonly (string | number)[];
  /** What sets this report apart from others of the same alert; a repeated one is no news. */
  moment: readonly (string | number)[];
  title: string;
  /** Undefined: taken from the labels. */
  severity?: Severity | undefined;
  state: 'open' | 'resolved';
  at: Date;
  labels: Labels;
  /** Where the report names them itself; they win over labels. */
  repository?: string | undefined;
  service?: string | undefined;
  url?: string | undefined;
}

const MAX_TITLE = 500;
const MAX_URL = 2_000;

export function toIncidentSignal(
  source: string,
  report: AlertReport,
  names: LabelNames,
): Extract<Signal, { type: 'incident.reported' }> {
  const place = placeOf(report.labels, names);
  const repository = report.repository ?? place.repository;
  const service = report.service ?? place.service;
  const url = httpUrl(report.url);
  return {
    type: 'incident.reported',
    source,
    dedupeKey: shortKey(source, [...report.key, report.state, ...report.moment]),
    occurredAt: report.at,
    title: report.title.trim().slice(0, MAX_TITLE) || `Alert of ${source}`,
    severity: report.severity ?? severityOf(report.labels),
    state: report.state,
    externalKey: shortKey(source, report.key),
    ...(repository === undefined ? {} : { repository }),
    ...(service === undefined ? {} : { service }),
    ...(url === undefined ? {} : { url }),
  };
}

/** Readable where it is short, a digest where it is not; equal for equals either way. */
export function shortKey(source: string, parts: readonly (string | number)[]): string {
  const whole = `${source}:${parts.join(':')}`;
  // A part that holds the separator could make two different lists one text.
  const isPlain = whole.length <= 200 && parts.every((part) => /^[\w.+-]*$/.test(String(part)));
  return isPlain ? whole : `${source}:sha256:${hash('sha256', JSON.stringify(parts), 'hex')}`;
}

/** Only what a browser may be sent to. */
export function httpUrl(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= MAX_URL && /^https?:\/\/[^\s]+$/.test(text)
    ? text
    : undefined;
}
