/**
 * Who knows the files of a change best, among those who may judge it: observed work of two years,
 * decayed, by folder. Named by an address their consent is recognised by.
 */
import { type Person, sharedIdentities } from '#governance';
import type { Change } from '../schema.ts';
import type { StepDeps } from './deps.ts';

const FOLDER_PARTS = 2;
const MAX_EXPERTS = 5;
/** Beyond these, nobody's share here is worth a question. */
const MAX_ASKED = 25;
/** The house asks for itself; nothing but the names leaves this file. */
const EVERYTHING = { mayRead: () => true };

/** Empty where nobody who knows the files may judge them: then any approver does. */
export async function findExperts(
  { context, governance }: Pick<StepDeps, 'context' | 'governance'>,
  change: Pick<Change, 'repository' | 'custody'>,
  paths: readonly string[],
): Promise<string[]> {
  if (paths.length === 0) return [];
  const folders = await context.ownershipMap(change.repository, EVERYTHING, FOLDER_PARTS);
  const forms = Map.groupBy(
    await context.graph.identities(EVERYTHING),
    ([, representative]) => representative,
  );
  const experts = new Map<string, string>();
  for (const id of rankByFolder(folders, paths).slice(0, MAX_ASKED)) {
    const person = await governance.findPersonByIdentity([
      id,
      ...(forms.get(id) ?? []).map(([form]) => form),
    ]);
    if (person === undefined || !person.roles.includes('approver')) continue;
    if (sharedIdentities(person, change.custody).length > 0) continue;
    experts.set(person.id, nameOf(person));
    if (experts.size >= MAX_EXPERTS) break;
  }
  return [...experts.values()].sort();
}

/** People by their share of the work in the folders of these paths, each file counting once. Pure. */
export function rankByFolder(
  folders: readonly { folder: string; people: readonly { id: string; share: number }[] }[],
  paths: readonly string[],
): string[] {
  const known = new Map(folders.map(({ folder, people }) => [folder, people] as const));
  const shares = new Map<string, number>();
  for (const path of paths) {
    const folder = path.split('/').slice(0, -1).slice(0, FOLDER_PARTS).join('/');
    for (const { id, share } of known.get(folder) ?? []) {
      shares.set(id, (shares.get(id) ?? 0) + share);
    }
  }
  return [...shares]
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .map(([id]) => id);
}

function nameOf({ id, identities }: Person): string {
  return identities.find((identity) => identity.startsWith('email:'))?.slice(6) ?? id;
}
