/** A text being edited: kept by the browser until it is published or thrown away. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type Layer, policyQueries } from '../../api/policy.ts';

/** A place to begin where no file is in force. */
const FIRST_FILE = `version: 1
default: { lane: one-reviewer }
rules:
  - id: first-rule
    because: Say here why, in your own words
    when: { paths: ["src/**"] }
    require: { reviewers: 1 }
`;

export interface Draft {
  text: string;
  /** The text in force; null where only the built-in rules are. */
  inForce: string | null;
  /** How the version in force is called. */
  inForceName: string | null;
  isEdited: boolean;
  change: (text: string) => void;
  discard: () => void;
}

/** Undefined until it is known what is in force. */
export function useDraft(
  layer: Layer,
  repository: string,
): { draft: Draft | undefined; error: Error | null; retry: () => void } {
  const isOrganisation = layer === 'organisation';
  const ofRepository = useQuery({
    ...policyQueries.versions(repository),
    enabled: !isOrganisation && repository !== '',
  });
  const ofOrganisation = useQuery({
    ...policyQueries.organisationVersions(),
    enabled: isOrganisation,
  });
  const key = `loom-policy-draft:${isOrganisation ? 'organisation' : repository}`;
  const [kept, setKept] = useState<string | null>(() => read(key));
  // Another layer or repository has a draft of its own.
  const [keyOfKept, setKeyOfKept] = useState(key);
  if (key !== keyOfKept) {
    setKeyOfKept(key);
    setKept(read(key));
  }
  useEffect(() => write(key, keyOfKept === key ? kept : read(key)), [key, keyOfKept, kept]);

  const query = isOrganisation ? ofOrganisation : ofRepository;
  const retry = () => void query.refetch();
  if (query.data === undefined) return { draft: undefined, error: query.error, retry };

  const active = isOrganisation
    ? ofOrganisation.data?.items.find(({ state }) => state === 'active')
    : ofRepository.data?.items.find(({ isActive }) => isActive);
  const inForce = active?.text ?? null;
  const start = inForce ?? FIRST_FILE;
  return {
    draft: {
      text: kept ?? start,
      inForce,
      inForceName: active === undefined ? null : nameOf(active.version),
      isEdited: kept !== null && kept !== start,
      change: (text) => setKept(text === start ? null : text),
      discard: () => setKept(null),
    },
    error: null,
    retry,
  };
}

function nameOf(version: string | number): string {
  return typeof version === 'number' ? `version ${version}` : version.slice(0, 8);
}

/** A browser may refuse to keep anything; then the draft lives as long as the page. */
function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, text: string | null): void {
  try {
    if (text === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // See read.
  }
}
