/** Whom to ask: owners by CODEOWNERS and catalog, and who knows the code by its history. Pure. */
import type { CodeOwnersFile } from '../code-owners-file.ts';
import { CODE_OWNER_PLACES, type CodeOwnerRule, ruleOfPath } from '../code-owners.ts';
import type { readCatalogOwners } from '../document-store.ts';
import type { AuthorRow } from '../history-store.ts';
import { type Authorship, rankPeople } from '../people.ts';
import type { ItemDraft } from '../render.ts';
import type { FoundFile } from './find-files.ts';

export function findPeople(input: {
  authors: readonly AuthorRow[];
  codeOwners: CodeOwnersFile | undefined;
  catalogOwners: Awaited<ReturnType<typeof readCatalogOwners>>;
  corePaths: readonly string[];
  core: readonly FoundFile[];
  revision: string;
  unknowns: string[];
}): ItemDraft[] {
  const { codeOwners, corePaths, unknowns, revision } = input;
  const drafts: ItemDraft[] = [];
  const owned = new Map<string, { paths: string[]; rule: CodeOwnerRule }>();
  for (const path of corePaths) {
    const rule = codeOwners === undefined ? undefined : ruleOfPath(codeOwners.rules, path);
    for (const owner of rule?.owners ?? []) {
      const entry = owned.get(owner) ?? { paths: [], rule: rule! };
      entry.paths.push(path);
      owned.set(owner, entry);
    }
  }
  for (const [owner, { paths, rule }] of owned) {
    drafts.push({
      kind: 'owner',
      title: owner,
      excerpt: '',
      reason: `owns ${listed(paths)} by \`${rule.pattern}\` in ${codeOwners!.path}`,
      source: { system: 'git', object: codeOwners!.path, revision, lines: String(rule.line) },
      changedAt: null,
      freshness: 'current',
      score: 0.5 + (0.5 * paths.length) / Math.max(1, corePaths.length),
      isUntrusted: false,
    });
  }
  if (codeOwners === undefined)
    unknowns.push(`There is no CODEOWNERS file (${CODE_OWNER_PLACES.join(', ')}).`);
  else if (owned.size === 0 && corePaths.length > 0)
    unknowns.push(`${codeOwners.path} names nobody for these files.`);

  for (const entity of input.catalogOwners) {
    const folder = entity.path.slice(0, entity.path.lastIndexOf('/') + 1).replace(/^\.loom\/$/, '');
    const paths = corePaths.filter((path) => path.startsWith(folder));
    if (paths.length === 0 || owned.has(entity.owner)) continue;
    drafts.push({
      kind: 'owner',
      title: entity.owner,
      excerpt: '',
      reason: `owns ${entity.kind} ${entity.name} by ${entity.path}`,
      source: { system: 'catalog', object: entity.path, revision },
      changedAt: null,
      freshness: 'current',
      score: folder === '' ? 0.3 : 0.6,
      isUntrusted: false,
    });
  }

  const known = rankPeople(toAuthorships(input.authors)).slice(0, 4);
  const best = known[0]?.score ?? 1;
  const coreNames = input.core.map(({ file }) => file.path);
  for (const person of known) {
    drafts.push({
      kind: 'person',
      title: person.name,
      excerpt: '',
      reason:
        person.changes > 0
          ? `${person.changes} ${person.changes === 1 ? 'change' : 'changes'} to ${listed(coreNames)}`
          : person.inFolders > 0
            ? 'changed neighbouring files'
            : 'active in this repository',
      source: {
        system: 'git',
        object: `history of ${listed(coreNames) || 'the repository'}`,
        revision,
      },
      changedAt: person.lastAt,
      freshness: 'current',
      score: (0.7 * person.score) / best,
      isUntrusted: true,
    });
  }
  return drafts;
}

function toAuthorships(rows: readonly AuthorRow[]): Authorship[] {
  const authors = new Map<string, Authorship>();
  for (const row of rows) {
    const key = `${row.name}\n${row.email}`;
    const author = authors.get(key) ?? {
      name: row.name,
      email: row.email,
      onPaths: 0,
      inFolders: 0,
      anywhere: 0,
      changes: 0,
      lastAt: row.lastAt,
    };
    if (row.kind === 'paths') {
      author.onPaths += row.weight;
      author.changes += row.changes;
    } else if (row.kind === 'folders') author.inFolders += row.weight;
    else author.anywhere += row.weight;
    if (row.kind === 'paths' || row.lastAt > author.lastAt) author.lastAt = row.lastAt;
    authors.set(key, author);
  }
  return [...authors.values()];
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 2).join(', ');
  return paths.length > 2 ? `${shown} and ${paths.length - 2} more` : shown;
}
