/**
 * Reads the small closed notations of a policy file: durations, shares, and the sections that say how
 * people are asked: `approvals`, `routing`, `override`, `autonomy.after_incident`.
 */
import {
  AfterIncidentEntry,
  ApprovalsEntry,
  HALVE_SCOPES,
  keysOf,
  OVERRIDE_NEEDS,
  OverrideEntry,
  RoutingEntry,
  STALE_ON,
} from './file-schema.ts';
import {
  type AfterIncident,
  APPROVALS_BY_DEFAULT,
  type ApprovalTerms,
  KEEP_ON,
  type OverrideTerms,
  ROUTING_STEPS,
  type RoutingTerms,
} from './document.ts';
import { readReviewerSources, type Vocabulary } from './read-condition.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';

const UNITS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `15m`, `72h`, `3d`, `2w` in milliseconds; undefined (and a problem) when it is no such span. */
export function readDuration(reader: YamlReader, place: Place): number | undefined {
  const text = reader.text(place);
  if (text === undefined) return undefined;
  const match = /^(\d{1,4})([mhdw])$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined || Number(match[1]) === 0) {
    reader.problem(place, 'Expected a duration such as 45m, 72h or 3d', '72h');
    return undefined;
  }
  return Number(match[1]) * unit;
}

/** `5%` or `0.5%` in per mille. */
export function readShare(reader: YamlReader, place: Place): number | null {
  const text = reader.text(place);
  if (text === undefined) return null;
  const match = /^(\d{1,2}(?:\.\d)?)\s*%$/.exec(text.trim());
  const perMille = match === null ? Number.NaN : Math.round(Number(match[1]) * 10);
  if (Number.isNaN(perMille) || perMille === 0) {
    reader.problem(place, 'Expected a share between 0.1% and 99%', '5%');
    return null;
  }
  return perMille;
}

/** `approvals`: what takes a consent away. Kept as it is where the file says nothing. */
export function readApprovals(reader: YamlReader, entry: Entry | undefined): ApprovalTerms {
  if (entry === undefined) return APPROVALS_BY_DEFAULT;
  const terms: { -readonly [Key in keyof ApprovalTerms]: ApprovalTerms[Key] } = {
    ...APPROVALS_BY_DEFAULT,
  };
  for (const field of reader.entries(entry, keysOf(ApprovalsEntry))) {
    if (field.key === 'stale_on') {
      terms.staleOn = reader.oneOf(field, STALE_ON, 'event') ?? terms.staleOn;
    } else if (field.key === 'keep_on') {
      terms.keepOn = reader
        .texts(field)
        .flatMap(({ place }) => reader.oneOf(place, KEEP_ON, 'event') ?? []);
    } else terms.validForMs = readDuration(reader, field) ?? terms.validForMs;
  }
  if (terms.staleOn === 'push' && terms.keepOn.length > 0) {
    reader.problem(
      entry,
      'keep_on has no effect while every push takes approvals away',
      'stale_on: code-change',
    );
  }
  return terms;
}

export function readRouting(
  reader: YamlReader,
  entry: Entry | undefined,
  { tiers }: Vocabulary,
): RoutingTerms | null {
  if (entry === undefined) return null;
  const ackWithinMs = new Map<string, number>();
  let afterwards: RoutingTerms['afterwards'] = [];
  let maxOpenPerPerson: number | null = null;
  for (const field of reader.entries(entry, keysOf(RoutingEntry))) {
    if (field.key === 'then') {
      afterwards = reader
        .texts(field)
        .flatMap(({ place }) => reader.oneOf(place, ROUTING_STEPS, 'step') ?? []);
    } else if (field.key === 'max_open_per_person') {
      maxOpenPerPerson = reader.integer(field, 1, 1_000) ?? null;
    } else {
      for (const each of reader.entries(field)) {
        const name = { node: each.keyNode, path: each.path };
        if (reader.oneOf(name, [...tiers, 'default'], 'tier') === undefined) continue;
        const ms = readDuration(reader, each);
        if (ms !== undefined) ackWithinMs.set(each.key, ms);
      }
    }
  }
  return { ackWithinMs, afterwards, maxOpenPerPerson };
}

const MAX_OVERRIDE_MS = 7 * 86_400_000;

export function readOverride(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
): OverrideTerms | null {
  if (entry === undefined) return null;
  const terms: { -readonly [Key in keyof OverrideTerms]: OverrideTerms[Key] } = {
    line: reader.lineOf({ node: entry.keyNode, path: entry.path }),
    by: [],
    minReasonLength: 20,
    needsTicket: false,
    needsSecondPerson: false,
    expiresMs: UNITS['h']! * 4,
    reportTo: null,
  };
  for (const field of reader.entries(entry, keysOf(OverrideEntry))) {
    if (field.key === 'by') terms.by = readReviewerSources(reader, field, vocabulary);
    else if (field.key === 'needs') readOverrideNeeds(reader, field, terms);
    else if (field.key === 'report_to') terms.reportTo = reader.text(field) ?? null;
    else {
      terms.expiresMs = readDuration(reader, field) ?? terms.expiresMs;
      if (terms.expiresMs > MAX_OVERRIDE_MS) reader.problem(field, 'At most 7d', '4h');
    }
  }
  if (terms.by.length === 0) {
    reader.problem(entry, 'override needs by', 'by: [role:incident-commander]');
  }
  return terms;
}

function readOverrideNeeds(
  reader: YamlReader,
  field: Entry,
  terms: { minReasonLength: number; needsTicket: boolean; needsSecondPerson: boolean },
): void {
  for (const { value, place } of reader.texts(field)) {
    const reason = /^reason(?:\s*>=\s*(\d{1,4})-chars)?$/.exec(value.trim());
    if (reason !== null) terms.minReasonLength = Number(reason[1] ?? terms.minReasonLength);
    else if (value === 'ticket') terms.needsTicket = true;
    else if (value === 'second-person') terms.needsSecondPerson = true;
    else {
      reader.oneOf(place, OVERRIDE_NEEDS, 'need');
    }
  }
}

export function readAfterIncident(reader: YamlReader, entry: Entry): AfterIncident {
  const terms: AfterIncident = {
    halveForMs: UNITS['d']! * 14,
    scope: 'service',
    restore: 'by service owner with reason',
  };
  for (const field of reader.entries(entry, keysOf(AfterIncidentEntry))) {
    if (field.key === 'halve_for') {
      terms.halveForMs = readDuration(reader, field) ?? terms.halveForMs;
    } else if (field.key === 'scope') {
      terms.scope = reader.oneOf(field, HALVE_SCOPES, 'scope') ?? terms.scope;
    } else terms.restore = reader.text(field) ?? terms.restore;
  }
  return terms;
}
