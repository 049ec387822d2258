/** What GitHub finds vulnerable: dependencies, our own code, and what was reported to the repository. Pure. */
import { z } from 'zod';
import type { Signal } from '#connectors/contract';
import { parseJson } from '#kernel';
import { GITHUB, keyOf, UNREADABLE } from './naming.ts';

const Time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const Repository = z.object({ full_name: z.string().max(200) });

const DependabotEvent = z.object({
  action: z.string(),
  repository: Repository,
  alert: z.object({
    number: z.int(),
    html_url: z.string().optional(),
    updated_at: Time,
    dependency: z.object({ package: z.object({ name: z.string() }) }),
    security_advisory: z.object({
      ghsa_id: z.string(),
      summary: z.string(),
      severity: z.string(),
    }),
  }),
});
const CodeScanningEvent = z.object({
  action: z.string(),
  repository: Repository,
  alert: z.object({
    number: z.int(),
    html_url: z.string().nullish(),
    updated_at: Time.nullish(),
    created_at: Time,
    rule: z.object({
      id: z.string(),
      description: z.string().nullish(),
      /** There for rules of security alone. */
      security_severity_level: z.string().nullish(),
    }),
  }),
});
const RepositoryAdvisoryEvent = z.object({
  action: z.string(),
  repository: Repository,
  repository_advisory: z.object({
    ghsa_id: z.string(),
    summary: z.string(),
    severity: z.string().nullish(),
    html_url: z.string().nullish(),
    updated_at: Time.nullish(),
  }),
});

type Advisory = Extract<Signal, { type: 'advisory.published' }>;

/** Comes, and comes back; what is fixed or dismissed asks for nothing. */
const DEPENDABOT = new Set(['created', 'reopened', 'reintroduced', 'auto_reopened']);
const CODE_SCANNING = new Set(['created', 'reopened', 'reopened_by_user']);
const REPORTED = new Set(['published', 'reported']);

const SEVERITIES: ReadonlyMap<string, Advisory['severity']> = new Map([
  ['low', 'low'],
  ['moderate', 'medium'],
  ['medium', 'medium'],
  ['high', 'high'],
  ['critical', 'critical'],
]);

/** One nobody has weighed counts as grave. */
function severityOf(text: string | null | undefined): Advisory['severity'] {
  return SEVERITIES.get(text?.toLowerCase() ?? '') ?? 'high';
}

export function dependabotAlert(body: Uint8Array): Signal[] {
  const { action, repository, alert } = parseJson(DependabotEvent, body, UNREADABLE);
  if (!DEPENDABOT.has(action)) return [];
  const { name } = alert.dependency.package;
  const { ghsa_id: id, summary, severity } = alert.security_advisory;
  return advisory(repository.full_name, {
    // One lock file more that names the package is the same work.
    externalKey: `${id}:${name}`,
    occurredAt: alert.updated_at,
    again: action,
    package: name,
    severity: severityOf(severity),
    title: summary,
    url: alert.html_url,
  });
}

export function codeScanningAlert(body: Uint8Array): Signal[] {
  const { action, repository, alert } = parseJson(CodeScanningEvent, body, UNREADABLE);
  const { id, description, security_severity_level: severity } = alert.rule;
  // Style and quality have no severity of security.
  if (!CODE_SCANNING.has(action) || severity == null) return [];
  return advisory(repository.full_name, {
    externalKey: `code-scanning:${alert.number}`,
    occurredAt: alert.updated_at ?? alert.created_at,
    again: action,
    package: repository.full_name,
    severity: severityOf(severity),
    title: description ?? id,
    url: alert.html_url ?? undefined,
  });
}

export function repositoryAdvisory(body: Uint8Array): Signal[] {
  const event = parseJson(RepositoryAdvisoryEvent, body, UNREADABLE);
  const { action, repository, repository_advisory: told } = event;
  if (!REPORTED.has(action)) return [];
  return advisory(repository.full_name, {
    externalKey: told.ghsa_id,
    occurredAt: told.updated_at ?? new Date(0),
    // Reported and then published, it is one piece of work.
    again: 'told',
    package: repository.full_name,
    severity: severityOf(told.severity),
    title: told.summary,
    url: told.html_url ?? undefined,
  });
}

function advisory(
  repository: string,
  told: Pick<Advisory, 'externalKey' | 'occurredAt' | 'package' | 'severity'> & {
    again: string;
    title: string;
    url: string | undefined;
  },
): Signal[] {
  const { again, url, title, ...rest } = told;
  return [
    {
      type: 'advisory.published',
      source: GITHUB,
      dedupeKey: keyOf('advisory', repository, [
        told.externalKey,
        again,
        again === 'told' ? null : told.occurredAt,
      ]),
      ...rest,
      repository,
      title: title.slice(0, 500),
      ...(url === undefined ? {} : { url }),
    },
  ];
}
