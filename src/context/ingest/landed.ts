/**
 * Links what code hosts say of merged changes to what git says of the commit they landed by: the files
 * it touched, the file of each review comment, the work its message closes. It is the same whether the
 * host or the push told first, because it is made of both and asked for after either.
 */
import type { Tx } from '#kernel';
import { type GraphChange, stateFacts, withdrawStatements } from '../graph/assert.ts';
import type { EntityRef, NewFact, Statement } from '../graph/schema.ts';
import { findRepositoryRow } from '../store.ts';
import { linkedWork } from './linked-work.ts';
import {
  type Landed,
  readBirths,
  readCommitFiles,
  readLandedChanges,
  readLandedComments,
} from './landed-store.ts';
import { fileKey } from './refs.ts';

/** A change wider than this says little of any one file; of the rest nothing is said. */
const MAX_FILES = 100;
/** Commits whose files are read at once. */
const CHUNK = 500;
const FILES = ':files';
const FILE = ':file';
const EXTRACTOR = 'landed';

/** True for what is derived here from an object of a host: no host lists it. */
export function isDerivedObject(object: string): boolean {
  return object.endsWith(FILES) || object.endsWith(FILE);
}

/** Links all that is not linked yet. Nothing where the repository or its commits are not known. */
export async function linkLanded(
  tx: Tx,
  system: string,
  name: string,
  now: Date,
): Promise<GraphChange> {
  const total = { statements: 0, opened: 0, closed: 0 };
  const repository = await findRepositoryRow(tx, { nameOrId: name });
  if (repository?.host !== system) return total;
  const where = { system, repositoryId: repository.id, repository: repository.name };
  const changes = await readLandedChanges(tx, where, FILES);
  const comments = await readLandedComments(tx, where, FILE);
  for (let start = 0; start < changes.length; start += CHUNK) {
    const some = changes.slice(start, start + CHUNK);
    const positions = [...new Set(some.map(({ position }) => position))];
    const files = await readCommitFiles(tx, repository.id, positions, MAX_FILES);
    const numbers = [...files.values()].flat().map(({ number }) => number);
    const refOf = await refsOf(tx, where, numbers);
    const statements = some.map((change) =>
      place(system, repository.name, change, FILES, [
        ...(files.get(change.position) ?? []).flatMap(({ number, path, status }): NewFact[] => {
          const to = refOf(number);
          return to === undefined ? [] : [touched(change, to, { path, status })];
        }),
        ...linkedWork(repository.name, numberOf(change), change.message).map((to): NewFact => ({
          kind: 'implements',
          from: changeRef(change),
          to,
          confidence: 0.85,
          properties: { sha: change.sha },
        })),
      ]),
    );
    add(total, await stateFacts(tx, statements, now));
  }
  const refOf = await refsOf(
    tx,
    where,
    comments.map(({ fileNumber }) => fileNumber),
  );
  const statements = comments.flatMap((comment): Statement[] => {
    const to = refOf(comment.fileNumber);
    if (to === undefined) return [];
    const evidence = {
      path: comment.path.slice(0, 1_000),
      ...(comment.url === null ? {} : { url: comment.url }),
    };
    return [
      place(system, repository.name, comment, FILE, [
        {
          kind: 'mentions',
          from: changeRef(comment),
          to,
          slot: comment.object.slice(0, 1_000),
          method: 'derived',
          evidence,
          properties: { as: 'review-comment' },
        },
      ]),
    ];
  });
  add(total, await stateFacts(tx, statements, now));
  return total;
}

/** Takes back links to commits after a place in history, or all of them. */
export async function unlinkLanded(
  tx: Tx,
  which: { system: string; scope: string; afterOrdinal?: number | undefined },
  now: Date,
): Promise<GraphChange> {
  return withdrawStatements(tx, { ...which, extractor: EXTRACTOR }, now);
}

async function refsOf(
  tx: Tx,
  { repositoryId, repository }: { repositoryId: string; repository: string },
  numbers: readonly number[],
): Promise<(number: number) => EntityRef | undefined> {
  const births = await readBirths(tx, repositoryId, [...new Set(numbers)]);
  return (number) => {
    const birth = births.get(number);
    return birth === undefined ? undefined : { kind: 'file', key: fileKey(repository, birth) };
  };
}

function place(
  system: string,
  scope: string,
  { object, acl, sha, position, committedAt }: Landed,
  suffix: string,
  facts: NewFact[],
): Statement {
  return {
    system,
    object: `${object}${suffix}`,
    scope,
    acl,
    revision: sha,
    ordinal: position,
    statedAt: committedAt,
    extractor: EXTRACTOR,
    extractorVersion: 1,
    facts,
  };
}

function touched(change: Landed, to: EntityRef, file: { path: string; status: string }): NewFact {
  // The path is there for restrictions: whoever may not know of a file is told of no change that names it.
  const properties = { path: file.path.slice(0, 1_000), status: file.status, sha: change.sha };
  return { kind: 'touched', from: changeRef(change), to, method: 'derived', properties };
}

const changeRef = ({ change }: Landed): EntityRef => ({ kind: 'change', key: change });
const numberOf = ({ change }: Landed) => Number(change.slice(change.lastIndexOf('#') + 1));

function add(total: GraphChange, more: GraphChange): void {
  total.statements += more.statements;
  total.opened += more.opened;
  total.closed += more.closed;
}
