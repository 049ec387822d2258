/** CODEOWNERS in the graph: who owns which pattern of the repository, line by line. */
import type { CodeOwnerRule } from '../code-owners.ts';
import type { NewFact } from '../graph/schema.ts';
import { ownerRef, repositoryRef } from './refs.ts';
import type { Draft, RepositoryView } from './repository-view.ts';

/** The last rule of a pattern counts, as everywhere in the file, or in its section of it. */
export function codeOwnerDrafts(
  view: RepositoryView,
  path: string,
  rules: readonly CodeOwnerRule[],
): Draft[] {
  const file = view.files.get(path);
  if (file === undefined) return [];
  const byPattern = new Map(rules.map((rule) => [`${rule.section ?? ''}\n${rule.pattern}`, rule]));
  const facts = [...byPattern.values()].flatMap((rule): NewFact[] =>
    rule.owners.map((owner) => ({
      kind: 'owns_declared',
      from: ownerRef(owner),
      to: repositoryRef(view.name),
      slot: rule.pattern.slice(0, 1_000),
      method: 'declared',
      evidence: { path, startLine: rule.line, endLine: rule.line },
    })),
  );
  const owners = new Map(facts.map(({ from }) => [`${from.kind}:${from.key}`, from]));
  for (const owner of owners.values()) {
    facts.push({
      kind: 'is',
      from: owner,
      to: owner,
      confidence: 0.8,
      properties: { title: owner.key.replace(/^(?:github|email):/, '') },
    });
  }
  return [
    {
      object: `code-owners:${file.ref.key}`,
      extractor: 'code-owners',
      extractorVersion: 1,
      revision: file.blobSha,
      position: file.position,
      facts,
    },
  ];
}
