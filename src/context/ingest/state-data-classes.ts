/**
 * Takes down what a policy says of the data of a repository. A policy is not only the repository's: that of
 * the organisation changes without a push, so its words are ordered by when we heard them.
 */
import type { Tx } from '#kernel';
import { type GraphChange, payloadHash, stateFacts, withdrawStatements } from '../graph/assert.ts';
import { readNewest, readSourceOrdinal } from '../graph/write-store.ts';
import { type DataClass, dataClassFacts } from './controls.ts';

export const POLICY = 'policy';

/** Says nothing where nothing changed. */
export async function stateDataClasses(
  tx: Tx,
  repository: string,
  classes: readonly DataClass[],
  now: Date,
): Promise<GraphChange> {
  const object = `data-classes:${repository}`;
  const facts = dataClassFacts(repository, classes);
  const word = (await readNewest(tx, { system: POLICY, scope: repository })).get(object);
  const isSame = word === undefined ? facts.length === 0 : word.payloadHash === payloadHash(facts);
  if (isSame) return { statements: 0, opened: 0, closed: 0 };
  const ordinal = Math.max(now.getTime(), (await readSourceOrdinal(tx, POLICY, object)) + 1);
  const revision = classes[0]?.source.revision ?? 'none';
  return stateFacts(
    tx,
    [
      {
        system: POLICY,
        object,
        scope: repository,
        acl: `repository:${repository}`,
        revision,
        ordinal,
        statedAt: now,
        extractor: 'controls',
        extractorVersion: 2,
        facts,
      },
    ],
    now,
  );
}

export async function withdrawDataClasses(tx: Tx, repository: string, now: Date): Promise<void> {
  await withdrawStatements(tx, { system: POLICY, scope: repository }, now);
}
