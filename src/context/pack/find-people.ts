/** Whom to ask: owners by CODEOWNERS and catalog, and who knows the code by its history. Pure. */
import type { CodeOwnersFile } from '../code-owners-file.ts';
import { CODE_OWNER_PLACES, type CodeOwnerRule, ruleOfPath } from '../code-owners.ts';
import type { readCatalogOwners } from '../document-store.ts';
import type { RankedPerson } from '../ranking/ranker.ts';
import type { ItemDraft } from '../render.ts';
import { freshnessOf } from '../freshness.ts';

const MAX_PEOPLE = 4;

export function findPeople(input: {
  ranked: readonly RankedPerson[];
  codeOwners: CodeOwnersFile | undefined;
  catalogOwners: Awaited<ReturnType<typeof readCatalogOwners>>;
  corePaths: readonly string[];
  revision: string;
  unknowns: string[];
  now: Date;
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
      text: '',
      why: [
        {
          signal: 'declared',
          evidence: `owns ${listed(paths)} by \`${rule.pattern}\` in ${codeOwners!.path}`,
        },
      ],
      source: { system: 'git', object: codeOwners!.path, revision, lines: String(rule.line) },
      observedAt: null,
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
    const others = [...owned].filter(
      ([owner, { paths: theirs }]) =>
        !isSameOwner(owner, entity.owner) && theirs.some((path) => paths.includes(path)),
    );
    if ([...owned.keys()].some((owner) => isSameOwner(owner, entity.owner))) continue;
    // A catalog file at the top says who runs the whole; CODEOWNERS may well be finer than that.
    const disagrees = folder !== '' && others.length > 0;
    drafts.push({
      kind: 'owner',
      title: entity.owner,
      text: '',
      why: [
        { signal: 'catalog', evidence: `owns ${entity.kind} ${entity.name} by ${entity.path}` },
        ...(disagrees
          ? [
              {
                signal: 'contradicts',
                evidence: `${codeOwners!.path} names ${others.map(([owner]) => owner).join(', ')}`,
              },
            ]
          : []),
      ],
      source: { system: 'catalog', object: entity.path, revision },
      observedAt: null,
      freshness: disagrees ? 'contradicted' : 'current',
      score: folder === '' ? 0.3 : 0.6,
      isUntrusted: false,
    });
    for (const draft of disagrees ? drafts : []) {
      if (draft.kind !== 'owner' || !others.some(([owner]) => owner === draft.title)) continue;
      draft.freshness = 'contradicted';
      draft.why = [
        ...draft.why,
        { signal: 'contradicts', evidence: `${entity.path} names ${entity.owner}` },
      ];
    }
  }

  for (const person of input.ranked.slice(0, MAX_PEOPLE)) {
    drafts.push({
      kind: 'person',
      title: person.name,
      text: '',
      why: person.why,
      source: {
        system: 'git',
        // Whatever files it was about, it is the same person.
        object: 'commit history',
        revision,
      },
      observedAt: person.lastActiveAt,
      // Who has not been seen for long may have left.
      freshness: freshnessOf({
        kind: 'ownership',
        changedAt: person.lastActiveAt,
        now: input.now,
        livingMentions: 0,
        vanishedMentions: 0,
        isReplaced: false,
      }),
      score: 0.7 * person.score,
      isUntrusted: true,
    });
  }
  return drafts;
}

/** `@acme/team-shop`, `team:default/shop` and `shop` are one owner, as far as anyone can tell. */
function isSameOwner(a: string, b: string): boolean {
  const plain = (owner: string) =>
    owner
      .toLowerCase()
      .replace(/^.*[/:@]/, '')
      .replace(/^team[-_]|[-_]team$/g, '');
  return plain(a) === plain(b);
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 2).join(', ');
  return paths.length > 2 ? `${shown} and ${paths.length - 2} more` : shown;
}
